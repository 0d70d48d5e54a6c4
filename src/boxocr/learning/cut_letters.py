"""Which sides of a region cut through letters."""

import math

import cv2
import numpy as np

from boxocr.errors import RegionError
from boxocr.geometry import Area, combined, directions
from boxocr.pages.crop import cut
from boxocr.pages.page import Page
from boxocr.reading import prepare
from boxocr.reading.detection import projection

SIDES = ("left", "top", "right", "bottom")

# The margin around a region that is looked at, as a share of its shorter side.
_SURROUNDINGS = 0.5

# A letter with less than this share of its ink on one side of the edge is touched, not cut.
_LEAST_SHARE = 0.2

# Pieces of ink lower than this, in heights of the region, are dots. Pieces larger than the second number are rules and
# frames.
_LEAST_LETTER = 0.2
_LARGEST_LETTER = 1.6


def cut_sides(page: Page, area: Area) -> tuple[str, ...]:
    """The sides of a rectangle that letters cross, as its text is read; none for other shapes.

    Args:
        page: with the pixels.
        area: of the region.

    Raises:
        RegionError: the area is not on the page.
    """
    if area.outline or area.mask is not None:
        return ()
    margin = round(_SURROUNDINGS * min(area.width, area.height))
    if margin < 1:
        return ()
    try:
        crop = cut(page, _enlarged(area, margin))
    except RegionError:
        return ()
    image = prepare.grey(crop)
    if prepare.is_blank(image):
        return ()
    image = prepare.dark_on_even_paper(image)
    ink = image < projection.threshold(projection.histogram(image))
    inside = _inside(area, margin, crop.shape[:2])
    if inside is None:
        return ()
    left, top, right, bottom = inside
    height = bottom - top
    count, labels, stats, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)
    found = set()
    for number in range(1, count):
        x, y, wide, high, size = stats[number]
        if not _LEAST_LETTER * height <= high <= _LARGEST_LETTER * height or wide > _LARGEST_LETTER * height:
            continue
        piece = labels[y : y + high, x : x + wide] == number
        columns, rows = np.arange(x, x + wide), np.arange(y, y + high)
        for side, outside in zip(
            SIDES,
            (
                piece[:, columns < left].sum(),
                piece[rows < top].sum(),
                piece[:, columns >= right].sum(),
                piece[rows >= bottom].sum(),
            ),
            strict=True,
        ):
            if _LEAST_SHARE <= outside / size <= 1 - _LEAST_SHARE:
                found.add(side)
    return tuple(side for side in SIDES if side in found)


def _enlarged(area: Area, margin: float) -> Area:
    along, across = directions(area.rotation)
    x, y = combined(-margin, along, -margin, across)
    return Area(area.x + x, area.y + y, area.width + 2 * margin, area.height + 2 * margin, area.rotation, area.upright)


def _inside(area: Area, margin: int, shape: tuple[int, ...]) -> tuple[int, int, int, int] | None:
    """The region within its enlarged crop, px; None if the crop was clipped at the edge of the page."""
    height, width = shape
    sides = (area.width, area.height) if area.upright % 180 == 0 else (area.height, area.width)
    expected = [math.ceil(side) + 2 * margin for side in sides]
    if abs(expected[0] - width) > 2 or abs(expected[1] - height) > 2:  # noqa: PLR2004 - rounding on both sides
        return None
    return margin, margin, width - margin, height - margin
