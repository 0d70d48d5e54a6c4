"""Take accents, spaces and digits from one reading of a line into another, where the letters of a word agree.

PP-OCR's multilingual model drops some accents, spaces after commas in typescript, and spaces next to Chinese
characters. It also reads digits in typescript as letters.
"""

import itertools
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from boxocr.reading.text import is_unspaced
from boxocr.reading.whole_page import Piece

# In many languages shorter words exist both with and without an accent: de and dé, a and à.
_SHORTEST = 4

_BEFORE_SPACE = ",;:.!?"

# Digits, with letters among them that look like digits: 9O, 1l4(f), l335, but not H2O, 5l and O2.
_LIKE_FIGURES = re.compile(r"(?<![^\W_])(?=[OIl]*\d)(?!(?:\d+l|[OIl]\d)(?![^\W_]))[\dOIl]+(?![^\W_])")
_FIGURES = str.maketrans("OIl", "011")


def restored(words: Sequence[Piece], others: Sequence[Piece]) -> tuple[Piece, ...]:
    """Add accents and spaces to the words of a line, and correct digits that were read as letters.

    Args:
        words: one reading, placed on the line's image.
        others: another reading, by an engine that knows the accents of the language.
    """
    others = [replace(word, text=unicodedata.normalize("NFC", word.text)) for word in others]
    texts = [word.text for word in others]
    accented = {_without_accents(text): text for text in texts}
    return tuple(replace(word, text=_restored(word.text, texts, accented)) for word in _split(words, others))


def _restored(text: str, texts: Sequence[str], accented: Mapping[str, str]) -> str:
    """The word as the other reading has it, if they differ only in accents or in digits that were read as letters."""
    if text in texts or not text.isascii():
        return text
    figures = _LIKE_FIGURES.sub(lambda found: found[0].translate(_FIGURES), text)
    if figures in texts:
        return figures
    return accented.get(text, text) if len(text) >= _SHORTEST else text


def _split(words: Sequence[Piece], others: Sequence[Piece]) -> Iterator[Piece]:
    """The words, divided where a word of the other reading begins and the characters on both sides are the same."""
    begins = _begins(_without_accents("".join(word.text for word in words)), others)
    at = 0
    for word in words:
        length, rest = len(word.text), word
        for offset in range(1, length):
            left = offset - (length - len(rest.text))
            if (start := begins.get(at + offset)) is None or not _is_between_words(*word.text[offset - 1 : offset + 1]):
                continue
            width = start - rest.x if rest.x < start < rest.x + rest.width else rest.width * left / len(rest.text)
            yield replace(rest, text=rest.text[:left], width=width)
            rest = replace(rest, text=rest.text[left:], x=rest.x + width, width=rest.width - width)
        yield rest
        at += length


def _begins(text: str, others: Sequence[Piece]) -> dict[int, float]:
    """Where words of another reading begin in a text without spaces and accents, each with its left edge."""
    plain = [_without_accents(word.text) for word in others]
    blocks = SequenceMatcher(None, "".join(plain), text, autojunk=False).get_matching_blocks()
    same = {block.a + at: block.b + at for block in blocks for at in range(block.size)}
    starts = itertools.accumulate(map(len, plain))
    return {
        same[at]: word.x
        for at, word in zip(starts, others[1:], strict=False)
        if at in same and same.get(at - 1) == same[at] - 1
    }


def _is_between_words(before: str, after: str) -> bool:
    """Whether a space can stand here. Tesseract also reads spaces in numbers and after the full-width Chinese comma."""
    if before in _BEFORE_SPACE:
        return after.isalpha()
    return (is_unspaced(before) or is_unspaced(after)) and before.isalnum() and after.isalnum()


def _without_accents(text: str) -> str:
    """The text without accents, with as many characters as before."""
    return "".join(unicodedata.normalize("NFD", char)[0] for char in text)
