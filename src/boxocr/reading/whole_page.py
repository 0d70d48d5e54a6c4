r"""The text of a whole page: words in lines in blocks, each a rectangle on the page.

A rectangle is given by its upper left corner, its size along its own axes, and the degrees by which it is turned
clockwise about that corner, in pixels of the page as it was given. The rectangles
of sideways and slanted text are turned with it. :class:`boxocr.geometry.Area` counts the same way.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Self, TypeVar

from boxocr.geometry import Area, Vector, around, combined, directions
from boxocr.reading.types import LineProbabilities, Reading

P = TypeVar("P", bound="Piece")

Level = Literal["word", "line", "block"]


# No slots: frozen dataclasses with slots are pickled field by field, in Python, and a page has hundreds of words.
@dataclass(frozen=True)
class Piece:
    r"""A word, a line or a block of a page.

    Attributes:
        text: lines of a block are joined by ``\n``. Empty where only the layout was analysed.
        confidence: 0 to 1; 0 without text.
        x, y: the upper left corner, the upper left as the text is read.
        width, height: along and across the text.
        rotation: degrees clockwise about (x, y), 0 to 360.
        is_known: of a word, whether the engine's word list has it; None if the engine does not say.
    """

    text: str
    confidence: float
    x: float
    y: float
    width: float
    height: float
    rotation: float = 0.0
    is_known: bool | None = field(default=None, kw_only=True)

    def corners(self) -> list[Vector]:
        """The corners on the page: upper left, upper right, lower right, lower left as the text is read."""
        return Area(self.x, self.y, self.width, self.height, self.rotation).corners()

    @property
    def middle(self) -> Vector:
        """The middle of the rectangle on the page."""
        along, across = directions(self.rotation)
        x, y = combined(self.width / 2, along, self.height / 2, across)
        return self.x + x, self.y + y

    def slant(self, way: float) -> float:
        """Degrees clockwise from a direction to that of the text, -180 to 180."""
        return (self.rotation - way + 180) % 360 - 180

    @property
    def is_sideways(self) -> bool:
        """Whether its text runs up or down rather than along the rows of the page."""
        return 45 < self.rotation % 180 < 135  # noqa: PLR2004 - degrees

    def distance(self, x: float, y: float) -> float:
        """Pixels from a point to the rectangle, 0 inside."""
        cosine, sine = directions(self.rotation)[0]
        u = (x - self.x) * cosine + (y - self.y) * sine
        v = (y - self.y) * cosine - (x - self.x) * sine
        return math.hypot(max(-u, 0.0, u - self.width), max(-v, 0.0, v - self.height))

    def padded(self, margin: float) -> Self:
        """The rectangle with a margin around it, in pixels."""
        along, across = directions(self.rotation)
        x, y = combined(-margin, along, -margin, across)
        width, height = self.width + 2 * margin, self.height + 2 * margin
        return replace(self, x=self.x + x, y=self.y + y, width=width, height=height)

    def turned_about_middle(self, rotation: float) -> Self:
        """The rectangle with the same middle at another angle."""
        along, across = directions(rotation)
        (x, y), (u, v) = self.middle, combined(self.width / 2, along, self.height / 2, across)
        return replace(self, x=x - u, y=y - v, rotation=rotation % 360)


def changed(piece: P, **fields: object) -> P:
    """The piece with other values in some fields. ``dataclasses.replace`` takes four times as long."""
    return type(piece)(**vars(piece) | fields)


@dataclass(frozen=True)
class Line(Piece):
    """A line of text.

    Attributes:
        words: from its beginning to its end.
        block: which block of the page it belongs to; counted from 0 in reading order.
        engine: the name of the engine that read it.
        preparation: how its image was prepared; see :class:`~boxocr.reading.types.Reading`.
        probabilities: see :class:`~boxocr.reading.recognition.RecognizedLine`.
    """

    words: tuple[Piece, ...] = ()
    block: int = 0
    engine: str = ""
    preparation: str = ""
    probabilities: LineProbabilities | None = field(default=None, compare=False)


@dataclass(frozen=True)
class PageReading:
    """The reading of a page.

    Attributes:
        lines: in reading order.
        engine: the name of the engine that read them.
        languages: the languages they were read with.
        turned: degrees clockwise that the page was turned by to be upright: 0, 90, 180 or 270.
    """

    lines: tuple[Line, ...]
    engine: str
    languages: str
    turned: int = 0

    def as_one(self) -> Reading:
        """All of it as one text; the confidence is the lines' mean weighted by their length."""
        text = "\n".join(line.text for line in self.lines)
        confidence = mean_confidence(self.lines)
        return Reading(text, confidence, self.engine, self.languages, turned=self.turned)

    def words(self) -> tuple[Piece, ...]:
        """All words in reading order."""
        return tuple(word for line in self.lines for word in line.words)


