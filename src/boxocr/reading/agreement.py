"""Accents, spaces and figures of one reading of a line in another reading, where the letters of a word agree.

PP-OCR's model for many languages loses the accents of some words, and spaces after commas in typescript, and reads
figures of typescript as letters.
"""

import itertools
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from boxocr.reading.whole_page import Piece

# Shorter words with and without an accent are both words in many languages: de and dé, a and à.
_SHORTEST = 4

_BEFORE_SPACE = ",;:.!?"

# Figures, and letters that look like them among figures: 9O, 1l4(f), l335, but not H2O, 5l and O2.
_LIKE_FIGURES = re.compile(r"(?<![^\W_])(?=[OIl]*\d)(?!(?:\d+l|[OIl]\d)(?![^\W_]))[\dOIl]+(?![^\W_])")
_FIGURES = str.maketrans("OIl", "011")


def restored(words: Sequence[Piece], others: Sequence[Piece]) -> tuple[Piece, ...]:
    """Add accents and spaces to the words of a line, and figures that were read as letters.

    Args:
        words: of one reading, on the line's image.
        others: of another reading, which knows the accents of its language.
    """
    texts = [word.text for word in others]
    pairs = set(itertools.pairwise(map(_without_accents, texts)))
    split = itertools.chain.from_iterable(_split(word, pairs) for word in words)
    accented = {_without_accents(text): text for text in texts}
    return tuple(replace(word, text=_restored(word.text, texts, accented)) for word in split)


def _restored(text: str, texts: Sequence[str], accented: Mapping[str, str]) -> str:
    """A word as the other reading has it."""
    if text in texts or not text.isascii():
        return text
    figures = _LIKE_FIGURES.sub(lambda found: found[0].translate(_FIGURES), text)
    if figures in texts:
        return figures
    return accented.get(text, text) if len(text) >= _SHORTEST else text


def _split(word: Piece, pairs: Iterable[tuple[str, str]]) -> Iterator[Piece]:
    """The word, or both parts of it if they are two words of the other reading."""
    text = word.text
    for at in range(1, len(text)):
        first, second = text[:at], text[at:]
        # Tesseract reads spaces in numbers.
        begins_word = first[-1] in _BEFORE_SPACE and second[0].isalpha()
        if begins_word and (_without_accents(first), _without_accents(second)) in pairs:
            begins = word.width * at / len(text)
            yield replace(word, text=first, width=begins)
            yield replace(word, text=second, x=word.x + begins, width=word.width - begins)
            return
    yield word


def _without_accents(text: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFD", text) if not unicodedata.combining(char))
