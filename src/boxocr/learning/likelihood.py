"""How well a text fits a line, and which texts that are one edit away fit better.

Uses the best path of CTC (Graves et al. 2006) through a recognizer's probabilities, in logarithms. A text that is one
edit away consists of a prefix of the text, at most two other characters and a suffix. So the best paths of all prefixes
and suffixes, which are found once, give those of all such texts.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float32]
Classes = NDArray[np.intp]

# Less than any path. The sum of two is still finite in float32.
_NEVER = np.float32(-1e9)


@dataclass(frozen=True)
class Edited:
    """Log-likelihoods of texts that are one edit away, minus that of the text.

    Attributes:
        replaced: ``(characters, candidates)``: a candidate in place of each character.
        inserted: ``(characters + 1, candidates)``: a candidate before each character, and after the last one.
        removed: ``(characters,)``.
        swapped: ``(characters - 1,)``: each character after the next one.
    """

    replaced: Scores
    inserted: Scores
    removed: Scores
    swapped: Scores


class Alignment:
    """A text along a line.

    Args:
        logs: ``(steps, classes)``, logarithms of probabilities; class 0 means no character.
        text: classes of its characters, at least one.

    Attributes:
        total: log-likelihood of the best path; below -1e8 if the line has too few steps for the text.
    """

    def __init__(self, logs: Scores, text: Classes) -> None:
        self._logs, self._text = logs, text
        # Best paths of the first steps that end in each character, or in the gap before it: (steps + 1, ...).
        self._ends, self._gaps = _paths(logs, text)
        begins, gaps = _paths(logs[::-1], text[::-1])
        # Best paths from each step on that begin with each character, or with the gap before it.
        self._begins, self._gaps_from = begins[::-1, ::-1], gaps[::-1, ::-1]
        self.total = float(max(self._ends[-1, -1], self._gaps[-1, -1]))

    def edited(self, candidates: Classes) -> Edited:
        """Score all texts that are one edit away.

        Args:
            candidates: classes of the characters that can be inserted or replace others.
        """
        replaced, inserted = self._with_another(candidates)
        removed, swapped = self._removed(), self._swapped()
        total = np.float32(self.total)
        return Edited(replaced - total, inserted - total, removed - total, swapped - total)

    def _with_another(self, candidates: Classes) -> tuple[Scores, Scores]:
        size = len(self._text)
        # Two equal characters need a gap between them. The padding is for the edges of the text, where there is no
        # character.
        ends = np.pad(self._ends, ((0, 0), (1, 0)), constant_values=_NEVER)
        begins = np.pad(self._begins, ((0, 0), (0, 1)), constant_values=_NEVER)
        after_equal = _penalty(np.concatenate(([-1], self._text))[:, None] == candidates)
        before_equal = _penalty(np.concatenate((self._text, [-1]))[:, None] == candidates)
        inserted = np.full((size + 1, len(candidates)), _NEVER)
        replaced = inserted[1:].copy()
        here = inserted.copy()
        for step, emitted in enumerate(self._logs[:, candidates]):
            entering = np.maximum(self._gaps[step, :, None], ends[step, :, None] + after_equal)
            here = np.maximum(here, entering) + emitted
            leaving = np.maximum(self._gaps_from[step + 1, :, None], begins[step + 1, :, None] + before_equal)
            inserted = np.maximum(inserted, here + leaving)
            replaced = np.maximum(replaced, here[:-1] + leaving[1:])
        return replaced, inserted

    def _removed(self) -> Scores:
        text = self._text
        ends = np.pad(self._ends, ((0, 0), (1, 0)), constant_values=_NEVER)[:, :-1]
        begins = np.pad(self._begins, ((0, 0), (0, 1)), constant_values=_NEVER)[:, 1:]
        equal = _penalty(np.concatenate(([-1], text[:-1])) == np.concatenate((text[1:], [-2])))
        gaps, gaps_from = self._gaps[:, :-1], self._gaps_from[:, 1:]
        joined = np.maximum(np.maximum(gaps, ends) + gaps_from, np.maximum(gaps, ends + equal) + begins)
        return np.asarray(joined.max(axis=0))

    def _swapped(self) -> Scores:
        first, second = self._text[1:], self._text[:-1]
        ends = np.pad(self._ends, ((0, 0), (1, 0)), constant_values=_NEVER)[:, :-2]
        begins = np.pad(self._begins, ((0, 0), (0, 1)), constant_values=_NEVER)[:, 2:]
        after_equal = _penalty(np.concatenate(([-1], self._text))[:-2] == first)
        before_equal = _penalty(np.concatenate((self._text, [-1]))[2:] == second)
        between_equal = _penalty(first == second)
        one = gap = two = best = np.full(len(first), _NEVER)
        for step, logs in enumerate(self._logs):
            two = np.maximum(two, np.maximum(gap, one + between_equal)) + logs[second]
            gap = np.maximum(gap, one) + logs[0]
            entering = np.maximum(self._gaps[step, :-2], ends[step] + after_equal)
            one = np.maximum(one, entering) + logs[first]
            leaving = np.maximum(self._gaps_from[step + 1, 2:], begins[step + 1] + before_equal)
            best = np.maximum(best, two + leaving)
        return best


def _penalty(is_forbidden: NDArray[np.bool_]) -> Scores:
    return np.where(is_forbidden, _NEVER, np.float32(0))


def _paths(logs: Scores, text: Classes) -> tuple[Scores, Scores]:
    """Best paths of the first 0, 1, … steps that end in each character, and in the gap before each and at the end."""
    count, size = len(logs), len(text)
    ends = np.full((count + 1, size), _NEVER)
    gaps = np.full((count + 1, size + 1), _NEVER)
    gaps[0, 0] = 0
    equal = _penalty(text[1:] == text[:-1])
    emitted = logs[:, text]
    for step in range(count):
        before = ends[step]
        entering = gaps[step, :-1].copy()
        entering[1:] = np.maximum(entering[1:], before[:-1] + equal)
        ends[step + 1] = np.maximum(before, entering) + emitted[step]
        following = gaps[step].copy()
        following[1:] = np.maximum(following[1:], before)
        gaps[step + 1] = following + logs[step, 0]
    return ends, gaps
