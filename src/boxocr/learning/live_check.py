"""Checks a version on the boxes that annotators submitted while it was in use. No I/O."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from boxocr.learning.boxes import Box
from boxocr.learning.validation import Verdict, compare

LEAST_BOXES = 50
"""Fewer boxes say too little about a version."""


@dataclass(frozen=True, slots=True)
class Followed:
    """A box whose suggestion followed the version.

    Attributes:
        text: what the annotator submitted.
        page: the page that it is on.
        baseline: its reading without the version.
        suggested: its text with the version.
    """

    text: str
    page: str
    baseline: str
    suggested: str


def followers(boxes: Iterable[Box], version: int, learned: str) -> list[Box]:
    """The boxes whose suggestions followed a version.

    Args:
        boxes: accepted or corrected.
        version: its number.
        learned: when it was learned, in ISO format. Older boxes followed a forgotten version of the same number.
    """
    return [box for box in boxes if box.learned == str(version) and box.submitted_at >= learned]


def verdict_on(followed: Sequence[Followed]) -> Verdict:
    """The suggestions with the version, compared with the readings without it."""
    return compare(followed, lambda one: one.suggested)


def is_worse(verdict: Verdict) -> bool:
    """Whether annotators corrected more than they would have without the version, on enough boxes."""
    return verdict.examples >= LEAST_BOXES and verdict.edits_after > verdict.edits_before
