"""Where on a page the pixels of a crop lie."""

from dataclasses import dataclass

import numpy as np

from boxocr.errors import RegionError
from boxocr.pages.area import MIN_SIDE, Area, check, directions
from boxocr.pages.page import Page

# A box that reaches less than this into a pixel does not include it: percents of a page are rounded.
_TOLERANCE = 0.05

# Bicubic sampling looks at two pixels on each side.
_MARGIN = 3


@dataclass(frozen=True, slots=True)
class Frame:
    """A crop's place on the page: pixel (i, j) of the crop is centred on ``origin + (i + ½)·right + (j + ½)·down``.

    ``quarters`` is how often the page is turned counterclockwise to make the crop, or None when that is not a whole
    number; with it, the origin is a whole number too.
    """

    origin: np.ndarray
    right: np.ndarray
    down: np.ndarray
    width: int
    height: int
    quarters: int | None

    def on_page(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of the crop lies on the page."""
        there = self.origin + x * self.right + y * self.down
        return float(there[0]), float(there[1])

    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom on the page of what the crop is made of, margin for sampling included."""
        corners = [self.origin + i * self.right + j * self.down for i in (0, self.width) for j in (0, self.height)]
        margin = 0 if self.quarters is not None else _MARGIN
        left, top = np.floor(np.min(corners, axis=0) + 1e-6).astype(int) - margin
        right, bottom = np.ceil(np.max(corners, axis=0) - 1e-6).astype(int) + margin
        return int(left), int(top), int(right), int(bottom)


def frame_of(page: Page, area: Area) -> Frame:
    """Where the crop of an area lies.

    Raises:
        RegionError: the area is smaller than 3 pixels on a side, has no finite numbers, or lies outside the page.
    """
    check(area)
    along, across = directions(area.rotation)
    corner = np.array([area.x, area.y])
    corners = [corner, corner + area.width * along, corner + area.width * along + area.height * across]
    shared = _clipped([*corners, corner + area.height * across], page)

    angle = area.rotation - area.upright
    right, down = directions(angle)
    straight = set(map(abs, right)) == {0.0, 1.0}
    # right and down are of length 1 and at right angles, so the products with them are coordinates in the crop's frame.
    low, high = np.zeros(2), np.zeros(2)
    if shared:
        places = np.array(shared) @ np.column_stack([right, down])
        low, high = places.min(axis=0), places.max(axis=0)
    if straight:
        # Outward to whole pixels, which are the page's own.
        low, high = np.floor(low + _TOLERANCE), np.ceil(high - _TOLERANCE)
    width, height = np.ceil(high - low - _TOLERANCE).astype(int)
    if min(width, height) < MIN_SIDE:
        raise RegionError("The shape lies outside the page.", "Draw it on the page.")
    low = low - ((width, height) - (high - low)) / 2
    quarters = round(angle / 90) % 4 if straight else None
    return Frame(low[0] * right + low[1] * down, right, down, int(width), int(height), quarters)


def _clipped(polygon: list[np.ndarray], page: Page) -> list[np.ndarray]:
    """The corners of what a convex polygon shares with the page (Sutherland and Hodgman), none if nothing."""
    for axis, sign, edge in ((0, 1, 0.0), (0, -1, -float(page.width)), (1, 1, 0.0), (1, -1, -float(page.height))):
        kept = []
        for start, end in zip(polygon, polygon[1:] + polygon[:1], strict=True):
            before, after = sign * start[axis] - edge, sign * end[axis] - edge
            if before >= 0:
                kept.append(start)
            if (before > 0) != (after > 0) and before != after:
                kept.append(start + (end - start) * (before / (before - after)))
        polygon = kept
    return polygon
