"""Accuracy figures of boxes. ``docs/accuracy.md`` defines each; the names are those of the report's JSON. No I/O."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from boxocr.learning.alignment import distance, replacements
from boxocr.learning.boxes import Box, Outcome
from boxocr.learning.conventions import Conflict, conflicts

_BINS = 10
_MOST_CONFUSIONS = 30
_MOST_WORST = 20

# What boxes are grouped by, and the value of a box in each group.
GROUPS: dict[str, Callable[[Box], str]] = {
    "project": lambda box: str(box.project),
    "label": lambda box: box.label or "without label",
    "version": lambda box: box.version or "no suggestion",
    "engine": lambda box: box.engine or "no suggestion",
    "learned version": lambda box: box.learned or "none",
    "source": lambda box: box.source,
    "page": lambda box: box.page,
    "week": lambda box: box.week,
}


@dataclass
class Figures:
    """Sums over boxes.

    Attributes:
        outcomes: number of boxes with each outcome.
        characters: of the submitted texts of compared boxes.
        edits: that turn the suggestions of compared boxes into the submitted texts.
        typed: characters of the texts that were typed by hand.
    """

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    characters: int = 0
    edits: int = 0
    typed: int = 0

    def add(self, box: Box, edits: int) -> None:
        """Count a box; ``edits`` is 0 unless the box is compared."""
        self.outcomes[box.outcome] += 1
        if box.outcome.is_compared:
            self.characters += len(box.submitted)
            self.edits += edits
        elif box.outcome is Outcome.TYPED:
            self.typed += len(box.submitted)

    @property
    def boxes(self) -> int:
        """All boxes."""
        return self.outcomes.total()

    @property
    def compared(self) -> int:
        """Boxes whose suggestion can be compared with the submitted text."""
        return self.outcomes[Outcome.ACCEPTED] + self.outcomes[Outcome.CORRECTED]

    @property
    def cer(self) -> float | None:
        """Edits per submitted character; None without any."""
        return self.edits / self.characters if self.characters else None

    @property
    def accepted_share(self) -> float | None:
        """Share of the suggestions that were submitted unchanged; None without suggestions."""
        judged = sum(self.outcomes[outcome] for outcome in Outcome if outcome.is_judged)
        return self.outcomes[Outcome.ACCEPTED] / judged if judged else None

    @property
    def keystrokes_needed(self) -> int:
        """Edits of suggestions, and the characters that were typed by hand."""
        return self.edits + self.typed

    @property
    def keystrokes_saved(self) -> int:
        """Characters that did not have to be typed; negative where suggestions were harder to correct than to type."""
        return self.characters - self.edits

    def as_json(self) -> dict[str, Any]:
        """The figures by name."""
        counts = {outcome.value.replace(" ", "_"): self.outcomes[outcome] for outcome in Outcome}
        return {
            "boxes": self.boxes,
            **counts,
            "characters": self.characters,
            "edits": self.edits,
            "cer": self.cer,
            "accepted_share": self.accepted_share,
            "keystrokes_needed": self.keystrokes_needed,
            "keystrokes_saved": self.keystrokes_saved,
        }


@dataclass(frozen=True, slots=True)
class Confusion:
    """A part of suggestions that annotators replaced.

    Attributes:
        suggested: empty where something was missing.
        submitted: empty where something was extra.
        count: how often.
        share: of the occurrences of ``suggested`` in compared suggestions, 0 to 1; None where ``suggested`` is empty.
    """

    suggested: str
    submitted: str
    count: int
    share: float | None


@dataclass(frozen=True, slots=True)
class Bin:
    """Judged boxes whose scores are close to each other.

    Attributes:
        low, high: the scores' range; ``high`` belongs to the next bin, except in the last one.
        boxes: how many.
        score: mean.
        right: share that was accepted unchanged.
    """

    low: float
    high: float
    boxes: int
    score: float
    right: float


@dataclass(frozen=True, slots=True)
class Scored:
    """A compared box with its edits."""

    box: Box
    edits: int


@dataclass(frozen=True, slots=True)
class Report:
    """All figures.

    Attributes:
        annotations: how many had boxes.
        total: of all boxes.
        groups: figures by the name of a group and the value there.
        confusions: the most frequent ones, most frequent first.
        bins: of scores, without empty ones.
        calibration_error: mean distance between a bin's score and its share of right boxes, weighted by boxes
            (expected calibration error); None without scores.
        worst: the compared boxes with the most edits, worst first.
        conflicts: conventions on which annotators differ.
    """

    annotations: int
    total: Figures
    groups: dict[str, dict[str, Figures]]
    confusions: tuple[Confusion, ...]
    bins: tuple[Bin, ...]
    calibration_error: float | None
    worst: tuple[Scored, ...]
    conflicts: tuple[Conflict, ...]


def report_on(boxes: Iterable[Box]) -> Report:
    """The figures of these boxes."""
    total = Figures()
    groups: dict[str, dict[str, Figures]] = {name: {} for name in GROUPS}
    compared: list[Scored] = []
    judged: list[Box] = []
    annotations: set[int] = set()
    for box in boxes:
        edits = distance(box.suggested, box.submitted) if box.outcome.is_compared else 0
        annotations.add(box.annotation)
        total.add(box, edits)
        for name, value_of in GROUPS.items():
            groups[name].setdefault(value_of(box), Figures()).add(box, edits)
        if box.outcome.is_compared:
            compared.append(Scored(box, edits))
        if box.outcome.is_judged:
            judged.append(box)
    bins = _bins(judged)
    worst = sorted((one for one in compared if one.edits), key=lambda one: (-one.edits, one.box.task, one.box.region))
    return Report(
        annotations=len(annotations),
        total=total,
        groups={name: dict(sorted(found.items())) for name, found in groups.items()},
        confusions=_confusions([one.box for one in compared]),
        bins=bins,
        calibration_error=_calibration_error(bins),
        worst=tuple(worst[:_MOST_WORST]),
        conflicts=tuple(conflicts(one.box for one in compared)),
    )


def _confusions(boxes: Sequence[Box]) -> tuple[Confusion, ...]:
    counts: Counter[tuple[str, str]] = Counter()
    for box in boxes:
        if box.outcome is Outcome.CORRECTED:
            counts.update(replacements(box.suggested, box.submitted))
    found = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_MOST_CONFUSIONS]
    occurrences = Counter[str]()
    for suggested in {suggested for (suggested, _), _ in found if suggested}:
        occurrences[suggested] = sum(box.suggested.count(suggested) for box in boxes)
    return tuple(
        Confusion(suggested, submitted, count, count / occurrences[suggested] if suggested else None)
        for (suggested, submitted), count in found
    )


def _bins(boxes: Iterable[Box]) -> tuple[Bin, ...]:
    held: dict[int, list[tuple[float, bool]]] = {}
    for box in boxes:
        if box.score is not None and 0 <= box.score <= 1:
            place = min(int(box.score * _BINS), _BINS - 1)
            held.setdefault(place, []).append((box.score, box.outcome is Outcome.ACCEPTED))
    return tuple(
        Bin(
            low=place / _BINS,
            high=(place + 1) / _BINS,
            boxes=len(found),
            score=sum(score for score, _ in found) / len(found),
            right=sum(right for _, right in found) / len(found),
        )
        for place, found in sorted(held.items())
    )


def _calibration_error(bins: Sequence[Bin]) -> float | None:
    boxes = sum(one.boxes for one in bins)
    return sum(one.boxes * abs(one.right - one.score) for one in bins) / boxes if boxes else None
