"""Evidence about annotated regions: second readings, and their surroundings. No I/O."""

from dataclasses import dataclass


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
        other_labels: labels of other regions of which the text is in this one.
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
    rivals: tuple[str, ...] = ()
