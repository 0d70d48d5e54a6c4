"""Words of scripts that Tesseract divides after every character or two: Chinese, Japanese, Korean and Thai.

Neither its iterators nor the tables of its program say where it read a space between such parts. Its text does, if it
is asked to keep the spaces between words as they are.
"""

import re
from collections.abc import Callable, Sequence

from boxocr.reading.whole_page import Piece, enclosing

# With this variable a text has no spaces but those that were read.
KEEP_SPACES = "preserve_interword_spaces"

# Hangul, Kana, ideographs, Thai: the scripts of UNICHARSET::IsSpaceDelimited in Tesseract's ccutil/unicharset.h.
_DIVIDED = re.compile("[\u0e00-\u0e7f\u1100-\u11ff\u3040-\u30ff\u3130-\u318f\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")


def undivided(lines: Sequence[list[Piece]], text: Callable[[], str]) -> list[list[Piece]]:
    """Join the parts of words between which a text has no space.

    Args:
        lines: of parts, in the order in which the text has them.
        text: gives the text of all lines; called only where it matters.
    """
    if not any(map(_has_divided, lines)):
        return list(lines)
    rest = text()
    joined = []
    for parts in lines:
        words: list[list[Piece]] = []
        for part in parts:
            at = rest.find(part.text)
            if words and at == 0 and _has_divided([words[-1][-1], part]):
                words[-1].append(part)
            else:
                words.append([part])
            rest = rest[at + len(part.text) :] if at >= 0 else rest
        joined.append([_whole(word) for word in words])
    return joined


def _has_divided(words: Sequence[Piece]) -> bool:
    """Whether one of some words has a character of these scripts."""
    return any(_DIVIDED.search(word.text) for word in words)


def _whole(parts: Sequence[Piece]) -> Piece:
    """The word that some parts make, as sure as the weakest."""
    if len(parts) == 1:
        return parts[0]
    whole = enclosing(parts, joint="")
    return Piece(**vars(whole) | {"confidence": min(part.confidence for part in parts)})
