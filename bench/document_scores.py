"""Figures about readings of real documents, and their tables; :mod:`bench.documents` explains them."""

import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from bench.accuracy import error_rate, folded
from boxocr.reading.types import Reading

SURE = 0.9
FLAGGED = 0.35
WHOLE = 0.8

UNSEEN = "all, not developed on"


@dataclass(frozen=True, slots=True)
class BoxOutcome:
    """How a box was read.

    Attributes:
        identity: of the box.
        kind: what it shows.
        expected: the text of the box.
        reading: what the engine read.
        seconds: how long the reading took.
        folds_case: whether upper and lower case may differ.
        is_unseen: whether BoxOCR was developed without this box.
    """

    identity: str
    kind: str
    expected: str
    reading: Reading
    seconds: float
    folds_case: bool = False
    is_unseen: bool = False

    @property
    def cer(self) -> float:
        """Character error rate, 0 to 1."""
        got, expected = folded(self.reading.text), folded(self.expected)
        if self.folds_case:
            got, expected = got.lower(), expected.lower()
        return error_rate(got, expected) if expected else float(bool(got))

    @property
    def is_right(self) -> bool:
        """Whether all letters and digits are right."""
        return letters(self.reading.text, fold=self.folds_case) == letters(self.expected, fold=self.folds_case)

    @property
    def is_silent(self) -> bool:
        """Whether the reading is wrong, and shown as right."""
        return not self.is_right and self.reading.confidence >= SURE

    @property
    def is_lost(self) -> bool:
        """Whether a part of the text is missing, and the rest shown as right."""
        got, expected = (len(letters(text, fold=False)) for text in (self.reading.text, self.expected))
        return self.is_silent and got < WHOLE * expected


@dataclass(frozen=True, slots=True)
class PageOutcome:
    """How a page was read: F1 of its bag of words, and seconds of processor time."""

    identity: str
    kind: str
    f1: float
    text: str
    seconds: float
    is_unseen: bool = False


Outcome = TypeVar("Outcome", BoxOutcome, PageOutcome)


def letters(text: str, *, fold: bool = False) -> str:
    """The letters and digits of a text, or all of it if it has none."""
    text = folded(text)
    kept = "".join(char for char in text if char.isalnum()) or text
    return kept.lower() if fold else kept


def f1(got: str, expected: str, *, fold: bool) -> float:
    """F1 of the bags of words of two texts."""
    bags = [Counter((folded(text).lower() if fold else folded(text)).split()) for text in (got, expected)]
    both = (bags[0] & bags[1]).total()
    return 2 * both / max(bags[0].total() + bags[1].total(), 1)


def calibration_error(outcomes: Sequence[BoxOutcome]) -> float:
    """The expected calibration error over ten bins, of the boxes that were read with a text: others have no score."""
    scored = [one for one in outcomes if one.reading.text]
    bins: defaultdict[int, list[BoxOutcome]] = defaultdict(list)
    for one in scored:
        bins[min(int(one.reading.confidence * 10), 9)].append(one)
    gaps = (
        len(some)
        * abs(statistics.fmean(one.is_right for one in some) - statistics.fmean(one.reading.confidence for one in some))
        for some in bins.values()
    )
    return sum(gaps) / max(len(scored), 1)


def flagged(outcomes: Sequence[BoxOutcome]) -> float:
    """The share of wrong boxes that are among those with the lowest scores."""
    ordered = sorted(outcomes, key=lambda one: one.reading.confidence)
    wrong = [one for one in outcomes if not one.is_right]
    low = ordered[: round(FLAGGED * len(ordered))]
    return sum(not one.is_right for one in low) / max(len(wrong), 1)


def box_figures(outcomes: Sequence[BoxOutcome]) -> dict[str, float]:
    """The figures of some boxes: rates in percent, time in milliseconds."""

    def percent(measure: Callable[[BoxOutcome], float]) -> float:
        return round(100 * statistics.fmean(measure(one) for one in outcomes), 2)

    return {
        "boxes": len(outcomes),
        "cer": percent(lambda one: one.cer),
        "exact": percent(lambda one: one.cer == 0),
        "wrong": percent(lambda one: not one.is_right),
        "ece": round(calibration_error(outcomes), 3),
        "flagged": round(100 * flagged(outcomes), 1),
        "silent": percent(lambda one: one.is_silent),
        "lost": percent(lambda one: one.is_lost),
        "ms": round(1000 * statistics.median(one.seconds for one in outcomes), 1),
    }


def page_figures(outcomes: Sequence[PageOutcome]) -> dict[str, float]:
    """The figures of some pages."""
    return {
        "pages": len(outcomes),
        "f1": round(statistics.fmean(one.f1 for one in outcomes), 3),
        "cpu": round(statistics.fmean(one.seconds for one in outcomes), 2),
    }


def by_kind(
    outcomes: Sequence[Outcome], figures: Callable[[Sequence[Outcome]], dict[str, float]]
) -> dict[str, dict[str, float]]:
    """The figures by kind, of all, and of those that were not used in development."""
    rows = {kind: [one for one in outcomes if one.kind == kind] for kind in sorted({one.kind for one in outcomes})}
    rows["all"] = list(outcomes)
    if 0 < len(unseen := [one for one in outcomes if one.is_unseen]) < len(outcomes):
        rows[UNSEEN] = unseen
    return {kind: figures(some) for kind, some in rows.items()}


def table(name: str, figures: Mapping[str, Mapping[str, float]]) -> str:
    """A contender's figures by kind."""
    columns = list(next(iter(figures.values())))
    lines = [f"| {name} | {' | '.join(columns)} |", f"| --- |{' --: |' * len(columns)}"]
    lines += [f"| {kind} | {' | '.join(f'{value:g}' for value in row.values())} |" for kind, row in figures.items()]
    return "\n".join(lines)


def comparison(figure: str, contenders: Mapping[str, Mapping[str, Mapping[str, float]]]) -> str:
    """One figure of all contenders by kind."""
    kinds = next(iter(contenders.values()))
    lines = [f"| {figure} | {' | '.join(contenders)} |", f"| --- |{' --: |' * len(contenders)}"]
    lines += [f"| {kind} | {' | '.join(f'{of[kind][figure]:g}' for of in contenders.values())} |" for kind in kinds]
    return "\n".join(lines)
