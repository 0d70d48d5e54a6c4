"""Cutting what the annotator drew out of a page.

A box that stands straight, or turned by quarters, is cut as the exact pixels of the page. A box at any other angle is
sampled once, by one affine transform that includes every turn: each resampling blurs letters.

Coordinates are continuous: the page spans 0 to its width, and a pixel's centre lies at a half.
"""

import math
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from PIL import Image, ImageDraw

from boxocr.errors import RegionError
from boxocr.pages.page import Page

# Smaller than any letter.
MIN_SIDE = 3.0

# A box that reaches less than this into a pixel does not include it: percents of a page are rounded.
_TOLERANCE = 0.05

# Angles that differ less are the same; over the longest page it moves nothing by a pixel.
_SAME_ANGLE = 0.001

# Bicubic sampling looks at two pixels on each side.
_MARGIN = 3

# Background is taken from this many pixels inside an outline or a crop's edge.
_EDGE = 2

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


def cut(page: Page, area: Area) -> np.ndarray:
    """The area's pixels, turned upright.

    A straight area is clipped to the page. A slanted one is clipped to the smallest rectangle at its angle that holds
    what it shares with the page; the corners of that beyond the page's edge are filled with the background's colour.

    Returns:
        uint8, ``(h, w)`` or ``(h, w, 3)`` as the page is; a copy.

    Raises:
        RegionError: the area is smaller than 3 pixels on a side, has no finite numbers, or lies outside the page.
    """
    _check(area)
    frame = _frame(page, area)
    pixels = _pixels(page, frame)
    for inside in _insides(area, frame):
        _fill_outside(pixels, inside)
    return pixels


@dataclass(frozen=True, slots=True)
class _Frame:
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

    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom on the page of what the crop is made of, margin for sampling included."""
        corners = [self.origin + i * self.right + j * self.down for i in (0, self.width) for j in (0, self.height)]
        margin = 0 if self.quarters is not None else _MARGIN
        left, top = np.floor(np.min(corners, axis=0) + 1e-6).astype(int) - margin
        right, bottom = np.ceil(np.max(corners, axis=0) - 1e-6).astype(int) + margin
        return int(left), int(top), int(right), int(bottom)


def _check(area: Area) -> None:
    numbers = (area.x, area.y, area.width, area.height, area.rotation, area.upright)
    points = (coordinate for polygon in area.outline for point in polygon for coordinate in point)
    if not all(abs(number) <= _FARTHEST for number in (*numbers, *points)):
        raise RegionError("The shape's place on the page is not given in usable numbers.", "Delete and redraw it.")
    if min(area.width, area.height) < MIN_SIDE:
        raise RegionError(f"The shape is smaller than {MIN_SIDE:g} pixels on a side.", "Draw it around the whole text.")


def _frame(page: Page, area: Area) -> _Frame:
    along, across = _directions(area.rotation)
    corner = np.array([area.x, area.y])
    corners = [corner, corner + area.width * along, corner + area.width * along + area.height * across]
    shared = _clipped([*corners, corner + area.height * across], page)

    angle = area.rotation - area.upright
    right, down = _directions(angle)
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
    return _Frame(low[0] * right + low[1] * down, right, down, int(width), int(height), quarters)


def _directions(degrees: float) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors to the right and down on a sheet that is turned clockwise; exact for quarters of a turn."""
    quarters = round(degrees / 90)
    if abs(degrees - quarters * 90) < _SAME_ANGLE:
        cosine, sine = ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))[quarters % 4]
    else:
        cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return np.array([cosine, sine]), np.array([-sine, cosine])


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


def _pixels(page: Page, frame: _Frame) -> np.ndarray:
    left, top, right, bottom = frame.box()
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(right, page.width), min(bottom, page.height)
    source = page.pixels[y0:y1, x0:x1]
    if frame.quarters is not None:
        return np.rot90(source, frame.quarters).copy()
    fill = _edge_colour(source) if (x0, y0, x1, y1) != (left, top, right, bottom) else None
    return np.array(_sampled(Image.fromarray(source), frame, (x0, y0), Image.Resampling.BICUBIC, fill))


def _sampled(
    source: Image.Image,
    frame: _Frame,
    corner: tuple[int, int],
    resampling: Image.Resampling,
    fill: int | tuple[int, ...] | None,
) -> Image.Image:
    x, y = frame.origin - corner
    matrix = (frame.right[0], frame.down[0], x, frame.right[1], frame.down[1], y)
    size = (frame.width, frame.height)
    return source.transform(size, Image.Transform.AFFINE, matrix, resampling, fillcolor=fill)


def _edge_colour(pixels: np.ndarray) -> int | tuple[int, ...]:
    sides = pixels[:_EDGE], pixels[-_EDGE:], pixels[:, :_EDGE], pixels[:, -_EDGE:]
    colour = _middle(np.concatenate([side.reshape(-1, *pixels.shape[2:]) for side in sides]))
    return int(colour) if colour.ndim == 0 else tuple(map(int, colour))


def _middle(colours: np.ndarray) -> np.ndarray:
    """The median in each channel: the colour of the ground, as long as writing covers less than half of it."""
    return np.asarray(np.median(colours, axis=0)).astype(np.uint8)


def _insides(area: Area, frame: _Frame) -> Iterator[np.ndarray]:
    """Which pixels of the crop belong to the shape: bool, one array for the outline, one for the mask."""
    if area.outline:
        drawn = Image.new("1", (frame.width, frame.height))
        for polygon in filter(_is_surface, area.outline):
            places = (np.array(polygon) - frame.origin) @ np.column_stack([frame.right, frame.down])
            # ImageDraw counts from the centres of pixels, and cuts off what is not whole.
            corners = [(int(x), int(y)) for x, y in np.rint(places - 0.5)]
            ImageDraw.Draw(drawn).polygon(corners, fill=1)
        yield np.asarray(drawn)
    if area.mask is not None:
        left, top, right, bottom = frame.box()
        strokes = area.mask[max(top, 0) : bottom, max(left, 0) : right]
        if frame.quarters is not None:
            yield np.rot90(strokes, frame.quarters)
        else:
            image = Image.fromarray(strokes.astype(np.uint8))
            yield np.asarray(_sampled(image, frame, (max(left, 0), max(top, 0)), Image.Resampling.NEAREST, 0)) > 0


def _is_surface(polygon: tuple[tuple[float, float], ...]) -> bool:
    return len(polygon) >= 3  # noqa: PLR2004 - corners


def _fill_outside(pixels: np.ndarray, inside: np.ndarray) -> None:
    """Paint what lies outside with the colour that lies just inside: the ground that the writing stands on."""
    if not inside.any():
        raise RegionError("The shape lies outside the page.", "Draw it on the page.")
    core = inside.copy()
    core[_EDGE:] &= inside[:-_EDGE]
    core[:-_EDGE] &= inside[_EDGE:]
    core[:, _EDGE:] &= inside[:, :-_EDGE]
    core[:, :-_EDGE] &= inside[:, _EDGE:]
    rim = inside & ~core
    pixels[~inside] = _middle(pixels[rim if rim.any() else inside])
