r"""Value shapes: which part of a reading annotators keep, such as a date without its caption.

A shape is the form of a value: "9" for a digit, "a" and "A" for letters, "9+" and "a+" for any number of digits or
letters, everything else as it is, with a backslash before "+" and "\". A rule holds the shapes of a label's values, and
which of several matching parts is the value.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

# A shape that occurred only once may be a slip. More shapes than the second number are not a convention.
_LEAST_COUNT = 2
_MOST_SHAPES = 8

# The shapes must describe nearly all values of the label.
_COVERED = 0.85

_RUN = re.compile(r"\\.|(9|a)\1*", re.DOTALL)
_PARTS = re.compile(r"[9Aa]\+?|\\.|.", re.DOTALL)
_CLASSES = {"9": r"\d", "A": r"[^\W\d_]", "a": r"[^\W\d_]"}


class Pick(StrEnum):
    """Which of several parts with a matching shape is the value."""

    FIRST = "first"
    LAST = "last"


@dataclass(frozen=True, slots=True)
class Shapes:
    """The shapes of a label's values.

    Attributes:
        shapes: the most frequent one first.
        pick: which matching part of a reading is the value.
    """

    shapes: tuple[str, ...]
    pick: Pick

    def part_of(self, text: str) -> str:
        """The value in a reading; the whole reading where no part has one of the shapes."""
        found = [match for shape in self.shapes for match in _matches(shape, text)]
        if not found:
            return text
        # Of parts at the same place the longest: "12.50" and not "12".
        by_place = (lambda match: (match.start(), -match.end())) if self.pick is Pick.FIRST else _from_the_end
        return min(found, key=by_place).group()


def shape_of(value: str, *, exact: bool = True) -> str:
    """The shape of a value; with ``exact=False`` for any number of digits and letters."""
    written = "".join(_class_of(character) for character in value)
    if exact:
        return written
    # Runs of one class never follow each other, so that no text takes long to search.
    return _RUN.sub(lambda run: f"{run[1]}+" if run[1] else run[0], written.replace("A", "a"))


def shapes_of(pairs: Sequence[tuple[str, str]]) -> list[Shapes]:
    """Rules that describe nearly all values, the simplest first; none if annotators keep all of the readings.

    Args:
        pairs: readings and the values that annotators submitted for them.
    """
    values = [value for _, value in pairs if value]
    shortened = [value for reading, value in pairs if value and _is_part(value, reading)]
    if len(shortened) < _LEAST_COUNT:
        return []
    found: list[tuple[str, ...]] = []
    for exact in (True, False):
        counts = Counter(shape_of(value, exact=exact) for value in values)
        frequent = [shape for shape, count in counts.most_common(_MOST_SHAPES) if count >= _LEAST_COUNT]
        if sum(counts[shape] for shape in frequent) >= _COVERED * len(values):
            found.append(tuple(frequent))
    # One shape is a convention. Several shapes of different lengths are usually numbers, and other shapes will follow.
    found.sort(key=len)
    return [Shapes(shapes, pick) for shapes in found for pick in Pick]


def _is_part(value: str, reading: str) -> bool:
    return len(value) < len(reading) and _loosely(value) in _loosely(reading)


def _loosely(text: str) -> str:
    """A form of the text that is equal for texts that differ in house style only, or nearly so."""
    return "".join(text.casefold().replace(",", ".").split())


def _class_of(character: str) -> str:
    if character.isdigit():
        return "9"
    if character.isalpha():
        return "A" if character.isupper() else "a"
    return f"\\{character}" if character in "+\\" else character


def _matches(shape: str, text: str) -> Iterator[re.Match[str]]:
    """Parts of a text with this shape that are not within a longer word or number, including overlapping ones."""
    written = "".join(_pattern_of(part) for part in _PARTS.findall(shape))
    pattern = re.compile(rf"(?<![^\W_]){written}(?![^\W_])")
    place = 0
    while match := pattern.search(text, place):
        yield match
        place = match.start() + 1


def _pattern_of(part: str) -> str:
    if part[0] in _CLASSES:
        return _CLASSES[part[0]] + part[1:]
    character = part[-1]
    return r"\s" if character.isspace() else re.escape(character)


def _from_the_end(match: re.Match[str]) -> tuple[int, int]:
    return -match.end(), match.start()
