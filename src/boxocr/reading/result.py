"""A reading of a box or page that is being put together, and which of two readings is better."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from boxocr.reading import ordering, scoring
from boxocr.reading.detection import initials
from boxocr.reading.detection.projection import Projection
from boxocr.reading.page_frame import PageFrame
from boxocr.reading.recognizers import Placed
from boxocr.reading.scoring import Scored
from boxocr.reading.whole_page import Line, line_of

# A reading this many times longer than another one, and this likely to be right, is better: the other one lost a line.
# One that is longer by the third number is better, however unlikely, than one that is doubtful.
_LONGER = 1.3
_TEXT = 0.5
_MUCH_LONGER = 3


@dataclass(frozen=True, slots=True)
class Result:
    """The reading of a box or page.

    Attributes:
        rows: from first to last, each with its lines, on the image that was read.
        empty: how many lines have ink and no text.
        turned: degrees clockwise by which the text is turned.
        engines: the names of those that read it.
    """

    rows: list[list[Line]]
    empty: int
    turned: int
    engines: frozenset[str]

    @property
    def lines(self) -> list[Line]:
        """All lines, in reading order."""
        return [line for row in self.rows for line in row]

    @property
    def text(self) -> str:
        """The rows as lines of text."""
        return "\n".join(" ".join(line.text for line in row) for row in self.rows)

    @property
    def characters(self) -> int:
        """How many characters the text has apart from spaces."""
        return len("".join(self.text.split()))

    @property
    def weakest(self) -> float:
        """The probability that the least certain line is right."""
        return min((line.confidence for line in self.lines), default=0.0)

    @property
    def worth(self) -> float:
        """The weakest line's probability, less if another line has no text: to compare different numbers of lines."""
        return self.weakest * (scoring.INCOMPLETE if self.empty else 1.0)

    @property
    def probability(self) -> float:
        """The probability that all of it is right."""
        return scoring.all_right([line.confidence for line in self.lines], is_complete=not self.empty)


NOTHING = Result([], 0, 0, frozenset())


def result_of(lines: Sequence[Line], scored: Sequence[Placed], turned: int, empty: int) -> Result:
    """Put lines in order.

    Args:
        lines: those with text, on the image that was read.
        scored: what was recognized, for the names of the engines.
        turned: degrees clockwise by which the text is turned.
        empty: how many lines have ink and no text.
    """
    rows = ordering.in_reading_order(lines, turned)
    return Result(rows, empty, turned, frozenset(one.line.engine for one, _ in scored if one.line.words))


def of_one_line(single: Scored) -> Result:
    """The result of a box with one line."""
    line = single.line
    return Result([[placed_line(single, PageFrame())]] if line.words else [], 0, 0, frozenset({line.engine}))


def placed_line(scored: Scored, frame: PageFrame) -> Line:
    """A line with the probability that it is right, on the image that it was cut from."""
    read = scored.line
    line = replace(
        line_of(scored.words),
        confidence=scored.probability,
        engine=read.engine,
        preparation=read.preparation,
        probabilities=read.probabilities,
    )
    return frame.on_page(line)


def checked(result: Result, found: Projection) -> Result:
    """The result, with one more line without text if the box has more letters than its text."""
    lacks_letters = bool(result.rows) and initials.is_incomplete(found, result.text)
    return replace(result, empty=result.empty + 1) if lacks_letters else result


def preferred(one: Result, other: Result) -> Result:
    """The better one of two readings: the more probable one, unless it lost text that the other one has."""
    shorter, longer = sorted((one, other), key=lambda result: result.characters)
    has_more = longer.characters > _LONGER * shorter.characters and longer.weakest > _TEXT
    has_most = longer.characters > _MUCH_LONGER * shorter.characters and shorter.worth < scoring.DOUBTFUL
    return longer if has_more or has_most else max(one, other, key=lambda result: result.worth)
