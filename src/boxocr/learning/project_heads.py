"""The heads of a project: trained, validated on held-out pages, and left out if they do not help.

One head serves all labels that it helps. A label gets a head of its own if that reads its lines clearly better, as with
print and handwriting in one project.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from boxocr.learning.training import CAREFUL, MILD, USUAL, Line, Recipe, start, train
from boxocr.learning.validation import NOTHING, WELL_READ, HeldOut, Read, Verdict, compare, hold_out
from boxocr.reading.recognition.head import Head

# Fewer lines say too little about held-out pages.
_LEAST_LINES = 16

# Lines of fewer pages than this are validated on other lines of the same pages, which says nothing about other
# documents. If most lines are right already, there is too much to lose: in 4 of 20 draws of 50 lines from digital
# documents, which were from one or two pages, a head passed that made unseen documents worse.
_LEAST_PAGES = 4

# A label can have a head of its own from this number of lines on, if its edits are at most this share of those with the
# common head.
_LEAST_OWN_LINES, _FEWER_EDITS = 50, 0.9

_MOST_EXAMPLES = 10

# A reading with at least this many letters and digits is not a line of dashes or dots.
_WORD = 3


@dataclass(frozen=True)
class LearnedHeads:
    """A project's heads with their evidence.

    Attributes:
        heads: by label; labels can share one. Empty if none helps.
        verdict: on held-out pages, over the lines of all labels that the common head helps.
        own: the same for labels with a head of their own.
        examples: label, reading without a head, and reading with it, of held-out lines that became right.
    """

    heads: Mapping[str, Head] = field(default_factory=dict)
    verdict: Verdict = NOTHING
    own: Mapping[str, Verdict] = field(default_factory=dict)
    examples: tuple[tuple[str, str, str], ...] = ()

    def read(self, line: Line) -> str:
        """The text of a line, as it is read with the head of its label."""
        head = self.heads.get(line.label)
        return head.read(line.features) if head else line.baseline


def learn_heads(lines: Sequence[Line], base: Head, *, threads: int = 1) -> LearnedHeads:
    """Heads for a project, if they help.

    Args:
        lines: accepted or corrected by annotators. Accepted ones keep a head from unlearning; illegible ones are left
            out.
        base: the model's own head.
        threads: how many train at the same time.
    """
    lines = [line for line in lines if not is_illegible(line)]
    labels = frozenset(label for label in {line.label for line in lines} if not _is_read_well(lines, label))
    judged = [line for line in lines if line.label in labels]
    best = LearnedHeads()
    if not _is_enough(judged):
        return best
    for recipe in (USUAL, CAREFUL, MILD) if _before(judged).is_of_poorly_read else (USUAL, MILD):
        others = [line for line in lines if line.label not in labels]
        held_out = hold_out(judged, _learning(base, recipe, others), threads=threads)
        helped = frozenset(label for label in labels if _is_helped(held_out, label))
        verdict = held_out.verdict(lambda line, helped=helped: line.label in helped)  # type: ignore[misc]
        if not verdict.helps_to_recognize or verdict.examples < _LEAST_LINES:
            helped = frozenset()
        own = _own_verdicts(held_out, helped, base, recipe, threads)
        heads = {label: _trained(_with_label(lines, label), base, recipe) for label in own}
        if common := helped - own.keys():
            heads |= dict.fromkeys(common, _trained(lines, base, recipe))
        if heads:
            return LearnedHeads(heads, verdict if common else NOTHING, own, _examples(held_out, common))
        best = best if best.verdict.examples else LearnedHeads(verdict=verdict)
    return best


def is_illegible(line: Line) -> bool:
    """Whether an annotator wrote a mark such as "~~~" or "???" for words. A head would learn to read words as marks."""
    return sum(map(str.isalnum, line.baseline)) >= _WORD and not any(map(str.isalnum, line.text))


def _own_verdicts(
    held_out: HeldOut[Line], helped: frozenset[str], base: Head, recipe: Recipe, threads: int
) -> dict[str, Verdict]:
    """The labels that are read clearly better with a head of their own than with the common one or none."""
    found: dict[str, Verdict] = {}
    labels = {line.label for line in held_out.examples}
    for label in sorted(labels) if len(labels) > 1 else ():
        lines = _with_label(held_out.examples, label)
        if len(lines) < _LEAST_OWN_LINES or not _is_enough(lines):
            continue
        own = hold_out(lines, _learning(base, recipe, []), threads=threads).verdict()
        common = held_out.verdict(lambda line, label=label: line.label == label)  # type: ignore[misc]
        without = common.edits_after if label in helped else common.edits_before
        if own.helps_to_recognize and own.edits_after < without and own.edits_after <= _FEWER_EDITS * without:
            found[label] = own
    return found


def _with_label(lines: Iterable[Line], label: str) -> list[Line]:
    return [line for line in lines if line.label == label]


def _learning(base: Head, recipe: Recipe, others: Sequence[Line]) -> Callable[[Sequence[Line]], Read[Line]]:
    """How readings are learned. Of the other lines, those on the same pages are learned from too."""

    def learn(some: Sequence[Line]) -> Read[Line]:
        kept = {line.page for line in some}
        head = _trained([*some, *(line for line in others if line.page in kept)], base, recipe)
        return lambda line: head.read(line.features)

    return learn


def _is_enough(lines: Sequence[Line]) -> bool:
    """Whether lines say enough about other pages than their own."""
    pages = len({line.page for line in lines})
    return len(lines) >= _LEAST_LINES and (pages >= _LEAST_PAGES or _before(lines).is_of_poorly_read)


def _is_helped(held_out: HeldOut[Line], label: str) -> bool:
    """Whether a label's lines do not get worse with the head of all labels."""
    verdict = held_out.verdict(lambda line: line.label == label)
    return verdict.edits_after <= verdict.edits_before and verdict.farther <= verdict.nearer


def _examples(held_out: HeldOut[Line], labels: Iterable[str]) -> tuple[tuple[str, str, str], ...]:
    """Lines that became right, from each label in turn."""
    turned: dict[str, list[tuple[str, str, str]]] = {label: [] for label in sorted(labels)}
    for place, text in sorted(held_out.readings.items()):
        line = held_out.examples[place]
        if line.label in turned and text == line.text != line.baseline:
            turned[line.label].append((line.label, line.baseline, text))
    return in_turn(turned.values())


def in_turn(examples: Iterable[Sequence[tuple[str, str, str]]]) -> tuple[tuple[str, str, str], ...]:
    """The first examples of each label, then the second ones and so on; ten in all."""
    labels = list(examples)
    found = [some[place] for place in range(_MOST_EXAMPLES) for some in labels if place < len(some)]
    return tuple(found[:_MOST_EXAMPLES])


def _trained(lines: Sequence[Line], base: Head, recipe: Recipe) -> Head:
    return train(start(base, [line.text for line in lines]), lines, recipe)


def _is_read_well(lines: Sequence[Line], label: str) -> bool:
    verdict = _before(_with_label(lines, label))
    return verdict.right_before >= WELL_READ * verdict.examples


def _before(lines: Sequence[Line]) -> Verdict:
    """How lines are read without a head."""
    return compare(lines, lambda line: line.baseline)
