"""Lines of text on pictures and in dark boxes, which layout analysis takes for parts of the picture or box."""

from collections.abc import Iterable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from boxocr.reading import prepare
from boxocr.reading.detection.components import Components, grown
from boxocr.reading.detection.rules import straight
from boxocr.reading.line_image import fill
from boxocr.reading.page_frame import PageFrame
from boxocr.reading.types import Pixels
from boxocr.reading.whole_page import Line

# Ink is looked for on a copy with this many pixels on its longer side. It differs by this many greys from the mean of a
# square of this many pixels around it. Straight ink longer than this is a rule or the edge of a picture.
_LONGEST = 1000
_CONTRAST = 24
_AROUND = 19
_RULE = 40

# Letters this near to each other, in pixels of the copy, are in one line. A line's height is in this range, and it is
# this many times longer than high.
_TOGETHER = 9
_LOWEST, _HIGHEST = 6, 80
_LONG = 1.2

# The share of a line's rectangle that is ink is in this range.
_LEAST_INK, _MOST_INK = 0.12, 0.7

# Only this many places are returned, the largest: most of a picture is not text.
_MOST_LINES = 12


def lines(image: Pixels, known: Iterable[Line]) -> list[Line]:
    """Find places in a grey image that can be lines of text, dark or light, and that no known line covers."""
    shrink = max(max(image.shape) / _LONGEST, 1.0)
    small = prepare.shrunk(image, shrink)
    covered = np.zeros(small.shape, np.uint8)
    fill(covered, PageFrame(scale=1 / shrink).lines_on_page(line.padded(0.3 * line.height) for line in known))
    # Known text and rules darken the mean, so that the paper next to them seems light. Without them, the mean is over
    # few pixels where they are close together. Ink differs from both means.
    plain = _difference(small, np.zeros_like(covered))
    rest = _difference(small, covered | grown(straight(plain < -_CONTRAST, _RULE)))
    found = []
    for is_ink in ((plain < -_CONTRAST) & (rest < -_CONTRAST), (plain > _CONTRAST) & (rest > _CONTRAST)):
        ink = (is_ink & (covered == 0) & ~straight(is_ink, _RULE)).view(np.uint8)
        together = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((3, _TOGETHER), np.uint8))
        groups = Components.of(together.view(np.bool_))
        groups = groups.only(
            (groups.height >= _LOWEST) & (groups.height <= _HIGHEST) & (groups.width >= _LONG * groups.height)
        )
        for x, y, width, height in zip(groups.left, groups.top, groups.width, groups.height, strict=True):
            share = float(ink[y : y + height, x : x + width].mean())
            if _LEAST_INK < share < _MOST_INK:
                box = (float(number) * shrink for number in (x, y, width, height))
                found.append(Line("", 0.0, *box).padded(0.2 * float(height) * shrink))
    chosen: list[Line] = []
    for line in sorted(found, key=lambda line: -line.width * line.height):
        # The paper inside letters was found as ink of the other polarity.
        if all(other.distance(*line.middle) for other in chosen):
            chosen.append(line)
    return chosen[:_MOST_LINES]


def _difference(image: NDArray[Any], without: NDArray[Any]) -> NDArray[np.float32]:
    """How much lighter each pixel is than the mean around it, in which the pixels of a mask do not count."""
    counted = np.asarray(without == 0, np.float32)
    share = cv2.blur(counted, (_AROUND, _AROUND))
    total = cv2.blur(image * counted, (_AROUND, _AROUND))
    return np.where(share > 0, image - total / np.maximum(share, 1 / _AROUND**2), 0).astype(np.float32)
