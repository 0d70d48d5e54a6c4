"""Decides whether something that was learned is used: it must help on pages that it was not learned from.

Lines of one page are alike, so whole pages are held out. Nothing is used that could have helped by chance, or that
makes about as many right texts wrong as wrong texts right.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

from boxocr.learning.alignment import distance

_FOLDS = 4
_SIGNIFICANT = 0.01
_FEWER_EDITS = 0.9

# An annotator who trusts a text must notice that it became wrong, so this outweighs several texts that become right. A
# saved edit counts too.
_RIGHT_PER_WRONG = 3
_EDITS_PER_WRONG = 100

# If fewer lines are right, as in handwriting, no annotator trusts them, and edits count more. One fold may become
# worse: 50 lines are often from one page, so that a fold has twelve. In 28 draws of 50 lines of two handwritings, a
# head was then always used instead of 15 times, and unseen pages had 0.68 and 0.77 of the edits instead of 0.85 and
# 0.92.
_POORLY_READ = 0.5
_EDITS_PER_WRONG_OF_MANY = 50

# With fewer lines than this, a head is used only if it makes at least this many right. Of 20 draws of 20 lines from
# typescripts, three had 15 lines of a blurred carbon copy. A head that only saved edits passed in each of the three and
# made sharp pages worse; now it passes in one.
_FEW_LINES, _LEAST_NEWLY_RIGHT = 50, 2

# If at least this share of the texts is right, there is more to lose than to gain.
WELL_READ = 0.95


class Example(Protocol):
    """A text that an annotator submitted."""

    @property
    def text(self) -> str:
        """As submitted."""
        ...

    @property
    def page(self) -> str:
        """The page that it is on."""
        ...

    @property
    def baseline(self) -> str:
        """Its text without anything learned."""
        ...


ExampleT = TypeVar("ExampleT", bound=Example)
Read = Callable[[ExampleT], str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How texts changed on held-out pages.

    Attributes:
        examples: how many.
        right_before, right_after: how many were exactly right, without and with the rule or head.
        edits_before, edits_after: from the texts to the submitted ones, without and with the rule or head.
        newly_right, newly_wrong: how many became right, and how many became wrong.
        nearer, farther: how many came nearer to the submitted text, and went farther from it.
        characters: of the submitted texts.
        worse_folds: number of groups of pages with more edits with the rule or head than without it.
    """

    examples: int
    right_before: int
    right_after: int
    edits_before: int
    edits_after: int
    newly_right: int
    newly_wrong: int
    nearer: int
    farther: int
    characters: int
    worse_folds: int = 0

    @property
    def helps(self) -> bool:
        """Whether a rule may be used."""
        return self._helps(_EDITS_PER_WRONG, worse_folds=0)

    @property
    def helps_to_recognize(self) -> bool:
        """Whether a head may be used."""
        if self.examples < _FEW_LINES and self.newly_right < _LEAST_NEWLY_RIGHT:
            return False
        return self._helps(_EDITS_PER_WRONG_OF_MANY, worse_folds=1) if self.is_of_poorly_read else self.helps

    @property
    def is_of_poorly_read(self) -> bool:
        """Whether most texts are wrong without the rule or head."""
        return self.right_before < _POORLY_READ * self.examples

    def _helps(self, edits_per_wrong: int, worse_folds: int) -> bool:
        saved = self.edits_before - self.edits_after
        return (
            self.right_before < WELL_READ * self.examples
            and sign_test(self.nearer, self.farther) < _SIGNIFICANT
            and self.edits_after <= _FEWER_EDITS * self.edits_before
            and self.worse_folds <= worse_folds
            and self.newly_wrong <= 1 + self.newly_right / _RIGHT_PER_WRONG + saved / edits_per_wrong
        )

    def sentence(self) -> str:
        """For people."""
        return (
            f"right {self.right_before} → {self.right_after} of {self.examples} (+{self.newly_right} "
            f"-{self.newly_wrong}), edits {self.edits_before} → {self.edits_after}"
        )


