"""The image of a box with one line, as engines see it."""

import numpy as np

from boxocr.reading import prepare
from boxocr.reading.detection import projection
from boxocr.reading.detection.projection import Projection
from boxocr.reading.recognition import tesseract_lines
from boxocr.reading.types import Pixels

PAD = 0.3
"""Paper left around a line, in its heights: the recognizers were trained on lines with some."""


def clear_line(crop: Pixels) -> Pixels | None:
    """The image of the only line of a box, as it is recognized; None if the box has no clear line, or several."""
    crop = prepare.bounded(crop)
    grey = prepare.grey(crop)
    if prepare.is_blank(grey):
        return None
    found = projection.find(prepare.dark_on_even_paper(grey))
    return line_crop(crop, found) if found.is_one_clear_line() else None


def line_crop(crop: Pixels, found: Projection) -> Pixels:
    """The first line of a crop with a little paper around it."""
    (top, bottom), (left, right) = found.lines[0], found.columns
    pad = PAD * (bottom - top) + 1
    rows = slice(max(int(top - pad), 0), int(bottom + pad) + 1)
    return np.ascontiguousarray(crop[rows, max(int(left - pad), 0) : int(right + pad)])


def as_seen(crop: Pixels, look: str = "", turned: int = 0) -> Pixels:
    """Return the grey image that Tesseract got first for a crop of one line, for people who wonder about a text.

    Args:
        crop: as it was drawn.
        look: the reading's.
        turned: the reading's.
    """
    crop = prepare.bounded(crop)
    return tesseract_lines.as_seen(prepare.turn(crop, turned) if turned else crop, look)
