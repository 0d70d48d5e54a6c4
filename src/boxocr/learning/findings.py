"""Reasons to look at a submitted region. No I/O."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The kind of a finding."""

    TEXT = "text"
    """The engines agree on another text."""

    UNLIKE = "another text"
    """The engines read something else altogether."""

    MISSING = "text outside the box"
    """A part of the text is not in the box."""

    ADDED = "more text in the box"
    """The box contains text that was not submitted."""

    NO_INK = "no text in the box"
    """Nothing is legible in the box."""

    EMPTY = "without text"
    """The region was submitted without text."""

    MOVED = "moved"
    """The region was moved after its text was read."""

    CUT = "cut letters"
    """An edge of the box cuts through letters."""

    TWO_LABELS = "two labels"
    """The box contains a region with another label."""

    SHAPE = "unusual value"
    """The value does not have the shape of its label's values."""

    DISAGREEMENT = "disagreement"
    """Annotators submitted different things."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A reason to look at a region.

    Attributes:
        kind: of the reason.
        sentence: for people.
        score: probability that something is wrong, 0 to 1.
    """

    kind: Kind
    sentence: str
    score: float
