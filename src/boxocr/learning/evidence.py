"""Evidence about annotated regions: second readings, and their surroundings. No I/O."""

from dataclasses import dataclass

from boxocr.learning.alignment import Edit


@dataclass(frozen=True, slots=True)
class SecondReading:
    """The text that one engine reads in a region.

    Attributes:
        text: lines joined by line ends; empty if nothing is legible.
        confidence: 0 to 1.
        engine: its name.
    """

    text: str
    confidence: float
    engine: str


@dataclass(frozen=True, slots=True)
class Better:
    """An edit of a text after which it fits the box better.

    Attributes:
        edit: one character that is replaced, missing or extra, or two that are swapped.
        gain: logarithm of how many times as likely the other text is.
    """

    edit: Edit
    gain: float


@dataclass(frozen=True, slots=True)
class TextFit:
    """How well a text fits its box, whether or not an engine reads it.

    Attributes:
        surprise: logarithm of how many times as likely the best reading is, for each character of the text; infinite if
            the line is too short for the text.
        better: the edits with the largest gains first.
    """

    surprise: float
    better: tuple[Better, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """A submitted region with everything that is known about it.

    Attributes:
        task, annotation: Label Studio's numbers.
        page: number of the page in the task, from 1.
        region: Label Studio's id.
        label: its labels, joined by ", ".
        text: as submitted.
        readings: by different engines, each without knowledge of the others.
        is_moved: whether the region was moved or resized after its suggestion was read.
        cut: the sides of the region that cut through letters: "left", "top", "right", "bottom".
        other_labels: labels of other regions whose text is inside this one.
        fit: of the text to the box; None if an engine reads this text, or no engine gives probabilities.
        rivals: differing annotations of the same place by other annotators: "no region here", or text and label.
    """

    task: int
    annotation: int
    page: int
    region: str
    label: str
    text: str
    readings: tuple[SecondReading, ...]
    is_moved: bool = False
    cut: tuple[str, ...] = ()
    other_labels: tuple[str, ...] = ()
    fit: TextFit | None = None
    rivals: tuple[str, ...] = ()
