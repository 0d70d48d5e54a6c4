"""Where the ink of a crop is."""

from dataclasses import dataclass

from boxocr.reading import prepare
from boxocr.reading.detection import projection
from boxocr.reading.types import Pixels


@dataclass(frozen=True, slots=True)
class InkBox:
    """The smallest rectangle around the writing of a crop.

    Attributes:
        left, top, right, bottom: in pixels of the crop.
        text_height: usual height of a line's ink, px.
    """

    left: float
    top: float
    right: float
    bottom: float
    text_height: float


def ink_box(crop: Pixels) -> InkBox | None:
    """Find the ink of a crop, rules and slivers of neighbour lines at its edges left out; None when there is none."""
    image = prepare.grey(prepare.bounded(crop))
    if prepare.is_blank(image):
        return None
    found = projection.find(prepare.dark_on_even_paper(image))
    if not found.lines:
        return None
    scale = crop.shape[0] / image.shape[0]
    top, bottom = found.lines[0][0], found.lines[-1][1]
    left, right = found.columns
    return InkBox(left * scale, top * scale, right * scale, bottom * scale, found.text_height * scale)
