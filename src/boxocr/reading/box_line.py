"""The image of a box with one line, and the place of a box's ink."""

import numpy as np

from boxocr.geometry import Area
from boxocr.reading import joined_scripts, prepare
from boxocr.reading.detection import projection
from boxocr.reading.detection.projection import Projection
from boxocr.reading.types import Pixels

PAD = 0.3
"""Paper left around a line, in line heights: the recognizers were trained on lines with some."""


def ink_box(crop: Pixels, languages: str) -> tuple[Area, float] | None:
    """Find the ink of a crop, without rules and without slivers of neighbouring lines at its edges.

    Args:
        crop: with text.
        languages: of the text.

    Returns:
        The smallest area around the ink, and the usual height of a line's ink, in pixels of the crop; None without ink.
    """
    image = prepare.bounded(crop)
    found = projection.of_crop(image, may_be_joined=joined_scripts.can_be_in(languages))
    if found is None or not found.lines:
        return None
    scale = crop.shape[0] / image.shape[0]
    top, bottom = found.lines[0][0], found.lines[-1][1]
    left, right = found.columns
    area = Area(left * scale, top * scale, (right - left) * scale, (bottom - top) * scale)
    return area, found.text_height * scale


def clear_line(crop: Pixels, text: str) -> Pixels | None:
    """The image of the only line of a box, as it is recognized; None if the box has no clear line, or several.

    Args:
        crop: the box.
        text: of the box.
    """
    crop = prepare.bounded(crop)
    found = projection.of_crop(crop, may_be_joined=joined_scripts.are_in(text))
    return line_crop(crop, found) if found is not None and found.is_one_clear_line() else None


def line_crop(crop: Pixels, found: Projection) -> Pixels:
    """The first line of a crop with a little paper around it."""
    (top, bottom), (_, right) = found.lines[0], found.columns
    pad = PAD * (bottom - top) + 1
    rows = slice(max(int(top - pad), 0), int(bottom + pad) + 1)
    return np.ascontiguousarray(crop[rows, line_start(found) : int(right + pad)])


def line_start(found: Projection) -> int:
    """The first column of the image of the first line of a crop."""
    top, bottom = found.lines[0]
    return max(int(found.columns[0] - PAD * (bottom - top) - 1), 0)
