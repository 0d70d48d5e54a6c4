"""From a crop of a page, or a whole page, to its text.

Knows nothing of Label Studio and reads no environment: everything comes through arguments.
"""

from boxocr.reading.engine import Engine, Reading, ReadingOptions
from boxocr.reading.pool import ReaderPool

__all__ = ["Engine", "ReaderPool", "Reading", "ReadingOptions"]
