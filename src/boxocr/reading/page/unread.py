"""Ink of a page that was not read, and what a second look at it gives.

Layout analysis takes what lies on pictures or in dark boxes for a part of them, and passes it over.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from boxocr.reading.page.whole_page import Line, Piece, line_of

# The map of ink is looked at in squares with this side, about as high as a line of small print on it.
_CELL = 6

# So much ink in a square is worth a look, and so much in all that hangs together.
_INK = 4
_LEAST = 12

# Edges that strokes have, up and down as well as along, for each pixel of ink.
_EDGES = 0.25

# Words read less surely than this do not count as read.
_READ = 0.4

# Around a word, in its heights: dots and accents, and what blurs.
_AROUND_WORD = 0.3

# As many places are looked at again, those with the most ink; a picture is full of what is no text.
_MOST_AREAS = 12

# From here on a word found by the second look is believed, and one without two letters or digits.
_SURE, _SURE_OF_ONE = 0.7, 0.88

# A word that shares this much of its height with a line and is no farther from it than this, in line heights, is of it.
_SAME_ROW = 0.6
_NEAR = 4.0

Box = tuple[int, int, int, int]


def areas(ink: NDArray[np.bool_], shrink: float, lines: Iterable[Line]) -> list[Box]:
    """Where there is ink that was not read: left, top, right, bottom in pixels of the picture.

    Args:
        ink: map of the picture's ink without rules.
        shrink: pixels of the picture in one of the map.
        lines: what was read in the picture.
    """
    left_over = ink.copy()
    for line in lines:
        for word in line.words:
            if word.confidence >= _READ:
                left, top, right, bottom = _bounds(word, _AROUND_WORD * word.height)
                left_over[
                    max(int(top / shrink), 0) : int(np.ceil(bottom / shrink)),
                    max(int(left / shrink), 0) : int(np.ceil(right / shrink)),
                ] = False
    height, width = (-side // _CELL * -_CELL for side in left_over.shape)
    padded = np.zeros((height, width), np.bool_)
    padded[: ink.shape[0], : ink.shape[1]] = left_over
    cells = padded.reshape(height // _CELL, _CELL, width // _CELL, _CELL).sum(axis=(1, 3))
    groups = [group for group in _groups(cells) if _is_written(left_over, group[0])]
    groups = sorted(groups, key=lambda group: -group[1])[:_MOST_AREAS]
    side = _CELL * shrink
    return [
        (
            max(int((left - 1) * side), 0),
            max(int((top - 1) * side), 0),
            int((right + 1) * side),
            int((bottom + 1) * side),
        )
        for (left, top, right, bottom), _ in groups
    ]


def joined(lines: Sequence[Line], found: Iterable[Line]) -> list[Line]:
    """The lines of a page with those that a second look found, in reading order; blocks are counted anew."""
    together = list(lines)
    fresh = 0
    for line in found:
        words = tuple(word for word in line.words if _is_believed(word) and not _is_known(word, together))
        if not words:
            continue
        new = line_of(words, line.block)
        beside = next((at for at, other in enumerate(together) if _is_beside(new, other)), None)
        if beside is None:
            # A block of its own, before what stands below it.
            fresh -= 1
            new = replace(new, block=fresh)
            at = next((at for at, other in enumerate(together) if _is_above(new, other)), len(together))
            at = next(
                (
                    first
                    for first, other in enumerate(together)
                    if at < len(together) and other.block == together[at].block
                ),
                at,
            )
            together.insert(at, new)
        else:
            line_beside = together[beside]
            in_order = sorted((*line_beside.words, *words), key=lambda word: word.x)
            together[beside] = line_of(in_order, line_beside.block)
    numbers = {block: number for number, block in enumerate(dict.fromkeys(line.block for line in together))}
    return [replace(line, block=numbers[line.block]) for line in together]


def _groups(cells: NDArray[np.int64]) -> Iterator[tuple[Box, int]]:
    """Bounds and ink of the cells with ink that hang together, across the gap of one cell along the lines."""
    waiting = {(int(row), int(column)) for row, column in zip(*np.nonzero(cells >= _INK), strict=True)}
    while waiting:
        reached = [waiting.pop()]
        group = list(reached)
        while reached:
            row, column = reached.pop()
            near = [(row + down, column + right) for down in (-1, 0, 1) for right in (-2, -1, 0, 1, 2)]
            new = [cell for cell in near if cell in waiting]
            waiting.difference_update(new)
            group += new
            reached += new
        rows, columns = [row for row, _ in group], [column for _, column in group]
        weight = int(sum(cells[cell] for cell in group))
        if weight >= _LEAST:
            yield (min(columns), min(rows), max(columns) + 1, max(rows) + 1), weight


def _is_written(ink: NDArray[np.bool_], cells: Box) -> bool:
    """Whether ink has the edges of thin strokes on all sides, unlike solid areas, rules and the rims of boxes."""
    left, top, right, bottom = (_CELL * side for side in cells)
    part = ink[top:bottom, left:right].view(np.int8)
    edges = min(int(np.abs(np.diff(part, axis=axis)).sum()) for axis in (0, 1))
    return edges > _EDGES * int(part.sum())


def _is_believed(word: Piece) -> bool:
    letters = sum(char.isalnum() for char in word.text)
    return word.confidence >= (_SURE if letters > 1 else _SURE_OF_ONE) and letters > 0


def _is_known(word: Piece, lines: Iterable[Line]) -> bool:
    return any(_shared(word, other) > 0 for line in lines if _shared(word, line) > 0 for other in line.words)


def _shared(one: Piece, other: Piece) -> float:
    """Pixels that two rectangles share, those on the rim not counted."""
    a, b = _bounds(one, -0.15 * one.height), _bounds(other, -0.15 * other.height)
    return max(min(a[2], b[2]) - max(a[0], b[0]), 0.0) * max(min(a[3], b[3]) - max(a[1], b[1]), 0.0)


def _is_beside(new: Line, line: Line) -> bool:
    a, b = _bounds(new), _bounds(line)
    row = min(a[3], b[3]) - max(a[1], b[1])
    gap = max(a[0], b[0]) - min(a[2], b[2])
    return row > _SAME_ROW * max(new.height, line.height) and gap < _NEAR * line.height


def _is_above(new: Line, line: Line) -> bool:
    return _bounds(new)[3] <= _bounds(line)[1] + 0.5 * line.height


def _bounds(piece: Piece, pad: float = 0.0) -> tuple[float, float, float, float]:
    corners = piece.corners()
    across, down = [x for x, _ in corners], [y for _, y in corners]
    return min(across) - pad, min(down) - pad, max(across) + pad, max(down) + pad
