"""Which way up the text of an image is, from its detected lines."""

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

from boxocr.geometry import directions, extent
from boxocr.reading.whole_page import Line, P

# Lines more than this many times longer than high show along which axis the text runs; the second number applies to its
# slant. Shorter lines run as the others do: the rectangle of a digit is higher than wide.
_SHOWS_AXIS = 2.5
_SHOWS_SLANT = 5.0

# The text runs up or down if the lines that do are together this many times longer than the level ones.
_UNAMBIGUOUS = 2.0

# A line whose angle differs from the usual one by fewer degrees than this gets the usual angle. Text is level if lines
# at the usual angle rise or fall by less than this, in line heights: the sides of short rectangles are not exact.
_SAME_SLANT = 2.0
_LEVEL = 0.15

# Together, at least _MANY short lines show a smaller slant. It must be larger than _EXACT times the spread of their
# angles over the square root of their number. The places of as many lines next to each other in a row show it too: up
# to _IN_ROW line heights apart in height, and within _STRAIGHT of a straight row. A slant is ignored if it moves text
# at one side of the image by less than _PARTED line heights against text at the other.
_MANY = 5
_EXACT = 2.0
_IN_ROW, _STRAIGHT = 0.6, 0.15
_PARTED = 0.15

# At most _SAMPLES of the longest lines are read to see which way up they are. No other way is tried if they are right
# with a probability of at least UPRIGHT, by both engines if the first one is less sure: the median of three names
# upside down was .53, and with .5 for the first engine alone, "unq" was read as "bun". If the text is level, another
# way must be more probable by _BETTER, and at least _CLEARLY: with _BETTER alone, prices in small boxes were read
# upside down.
_SAMPLES = 5
UPRIGHT = 0.7
_BETTER = 0.25
_CLEARLY = 0.8

Counts = Literal["all", "texts", "words"]
"""Which lines count as signs of the way up: all, those with three letters or digits, or those with three letters."""


Sample = Callable[[Sequence[Line], Counts], float]
"""Reads some lines, and returns how likely those of them that count are to be right as they are turned."""


def upright(lines: Sequence[Line], probability: Sample) -> tuple[list[Line], int]:
    """Turn rectangles so that each begins where its text does.

    Args:
        lines: as they were detected, along either direction of the text.
        probability: how likely some lines are to be right when they are read as they are.

    Returns:
        The lines, and the degrees clockwise, 0, 90, 180 or 270, by which the text of the image is turned.
    """
    # The direction of lines that the detector recognized is known.
    long = [line for line in lines if line.words or line.width > _SHOWS_AXIS * line.height]
    level = sum(line.width for line in long if not line.is_sideways)
    sideways = sum(line.width for line in long if line.is_sideways) > _UNAMBIGUOUS * level
    along = [at for at, line in enumerate(lines) if not long or (line in long and line.is_sideways == sideways)]
    samples = sorted(along, key=lambda at: -lines[at].width)[:_SAMPLES]
    ways: tuple[int, ...] = (0, 180) if long else (0, 180, 90, 270)
    if sideways:
        ways = (90, 270) if _text(lines, 90) > _text(lines, 270) else (270, 90)
    best, way = _turned(lines, ways[0]), ways[0]
    likeliest = first = probability([best[at] for at in samples], "all")
    if first < UPRIGHT:
        # Digits look right upside down as well, and a single one also when turned by a quarter.
        across: Counts = "all" if sideways else "texts"
        for other_way in ways[1:]:
            other = _turned(lines, other_way)
            likely = probability([other[at] for at in samples], across if other_way % 180 else "words")
            if likely > max(likeliest, 0.0 if sideways else max(first + _BETTER, _CLEARLY)):
                best, way, likeliest = other, other_way, likely
    return best, way


def is_text_lost(detected: Sequence[Line], turned: Sequence[Line]) -> bool:
    """Whether most of the text that was recognized in lines was upside down, and dropped when they were turned."""
    before, after = (sum(line.width for line in lines if line.text) for lines in (detected, turned))
    return after < before / 2


