"""The head of a project: trained, validated on pages that were held out, and left out where it does not help."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from boxocr.learning.training import MILD, USUAL, Line, Recipe, start, train
from boxocr.learning.validation import NOTHING, WELL_READ, Read, Verdict, compare, cross_validate
from boxocr.reading.recognition.head import Head

# Fewer lines say too little about pages that were held out.
_LEAST_LINES = 16


@dataclass(frozen=True)
class LearnedHead:
    """A project's head with its evidence.

    Attributes:
        head: None where none helps.
        labels: whose boxes it reads: those that are not read well without it.
        verdict: on pages that were held out, over the lines with these labels.
    """

    head: Head | None = None
    labels: frozenset[str] = frozenset()
    verdict: Verdict = NOTHING

    def read(self, line: Line) -> str:
        """The text of a line, as it is read with the head."""
        return self.head.read(line.features) if self.head and line.label in self.labels else line.baseline


def learn_head(lines: Sequence[Line], base: Head, *, stopped: Callable[[], bool] = lambda: False) -> LearnedHead:
    """A head for a project, if one helps.

    Args:
        lines: that annotators accepted or corrected. Accepted ones keep the head from unlearning.
        base: the model's own head.
        stopped: asked again and again; True ends the work without a head.
    """
    labels = frozenset(label for label in {line.label for line in lines} if not _is_read_well(lines, label))
    judged = [line for line in lines if line.label in labels]
    best = LearnedHead()
    if len(judged) < _LEAST_LINES:
        return best
    for recipe in (USUAL, MILD):

        def learn(some: Sequence[Line], recipe: Recipe = recipe) -> Read[Line]:
            kept = {line.page for line in some}
            others = [line for line in lines if line.label not in labels and line.page in kept]
            head = _trained([*some, *others], base, recipe, stopped)
            return lambda line: head.read(line.features)

        verdict = cross_validate(judged, learn)
        if stopped():
            return LearnedHead()
        if verdict.helps:
            return LearnedHead(_trained(lines, base, recipe, stopped), labels, verdict)
        best = best if best.verdict.examples else LearnedHead(verdict=verdict)
    return best


def _trained(lines: Sequence[Line], base: Head, recipe: Recipe, stopped: Callable[[], bool]) -> Head:
    return train(start(base, [line.text for line in lines]), lines, recipe, stopped=stopped)


def _is_read_well(lines: Sequence[Line], label: str) -> bool:
    verdict = compare([line for line in lines if line.label == label], lambda line: line.baseline)
    return verdict.right_before >= WELL_READ * verdict.examples
