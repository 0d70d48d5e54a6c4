"""Drawn ink that is not text: rules, frames, underlines and bar codes."""

import cv2
import numpy as np
from numpy.typing import NDArray

from boxocr.reading.detection.components import Components, Ink, counts, grown, median, opened
from boxocr.reading.detection.form_lines import has_form_lines_only, is_line, with_soft_edge
from boxocr.reading.line_image import runs_of

# A level or upright rule is at least this long, in heights of the text around it. An upright stroke of the third length
# that crosses the image is a rule even if text reaches as far. A rule is at most this thick, in heights of text or in
# pixels; if a level one is at least as long as this share of the image is wide, rules may be thicker, as in tables: of
# 60 drawn tables whose borders are up to six pixels thick, `tesseract` reads 51 without a mistake, 45 without this.
_LENGTH = 3.0
_UPRIGHT_LENGTH = 1.5
_CROSSING = 2.5
_THICKNESS = 0.3
_WIDE, _IN_TABLES, _IN_TABLES_PIXELS = 0.8, 0.45, 10
_THIN = 3

# The teeth of a comb are at least this high, in heights of letters, and at least this many. Their heights and distances
# differ by at most this many pixels or this share of the distance. They are farther apart than this many of their
# heights: stems of letters on an underline are nearer.
_TOOTH = 0.5
_TEETH = 3
_ALIKE_PIXELS, _ALIKE = 2, 0.15
_TEETH_APART = 1.2

# The height of joined letters is this percentile of the heights of pieces. A rule has a stretch of at least _BARE such
# heights without ink within _TOUCHING pixels. Without this test, 44 of 84 lines in seven languages had a stroke that
# was taken for a rule; with it none has.
_TALL = 80
_TOUCHING, _BARE = 2, 1.2

# The rectangle of a frame is at least this share of the image.
_FRAME = 0.5

# A bar code has at least this many bars, each this many times higher than wide, all of one height within a tenth. They
# are at least this share of the pieces there: a long line of text has as many letters l.
_BARS = 12
_BAR = 4
_MOSTLY = 0.7


def find(ink: Ink, *, may_be_joined: bool = False) -> tuple[Ink, Components | None, bool]:
    """Find the ink of an image that belongs to rules, frames and bar codes.

    Strokes of letters are straight and thin as well, but a rule is longer than letters are high. So there must be text
    to compare it with, unless it is a frame.

    Args:
        ink: of the image.
        may_be_joined: whether the text can be in a script whose letters are joined by level strokes.

    Returns:
        The pixels, the pieces of all ink if they were needed, and whether a comb was found.
    """
    height, width = ink.shape
    if counts(ink, axis=1).max(initial=0) < width // 2 and counts(ink, axis=0).max(initial=0) < height // 2:
        return with_soft_edge(ink) if is_line(ink) else np.zeros_like(ink), None, False
    pieces = Components.of(ink)
    if has_form_lines_only(ink, pieces):
        return with_soft_edge(ink), None, False
    is_bar = _are_bars(pieces)
    is_frame = (pieces.width > _FRAME * width) & (pieces.height > _FRAME * height)
    is_frame[is_frame] = pieces.only(is_frame).are_frames()
    is_large = np.maximum(pieces.width, pieces.height) > _THIN
    text = pieces.only(~(is_bar | is_frame) & is_large & (pieces.width < 8 * pieces.height))
    found = pieces.only(is_bar).mask()
    if not text.count:
        return found | pieces.only(is_frame).mask() if min(width, height) > 8 * _THIN else found, pieces, False
    # Where letters are joined, most pieces are dots and short words.
    letters = float(np.percentile(text.height, _TALL)) if may_be_joined else median(text.height)
    level_length, upright_length = (round(max(length * letters, 8 * _THIN)) for length in (_LENGTH, _UPRIGHT_LENGTH))
    # A quick check: the text of most boxes has no stroke as long as a rule.
    if not _are_as_long(pieces, ink, level_length, upright_length):
        return found, pieces, False
    thickest = max(_THICKNESS * letters, _THIN)
    thin = _without_thick(ink, thickest)
    level = _strokes(thin, level_length, thickest)
    in_tables = min(_IN_TABLES * letters, _IN_TABLES_PIXELS)
    if in_tables > thickest:
        thin_in_tables = _without_thick(ink, in_tables)
        wide = _strokes(thin_in_tables, max(level_length, round(_WIDE * width)), in_tables)
        if wide.any():
            level, thin, thickest = level | wide, thin_in_tables, in_tables
    if may_be_joined:
        level &= ~_joining(level, thin, letters)
    upright = _strokes(thin, upright_length, thickest, upright=True)
    found |= level | _connected_or_beyond(upright, level, text)
    teeth = _teeth(thin, level, letters, thickest) if level.any() else level
    return found | teeth, pieces, bool(teeth.any())


