"""Boxes with one line of text, as lines to learn from."""

from boxocr.learning.alignment import distance
from boxocr.learning.boxes import Box
from boxocr.learning.training import Line
from boxocr.reading import prepare
from boxocr.reading.box_line import clear_line
from boxocr.reading.recognition.ppocr import PPOCR
from boxocr.reading.types import Pixels

# Of a box whose line is not clear, all is taken, if at least this share of the text is read in it. Tight boxes cut
# letters off and touch the lines above and below: of 106 lines of a Fraktur print 32 are clear, and with the others
# there were 17 edits on unseen lines, and not 41.
_READ = 0.5


def line_of(box: Box, crop: Pixels, recognizer: PPOCR) -> Line | None:
    """A box as a line to learn from; None if it has several lines, or none that the recognizer sees.

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
    features = recognizer.features(prepare.bounded(crop) if image is None else image)
    read = recognizer.trunk.base.read(features)
    if image is None and distance(read, box.submitted) > (1 - _READ) * len(box.submitted):
        return None
    # A suggestion that follows an earlier version says nothing about reading without it.
    return Line(
        features, box.submitted, page=str(box.task), label=box.label, baseline=read if box.learned else box.reading
    )
