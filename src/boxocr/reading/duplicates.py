"""Words that were recognized twice, in two lines that were detected in one place."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from boxocr.reading.whole_page import Line, Piece, line_of


def without_duplicates(lines: Sequence[Line]) -> list[Line]:
    """Drop all words but one of those that are in one place.

    Two words are in one place if one's rectangle holds the other's middle. The one in the line with more likely text is
    kept. Lines of which no word is left are dropped.
    """
    places = [(at, word) for at, line in enumerate(lines) for word in line.words]
    clashes = _clashes(places)
    if not clashes:
        return list(lines)
    dropped: set[int] = set()
    worth = [len(line.text) * line.confidence for line in lines]
    # From the best line on, so that a word that is dropped itself drops no other.
    for kept, other in sorted(
        (sorted(pair, key=lambda place: -worth[places[place][0]]) for pair in clashes),
        key=lambda pair: -worth[places[pair[0]][0]],
    ):
        if kept not in dropped:
            dropped.add(other)
    left: list[list[Piece]] = [[] for _ in lines]
    for place, (at, word) in enumerate(places):
        if place not in dropped:
            left[at].append(word)
    return [_of(line, words) for line, words in zip(lines, left, strict=True) if words]


def _clashes(places: Sequence[tuple[int, Piece]]) -> list[tuple[int, int]]:
    """Pairs of words in different lines, one of which holds the middle of the other."""
    if not places:
        return []
    corners = np.array([word.corners() for _, word in places])
    least, most, middles = corners.min(axis=1), corners.max(axis=1), corners.mean(axis=1)
    lines = np.array([at for at, _ in places])
    near = ((middles > least[:, None]) & (middles < most[:, None])).all(axis=2) & (lines[:, None] != lines)
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