@dataclass(frozen=True, slots=True)
class ReadPage:
    """A page's reading with the size that its coordinates refer to.

    Attributes:
        width: of the upright page, px.
        height: of the upright page, px.
        reading: all text of the page.
        missing: left, top, right and bottom of the area that the page's damaged file does not contain, px; None if the
            page is whole.
    """

    width: int
    height: int
    reading: PageReading
    missing: tuple[int, int, int, int] | None = None


@dataclass(frozen=True, slots=True)
class AreaReading:
    """A reading and the area of the page that it belongs to.

    Attributes:
        reading: with text.
        area: in page pixels; None for the area that was asked for, unchanged.
    """

    reading: Reading
    area: Area | None = None


def under(lines: Sequence[Line], x: float, y: float, level: Level) -> Piece | None:
    """The word, line or block of a page under a point or very near to it, px: what a click means. None without any."""
    # A point also means a line that is no farther away than the line is high.
    near = [(distance, line) for line in lines if (distance := line.distance(x, y)) <= line.height]
    if not near:
        return None
    line = min(near, key=lambda one: one[0])[1]
    if level == "line":
        return line
    if level == "word":
        return min(line.words, key=lambda word: word.distance(x, y), default=line)
    return enclosing([other for other in lines if other.block == line.block])


def blocks_of(lines: Iterable[Line]) -> list[list[Line]]:
    """The lines of each block, both in the order in which they come."""
    blocks: defaultdict[int, list[Line]] = defaultdict(list)
    for line in lines:
        blocks[line.block].append(line)
    return list(blocks.values())


def enclosing(pieces: Sequence[Piece], joint: str = "\n") -> Piece:
    """The smallest rectangle around some pieces, turned as the longest of them is, with all their text."""
    text = joint.join(piece.text for piece in pieces if piece.text)
    # Nearly all pieces are level, and this takes a quarter of the time.
    if not any(piece.rotation for piece in pieces):
        left, top = min(piece.x for piece in pieces), min(piece.y for piece in pieces)
        right = max(piece.x + piece.width for piece in pieces)
        bottom = max(piece.y + piece.height for piece in pieces)
        return Piece(text, mean_confidence(pieces), left, top, right - left, bottom - top)
    longest = max(pieces, key=lambda piece: piece.width)
    area = around((corner for piece in pieces for corner in piece.corners()), longest.rotation)
    return Piece(text, mean_confidence(pieces), area.x, area.y, area.width, area.height, area.rotation)


def mean_confidence(pieces: Sequence[Piece]) -> float:
    """The mean confidence over the characters of some pieces; 0 without any."""
    length = sum(len(piece.text) for piece in pieces)
    return sum(len(piece.text) * piece.confidence for piece in pieces) / length if length else 0.0


def line_of(words: Sequence[Piece], block: int = 0) -> Line:
    """The line that some words make; there must be at least one."""
    return Line(**vars(enclosing(words, joint=" ")), words=tuple(words), block=block)
