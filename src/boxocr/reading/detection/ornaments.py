"""Signs between words that are not text: the dots that lead to a number in a table of contents, and checkboxes."""

import cv2
import numpy as np
from numpy.typing import NDArray

from boxocr.reading.detection.components import Components, median
from boxocr.reading.model_languages import have_ideographs
from boxocr.reading.types import Pixels

# Leader dots are at most this high, in heights of letters, fill at least this share of their rectangles, and differ in
# size by at most this factor. At least this many are in a row, this near to each other in heights of letters.
_DOT = 0.3
_FILL = 0.5
_ALIKE = 1.6
_DOTS = 6
_NEAR = 0.9

# A checkbox is as high as wide within this factor, at most this many times higher than letters, and at least this far
# from the next letter, in its own widths: letters such as 口 and 0 are nearer to their neighbours. It has at least this
# many pixels on a side. A circle is compared with this many letters next to it.
_SQUARE = 1.3
_LARGEST = 2.5
_APART = 0.3
_SMALLEST = 8
_NEIGHBOURS = 3

# The lowest point of a tick is between these shares of its width. Its left end is between these shares of its height
# from the top, and its right end no lower than the third number. Over half of its height its right edge moves left by
# at least the last share of its width. Of 12,095 letters and digits in 102 fonts, three are taken for ticks.
_TICK_LOWEST, _TICK_LEFT, _TICK_TOP, _TICK_SLANTED = (0.15, 0.6), (0.3, 0.88), 0.12, 0.16
_SMALLEST_MARK = 5

# A round checkbox is a circle: in each of 12 directions its ink ends at the same distance from its middle, to _CIRCLE
# of its height or a pixel, and no ink is nearer to the middle than _HOLLOW. A disc or a square in a checkbox fills more
# than _DISC of its rectangle. Of the nine parts of a cross, the four between the corners have less than _CROSS of the
# ink in any other. An empty round checkbox looks like an O, so it must end below the letters next to it, by the largest
# of _BELOW of its height, _TILT of its distance to them and _BELOW_PIXELS, and be _HIGHER times as high as they are. Of
# 134,550 words and letters in 98 fonts, four are taken for checkboxes when tilted by up to 1 degree, and 31 when tilted
# by 2.5; of 672 drawn checkboxes before a label all are found.
_CIRCLE, _DIRECTIONS, _HOLLOW = 0.06, 12, 0.3
_DISC, _CROSS = 0.6, 0.65
_BELOW, _TILT, _BELOW_PIXELS = 0.06, 0.025, 2
_HIGHER = 1.12


# Strokes divide a frame if several areas of paper inside it each cover more than _PART of its rectangle and more than
# _PART_FILLS of their own. The paper between two nested frames does not.
_PART, _PART_FILLS = 0.05, 0.4


def find(pieces: Components, languages: str) -> Components:
    """The pieces of a box's ink that are leader dots or checkboxes.

    Args:
        pieces: the ink.
        languages: of the text. In Chinese and Japanese, 日 and 国 look like frames with a bar or a letter in them, so
            only empty, ticked, crossed and filled frames are checkboxes.
    """
    if not pieces.count:
        return pieces
    sizes = np.maximum(pieces.width, pieces.height)
    is_round = (sizes <= _ALIKE * np.minimum(pieces.width, pieces.height)) & (
        pieces.area >= _FILL * pieces.width * pieces.height
    )
    others = pieces.height[~is_round]
    letters = median(others) if others.size else 0.0
    return pieces.only(
        _are_leaders(pieces, letters, is_round & (sizes <= _DOT * letters))
        | _are_checkboxes(pieces, letters, has_ideographs=have_ideographs(languages))
    )


def erased(crop: Pixels, ornaments: Components) -> Pixels:
    """The crop with the paper around some ink continued in its place."""
    mask = cv2.dilate(ornaments.mask().view(np.uint8), np.ones((3, 3), np.uint8), iterations=2)
    return np.asarray(cv2.inpaint(np.ascontiguousarray(crop), mask, 3, cv2.INPAINT_TELEA), np.uint8)