def _text(lines: Sequence[Line], way: int) -> float:
    """How much recognized text runs in a direction."""
    return sum(line.width for line in lines if line.text and _is_along(line, way))


def _is_along(line: Line, way: int) -> bool:
    """Whether a line runs in a direction rather than against it."""
    return abs(line.slant(way)) <= 90  # noqa: PLR2004 - degrees


def _turned(lines: Sequence[Line], way: int) -> list[Line]:
    """The lines turned so that their text runs as near to a direction as each rectangle allows, at one slant."""
    towards = [_towards(_following(line, way), way) for line in lines]
    long = [line for line in towards if line.width > _SHOWS_SLANT * line.height]
    usual = statistics.median(line.slant(way) for line in long) if long else 0.0
    rise = abs(math.sin(math.radians(usual)))
    if all(rise * line.width < _LEVEL * line.height for line in long):
        usual = _slant_of_many(towards, way)
    return [_slanted(line, way + usual) for line in towards]


def _slant_of_many(lines: Sequence[Line], way: int) -> float:
    """The angle of many short lines to a direction, degrees clockwise; 0 if they are level."""
    slants = [line.slant(way) for line in lines if line.width > _SHOWS_AXIS * line.height]
    if len(slants) < _MANY:
        return 0.0
    usual = statistics.median(slants)
    spread = statistics.median(abs(slant - usual) for slant in slants)
    if abs(usual) * len(slants) ** 0.5 <= _EXACT * spread:
        usual = 0.0
    steps = _steps_in_rows(lines, way + usual)
    if len(steps) >= _MANY:
        more = statistics.median(down / right for right, down in steps)
        if statistics.median(abs(down - more * right) for right, down in steps) < _STRAIGHT:
            usual += math.degrees(math.atan(more))
    (left, _), (right, _) = extent([corner for line in lines for corner in line.corners()], *directions(way))
    parted = abs(math.sin(math.radians(usual))) * (right - left)
    return usual if parted >= _PARTED * statistics.median(line.height for line in lines) else 0.0


def _steps_in_rows(lines: Sequence[Line], rotation: float) -> list[tuple[float, float]]:
    """How far right and down it is from the middle of each line to that of the next in its row, in line heights."""
    placed = [(line.height, *extent(line.corners(), *directions(rotation))) for line in lines]
    steps = []
    for height, (left, top), (right, bottom) in placed:
        beside = [
            (first + last - left - right, low + high - top - bottom)
            for _, (first, low), (last, high) in placed
            if first > right and abs(low + high - top - bottom) < 2 * _IN_ROW * height
        ]
        if beside:
            twice_right, twice_down = min(beside)
            steps.append((twice_right / 2 / height, twice_down / 2 / height))
    return steps


def _following(line: Line, way: int) -> Line:
    """The line, or if it is short and across the direction of the text, the same rectangle along it."""
    across = abs((line.rotation - way + 90) % 180 - 90)
    if line.words or line.width > _SHOWS_AXIS * line.height or across <= 45:  # noqa: PLR2004 - degrees
        return line
    x, y = line.middle
    width, height = line.height, line.width
    turned = replace(line, x=x - width / 2, y=y - height / 2, width=width, height=height, rotation=0.0)
    return turned.turned_about_middle(line.rotation - 90)


def _towards(line: Line, way: int) -> Line:
    """The line, begun at its other end where that is nearer to a direction; text read upside down is dropped."""
    if _is_along(line, way):
        return line
    return replace(_turned_round(line), words=tuple(map(_turned_round, reversed(line.words))))


def _turned_round(piece: P) -> P:
    x, y = piece.corners()[2]
    return replace(piece, text="", x=x, y=y, rotation=(piece.rotation + 180) % 360)


def _slanted(line: Line, rotation: float) -> Line:
    """The line turned about its middle to the usual angle, unless it clearly has an angle of its own."""
    own = _SAME_SLANT if line.width > _SHOWS_SLANT * line.height else 15.0
    if line.words or not 0 < abs(line.slant(rotation)) < own:
        return line
    return line.turned_about_middle(rotation)
