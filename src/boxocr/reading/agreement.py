"""Accents, spaces and figures of one reading of a line in another reading, where the letters of a word agree.

PP-OCR's model for many languages loses the accents of some words, spaces after commas in typescript and those next to
Chinese characters, and reads figures of typescript as letters.
"""

import itertools
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from boxocr.reading.text import is_unspaced
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
    plain = [_without_accents(text) for text in texts]
    begins = {pair: after.x for pair, after in zip(itertools.pairwise(plain), others[1:], strict=False)}
    split = itertools.chain.from_iterable(_split(word, begins) for word in words)
    accented = dict(zip(plain, texts, strict=True))
    return tuple(replace(word, text=_restored(word.text, texts, accented)) for word in split)


def _restored(text: str, texts: Sequence[str], accented: Mapping[str, str]) -> str:
    """A word as the other reading has it."""
    if text in texts or not text.isascii():
        return text
    figures = _LIKE_FIGURES.sub(lambda found: found[0].translate(_FIGURES), text)
    if figures in texts:
        return figures
    return accented.get(text, text) if len(text) >= _SHORTEST else text


def _split(word: Piece, begins: Mapping[tuple[str, str], float]) -> Iterator[Piece]:
    """The word, or both parts of it if they are two words of the other reading; where the second one of them begins."""
    text = word.text
    for at in range(1, len(text)):
        first, second = text[:at], text[at:]
        before, after = first[-1], second[0]
        # Tesseract reads spaces in numbers, and after the full-width comma of Chinese.
        begins_word = (before in _BEFORE_SPACE and after.isalpha()) or (
            (is_unspaced(before) or is_unspaced(after)) and before.isalnum() and after.isalnum()
        )
        start = begins.get((_without_accents(first), _without_accents(second))) if begins_word else None
        if start is not None:
            width = start - word.x if word.x < start < word.x + word.width else word.width * at / len(text)
            yield replace(word, text=first, width=width)
            yield replace(word, text=second, x=word.x + width, width=word.width - width)
            return
    yield word


def _without_accents(text: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFD", text) if not unicodedata.combining(char))
