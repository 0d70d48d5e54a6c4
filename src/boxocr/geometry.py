"""Areas of a page: rectangles at any angle, optionally limited to an outline or a mask.

Coordinates are continuous: the page spans 0 to its width, and the centre of its first pixel is at (0.5, 0.5).
"""

import math
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeAlias

import numpy as np

from boxocr.errors import RegionError

Vector: TypeAlias = tuple[float, float]
"""x to the right and y down, in pixels. For two numbers a tuple is ten times as fast as a numpy array."""

# Shortest side of an area, px: smaller than any letter.
MIN_SIDE = 3.0

# Angles that differ by less, in degrees, count as equal: even on the longest page the difference is below a pixel.
_SAME_ANGLE = 0.001

# Pages are smaller than 65,536 pixels a side, so larger coordinates were not drawn.
_FARTHEST = 1e7


@dataclass(frozen=True)
class Area:
    """An area to be cut out, in page pixels.

    Attributes:
        x, y: the top left corner of the rectangle before it is rotated.
        width, height: its size.
        rotation: degrees by which it is rotated clockwise about (x, y).
        upright: 0, 90, 180 or 270: degrees clockwise by which the crop is rotated to look as the annotator saw it.
        outline: polygons; everything outside all of them is filled with the background's colour.
        mask: of brush strokes: bool, ``(page height, page width)``; everything outside is filled likewise.
    """

    x: float
    y: float
    width: float
    height: float
    rotation: float = 0.0
    upright: int = 0
    outline: tuple[tuple[tuple[float, float], ...], ...] = ()
    mask: np.ndarray | None = None

    def corners(self) -> list[Vector]:
        """The corners on the page: upper left, upper right, lower right, lower left as seen before rotation."""
        if not self.rotation:
            right, bottom = self.x + self.width, self.y + self.height
            return [(self.x, self.y), (right, self.y), (right, bottom), (self.x, bottom)]
        along, across = directions(self.rotation)
        offsets = ((0, 0), (self.width, 0), (self.width, self.height), (0, self.height))
        return [(self.x + x, self.y + y) for x, y in (combined(u, along, v, across) for u, v in offsets)]

    @property
    def key(self) -> Hashable:
        """A key that is equal for areas that cut the same pixels out of a page."""
        strokes = None if self.mask is None else sha256(np.ascontiguousarray(self.mask).data).digest()
        numbers = (self.x, self.y, self.width, self.height, self.rotation, self.upright)
        return (*numbers, self.outline, strokes)


def check(area: Area) -> None:
    """Refuse an area that cannot be cut.

    Raises:
        RegionError: it is smaller than 3 pixels on a side, or its numbers are too large or NaN.
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
    (left, top), (right, bottom) = extent(points, along, across)
    x, y = combined(left - margin, along, top - margin, across)
    return Area(x, y, right - left + 2 * margin, bottom - top + 2 * margin, rotation % 360, upright)


def combined(u: float, along: Vector, v: float, across: Vector) -> Vector:
    """``u·along + v·across``."""
    return u * along[0] + v * across[0], u * along[1] + v * across[1]


def extent(points: Iterable[Vector], along: Vector, across: Vector) -> tuple[Vector, Vector]:
    """The least and the greatest coordinates of points along two unit vectors at right angles."""
    # Nearly all areas are level, and skipping the rotation is four times as fast.
    if along != (1.0, 0.0):
        points = ((x * along[0] + y * along[1], x * across[0] + y * across[1]) for x, y in points)
    us, vs = zip(*points, strict=True)
    return (min(us), min(vs)), (max(us), max(vs))


def directions(degrees: float) -> tuple[Vector, Vector]:
    """The unit vectors that point right and down on a sheet rotated clockwise; exact for multiples of 90 degrees."""
    quarters = round(degrees / 90)
    if abs(degrees - quarters * 90) < _SAME_ANGLE:
        cosine, sine = ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))[quarters % 4]
    else:
        cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return (cosine, sine), (-sine, cosine)
