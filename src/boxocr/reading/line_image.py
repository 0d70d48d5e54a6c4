"""Lines cut out of an image, each upright, and their ink."""

import math
from collections.abc import Iterable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from boxocr.geometry import directions
from boxocr.reading.page_frame import PageFrame
from boxocr.reading.prepare import dark_on_light, grey, turn, without_panels
from boxocr.reading.types import Pixels
from boxocr.reading.whole_page import Piece

# Ink is darker than the line's paper by this share of the line's contrast.
_INK = 0.5

# A gap this wide, in heights of the line's image, separates columns: both sides are read separately, since
# recognizers do not expect words to go on after it.
_COLUMN_GAP = 1.2


def cut(image: Pixels, line: Piece, pad: float) -> tuple[Pixels, PageFrame]:
    """Cut a line out of an image.

    Args:
        image: grey or RGB.
        line: in pixels of the image.
        pad: how much around it is cut too, in line heights.

    Returns:
        The line's pixels, upright, and where they are on the image.
    """
    line = line.padded(pad * line.height)
    if line.rotation % 90 == 0:
        return _straight(image, line)
    cosine, sine = directions(line.rotation)[0]
    size = max(math.ceil(line.width), 1), max(math.ceil(line.height), 1)
    # Maps the image to the line; the centre of a pixel is at a half.
    x, y = line.x - 0.5, line.y - 0.5
    matrix = np.array([[cosine, sine, -x * cosine - y * sine - 0.5], [-sine, cosine, x * sine - y * cosine - 0.5]])
    pixels = cv2.warpAffine(image, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(pixels), PageFrame(line.x, line.y, 1.0, line.rotation)


def _straight(image: Pixels, line: Piece) -> tuple[Pixels, PageFrame]:
    """The exact pixels of a line at a right angle."""
    across, down = zip(*line.corners(), strict=True)
    height, width = image.shape[:2]
    # At least one pixel: detected lines can end outside the image.
    left = min(max(math.floor(min(across)), 0), width - 1)
    top = min(max(math.floor(min(down)), 0), height - 1)
    right = max(min(math.ceil(max(across)), width), left + 1)
    bottom = max(min(math.ceil(max(down)), height), top + 1)
    pixels = np.ascontiguousarray(image[top:bottom, left:right])
    frame = PageFrame(left, top)
    quarters = -round(line.rotation) % 360
    if quarters:
        turned = turn(pixels, quarters)
        frame, pixels = frame.turned(quarters, pixels, turned), turned
    return pixels, frame


def fill(image: NDArray[Any], pieces: Iterable[Piece], value: int = 1) -> None:
    """Fill some rectangles of an image."""
    for piece in pieces:
        cv2.fillPoly(image, [np.round(piece.corners()).astype(np.int32)], (value,))


def ink_of(image: Pixels) -> NDArray[np.bool_]:
    """The ink of a line image, dark or light, or both where a part of it is on a panel."""
    flat = without_panels(dark_on_light(grey(image)))
    paper, ink = np.percentile(flat, (90, 1))
    return np.asarray(flat < paper - _INK * (paper - ink))


def is_sign(ink: NDArray[np.bool_], columns: tuple[int, int], width: float, height: float) -> bool:
    """Whether a piece of a line's ink is at least this wide and high, in pixels.

    A piece at an end of the line does not count: it can be part of a neighbour.
    """
    first, last = columns
    if not 0 < first < last < ink.shape[1] or last - first < width:
        return False
    rows = np.flatnonzero(ink[:, first:last].any(axis=1))
    return int(rows[-1] + 1 - rows[0]) >= height


def columns(ink: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The first column of each part of a line image between wide gaps, and the column after its last."""
    height, width = ink.shape
    empty = np.asarray(~ink.any(axis=0))
    inked = np.flatnonzero(~empty)
    if not inked.size:
        return [(0, width)]
    gaps = [
        (first, last)
        for first, last in runs_of(empty)
        if last - first > _COLUMN_GAP * height and inked[0] < first and last <= inked[-1]
    ]
    # Half a line height of paper is kept on both sides.
    pad = height // 2
    starts = [0, *(max(last - pad, first) for first, last in gaps)]
    ends = [*(min(first + pad, last) for first, last in gaps), width]
    return list(zip(starts, ends, strict=True))


def runs_of(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the first place and the place after the last of each unbroken run of set flags."""
    edges = edges_of(flags)
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def edges_of(flags: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the runs of set flags in one array: two places for each, as :func:`runs_of` gives them."""
    # Not with numpy.diff, which with values before and after takes five times as long for a line's few hundred flags.
    framed = np.zeros(len(flags) + 2, np.bool_)
    framed[1:-1] = flags
    return np.flatnonzero(framed[1:] != framed[:-1])
