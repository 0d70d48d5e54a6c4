"""Lines on pictures and in dark boxes, which layout analysis takes for a part of them."""

from collections.abc import Iterable

import cv2
import numpy as np

from boxocr.reading.detection.components import Components
from boxocr.reading.types import Pixels
from boxocr.reading.whole_page import Line

# Ink is looked for on a copy with this many pixels on its longer side: it differs by this much from the mean so far
# around it, and is longer than this where it is a rule or the edge of a picture.
_LONGEST = 1000
_CONTRAST = 24
_AROUND = 19
_RULE = 40

# Letters this near, in pixels of the copy, are in one line; lines are that high, and this many times longer than high.
_TOGETHER = 9
_LOWEST, _HIGHEST = 6, 80
_LONG = 1.2

# Text has ink in this share of its rectangle.
_LEAST_INK, _MOST_INK = 0.12, 0.7

# As many places are looked at, the largest: a picture is full of what is not text.
_MOST_LINES = 12


def lines(image: Pixels, known: Iterable[Line]) -> list[Line]:
    """Find places in a grey image that can be lines of text, dark or light, and that no known line covers."""
    shrink = max(max(image.shape) / _LONGEST, 1.0)
    size = max(round(image.shape[1] / shrink), 1), max(round(image.shape[0] / shrink), 1)
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    around = cv2.blur(small, (_AROUND, _AROUND))
    covered = np.zeros(small.shape, np.uint8)
    for line in known:
        pad = 0.3 * line.height
        corners = np.array(line.corners()) + np.array([(-pad, -pad), (pad, -pad), (pad, pad), (-pad, pad)])
        cv2.fillPoly(covered, [np.round(corners / shrink).astype(np.int32)], (1,))
    found = []
    for difference in (cv2.subtract(around, small), cv2.subtract(small, around)):
        ink = (np.asarray(difference) > _CONTRAST).astype(np.uint8)
        for shape in ((1, _RULE), (_RULE, 1)):
            ink = np.asarray(cv2.subtract(ink, cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones(shape, np.uint8))))
        ink[covered == 1] = 0
        together = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((3, _TOGETHER), np.uint8))
        groups = Components.of(np.asarray(together).view(np.bool_))
        groups = groups.only(
            (groups.height >= _LOWEST) & (groups.height <= _HIGHEST) & (groups.width >= _LONG * groups.height)
        )
        for x, y, width, height in zip(groups.left, groups.top, groups.width, groups.height, strict=True):
            share = float(ink[y : y + height, x : x + width].mean())
            if _LEAST_INK < share < _MOST_INK:
                pad = 0.2 * height
                box = (x - pad, y - pad, width + 2 * pad, height + 2 * pad)
                found.append(Line("", 0.0, *(float(number) * shrink for number in box)))
    chosen: list[Line] = []
    for line in sorted(found, key=lambda line: -line.width * line.height):
        # The paper inside letters is ink of the other polarity.
        x, y = line.x + line.width / 2, line.y + line.height / 2
        if all(other.distance(x, y) for other in chosen):
            chosen.append(line)
    return chosen[:_MOST_LINES]
