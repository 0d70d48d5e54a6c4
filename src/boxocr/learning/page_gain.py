"""How much correcting a page would teach, judging by its prediction. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from boxocr.labeling.marks import suggestion_of


@dataclass(frozen=True, slots=True)
class PageGain:
    """A task without annotations.

    Attributes:
        task: its number.
        texts: of its newest prediction.
        wrong: how many of the texts are expected to be wrong: the sum of the probabilities.
    """

    task: int
    texts: int
    wrong: float


def gain_of(task: Mapping[str, Any]) -> PageGain | None:
    """The gain of a task, by its newest prediction; None without a prediction of BoxOCR's.

    Args:
        task: as Label Studio's API gives it, with ``predictions``.
    """
    predictions = [one for one in task.get("predictions") or () if isinstance(one, Mapping)]
    for prediction in sorted(predictions, key=lambda one: int(one.get("id") or 0), reverse=True):
        results = [result for result in prediction.get("result") or () if isinstance(result, dict)]
        suggestions = [found for result in results if (found := suggestion_of(result)) is not None]
        if suggestions:
            scores = [found.get("confidence") for found in suggestions]
            known = [min(max(float(score), 0.0), 1.0) for score in scores if isinstance(score, int | float)]
            return PageGain(int(task["id"]), len(suggestions), sum(1 - score for score in known))
    return None
