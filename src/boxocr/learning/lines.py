"""Boxes with one line of text, as lines to learn from."""

import numpy as np

from boxocr.learning.alignment import distance
from boxocr.learning.boxes import Box
from boxocr.learning.training import Line
from boxocr.reading import prepare
from boxocr.reading.box_line import clear_line
from boxocr.reading.recognition.head import Head
from boxocr.reading.recognition.ppocr import features_of
from boxocr.reading.recognition.trunk import Trunk
from boxocr.reading.types import Pixels

# If a box has no clear line, all of the box is taken if at least this share of the text is read in it. Tight boxes cut
# letters off and touch the lines above and below: of 106 lines of a Fraktur print 32 are clear, and with the others
# there were 17 edits on unseen lines instead of 41.
_READ = 0.5


def line_of(box: Box, crop: Pixels, trunk: Trunk, head: Head) -> Line | None:
    """A box as a line to learn from; None if it has several lines, or none that the recognizer sees.

    Args:
        box: accepted or corrected.
        crop: its pixels.
        trunk: makes the features.
        head: reads the features if the line is not clear. This takes 0.1 ms with the characters of the submitted texts,
            and 4 ms with all that the model has.
    """
    if not box.submitted or "\n" in box.submitted:
        return None
    image = clear_line(crop, box.submitted)
    features = features_of(prepare.bounded(crop) if image is None else image, trunk)
    if image is None and distance(head.read(features), box.submitted) > (1 - _READ) * len(box.submitted):
        return None
    return Line(
        # A thousand lines of a book take 20 MB as float16.
        features.astype(np.float16),
        box.submitted,
        page=str(box.task),
        label=box.label,
        # A suggestion that follows an earlier version says nothing about reading without it.
        baseline=trunk.base.read(features) if box.learned else box.reading,
    )
