"""The order of Arabic and Hebrew text.

PP-OCR's models give the characters of a line from left to right, as they are seen, and tesserocr those of a word. Text
is stored in the order in which it is read: from right to left, numbers and words of other scripts within it from left
to right.
"""

import itertools
import unicodedata
from collections.abc import Sequence
from dataclasses import replace

from boxocr.reading.whole_page import Piece

# Letters of scripts from left to right, digits, and signs within numbers keep their order.
_IN_ORDER = frozenset({"L", "EN", "AN", "ES", "CS", "ET"})
_RIGHT_TO_LEFT = frozenset({"R", "AL"})
_MIRRORED = str.maketrans("()[]{}<>«»", ")(][}{><»«")


def in_reading_order(words: Sequence[Piece]) -> tuple[Piece, ...]:
    """Put the words of a line in order, and the characters of each; other scripts stay as they are.

    Args:
        words: from left to right, the characters of each one too.
    """
    ordered = [words[place] for place in mirrored([word.text for word in words])]
    return tuple(replace(word, text=as_read(word.text)) for word in ordered)


def mirrored(words: Sequence[str]) -> list[int]:
    """The order from left to right of words in reading order, and the other way round: indexes of the words."""
    places = range(len(words))
    runs = itertools.groupby(reversed(places), lambda place: _is_right_to_left(words[place]))
    return [place for is_rtl, run in runs for place in (run if is_rtl else reversed(list(run)))]


def as_read(text: str) -> str:
    """A word whose characters are given as they are seen, in reading order; numbers and other scripts keep theirs."""
    if not _is_right_to_left(text):
        return text
    runs = itertools.groupby(reversed(text), lambda char: unicodedata.bidirectional(char) in _IN_ORDER)
    joined = ((keeps, "".join(run)) for keeps, run in runs)
    return "".join(run[::-1] if keeps else run.translate(_MIRRORED) for keeps, run in joined)


def _is_right_to_left(text: str) -> bool:
    return any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in text)
