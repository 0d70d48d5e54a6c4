"""The connected pieces of ink of an image."""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int32]

Ink = NDArray[np.bool_]
"""``(height, width)``: whether each pixel of an image is ink."""

_MOST_SHORT = 65_535

# A side of a frame has ink along more than _SIDE of its length, within a strip of _STRIP of the shorter side. The ink
# of a frame covers less than _FRAME_INK of its rectangle.
_SIDE = 0.9
_STRIP = 0.1
_FRAME_INK = 0.5

# The middle of a side is looked for in at most this many rows or columns.
_DEEPEST = 8


def grown(ink: Ink, height: int = 3, width: int = 3) -> Ink:
    """The ink, dilated by a rectangle of this size."""
    return cv2.dilate(ink.view(np.uint8), np.ones((height, width), np.uint8)).view(np.bool_)


def opened(ink: Ink, height: int, width: int) -> Ink:
    """The ink that a rectangle of this size fits into."""
    return cv2.morphologyEx(ink.view(np.uint8), cv2.MORPH_OPEN, np.ones((height, width), np.uint8)).view(np.bool_)


def counts(ink: Ink, axis: int) -> NDArray[np.int32]:
    """Count the ink of each row (axis 1) or column (axis 0)."""
    # OpenCV takes a tenth of numpy's time.
    return np.asarray(cv2.reduce(ink.view(np.uint8), axis, cv2.REDUCE_SUM, dtype=cv2.CV_32S), np.int32).ravel()


def median(values: NDArray[Any]) -> float:
    """The median of at least one number. For the few pieces of a line, numpy takes four times as long."""
    return float(statistics.median(values.tolist()))


@dataclass(frozen=True, slots=True)
class Components:
    """Connected pieces of ink, as parallel arrays: their rectangles in pixels, and how many of their pixels are ink.

    Attributes:
        labels: for each pixel of the image the number of its piece, the first being 1; 0 for paper.
        numbers: those of the pieces in ``labels``.
        left, top, width, height: of the rectangles.
        area: pixels of ink.
    """

    labels: NDArray[Any]
    numbers: NDArray[np.intp]
    left: Numbers
    top: Numbers
    width: Numbers
    height: Numbers
    area: Numbers

    @classmethod
    def of(cls, ink: Ink) -> "Components":
        """Find the pieces of ink."""
        flags = np.ascontiguousarray(ink).view(np.uint8)
        # Pieces are at least two pixels apart, which limits their number. With 16-bit labels this takes half the time,
        # a quarter of a millisecond for a line.
        fits = (ink.shape[0] + 1) * (ink.shape[1] + 1) // 4 < _MOST_SHORT
        _, labels, stats, _ = cv2.connectedComponentsWithStats(
            flags, connectivity=8, ltype=cv2.CV_16U if fits else cv2.CV_32S
        )
        left, top, width, height, area = np.asarray(stats[1:], np.int32).T
        return cls(np.asarray(labels), np.arange(1, len(stats)), left, top, width, height, area)

    @property
    def count(self) -> int:
        """The number of pieces."""
        return len(self.numbers)

    @property
    def right(self) -> Numbers:
        """The columns after the last."""
        return self.left + self.width

    @property
    def bottom(self) -> Numbers:
        """The rows after the last."""
        return self.top + self.height

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, width and height of the rectangle around all pieces; there must be at least one."""
        left, top = float(self.left.min()), float(self.top.min())
        return left, top, float(self.right.max()) - left, float(self.bottom.max()) - top

    def only(self, chosen: NDArray[Any]) -> "Components":
        """The pieces whose flag is set."""
        rows = (self.numbers, self.left, self.top, self.width, self.height, self.area)
        return Components(self.labels, *(row[chosen] for row in rows))

    def larger_than(self, side: float) -> "Components":
        """The pieces with a side of at least this many pixels."""
        return self.only(np.maximum(self.width, self.height) >= side)

    def touch(self, ink: Ink) -> NDArray[np.bool_]:
        """Whether each piece shares pixels with this ink."""
        return np.isin(self.numbers, self.labels[ink])

    def mask(self) -> Ink:
        """The pixels of these pieces."""
        # Most often there are none, and the lookup takes a tenth of a millisecond for a line.
        if not self.count:
            return np.zeros(self.labels.shape, np.bool_)
        chosen = np.zeros(int(self.labels.max(initial=0)) + 1, np.bool_)
        chosen[self.numbers] = True
        return np.asarray(chosen[self.labels])

    def straight_sides(self, at: int) -> int:
        """How many sides of a piece's rectangle have ink nearly all along."""
        return sum(self._are_straight(at))

    def _are_straight(self, at: int) -> Iterator[bool]:
        left, top, width, height = (int(side[at]) for side in (self.left, self.top, self.width, self.height))
        ink = self.labels[top : top + height, left : left + width] == self.numbers[at]
        strip = max(round(_STRIP * min(width, height)), 2)
        for rows in (ink[:strip], ink[-strip:], ink[:, :strip].T, ink[:, -strip:].T):
            yield np.count_nonzero(rows.any(axis=0)) > _SIDE * rows.shape[1]

    def reach_their_sides(self) -> NDArray[np.bool_]:
        """Whether each piece is hollow and has ink at the middle of all sides of its rectangle, as few letters do."""
        # A tilted side is not at the edge.
        deep = np.minimum(np.arange(_DEEPEST)[:, None], np.minimum(self.width, self.height) // 10 + 1)
        middle, centre = self.top + self.height // 2, self.left + self.width // 2
        are = self.area < _FRAME_INK * self.width * self.height
        for rows, columns in (
            (self.top + deep, centre),
            (self.bottom - 1 - deep, centre),
            (middle, self.left + deep),
            (middle, self.right - 1 - deep),
        ):
            are &= (self.labels[rows, columns] == self.numbers).any(axis=0)
        return are

    def is_frame(self, at: int) -> bool:
        """Say whether a piece is a hollow rectangle, which no letter is: in 口 the lower side is above the feet."""
        is_hollow = self.area[at] < _FRAME_INK * self.width[at] * self.height[at]
        return bool(is_hollow) and all(self._are_straight(at))

    def are_frames(self) -> NDArray[np.bool_]:
        """Whether each piece is a hollow rectangle."""
        return np.array([self.is_frame(at) for at in range(self.count)], np.bool_)