def _are_as_long(pieces: Components, ink: Ink, width: int, height: int) -> bool:
    """Whether a piece can have a stroke as long as a rule. Ink is taken to go on beyond the edges of the image."""
    is_cut = (pieces.left == 0) | (pieces.right == ink.shape[1])
    if (pieces.width >= np.where(is_cut, width // 2, width)).any():
        return True
    is_cut = (pieces.top == 0) | (pieces.bottom == ink.shape[0])
    return bool((pieces.height >= np.where(is_cut, height // 2, height)).any())


def _are_bars(pieces: Components) -> NDArray[np.bool_]:
    is_slender = pieces.height > _BAR * pieces.width
    if is_slender.sum() < _BARS:
        return np.zeros_like(is_slender)
    usual, top = median(pieces.height[is_slender]), median(pieces.top[is_slender])
    are = is_slender & (abs(pieces.height - usual) < 0.1 * usual) & (abs(pieces.top - top) < 0.1 * usual)
    middle = pieces.top + pieces.height / 2
    is_level = (middle > top) & (middle < top + usual) & (pieces.height > usual / 2)
    return np.asarray(are & (are.sum() >= max(_BARS, _MOSTLY * is_level.sum())))


def straight(ink: Ink, length: int) -> Ink:
    """The level and upright strokes of ink that have at least a length: rules and the edges of pictures."""
    return opened(ink, 1, length) | opened(ink, length, 1)


def _without_thick(ink: Ink, thickest: float) -> Ink:
    """The ink without the parts that are thicker: the rims of bold letters and of panels are straight too."""
    side = int(thickest) + 1
    return ink & ~opened(ink, side, side)


def _strokes(ink: Ink, length: int, thickest: float, *, upright: bool = False) -> Ink:
    """The level or upright strokes that are at least this long and at most this thick."""
    if ink.shape[0 if upright else 1] < length:
        return np.zeros_like(ink)
    # Opened by columns: OpenCV takes six times as long for a transposed line.
    long = opened(ink, length, 1) if upright else opened(ink, 1, length)
    if not long.any():
        return long
    strokes = Components.of(long)
    return strokes.only((strokes.width if upright else strokes.height) <= thickest).mask()


def _joining(level: Ink, ink: Ink, letters: float) -> Ink:
    """The level strokes that join the letters of a word: letters touch them all along."""
    strokes = Components.of(level)
    touched = cv2.dilate((ink & ~level).view(np.uint8), np.ones((2 * _TOUCHING + 1, 1), np.uint8)) > 0
    joins = np.zeros(strokes.count, np.bool_)
    for at in range(strokes.count):
        rows = slice(strokes.top[at], strokes.bottom[at])
        columns = slice(strokes.left[at], strokes.right[at])
        is_bare = ~(touched[rows, columns] & level[rows, columns]).any(axis=0)
        joins[at] = max((last - first for first, last in runs_of(np.asarray(is_bare))), default=0) < _BARE * letters
    return strokes.only(joins).mask()


def _connected_or_beyond(upright: Ink, level: Ink, text: Components) -> Ink:
    """The upright strokes that meet a level rule, cross the image, or reach farther up and down than text."""
    if not upright.any():
        return upright
    strokes = Components.of(upright)
    letters = text.only(text.height <= _BAR * text.width)
    beyond = np.zeros(strokes.count, np.bool_)
    if letters.count:
        beyond = (strokes.top < letters.top.min() - 1) & (strokes.bottom > letters.bottom.max() + 1)
        crosses = (strokes.top <= 1) & (strokes.bottom >= len(upright) - 1)
        beyond |= crosses & (strokes.height > _CROSSING * median(letters.height))
    return strokes.only(beyond | strokes.touch(grown(level))).mask()


def _teeth(ink: Ink, level: Ink, letters: float, thickest: float) -> Ink:
    """The upright strokes that divide the level rule of a comb, the first and the last one at its ends."""
    upright = _strokes(ink, max(round(_TOOTH * letters), 2), thickest, upright=True)
    strokes, rules, found = Components.of(upright), Components.of(level), np.zeros_like(upright)
    for left, right, top, bottom in zip(rules.left, rules.right, rules.top, rules.bottom, strict=True):
        near = strokes.labels[max(top - 1, 0) : bottom + 1, max(left - 1, 0) : right + 1]
        teeth = strokes.only(np.isin(strokes.numbers, near))
        if teeth.count < _TEETH:
            continue
        middles, usual = np.sort(teeth.left + teeth.width / 2), median(teeth.height)
        steps = np.diff(middles)
        even = max(_ALIKE * median(steps), _ALIKE_PIXELS)
        ends = abs(middles[[0, -1]] - (left, right))
        is_apart = median(steps) > _TEETH_APART * usual or usual > _UPRIGHT_LENGTH * letters
        if is_apart and max(np.ptp(teeth.height), np.ptp(steps), ends.max()) <= even:
            found |= teeth.mask()
    return found
