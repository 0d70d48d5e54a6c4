"""Mistakes that Tesseract makes in every image with certain characters."""

from collections.abc import Sequence
from dataclasses import replace

from boxocr.reading.text import with_low_quotes
from boxocr.reading.whole_page import Line, Piece, line_of

# A word of vertical bars is capital I unless it is this much higher than the other words; it is this sure at most.
_BAR = 1.15
_BAR_CONFIDENCE = 0.95


def corrected(words: Sequence[Piece], block: int, languages: str) -> Line:
    """The line that some words make.

    A capital I without serifs is read as a vertical bar, which is longer than letters; a low quote as a comma.
    """
    highest = max((word.height for word in words if "|" not in word.text), default=0.0)
    texts = with_low_quotes([word.text for word in words], languages)
    fixed = []
    for word, text in zip(words, texts, strict=True):
        if set(text) == {"|"} and (not highest or word.height < _BAR * highest):
            fixed.append(replace(word, text="I" * len(text), confidence=min(word.confidence, _BAR_CONFIDENCE)))
        else:
            fixed.append(replace(word, text=text) if text != word.text else word)
    return line_of(fixed, block)
