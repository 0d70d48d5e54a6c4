"""Words that were recognized twice, in two lines that were detected in one place."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from boxocr.reading.whole_page import Line, Piece, line_of

# Small print that a descender reaches into is not in the place of the large word, which is this many times higher and
# at least this likely to be right: several lines that were recognized as one are not.
_LARGE, _LIKELY = 2.5, 0.5

# A single character in the place of a word with at least this many is the edge of one of its letters.
_WORD = 3


def without_duplicates(lines: Sequence[Line]) -> list[Line]:
    """Drop all words but one of those that are in one place.

    Two words are in one place if one's rectangle holds the other's middle. The one in the line with more likely text is
    kept, but a word rather than a single character: where the rectangles of neighbours overlap, the edge of a letter of
    one is read as an I at the end of the other. Lines of which no word is left are dropped.
    """
    places = [(at, word) for at, line in enumerate(lines) for word in line.words]
    clashes = _clashes(places)
    if not clashes:
        return list(lines)
    dropped: set[int] = set()
    worth = [len(line.text) * line.confidence for line in lines]
    # From the best line on, so that a word that is dropped itself drops no other.
    for kept, other in sorted(
        (_better_first(pair, places, worth) for pair in clashes), key=lambda pair: -worth[places[pair[0]][0]]
    ):
        if kept not in dropped:
            dropped.add(other)
    left: list[list[Piece]] = [[] for _ in lines]
    for place, (at, word) in enumerate(places):
        if place not in dropped:
            left[at].append(word)
    return [_of(line, words) for line, words in zip(lines, left, strict=True) if words]


def _better_first(
    pair: tuple[int, int], places: Sequence[tuple[int, Piece]], worth: Sequence[float]
) -> tuple[int, int]:
    """Two words in one place, the one to keep first."""
    (first, one), (second, other) = (places[place] for place in pair)
    shorter, longer = sorted((len(one.text), len(other.text)))
    is_edge = shorter == 1 and longer >= _WORD
    is_first = len(one.text) > 1 if is_edge else worth[first] >= worth[second]
    return pair if is_first else pair[::-1]


def _clashes(places: Sequence[tuple[int, Piece]]) -> list[tuple[int, int]]:
    """Pairs of words in different lines, one of which holds the middle of the other."""
    if not places:
        return []
    corners = np.array([word.corners() for _, word in places])
    least, most, middles = corners.min(axis=1), corners.max(axis=1), corners.mean(axis=1)
    lines = np.array([at for at, _ in places])
    near = ((middles > least[:, None]) & (middles < most[:, None])).all(axis=2) & (lines[:, None] != lines)
    heights = np.array([word.height for _, word in places])
    likely = np.array([word.confidence >= _LIKELY for _, word in places])
    near &= (heights[:, None] < _LARGE * heights) | ~likely[:, None]
    return [
        (int(outer), int(inner))
        for outer, inner in np.argwhere(near)
        if not places[outer][1].distance(*map(float, middles[inner]))
    ]


def _of(line: Line, words: Sequence[Piece]) -> Line:
    if len(words) == len(line.words):
        return line
    rest = line_of(words, line.block)
    return replace(
        rest, confidence=line.confidence, engine=line.engine, look=line.look, probabilities=line.probabilities
    )
