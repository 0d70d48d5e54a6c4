"""Words of scripts that Tesseract divides after every character or two: Chinese, Japanese, Korean and Thai.

Neither Tesseract's iterators nor the tables of its program say where it read a space between such parts. Its text does,
if Tesseract is asked to keep the spaces between words as they are.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from boxocr.reading.recognition.corrections import corrected
from boxocr.reading.whole_page import Line, Piece, enclosing, mean_confidence

# With this variable a text has no spaces but those that were read.
KEEP_SPACES = "preserve_interword_spaces"

# Thai, Hangul, Kana and ideographs with their marks: the scripts that UNICHARSET::IsSpaceDelimited in Tesseract's
# ccutil/unicharset.h names.
_DIVIDED = re.compile(
    "[\u0e00-\u0e7f\u1100-\u11ff\u3005-\u3007\u3021-\u3029\u3031-\u303b\u3040-\u30ff\u3130-\u318f\u31f0-\u31ff"
    "\u3400-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uffdc\U00020000-\U0003ffff]"
)

# A part is looked for within this many characters: a part that the text lacks must not be found far ahead.
_NEAR = 20


def lines_of(parts: Sequence[tuple[list[Piece], int]], text: Callable[[], str], languages: str) -> list[Line]:
    """The lines that Tesseract recognized, with the usual mistakes corrected.

    Args:
        parts: those of the words of each line, and the number of the line's block.
        text: gives the text of all lines, with spaces as they are; called only where it matters.
        languages: that were recognized.
    """
    found = []
    words = _undivided([line for line, _ in parts], text)
    for (own, block), whole in zip(parts, words, strict=True):
        line = corrected(whole, languages, block)
        # Joining parts must not make the line less certain, although one weak character makes a whole word uncertain.
        found.append(line if len(whole) == len(own) else replace(line, confidence=mean_confidence(own)))
    return found


def _undivided(lines: Sequence[list[Piece]], text: Callable[[], str]) -> list[list[Piece]]:
    """The lines, with the parts joined between which the text has no space."""
    if not any(map(_has_divided, lines)):
        return list(lines)
    rest = text()
    joined = []
    for parts in lines:
        words: list[list[Piece]] = []
        for part in parts:
            at = rest.find(part.text, 0, len(part.text) + _NEAR)
            if words and at == 0 and _has_divided([words[-1][-1], part]):
                words[-1].append(part)
            else:
                words.append([part])
            rest = rest[at + len(part.text) :] if at >= 0 else rest
        joined.append([_whole(word) for word in words])
    return joined


def _has_divided(words: Sequence[Piece]) -> bool:
    """Whether one of these words has a character of these scripts."""
    return any(_DIVIDED.search(word.text) for word in words)


def _whole(parts: Sequence[Piece]) -> Piece:
    """The word that some parts make, as sure as the weakest."""
    if len(parts) == 1:
        return parts[0]
    whole = enclosing(parts, joint="")
    return Piece(**vars(whole) | {"confidence": min(part.confidence for part in parts)})
