"""Boxes that contain only lines of a form: empty cells, underlines, combs, squares for letters.

Engines read one line as I, two as I I, a corner as L, squares as 000, with scores of up to .99.
"""

import numpy as np
from numpy.typing import NDArray

from boxocr.reading.detection.components import Components, Ink, grown, opened

# A cell is at least this many pixels wide and high; a smaller box is drawn around a character.
_SMALLEST = 12

# A line of a form is at least this long, as a share of the box, and at most this thick, as a share of the box's shorter
# side or in pixels. Each row of pixels holds only a part of a tilted line, so a run of this many pixels is enough. The
# tilt adds at most this share of a line's length to its height.
_LENGTH = 0.5
_THICKNESS = 0.1
_THIN = 4
_PART = 80
_TILT = 0.03

# A line this many times longer than thick is neither a dash nor a letter: an em dash of a light font has 33. The second
# number is enough near the upper or lower side of the box, within this share of its height, if the box is this many
# times higher than the line is thick.
_LONGER_THAN_DASHES, _LONGER_BESIDE = 36, 18
_NEAR_SIDE = 0.3
_HIGHER = 7

# If no line is that long, ink covers at most this share of the box: an L or H in a tight box covers .16 or more.
_INK = 0.12

# Lines meet each other, or reach the edge of the box, if they are this near to it, in pixels.
_MEETING = 2

# A square for a letter has at least this many pixels on a side, and is as wide as high within this factor; digits on
# displays are narrower.
_SQUARE = 8
_OBLONG = 1.45

# A comb has at least this many teeth, whose heights differ by at most this share.
_TEETH = 3
_ALIKE = 0.3

# The ink of a level line is lower than this share of the box, apart from its tilt. A dotted line has at least this many
# dots. Their sizes differ by at most a pixel, their distances by at most this many pixels, and they fill this share of
# their rectangles. None of 2,160 words in bold letters looks like that.
_LINE = 0.2
_DOTS = 8
_SAME_STEP = 2
_FILL = 0.6


def has_form_lines_only(ink: Ink, pieces: Components) -> bool:
    """Say whether all ink of a box is lines that run from edge to edge or line to line, or are very long.

    Args:
        ink: of the box.
        pieces: of this ink.
    """
    height, width = ink.shape
    if min(height, width) < _SMALLEST:
        return False
    pieces = pieces.larger_than(_THIN + 1)
    if _are_squares(pieces):
        return True
    # Checked first because it is quick: nearly all text has a piece that is too short for a line of a form.
    is_cut = (pieces.left <= _MEETING) | (pieces.right >= width - _MEETING)
    is_cut |= (pieces.top <= _MEETING) | (pieces.bottom >= height - _MEETING)
    is_high = (pieces.height >= _LENGTH * height) & (is_cut | (pieces.height > _LONGER_BESIDE * pieces.width))
    if not (is_high | (pieces.width >= _LENGTH * width)).all():
        return False
    thickest = max(_THICKNESS * min(height, width), _THIN)
    level, upright = _strokes(ink, thickest), _strokes(np.ascontiguousarray(ink.T), thickest)
    if not level.count and not upright.count:
        return False
    masks = level.mask(), upright.mask().T
    rest = Components.of(ink & ~grown(masks[0] | masks[1])).larger_than(_THIN + 1)
    if rest.count and not _are_teeth(rest, masks[0], thickest):
        return False
    is_long = np.concatenate((_are_long(level, height), _are_long(upright, width)))
    ends = np.concatenate((_are_of_grid(level, ink, masks[1]), _are_of_grid(upright, ink.T, masks[0].T)))
    return bool((is_long | ends).all() and (is_long.any() or ink.mean() <= _INK))


def is_line(ink: Ink) -> bool:
    """Say whether all ink of a box is one nearly level line, solid or dotted. Quick if it is as high as writing."""
    rows = np.flatnonzero(ink.any(axis=1))
    height, width = ink.shape
    if not rows.size or rows[-1] - rows[0] >= _LINE * height + _TILT * width:
        return False
    dots = Components.of(ink)
    if has_form_lines_only(ink, dots):
        return True
    if dots.count < _DOTS:
        return False
    is_even = max(np.ptp(dots.width), np.ptp(dots.height)) <= 1 and np.ptp(np.diff(np.sort(dots.left))) <= _SAME_STEP
    is_square = (abs(dots.width - dots.height) <= 1) & (dots.area >= _FILL * dots.width * dots.height)
    return bool(is_even and is_square.all())


def with_soft_edge(ink: Ink) -> Ink:
    """Ink with the lighter pixels around it."""
    return grown(ink, 5, 5)


def _strokes(ink: Ink, thickest: float) -> Components:
    """The level lines in this ink."""
    width = ink.shape[1]
    pieces = Components.of(opened(ink, 1, max(round(min(_LENGTH * width, _PART)), 1)))
    return pieces.only((pieces.width >= _LENGTH * width) & (pieces.height <= thickest + _TILT * pieces.width))


def _are_beside(level: Components, height: int) -> NDArray[np.bool_]:
    """Whether each level line is at the upper or lower side of a far higher box; a dash in a tight box is near both."""
    near = _NEAR_SIDE * height
    return ((level.top < near) | (level.bottom > height - near)) & (height * level.width > _HIGHER * level.area)


def _are_long(level: Components, height: int) -> NDArray[np.bool_]:
    """Whether each level line is too long for a dash."""
    longer = np.where(_are_beside(level, height), _LONGER_BESIDE, _LONGER_THAN_DASHES)
    return np.asarray(level.width**2 > longer * level.area)


def _are_of_grid(level: Components, ink: Ink, crossing: Ink) -> NDArray[np.bool_]:
    """Whether each level line ends at crossing lines or at the edge of the box, as the lines of cells do.

    A line that meets no other line must also be near a side of the box: a letter such as I also reaches both edges of a
    box without paper above and below it, but in the middle.
    """
    height, width = ink.shape
    are = _are_beside(level, height)
    for at, (left, right, top, bottom) in enumerate(zip(level.left, level.right, level.top, level.bottom, strict=True)):
        rows = slice(max(top - _MEETING, 0), bottom + _MEETING)
        begins, ends = slice(max(left - _MEETING, 0), left + _MEETING), slice(right - _MEETING, right + _MEETING)
        meets = crossing[rows, begins].any(), crossing[rows, ends].any()
        # The last pixels of a tilted line are not in all of its rows.
        is_cut_left = left <= _MEETING and ink[rows, :_MEETING].any()
        is_cut_right = right >= width - _MEETING and ink[rows, -_MEETING:].any()
        are[at] = (meets[0] or is_cut_left) and (meets[1] or is_cut_right) and (are[at] or any(meets))
    return are


def _are_squares(pieces: Components) -> bool:
    """Whether this ink is several squares for a letter each; a single square can be a letter itself."""
    sides = np.minimum(pieces.width, pieces.height), np.maximum(pieces.width, pieces.height)
    can_be = (sides[0] >= _SQUARE) & (sides[1] < _OBLONG * sides[0])
    return pieces.count > 1 and bool(can_be.all() and pieces.are_frames().all())


def _are_teeth(pieces: Components, level: Ink, thickest: float) -> bool:
    """Whether these pieces are the teeth of a comb: slender, of one height, each at a level line."""
    if pieces.count < _TEETH or float(np.ptp(pieces.height)) > _ALIKE * float(pieces.height.max()):
        return False
    return bool((pieces.width <= thickest).all() and pieces.touch(with_soft_edge(level)).all())
