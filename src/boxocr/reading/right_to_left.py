"""The order of Arabic and Hebrew text.

PP-OCR's models give the characters of a line as they are seen, from left to right, and tesserocr does so for the
characters of a word. Text is stored in the order in which it is read: from right to left, but numbers and words of
other scripts within it from left to right.
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
        words: from left to right, and so are the characters of each.
    """
    ordered = [words[place] for place in mirrored([word.text for word in words])]
    return tuple(replace(word, text=as_read(word.text)) for word in ordered)


def mirrored(words: Sequence[str]) -> list[int]:
    """Indices that order words in reading order from left to right, or words from left to right in reading order."""
    places = range(len(words))
    runs = itertools.groupby(reversed(places), lambda place: _is_right_to_left(words[place]))
    return [place for is_rtl, run in runs for place in (run if is_rtl else reversed(list(run)))]


def as_read(text: str) -> str:
    """A word in reading order, given as its characters are seen. Numbers and other scripts keep their order."""
    if not _is_right_to_left(text):
        return text
    runs = itertools.groupby(reversed(text), lambda char: unicodedata.bidirectional(char) in _IN_ORDER)
    joined = ((keeps, "".join(run)) for keeps, run in runs)
    return "".join(run[::-1] if keeps else run.translate(_MIRRORED) for keeps, run in joined)


def _is_right_to_left(text: str) -> bool:
    # A quick check, because most words are in Latin script.
    return not text.isascii() and any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in text)
