"""Boxes with one line of text, as lines to learn from."""

from boxocr.learning.boxes import Box
from boxocr.learning.training import Line
from boxocr.reading.box_line import clear_line
from boxocr.reading.recognition.ppocr import PPOCR
from boxocr.reading.types import Pixels


def line_of(box: Box, crop: Pixels, recognizer: PPOCR) -> Line | None:
    """A box as a line to learn from; None if it has no clear line, or several.

    Args:
        box: accepted or corrected.
        crop: its pixels.
        recognizer: makes the features.

    Raises:
        EngineNotUsable: the model's last layer cannot be replaced.
    """
    if not box.submitted or "\n" in box.submitted:
        return None
    image = clear_line(crop)
    if image is None:
        return None
    features = recognizer.features(image)
    # A suggestion that follows an earlier version says nothing about reading without it.
    baseline = recognizer.trunk.base.read(features) if box.learned else box.reading
    return Line(features, box.submitted, page=str(box.task), label=box.label, baseline=baseline)
