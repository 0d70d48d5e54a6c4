"""The place of a crop's pixels on the page."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from boxocr.errors import RegionError
from boxocr.geometry import MIN_SIDE, Area, Vector, check, combined, directions, extent
from boxocr.pages.page import Page

# A box does not include a pixel of which it covers less than this, since percentages of a page are rounded.
_TOLERANCE = 0.05

# Bicubic sampling looks at two pixels on each side.
_MARGIN = 3

# Tolerance for the rounding error of a whole number.
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Frame:
    """A crop's place on the page: pixel (i, j) of the crop is centred on ``origin + (i + ½)·right + (j + ½)·down``.

    ``quarters`` is the number of 90-degree rotations, counterclockwise, from the page to the crop; None for any other
    angle. Unless it is None, the origin's coordinates are whole numbers.
    """

    origin: Vector
    right: Vector
    down: Vector
    width: int
    height: int
    quarters: int | None

    def on_page(self, x: float, y: float) -> Vector:
        """The page coordinates of a point of the crop."""
        there = combined(x, self.right, y, self.down)
        return self.origin[0] + there[0], self.origin[1] + there[1]

    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom of the crop's source on the page, including the margin for sampling."""
        xs, ys = zip(*(self.on_page(i, j) for i in (0, self.width) for j in (0, self.height)), strict=True)
        margin = 0 if self.quarters is not None else _MARGIN
        left, top = (math.floor(min(places) + _ROUNDING) - margin for places in (xs, ys))
        right, bottom = (math.ceil(max(places) - _ROUNDING) + margin for places in (xs, ys))
        return left, top, right, bottom


def frame_of(page: Page, area: Area) -> Frame:
    """The frame of an area's crop.

    Raises:
        RegionError: the area is smaller than 3 pixels on a side, has invalid numbers, or is outside the page.
    """
    check(area)
    shared = _clipped(area.corners(), page)

    angle = area.rotation - area.upright
    right, down = directions(angle)
    straight = {abs(right[0]), abs(right[1])} == {0.0, 1.0}
    # right and down are orthogonal unit vectors, so dot products with them are coordinates in the crop's frame.
    low, high = extent(shared, right, down) if shared else ((0.0, 0.0), (0.0, 0.0))
    (left, width), (top, height) = (_side(*ends, whole=straight) for ends in zip(low, high, strict=True))
    if min(width, height) < MIN_SIDE:
        raise RegionError("The shape is outside the page.", "Draw it on the page.")
    quarters = round(angle / 90) % 4 if straight else None
    return Frame(combined(left, right, top, down), right, down, width, height, quarters)


def _side(low: float, high: float, *, whole: bool) -> tuple[float, int]:
    """Start and length of a side of the crop, px; ``whole`` if its pixels are those of the page."""
    if whole:
        # Rounded outward.
        low, high = math.floor(low + _TOLERANCE), math.ceil(high - _TOLERANCE)
    length = math.ceil(high - low - _TOLERANCE)
    return low - (length - (high - low)) / 2, length


def _clipped(polygon: Sequence[Vector], page: Page) -> Sequence[Vector]:
    """The corners of a convex polygon's intersection with the page (Sutherland and Hodgman)."""
    for axis, sign, edge in ((0, 1, 0), (0, -1, -page.width), (1, 1, 0), (1, -1, -page.height)):
        kept: list[Vector] = []
        for start, end in zip(polygon, [*polygon[1:], *polygon[:1]], strict=True):
            before, after = sign * start[axis] - edge, sign * end[axis] - edge
            if before >= 0:
                kept.append(start)
            if (before > 0) != (after > 0) and before != after:
                share = before / (before - after)
                kept.append((start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share))
        polygon = kept
    return polygon
