"""From the pixels of a box or a page to its text. Knows nothing of Label Studio and reads no environment.

The exported names are for engines of your own, see docs/other-engines.md.
"""

from boxocr.reading.types import Engine, Reading, ReadingOptions

__all__ = ["Engine", "Reading", "ReadingOptions"]
