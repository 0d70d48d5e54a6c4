"""Images of a page that are reduced, turned or grey, and the way from their pixels back to those of the page."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from boxocr.geometry import Vector, combined, directions
from boxocr.reading import prepare
from boxocr.reading.types import Pixels
from boxocr.reading.whole_page import Line, P, changed

# Layout analysis needs letters about ten pixels high, as on a page of A4 at 150 dpi.
_LONGEST = 1_760


@dataclass(frozen=True)
class PageFrame:
    """Where the pixels of an image are on the page: (u, v) is at ``origin + scale · (u·right + v·down)``.

    Attributes:
        x, y: the origin on the page.
        scale: pixels of the page in one of the image.
        rotation: degrees clockwise by which the image's axes are turned on the page.
    """

    x: float = 0.0
    y: float = 0.0
    scale: float = 1.0
    rotation: float = 0.0

    def on_page(self, piece: P) -> P:
        """The piece of the image, with its words, in pixels of the page."""
        if self.scale == 1 and not (self.x or self.y or self.rotation):
            return piece
        x, y = self._point(piece.x, piece.y)
        moved = changed(
            piece,
            x=x,
            y=y,
            width=self.scale * piece.width,
            height=self.scale * piece.height,
            rotation=(self.rotation + piece.rotation) % 360,
        )
        if isinstance(moved, Line):
            moved = changed(moved, words=tuple(map(self.on_page, moved.words)))
        return moved

    def lines_on_page(self, lines: Iterable[Line]) -> tuple[Line, ...]:
        """The lines of the image in pixels of the page."""
        return tuple(map(self.on_page, lines))

    def turned(self, degrees: float, image: Pixels, turned: Pixels) -> "PageFrame":
        """The frame of an image that was turned clockwise about its middle; before, this was its frame."""
        (height, width), (new_height, new_width) = image.shape[:2], turned.shape[:2]
        along, across = directions(-degrees)
        u, v = combined(-new_width / 2, along, -new_height / 2, across)
        return PageFrame(*self._point(width / 2 + u, height / 2 + v), self.scale, (self.rotation - degrees) % 360)

    def _point(self, u: float, v: float) -> Vector:
        along, across = directions(self.rotation)
        x, y = combined(self.scale * u, along, self.scale * v, across)
        return self.x + x, self.y + y


def reduced(page: Pixels) -> tuple[Pixels, PageFrame]:
    """The page for layout analysis, grey and small, with its frame."""
    height, width = page.shape[:2]
    shrink = max(width / _LONGEST, height / _LONGEST, 1.0)
    if shrink > 1:
        smaller = max(round(width / shrink), 1), max(round(height / shrink), 1)
        page = np.asarray(Image.fromarray(np.ascontiguousarray(page)).resize(smaller, Image.Resampling.BOX))
    return prepare.grey(page), PageFrame(scale=shrink)


def in_grey(page: Pixels) -> tuple[Pixels, PageFrame]:
    """The page as it is read, grey and no larger than engines accept, with its frame."""
    image = prepare.grey(prepare.bounded(page))
    return image, PageFrame(scale=page.shape[1] / max(image.shape[1], 1))
