"""Which text line of a page lies under a point: what an annotator means who clicks instead of drawing a box."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from PIL import Image

from boxocr.reading import prepare
from boxocr.reading.engine import Pixels

Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels."""

# Layout analysis needs letters of some ten pixels; a page of A4 at 200 dpi is 1,654 wide.
_WIDTH = 1700

# The part of the page's height that is looked at around the point: some lines above and below tell columns apart, more
# only costs time.
_STRIP = 0.16
_STRIP_MIN = 240

# A point as far from a line as the line is high still means that line.
_REACH = 1.0

# Layout analysis ends flush with the letters; reading likes some paper around them. In line heights.
_PAD = 0.12


@dataclass(frozen=True, slots=True)
class Strip:
    """The part of a page around a point, made smaller.

    Attributes:
        pixels: grey.
        top: where it begins on the page, in pixels of the page.
        shrink: pixels of the page in one of its own.
    """

    pixels: Pixels
    top: int
    shrink: float

    @classmethod
    def around(cls, page: Pixels, y: float) -> "Strip":
        """Take the strip of ``page`` around the height ``y``."""
        height, width = page.shape[:2]
        half = round(max(_STRIP * height, _STRIP_MIN) / 2)
        top = max(min(round(y), height) - half, 0)
        pixels = prepare.grey(page[top : top + 2 * half])
        shrink = max(width / _WIDTH, 1.0)
        if shrink > 1:
            size = round(width / shrink), max(round(pixels.shape[0] / shrink), 1)
            pixels = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BOX))
        return cls(pixels, top, shrink)

    def on_page(self, box: Box) -> Box:
        """Return ``box`` of this strip in pixels of the page."""
        left, top, right, bottom = (edge * self.shrink for edge in box)
        return left, top + self.top, right, bottom + self.top


def nearest(lines: Iterable[Box], x: float, y: float) -> Box | None:
    """Return the line under or nearest to the point, with a little margin, or ``None`` when all are far."""
    near = [(distance, line) for line in lines if (distance := _distance(line, x, y)) <= _REACH * (line[3] - line[1])]
    if not near:
        return None
    left, top, right, bottom = min(near)[1]
    pad = _PAD * (bottom - top)
    return left - pad, top - pad, right + pad, bottom + pad


def _distance(box: Box, x: float, y: float) -> float:
    left, top, right, bottom = box
    return math.hypot(max(left - x, 0, x - right), max(top - y, 0, y - bottom))
