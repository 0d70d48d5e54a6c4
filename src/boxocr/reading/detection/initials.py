"""Letters of another size than their line: a large initial at the beginning of a text, and raised digits."""

import unicodedata

import numpy as np

from boxocr.reading.detection.components import Components
from boxocr.reading.detection.projection import Projection

# An initial is at least this many times higher than the usual letters next to it, which are in at least this many
# lines: a capital letter two lines high is 1.7 times as high as ascenders and descenders together.
_INITIAL = 1.6
_ROWS = 2

# The height of raised digits is between these shares of the highest letters', and they end above this share of the
# height of the tall letters. The last letter must end this share of the text's height above the lowest one. There are
# at most this many raised digits; where they touch, each is this wide, in their height.
_RAISED_LEAST, _RAISED_MOST = 0.35, 0.8
_RAISED_END = 0.72
_CLEARLY_RAISED = 0.22
_FIGURES = 3
_FIGURE_WIDTH = 0.65

# A letter is at least this many pixels wide or high. A text is too short if there are more letters than this many times
# its length plus a few: dots, accents and parts of broken letters are separate pieces.
_LETTER = 6
_MANY, _MORE = 1.5, 2

# Alphabets in which each letter is one piece of ink.
_ALPHABETS = ("LATIN", "GREEK", "CYRILLIC")


def initial(found: Projection) -> tuple[int, int, int, int] | None:
    """Left, top, right and bottom of a large initial with lines of text to its right; None if there is none."""
    letters = _letters(found)
    if letters.count < _ROWS + 1:
        return None
    first = int(letters.height.argmax())
    others = letters.only(np.arange(letters.count) != first)
    left, top, width, height = (int(side[first]) for side in (letters.left, letters.top, letters.width, letters.height))
    is_beside = (others.left >= left + 0.8 * width) & (others.bottom > top) & (others.top < top + height)
    beside = others.only(is_beside)
    # A letter to its left makes it part of a word.
    if beside.count < _ROWS or not (others.left >= left + 0.5 * width).any() or (others.right < left).any():
        return None
    # Without dots, commas and quotes.
    usual = float(np.percentile(beside.height, 75))
    beside = beside.only(beside.height > usual / 2)
    middles = np.sort(beside.top + beside.height / 2)
    rows = 1 + int((np.diff(middles) > 0.8 * usual).sum())
    if height < _INITIAL * usual or rows < _ROWS:
        return None
    return left, top, left + width, top + height


def raised(found: Projection) -> int | None:
    """The first column of small raised digits at the end of a line, such as the cents of a price; None without any."""
    letters = _letters(found)
    if letters.count < 2:  # noqa: PLR2004 - something is raised above something
        return None
    order = np.argsort(letters.left)
    # A quick check, because the last letter of most lines is not raised.
    last, lowest = order[-1], int(letters.bottom.max())
    if lowest - letters.bottom[last] < _CLEARLY_RAISED * (lowest - int(letters.top.min())):
        return None
    highest = float(np.percentile(letters.height, 90))
    tall = letters.only(letters.height > _RAISED_MOST * highest)
    top, bottom = float(np.median(tall.top)), float(np.median(tall.bottom))
    pieces = figures = 0
    for at in order[::-1]:
        height = letters.height[at]
        ends_above = letters.bottom[at] < top + _RAISED_END * (bottom - top)
        if not (_RAISED_LEAST * highest <= height <= _RAISED_MOST * highest and ends_above):
            break
        pieces += 1
        # Digits that touch are one piece.
        figures += max(round(letters.width[at] / (_FIGURE_WIDTH * height)), 1)
    if not 1 < figures <= _FIGURES or pieces == letters.count:
        return None
    return int(letters.left[order[-pieces]])


def is_incomplete(found: Projection, text: str) -> bool:
    """Whether a box has many more letters than its text in an alphabet, or raised digits that the text lacks."""
    written = "".join(text.split())
    if not all(unicodedata.name(char, "").startswith(_ALPHABETS) for char in written if char.isalpha()):
        return False
    letters = _letters(found).larger_than(_LETTER)
    return letters.count > _MANY * len(written) + _MORE or (raised(found) is not None and not written[-1:].isdecimal())


def _letters(found: Projection) -> Components:
    pieces = found.pieces
    return pieces.larger_than(max(0.15 * float(pieces.height.max(initial=0)), 4))
