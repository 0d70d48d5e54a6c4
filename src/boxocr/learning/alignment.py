"""Edit distance between two texts, and which characters were replaced by which.

Bit-parallel (Hyyrö, "A Bit-Vector Algorithm for Computing Levenshtein and Damerau Edit Distances", 2003): a column of
the distance table is a pair of integers, so a text of a thousand characters takes a thousand steps.
"""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of the distance table; bit ``row`` is the difference between the cells ``row`` and ``row + 1``.

    Attributes:
        rises: rows where the distance is one larger than in the row above.
        falls: rows where it is one smaller.
        change: of the distance in the last row, against the column to the left.
    """

    rises: int
    falls: int
    change: int


@dataclass(frozen=True, slots=True)
class Edit:
    """A part of a text that differs from another text.

    Attributes:
        place: index of its first character.
        before: the part; empty where something is missing.
        after: its replacement; empty where there is nothing in its place.
    """

    place: int
    before: str
    after: str


def distance(source: str, target: str) -> int:
    """Insertions, deletions and substitutions of single code points that turn source into target."""
    start = 0
    while start < min(len(source), len(target)) and source[start] == target[start]:
        start += 1
    source, target = source[start:], target[start:]
    if not source or not target:
        return len(source) or len(target)
    return len(source) + sum(column.change for column in _columns(source, target))


def replacements(source: str, target: str) -> list[tuple[str, str]]:
    """The parts of source that differ from target, each with its replacement; one of the two can be empty.

    Neighbouring edits are one replacement: "rn" → "m", not a lost "r" and a changed "n".
    """
    return [(edit.before, edit.after) for edit in edits(source, target)]


def edits(source: str, target: str) -> list[Edit]:
    """The same as :func:`replacements`, with the places of the parts in the source."""
    found: list[Edit] = []
    row = column = 0
    for matched_row, matched_column in [*matches(source, target), (len(source), len(target))]:
        if (matched_row, matched_column) != (row, column):
            found.append(Edit(row, source[row:matched_row], target[column:matched_column]))
        row, column = matched_row + 1, matched_column + 1
    return found


def matches(source: str, target: str) -> list[tuple[int, int]]:
    """Indices of the equal characters along one shortest way from source to target, in order."""
    if not source or not target:
        return []
    columns = list(_columns(source, target))
    found = []
    row, column = len(source), len(target)
    while row and column:
        bit = 1 << (row - 1)
        if source[row - 1] == target[column - 1]:
            row, column = row - 1, column - 1
            found.append((row, column))
        elif columns[column - 1].rises & bit:
            row -= 1
        elif column > 1 and columns[column - 2].falls & bit:
            column -= 1
        else:
            row, column = row - 1, column - 1
    return found[::-1]


def _columns(source: str, target: str) -> Iterator[_Column]:
    """The columns of the distance table, one for each character of target."""
    rows = (1 << len(source)) - 1
    last = len(source) - 1
    places: dict[str, int] = {}
    for row, character in enumerate(source):
        places[character] = places.get(character, 0) | 1 << row
    rises, falls = rows, 0
    for character in target:
        here = places.get(character, 0)
        level = (((here & rises) + rises) ^ rises) | here | falls
        right_rises = falls | (rows & ~(level | rises))
        right_falls = level & rises
        change = (right_rises >> last & 1) - (right_falls >> last & 1)
        right_rises = right_rises << 1 | 1
        rises = rows & (right_falls << 1 | ~(level | right_rises))
        falls = rows & right_rises & level
        yield _Column(rises, falls, change)
