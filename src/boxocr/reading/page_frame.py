"""Images of a page, reduced, turned and in grey, and the way back from their pixels to those of the page."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from PIL import Image

from boxocr.reading import prepare
from boxocr.reading.types import Pixels
from boxocr.reading.whole_page import Line, Piece, cosine_and_sine

P = TypeVar("P", bound=Piece)

# Layout analysis needs letters of some ten pixels: a page of A4 at 150 dpi.
_LONGEST = 1_760


@dataclass(frozen=True)
class PageFrame:
    """Where the pixels of an image are on the page: (u, v) is at ``origin + scale · (u·right + v·down)``.

    Attributes:
        x, y: the origin on the page.
        scale: pixels of the page in one of the picture.
        rotation: degrees clockwise by which the picture's axes are turned on the page.
    """

    x: float = 0.0
    y: float = 0.0
    scale: float = 1.0
    rotation: float = 0.0

    def on_page(self, piece: P) -> P:
        """The piece of the picture in pixels of the page, its words too."""
        if self.scale == 1 and not (self.x or self.y or self.rotation):
            return piece
        cosine, sine = cosine_and_sine(self.rotation)
        x, y = self.scale * piece.x, self.scale * piece.y
        moved = replace(
            piece,
            x=self.x + x * cosine - y * sine,
            y=self.y + x * sine + y * cosine,
            width=self.scale * piece.width,
            height=self.scale * piece.height,
            rotation=(self.rotation + piece.rotation) % 360,
        )
        if isinstance(moved, Line):
            moved = replace(moved, words=tuple(map(self.on_page, moved.words)))
        return moved

    def lines_on_page(self, lines: Iterable[Line]) -> tuple[Line, ...]:
        """The lines of the picture in pixels of the page."""
        return tuple(map(self.on_page, lines))

    def turned(self, degrees: int, width: int, height: int) -> "PageFrame":
        """The frame of this frame's picture, of this size, after it was turned clockwise by a multiple of 90."""
        # The point that is the upper left corner after the turn.
        corner = {0: (0, 0), 90: (0, height), 180: (width, height), 270: (width, 0)}[degrees % 360]
        return self._with_origin(*corner, -degrees)

    def slanted(self, degrees: float, width: int, height: int, new_width: int, new_height: int) -> "PageFrame":
        """The same after a turn clockwise by any angle about the middle, on a picture of another size."""
        cosine, sine = cosine_and_sine(-degrees)
        u, v = -new_width / 2, -new_height / 2
        return self._with_origin(width / 2 + u * cosine - v * sine, height / 2 + u * sine + v * cosine, -degrees)

    def _with_origin(self, u: float, v: float, degrees: float) -> "PageFrame":
        cosine, sine = cosine_and_sine(self.rotation)
        return PageFrame(
            self.x + self.scale * (u * cosine - v * sine),
            self.y + self.scale * (u * sine + v * cosine),
            self.scale,
            (self.rotation + degrees) % 360,
        )


def scaled(image: Pixels, size: tuple[int, int]) -> tuple[Pixels, PageFrame]:
    """A smaller picture of at most this width and height, and its frame; the page itself where it is not larger."""
    height, width = image.shape[:2]
    shrink = max(width / size[0], height / size[1], 1.0)
    if shrink == 1.0:
        return image, PageFrame()
    smaller = max(round(width / shrink), 1), max(round(height / shrink), 1)
    picture = Image.fromarray(np.ascontiguousarray(image)).resize(smaller, Image.Resampling.BOX)
    return np.asarray(picture), PageFrame(scale=shrink)


def reduced(page: Pixels) -> tuple[Pixels, PageFrame]:
    """The page for layout analysis, grey and small, and its frame."""
    small, frame = scaled(page, (_LONGEST, _LONGEST))
    return prepare.grey(small), frame


def in_grey(page: Pixels) -> tuple[Pixels, PageFrame]:
    """The page as it is read, grey and no larger than engines accept, and its frame."""
    image = prepare.grey(prepare.bounded(page))
    return image, PageFrame(scale=page.shape[1] / max(image.shape[1], 1))
