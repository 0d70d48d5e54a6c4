"""A part of a page: a rectangle at any angle, and what of it is meant.

Coordinates are continuous: the page spans 0 to its width, and a pixel's centre lies at a half.
"""

import math
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from boxocr.errors import RegionError

# Smaller than any letter.
MIN_SIDE = 3.0

# Angles that differ less are the same; over the longest page it moves nothing by a pixel.
_SAME_ANGLE = 0.001

# Pages are smaller than 65,536 pixels a side; what lies farther off is nothing that anyone drew.
_FARTHEST = 1e7


@dataclass(frozen=True)
class Area:
    """What to cut, in page pixels.

    Attributes:
        x, y: the top left corner of the rectangle before it is turned.
        width, height: its size.
        rotation: degrees by which it is turned clockwise about (x, y).
        upright: 0, 90, 180 or 270: the turn of the crop, clockwise, that makes it as the annotator sees it.
        outline: polygons; what lies outside all of them is filled with the background's colour.
        mask: bool, ``(page height, page width)``; the same for brush strokes.
    """

    x: float
    y: float
    width: float
    height: float
    rotation: float = 0.0
    upright: int = 0
    outline: tuple[tuple[tuple[float, float], ...], ...] = ()
    mask: np.ndarray | None = None

    @property
    def key(self) -> Hashable:
        """The same for areas that cut the same pixels out of a page."""
        strokes = None if self.mask is None else sha256(np.ascontiguousarray(self.mask).data).digest()
        numbers = (self.x, self.y, self.width, self.height, self.rotation, self.upright)
        return (*numbers, self.outline, strokes)


def check(area: Area) -> None:
    """Refuse an area that cannot be cut.

    Raises:
        RegionError: it is smaller than 3 pixels on a side, or its numbers are none.
    """
    numbers = (area.x, area.y, area.width, area.height, area.rotation, area.upright)
    points = (coordinate for polygon in area.outline for point in polygon for coordinate in point)
    if not all(abs(number) <= _FARTHEST for number in (*numbers, *points)):
        raise RegionError("The shape's place on the page is not given in usable numbers.", "Delete and redraw it.")
    if min(area.width, area.height) < MIN_SIDE:
        raise RegionError(f"The shape is smaller than {MIN_SIDE:g} pixels on a side.", "Draw it around the whole text.")


def around(points: Iterable[tuple[float, float]], rotation: float, *, upright: int = 0, margin: float = 0.0) -> Area:
    """The smallest area at an angle that holds all points, with a margin on each side.

    Args:
        points: x, y in pixels of the page; one at least.
        rotation: of the area, degrees clockwise.
        upright: of the area.
        margin: px.
    """
    along, across = directions(rotation)
    places = np.array(list(points)) @ np.column_stack([along, across])
    low, high = places.min(axis=0) - margin, places.max(axis=0) + margin
    x, y = low[0] * along + low[1] * across
    width, height = high - low
    return Area(float(x), float(y), float(width), float(height), rotation % 360, upright)


def directions(degrees: float) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors to the right and down on a sheet that is turned clockwise; exact for quarters of a turn."""
    quarters = round(degrees / 90)
    if abs(degrees - quarters * 90) < _SAME_ANGLE:
        cosine, sine = ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))[quarters % 4]
    else:
        cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return np.array([cosine, sine]), np.array([-sine, cosine])
