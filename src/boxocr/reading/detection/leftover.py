"""Ink of a box that no detected line covers."""

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from boxocr.reading.detection import projection
from boxocr.reading.detection.components import Components, grown
from boxocr.reading.detection.projection import Projection
from boxocr.reading.line_image import fill
from boxocr.reading.whole_page import Line

# Ink is compared with the lines on images of at most this many pixels.
_MOST_PIXELS = 4_000_000

# A line covers ink up to this far around it, in line heights.
_AROUND = 0.2

# A piece at least this high, in heights of the line near it, is a whole letter and not an accent or a comma.
_WHOLE_LETTER = 0.45

# A group of letters is a line of its own if one is at least this high, in heights of the lowest line, or if there are
# several. Letters below the second number or this many pixels do not count. Letters this near to each other, in their
# heights, are one line.
_LOWEST, _SMALL = 0.3, 0.15
_SEVERAL = 3
_LOWEST_PIXELS = 5
_TOGETHER = 0.8

# Letters of lighter writing are at least this high, in heights of their line with its paper, and less than this share
# of the line's rectangle is darker ink.
_LETTER, _NO_INK = 0.3, 0.02

# A stroke this many times higher than wide, and higher than this many lines, is a rule. A piece higher than this many
# lines, with two straight sides and ink in less than this share of its rectangle, is part of a frame.
_BAR = 3
_LINE_INK = 0.3
_FRAME_HEIGHT, _FRAME_INK = 2.0, 0.2

# Letters at the edge of the box are cut off if they are lower than this, in heights of the letters in detected lines.
# Leaving out all letters at the edge lost the last line of 5 of 64 blocks of print. Their line must also be at least
# this high, in heights of detected lines, or as high as the second number if only one was detected.
_WHOLE = 0.8
_WHOLE_LINE, _WHOLE_BESIDE_ONE = 0.53, 0.6

# More groups of letters than this are not lost lines but a picture or dirt.
_MOST_LINES = 6


def uncovered(found: Projection, lines: Iterable[Line]) -> list[Line]:
    """Lines of letters that no detected line covers.

    Args:
        found: the ink of a box, without rules.
        lines: detected in the box.
    """
    image, lines = found.image, list(lines)
    if image.size > _MOST_PIXELS:
        return []
    height, width = image.shape
    near, inside = np.zeros(image.shape, np.int32), np.zeros(image.shape, np.uint8)
    for line in lines:
        fill(near, [line.padded(_AROUND * line.height)], max(round(line.height), 1))
    fill(inside, lines)
    letters = found.pieces
    least = min((line.height for line in lines), default=0.0)
    lowest = max(_SMALL * least, _LOWEST_PIXELS)
    usual = float(np.median([line.height for line in lines])) if lines else 0.0
    middles = (letters.top + letters.height // 2, letters.left + letters.width // 2)
    is_cut = (letters.top == 0) | (letters.left == 0) | (letters.bottom == height) | (letters.right == width)
    # Upright rules are as high as lines, and parts of frames are higher and mostly paper.
    is_bar = (letters.height > _BAR * letters.width) & (letters.height > _LINE_INK * usual)
    is_frame = (letters.height > _FRAME_HEIGHT * usual) & (letters.area < _FRAME_INK * letters.width * letters.height)
    is_frame[is_frame] = [letters.straight_sides(int(at)) > 1 for at in np.flatnonzero(is_frame)]
    is_frame |= _are_around(letters, lines)
    # A whole letter right below a line belongs to another line; an accent or a comma belongs to this one.
    beside = cv2.dilate(inside, np.ones((1, 2 * round(_AROUND * usual) + 1), np.uint8))
    height_near = near[middles]
    is_covered = np.where(letters.height >= _WHOLE_LETTER * height_near, beside[middles], height_near) > 0
    read = letters.height[is_covered & (letters.height >= lowest)]
    is_left = (letters.height >= lowest) & ~is_covered & ~((is_bar | is_frame) & bool(lines))
    left = letters.only(is_left)
    if not left.count:
        return []
    reach = max(round(_TOGETHER * float(np.median(left.height))), 1)
    groups = Components.of(grown(left.mask(), 1, 2 * reach + 1))
    if groups.count > _MOST_LINES:
        return []
    group_of = groups.labels[left.top + left.height // 2, left.left + left.width // 2]
    is_tall = left.height >= _LOWEST * least
    whole = _WHOLE * float(np.median(read)) if read.size else 0.0
    share = _WHOLE_LINE if len(lines) > 1 else _WHOLE_BESIDE_ONE
    whole_line = share * usual
    at_edge = is_cut[is_left]
    return [
        _around(left.only(group))
        for group in (group_of == number for number in np.unique(group_of))
        if (is_tall[group].any() or group.sum() >= _SEVERAL)
        and (
            not at_edge[group].any()
            or (float(np.median(left.height[group])) >= whole and left.only(group).box[3] >= whole_line)
        )
    ]


def fainter(found: Projection, lines: Iterable[Line]) -> list[Line]:
    """Lines of writing that is lighter than the other ink, such as a grey caption below a black title.

    Args:
        found: the ink of a box.
        lines: detected in the box.
    """
    if found.image.size > _MOST_PIXELS or found.faint is None:
        return []
    letters = found.faint.pieces
    middle, down = letters.left + letters.width / 2, letters.top + letters.height / 2
    kept = []
    for line in uncovered(found.faint, lines):
        left, top, right, bottom = (round(max(edge, 0)) for edge in (line.x, line.y, *line.corners()[2]))
        is_inside = (middle > left) & (middle < right) & (down > top) & (down < bottom)
        is_letter = is_inside & (letters.height >= max(_LETTER * line.height, _LOWEST_PIXELS))
        # The soft edges of ink are faint too.
        ink = float((found.image[top:bottom, left:right] < found.limit).mean())
        if is_letter.sum() >= _SEVERAL and ink < _NO_INK:
            kept.append(line)
    return kept


def has_fainter(found: Projection) -> bool:
    """Say whether a box has lighter writing outside its lines as the projection finds them."""
    return found.faint is not None and bool(fainter(found, projection.lines(found)))


def _are_around(pieces: Components, lines: Iterable[Line]) -> NDArray[np.bool_]:
    """Which pieces of ink are around a line rather than in it: frames of cells, even tilted ones."""
    are = np.zeros(pieces.count, np.bool_)
    for line in lines:
        x, y = line.middle
        are |= ((pieces.left < x) & (pieces.right > x) & (pieces.width > line.width)) & (
            (pieces.top < y) & (pieces.bottom > y) & (pieces.height > line.height)
        )
    return are & (pieces.area < _FRAME_INK * pieces.width * pieces.height)


def _around(letters: Components) -> Line:
    """A line around these letters, with a little paper."""
    line = Line("", 0.0, *letters.box)
    return line.padded(max(round(_AROUND * line.height), 1))