NOTHING = Verdict(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
"""The verdict without examples."""


def compare(examples: Sequence[ExampleT], read: Read[ExampleT]) -> Verdict:
    """Compare readings with the examples' baselines.

    Args:
        examples: with text.
        read: gives the text with the rule or head.
    """
    before = [distance(one.baseline, one.text) for one in examples]
    after = [distance(read(one), one.text) for one in examples]
    pairs = list(zip(before, after, strict=True))
    return Verdict(
        examples=len(examples),
        right_before=before.count(0),
        right_after=after.count(0),
        edits_before=sum(before),
        edits_after=sum(after),
        newly_right=sum(old > 0 and new == 0 for old, new in pairs),
        newly_wrong=sum(old == 0 and new > 0 for old, new in pairs),
        nearer=sum(new < old for old, new in pairs),
        farther=sum(new > old for old, new in pairs),
        characters=sum(len(one.text) for one in examples),
    )


@dataclass(frozen=True)
class HeldOut(Generic[ExampleT]):
    """Readings of examples that were not learned from.

    Attributes:
        examples: all of them.
        readings: by place in ``examples``; some are missing if there was nothing else to learn from.
        folds: places of the examples that were held out together.
    """

    examples: Sequence[ExampleT]
    readings: Mapping[int, str]
    folds: Sequence[frozenset[int]]

    def verdict(self, wanted: Callable[[ExampleT], bool] = lambda _: True) -> Verdict:
        """The readings compared with the baselines.

        Args:
            wanted: chooses examples.
        """
        places = [place for place in sorted(self.readings) if wanted(self.examples[place])]
        texts = {id(self.examples[place]): self.readings[place] for place in places}
        verdict = compare([self.examples[place] for place in places], lambda one: texts[id(one)])
        worse = 0
        for fold in self.folds:
            part = compare([self.examples[place] for place in places if place in fold], lambda one: texts[id(one)])
            worse += part.edits_after > part.edits_before
        return replace(verdict, worse_folds=worse)


def hold_out(
    examples: Sequence[ExampleT], learn: Callable[[Sequence[ExampleT]], Read[ExampleT]], *, threads: int = 1
) -> HeldOut[ExampleT]:
    """Read each quarter of the pages with what was learned from the other three.

    Args:
        examples: at least one.
        learn: gives readings from examples; called up to four times.
        threads: how many call it at the same time.
    """
    parts = folds(examples)

    def readings_of(part: frozenset[int]) -> dict[int, str]:
        rest = [one for place, one in enumerate(examples) if place not in part]
        if not rest:
            return {}
        read = learn(rest)
        return {place: read(examples[place]) for place in part}

    readings: dict[int, str] = {}
    with ThreadPoolExecutor(threads, thread_name_prefix="hold-out") as executor:
        for some in executor.map(readings_of, parts):
            readings |= some
    return HeldOut(examples, readings, parts)


def folds(examples: Sequence[Example]) -> list[frozenset[int]]:
    """Places of the examples in up to four groups of about the same size, with no page in two of them.

    With fewer than four pages, each group is consecutive examples.
    """
    by_page: dict[str, list[int]] = {}
    for place, one in enumerate(examples):
        by_page.setdefault(one.page, []).append(place)
    groups = list(by_page.values())
    if len(groups) < _FOLDS:
        size = math.ceil(len(examples) / _FOLDS)
        groups = [list(range(first, min(first + size, len(examples)))) for first in range(0, len(examples), size)]
    found: list[list[int]] = [[] for _ in range(min(_FOLDS, len(groups)))]
    for group in sorted(groups, key=len, reverse=True):
        min(found, key=len).extend(group)
    return [frozenset(fold) for fold in found]


def sign_test(better: int, worse: int) -> float:
    """Probability that as many or more of the changed texts are better, if each is better or worse by chance."""
    changed = better + worse
    if not changed:
        return 1.0
    return float(sum(math.comb(changed, count) for count in range(better, changed + 1)) / 2**changed)