def _are_leaders(pieces: Components, letters: float, is_dot: NDArray[np.bool_]) -> NDArray[np.bool_]:
    flags = np.zeros(pieces.count, np.bool_)
    if is_dot.sum() < _DOTS:
        return flags
    usual = median(pieces.height[is_dot])
    is_dot &= (pieces.height <= _ALIKE * usual) & (pieces.height >= usual / _ALIKE)
    # The letters of small print beside a headline are as low as dots, but not as solid.
    for at in map(int, np.flatnonzero(is_dot & (pieces.height >= _SMALLEST_MARK))):
        is_dot[at] = _is_convex(_ink(pieces, at))
    dots = pieces.only(is_dot)
    reach = max(round(_NEAR * letters), 1)
    rows = Components.of(cv2.morphologyEx(dots.mask().view(np.uint8), cv2.MORPH_CLOSE, np.ones((1, reach))) > 0)
    row_of = rows.labels[pieces.top + pieces.height // 2, pieces.left + pieces.width // 2]
    for number, height in zip(rows.numbers, rows.height, strict=True):
        members = is_dot & (row_of == number)
        if members.sum() >= _DOTS and height <= 2 * _DOT * letters:
            flags |= members
    return flags


def _are_checkboxes(pieces: Components, letters: float, *, has_ideographs: bool) -> NDArray[np.bool_]:
    """Frames of checkboxes, square or round, with the ticks, crosses and discs in them."""
    flags = np.zeros(pieces.count, np.bool_)
    sides = np.minimum(pieces.width, pieces.height), np.maximum(pieces.width, pieces.height)
    can_be = (sides[0] >= _SMALLEST) & (sides[1] < _SQUARE * sides[0]) & (sides[1] < _LARGEST * letters)
    can_be[can_be] = pieces.only(can_be).reach_their_sides()
    marks, found, are_cells = np.zeros(pieces.count, np.bool_), 0, False
    rights, bottoms = pieces.right, pieces.bottom
    for at in map(int, np.flatnonzero(can_be)):
        left, top, right, bottom = (int(side[at]) for side in (pieces.left, pieces.top, rights, bottoms))
        margin = round(_APART * (right - left))
        is_inside = (pieces.left >= left) & (rights <= right) & (pieces.top >= top) & (bottoms <= bottom)
        around = pieces.labels[top:bottom, max(left - margin, 0) : right + margin]
        if np.count_nonzero(around) > pieces.area[is_inside].sum():
            continue
        is_own = is_inside & (pieces.numbers != pieces.numbers[at])
        mark = pieces.only(is_own)
        if pieces.is_frame(at):
            is_marked = mark.count == 1 and (_is_solid(mark) or _is_cross(mark) or _is_tick(mark))
            # Letters and figures are written in cells as well, among them X and V.
            are_cells |= mark.count > 0 and not is_marked
            if has_ideographs and (_is_divided(pieces, at) or (mark.count and not is_marked)):
                continue
            flags |= is_inside & ~is_own
            if is_marked:
                marks |= is_own
        elif _is_circle(pieces, at) and (
            _is_disc(mark, left + right)
            if mark.count
            else _is_below(left, top, right, bottom, _nearest(pieces.only(~is_own), left, top, right, bottom))
        ):
            flags |= is_inside
        else:
            continue
        found += 1
    # With no more text than checkboxes in the box, these can be letters.
    if (~flags).sum() <= found:
        return np.zeros_like(flags)
    return flags if are_cells else flags | marks


def _is_divided(pieces: Components, at: int) -> bool:
    """Whether strokes divide the inside of a frame, as those of 日 and 田 do."""
    ink = _ink(pieces, at)
    paper = np.pad(~ink, 1, constant_values=True).view(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(paper, connectivity=4)
    # The first two labels are the ink and the paper around it. A frame can have holes, or a second frame just inside
    # it.
    *_, width, height, area = np.asarray(stats[2:]).T
    return int(((area > _PART * ink.size) & (area > _PART_FILLS * width * height)).sum()) > 1


def _nearest(pieces: Components, left: int, top: int, right: int, bottom: int) -> Components:
    """The letters nearest to a rectangle, left and right of it."""
    is_beside = (pieces.top < bottom) & (pieces.bottom > top) & (pieces.height > _FILL * (bottom - top))
    others = pieces.only(is_beside & ((pieces.left >= right) | (pieces.right <= left)))
    return others.only(np.argsort(np.maximum(others.left - right, left - others.right))[:_NEIGHBOURS])


def _is_below(left: int, top: int, right: int, bottom: int, nearest: Components) -> bool:
    """Whether a circle ends lower than the letters next to it, and is higher than they are."""
    if not nearest.count:
        return False
    height, baseline = bottom - top, median(nearest.bottom)
    distance = median(np.maximum(nearest.left - left, right - nearest.right))
    is_lower = bottom >= baseline + max(_BELOW * height, _TILT * distance, _BELOW_PIXELS)
    return bool(is_lower) and height >= _HIGHER * (baseline - float(nearest.top.min()))


def _is_solid(piece: Components) -> bool:
    """Whether the only piece of ink is a square or a disc and not a character."""
    height, width = (ink := _ink(piece, 0)).shape
    if min(height, width) < _SMALLEST_MARK or max(height, width) >= _SQUARE * min(height, width):
        return False
    return _is_convex(ink) and float(ink.mean()) > _DISC


def _is_convex(ink: NDArray[np.bool_]) -> bool:
    """Whether a piece of ink has one run in each row and column of its rectangle."""
    padded = np.pad(ink, 1).view(np.int8)
    return all(abs(np.diff(padded, axis=axis)).sum() == 2 * ink.shape[1 - axis] for axis in (0, 1))


def _is_disc(piece: Components, centre: int) -> bool:
    """Whether some ink is a disc, which has no corners. ``centre`` is twice the column that it must be around."""
    if piece.count != 1 or not _is_solid(piece):
        return False
    is_central = abs(int(piece.left[0] + piece.right[0]) - centre) <= int(piece.width[0]) / 2
    return is_central and not _ink(piece, 0)[np.ix_([0, -1], [0, -1])].any()


def _is_cross(piece: Components) -> bool:
    """Whether the strokes of the only piece of ink end in its corners and meet in the middle."""
    parts = cv2.resize(_ink(piece, 0).astype(np.float32), (3, 3), interpolation=cv2.INTER_AREA).ravel()
    return bool(parts[1::2].max() < _CROSS * parts[::2].min())


def _is_tick(piece: Components) -> bool:
    """Whether the only piece of ink is a short stroke down and a long one up to the right, as no letter is."""
    height, width = (ink := _ink(piece, 0)).shape
    if min(height, width) < _SMALLEST_MARK:
        return False
    tops, bottoms = ink.argmax(axis=0) / height, 1 - ink[::-1].argmax(axis=0) / height
    goes_down = _TICK_LOWEST[0] <= int(bottoms.argmax()) / width <= _TICK_LOWEST[1] and bottoms[0] <= _TICK_LEFT[1]
    is_lower_left = tops[: width // 3].min() >= _TICK_LEFT[0] and tops[-(width // 5) :].min() <= _TICK_TOP
    # The stems of J and 4 are upright.
    ends = [np.flatnonzero(ink[round(share * (height - 1))]).max(initial=0) for share in (0.25, 0.5, 0.75)]
    is_slanted = ends[0] > ends[1] > ends[2] and ends[0] - ends[2] >= _TICK_SLANTED * width
    return bool(goes_down and is_lower_left and is_slanted)


def _is_circle(pieces: Components, at: int) -> bool:
    """Whether the outline of a piece of ink is a circle."""
    height, width = (ink := _ink(pieces, at)).shape
    tolerance = max(_CIRCLE * height, 1)
    if abs(width - height) > tolerance:
        return False
    y, x = np.nonzero(ink)
    down, across = y - (height - 1) / 2, x - (width - 1) / 2
    distance = np.hypot(down, across)
    direction = np.floor((np.arctan2(down, across) / np.pi + 1) / 2 * _DIRECTIONS).astype(int) % _DIRECTIONS
    reach = np.zeros(_DIRECTIONS)
    np.maximum.at(reach, direction, distance)
    return bool(np.ptp(reach) <= tolerance and distance.min() > _HOLLOW * height)


def _ink(pieces: Components, at: int) -> NDArray[np.bool_]:
    """The pixels of a piece in its rectangle."""
    rows, columns = slice(pieces.top[at], pieces.bottom[at]), slice(pieces.left[at], pieces.right[at])
    return np.asarray(pieces.labels[rows, columns] == pieces.numbers[at])
