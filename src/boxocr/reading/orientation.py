"""Which way up the text of an image is, from its detected lines."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from boxocr.reading.whole_page import Line, Piece

P = TypeVar("P", bound=Piece)

# Lines this many times longer than high show how the text runs; these, how it is slanted.
_SHOWS_AXIS = 2.0
_SHOWS_SLANT = 5.0

# The text runs up or down where such lines are together this many times longer than the level ones.
_UNAMBIGUOUS = 2.0

# A line whose angle differs less from the usual one has that. Text is level where lines of the usual angle end less
# than this higher or lower than they begin, in their heights: the sides of short rectangles are not exact.
_SAME_SLANT = 2.0
_LEVEL = 0.15

# At most this many of the longest lines are read to see which way up they are. They are upright when one is this likely
# to be right; the other way must be better by this, and upside down as likely as the last number: with .25 alone,
# prices in small boxes were read upside down.
_SAMPLES = 5
UPRIGHT = 0.5
_BETTER = 0.25
_CLEARLY = 0.8


class Sample(Protocol):
    """Reads some lines."""

    def __call__(self, lines: Sequence[Line], /, *, words_only: bool = False) -> float:
        """Return how likely the lines are to be right as they are; numbers do not count with ``words_only``."""


def upright(lines: Sequence[Line], probability: Sample) -> tuple[list[Line], int]:
    """Turn rectangles so that each begins where its text does.

    Args:
        lines: as they were detected, along either direction of the text.
        probability: how likely some lines are to be right when they are read as they are.

    Returns:
        The lines, and the degrees clockwise, 0, 90, 180 or 270, by which the text of the image is turned.
    """
    long = [line for line in lines if line.width > _SHOWS_AXIS * line.height] or list(lines)
    runs_sideways = [line for line in long if _is_sideways(line)]
    level = sum(line.width for line in long) - sum(line.width for line in runs_sideways)
    sideways = sum(line.width for line in runs_sideways) > _UNAMBIGUOUS * level
    along = [at for at, line in enumerate(lines) if line in long and _is_sideways(line) == sideways]
    samples = sorted(along, key=lambda at: -lines[at].width)[:_SAMPLES]
    # Lines that the detector recognized run as they are read.
    ways = ((90, 270) if _text(lines, 90) > _text(lines, 270) else (270, 90)) if sideways else (0, 180)
    turned = _turned(lines, ways[0])
    first = probability([turned[at] for at in samples])
    if first < UPRIGHT:
        other_way = _turned(lines, ways[1])
        # Figures are likely upside down as well.
        other = probability([other_way[at] for at in samples], words_only=not sideways)
        if other > (first if sideways else max(first + _BETTER, _CLEARLY)):
            return other_way, ways[1]
    return turned, ways[0]


def is_text_lost(detected: Sequence[Line], turned: Sequence[Line]) -> bool:
    """Whether most of the text that was recognized in lines was upside down, and dropped when they were turned."""
    before, after = (sum(line.width for line in lines if line.text) for lines in (detected, turned))
    return after < before / 2


def _text(lines: Sequence[Line], way: int) -> float:
    """How much recognized text runs in a direction."""
    return sum(line.width for line in lines if line.text and _is_along(line, way))


def _is_along(line: Piece, way: int) -> bool:
    """Whether a line runs in a direction rather than against it."""
    return abs((line.rotation - way + 180) % 360 - 180) <= 90  # noqa: PLR2004 - degrees


def _is_sideways(line: Piece) -> bool:
    return 45 < line.rotation % 180 < 135  # noqa: PLR2004 - degrees


def _turned(lines: Sequence[Line], way: int) -> list[Line]:
    """The lines with text that runs as near to a direction as each rectangle allows, at one slant."""
    towards = [_towards(line, way) for line in lines]
    long = [line for line in towards if line.width > _SHOWS_SLANT * line.height]
    usual = statistics.median((line.rotation - way + 180) % 360 - 180 for line in long) if long else 0.0
    rise = abs(math.sin(math.radians(usual)))
    if all(rise * line.width < _LEVEL * line.height for line in long):
        usual = 0.0
    return [_slanted(line, way + usual) for line in towards]


def _towards(line: Line, way: int) -> Line:
    """The line, begun at its other end where that is nearer to a direction; text read upside down is dropped."""
    if _is_along(line, way):
        return line
    return replace(_turned_round(line), words=tuple(map(_turned_round, reversed(line.words))))


def _turned_round(piece: P) -> P:
    x, y = piece.corners()[2]
    return replace(piece, text="", x=x, y=y, rotation=(piece.rotation + 180) % 360)


def _slanted(line: Line, rotation: float) -> Line:
    """The line at the usual angle about its middle, if it does not clearly have its own."""
    difference = (line.rotation - rotation + 180) % 360 - 180
    own = _SAME_SLANT if line.width > _SHOWS_SLANT * line.height else 15.0
    if line.words or not 0 < abs(difference) < own:
        return line
    return line.turned_about_middle(rotation)
