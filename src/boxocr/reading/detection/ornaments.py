"""Signs between words that are not text: the dots that lead to a number in a table of contents, and checkboxes."""

import cv2
import numpy as np
from numpy.typing import NDArray

from boxocr.reading.detection.components import Components
from boxocr.reading.types import Pixels

# Dots that lead to a number are at most this high, in heights of letters, fill this share of their squares, and are as
# large as each other within this factor. At least this many are this near to each other in a row.
_DOT = 0.3
_FILL = 0.5
_ALIKE = 1.6
_DOTS = 6
_NEAR = 0.9

# Checkboxes are nearly square, at most this much higher than letters, and this far from the next letter, in their
# widths: the dots of 口 and 0 are nearer to theirs.
_SQUARE = 1.3
_LARGEST = 2.5
_APART = 0.3
_SMALLEST = 8


def find(pieces: Components) -> Components:
    """Those pieces of a box's ink that are leaders or checkboxes."""
    if not pieces.count:
        return pieces
    sizes = np.maximum(pieces.width, pieces.height)
    is_round = (sizes <= _ALIKE * np.minimum(pieces.width, pieces.height)) & (
        pieces.area >= _FILL * pieces.width * pieces.height
    )
    others = pieces.height[~is_round]
    letters = float(np.median(others)) if others.size else 0.0
    return pieces.only(
        _are_leaders(pieces, letters, is_round & (sizes <= _DOT * letters)) | _are_checkboxes(pieces, letters)
    )


def erased(crop: Pixels, ornaments: Components) -> Pixels:
    """The crop with paper in the place of some ink."""
    mask = cv2.dilate(ornaments.mask().view(np.uint8), np.ones((3, 3), np.uint8), iterations=2)
    return np.asarray(cv2.inpaint(np.ascontiguousarray(crop), mask, 3, cv2.INPAINT_TELEA), np.uint8)


def _are_leaders(pieces: Components, letters: float, is_dot: NDArray[np.bool_]) -> NDArray[np.bool_]:
    flags = np.zeros(pieces.count, np.bool_)
    if is_dot.sum() < _DOTS:
        return flags
    usual = float(np.median(pieces.height[is_dot]))
    is_dot &= (pieces.height <= _ALIKE * usual) & (pieces.height >= usual / _ALIKE)
    dots = pieces.only(is_dot)
    reach = max(round(_NEAR * letters), 1)
    rows = Components.of(cv2.morphologyEx(dots.mask().view(np.uint8), cv2.MORPH_CLOSE, np.ones((1, reach))) > 0)
    row_of = rows.labels[pieces.top + pieces.height // 2, pieces.left + pieces.width // 2]
    for number, height in zip(rows.numbers, rows.height, strict=True):
        members = is_dot & (row_of == number)
        if members.sum() >= _DOTS and height <= 2 * _DOT * letters:
            flags |= members
    return flags


def _are_checkboxes(pieces: Components, letters: float) -> NDArray[np.bool_]:
    flags = np.zeros(pieces.count, np.bool_)
    sides = np.minimum(pieces.width, pieces.height), np.maximum(pieces.width, pieces.height)
    can_be = (sides[0] >= _SMALLEST) & (sides[1] < _SQUARE * sides[0]) & (sides[1] < _LARGEST * letters)
    frames = pieces.only(can_be).frames()
    for number, left, right, top, bottom in zip(
        frames.numbers, frames.left, frames.right, frames.top, frames.bottom, strict=True
    ):
        beside = (pieces.top < bottom) & (pieces.bottom > top)
        gaps = np.maximum(pieces.left - right, left - pieces.right)[beside]
        if not ((gaps > 0) & (gaps < _APART * (right - left))).any():
            flags |= pieces.numbers == number
    # A box without anything else can be a letter.
    return flags if (~flags).sum() > flags.sum() else np.zeros_like(flags)
