"""Cuts areas out of pages.

An area at a multiple of 90 degrees is copied pixel by pixel. An area at any other angle is resampled only once, by one
affine transform for all rotations, since each resampling blurs letters.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from PIL import Image, ImageDraw

from boxocr.errors import RegionError
from boxocr.geometry import Area
from boxocr.pages.frame import Frame, frame_of
from boxocr.pages.page import Lease, Page
from boxocr.process.memory_budget import MemoryBudget

# Width of the strip along the edge of an outline or crop, px, from which the background's colour is taken.
_EDGE = 2


@contextmanager
def borrow_crop(page: Page, area: Area, budget: MemoryBudget) -> Iterator[Lease]:
    """Cut an area out of a page; the pixels are freed, and their memory is returned, once the context has ended.

    Raises:
        RegionError: as :func:`cut`.
    """
    with budget.reserved(bytes_to_cut(page, area)):
        crop = Lease(cut(page, area))
        try:
            yield crop
        finally:
            crop.close()


def bytes_to_cut(page: Page, area: Area) -> int:
    """Upper estimate of the memory for cutting an area out."""
    # A slanted area is clipped to a rectangle at its own angle, which can be twice as large as the page.
    whole = page.width * page.height * (1 if area.rotation % 90 == 0 else 2)
    pixels = min(abs(area.width * area.height), whole)
    if not pixels < whole:
        pixels = whole
    outline = 4 if area.outline or area.mask is not None else 1
    return int(pixels * (page.nbytes // max(page.width * page.height, 1)) * outline)


def cut(page: Page, area: Area) -> np.ndarray:
    """The pixels of an area, rotated upright.

    A straight area is clipped to the page. A slanted one is clipped to the smallest rectangle at its angle that
    contains its intersection with the page; corners beyond the page's edge are filled with the background's colour.

    Returns:
        uint8, ``(h, w)`` or ``(h, w, 3)`` as the page is; a copy.

    Raises:
        RegionError: the area is smaller than 3 pixels on a side, has invalid numbers, or is outside the page.
    """
    frame = frame_of(page, area)
    pixels = _pixels(page, frame)
    for inside in _insides(area, frame):
        _fill_outside(pixels, inside)
    return pixels


def _pixels(page: Page, frame: Frame) -> np.ndarray:
    left, top, right, bottom = frame.box()
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(right, page.width), min(bottom, page.height)
    source = page.pixels[y0:y1, x0:x1]
    if frame.quarters is not None:
        return np.rot90(source, frame.quarters).copy()
    fill = _edge_colour(source) if (x0, y0, x1, y1) != (left, top, right, bottom) else None
    return np.array(_sampled(Image.fromarray(source), frame, (x0, y0), Image.Resampling.BICUBIC, fill))


def _sampled(
    source: Image.Image,
    frame: Frame,
    corner: tuple[int, int],
    resampling: Image.Resampling,
    fill: int | tuple[int, ...] | None,
) -> Image.Image:
    x, y = frame.origin[0] - corner[0], frame.origin[1] - corner[1]
    matrix = (frame.right[0], frame.down[0], x, frame.right[1], frame.down[1], y)
    size = (frame.width, frame.height)
    return source.transform(size, Image.Transform.AFFINE, matrix, resampling, fillcolor=fill)


def _edge_colour(pixels: np.ndarray) -> int | tuple[int, ...]:
    sides = pixels[:_EDGE], pixels[-_EDGE:], pixels[:, :_EDGE], pixels[:, -_EDGE:]
    colour = _middle(np.concatenate([side.reshape(-1, *pixels.shape[2:]) for side in sides]))
    return int(colour) if colour.ndim == 0 else tuple(map(int, colour))


def _middle(colours: np.ndarray) -> np.ndarray:
    """The median of each channel: the colour of the background, if text covers less than half of it."""
    return np.asarray(np.median(colours, axis=0)).astype(np.uint8)


def _insides(area: Area, frame: Frame) -> Iterator[np.ndarray]:
    """Masks of the crop's pixels that belong to the shape: bool, one for the outline, one for the brush strokes."""
    if area.outline:
        drawn = Image.new("1", (frame.width, frame.height))
        for polygon in filter(_is_surface, area.outline):
            places = (np.array(polygon) - frame.origin) @ np.column_stack([frame.right, frame.down])
            # ImageDraw's coordinates are those of pixel centres, and it truncates fractions.
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
    """Fill everything outside a shape with the colour just inside its edge, which is the background of the text."""
    if not inside.any():
        raise RegionError("The shape is outside the page.", "Draw it on the page.")
    core = inside.copy()
    core[_EDGE:] &= inside[:-_EDGE]
    core[:-_EDGE] &= inside[_EDGE:]
    core[:, _EDGE:] &= inside[:, :-_EDGE]
    core[:, :-_EDGE] &= inside[:, _EDGE:]
    rim = inside & ~core
    pixels[~inside] = _middle(pixels[rim if rim.any() else inside])
