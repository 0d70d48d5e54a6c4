"""Training of recognizer heads on the lines of one project.

Training starts from the model's own weights, so a few corrections suffice. Characters that the model does not have
become new classes. It runs with numpy on the CPU: fifty lines take seconds.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boxocr.learning.ctc import needed_steps, occupancies
from boxocr.reading.recognition.head import Array, Head

# These characters are kept even if no line has them, since a head can only read the characters that it has: ASCII and
# Latin-1, quotation marks, dashes, the ellipsis and the euro sign.
_USUAL = frozenset(
    character
    for first, last in (
        (0x20, 0x7E),
        (0xA1, 0xFF),
        (0x2013, 0x2014),
        (0x2018, 0x201F),
        (0x2026, 0x2026),
        (0x20AC, 0x20AC),
    )
    for character in map(chr, range(first, last + 1))
)

# Adam (Kingma and Ba 2015).
_FIRST_DECAY, _SECOND_DECAY, _EPSILON = 0.9, 0.999, 1e-8
_BATCH = 16

# Number of lines that are seen in a training, over all epochs; more gain nothing. There are at least this many epochs.
_ENOUGH_LINES, _LEAST_EPOCHS = 4_500, 5


@dataclass(frozen=True)
class Line:
    """A line to learn from.

    Attributes:
        features: of its pixels; as float16 they take half of the memory, and are as good.
        text: what an annotator submitted.
        page: its page. Lines of one page have something in common, so they are validated together.
        label: of its box.
        baseline: its text without anything learned.
    """

    features: NDArray[np.floating[Any]]
    text: str
    page: str
    label: str = ""
    baseline: str = ""


@dataclass(frozen=True)
class Recipe:
    """How a head is trained.

    Attributes:
        rate: Adam's learning rate.
        epochs: how often each line is seen, at most; see :meth:`epochs_for`.
        pull: strength of the pull towards the model's own weights.
        share: how far the result is from the model's own weights, as a share of the way to the trained ones.
    """

    rate: float = 2e-3
    epochs: int = 15
    pull: float = 1e-4
    share: float = 1.0

    def epochs_for(self, lines: int) -> int:
        """How often each of this many lines is seen.

        With 558 lines of Fraktur 8 epochs are as good as 15 (232 and 231 edits on 744 unseen lines, of 2,553 before),
        and 6 are nearly as good (238). With 375 lines of a handwriting 12 are as good as 15 (3,439 and 3,441 edits of
        6,450).
        """
        return min(self.epochs, max(_LEAST_EPOCHS, math.ceil(_ENOUGH_LINES / lines)))


# CAREFUL and MILD change less. CAREFUL helps with handwriting, of which it makes fewer lines wrong than USUAL; MILD
# helps if most lines are read well already.
USUAL, CAREFUL, MILD = Recipe(), Recipe(rate=1e-3, share=0.85), Recipe(rate=5e-4, epochs=12, share=0.75)


def start(base: Head, texts: Iterable[str]) -> Head:
    """The model's own layer, reduced to the characters of some texts and the usual ones.

    Args:
        base: the model's own layer, with all of its characters.
        texts: their characters are kept or added.
    """
    place_of = {character: place for place, character in enumerate(base.characters, start=1)}
    wanted = sorted({*"".join(texts), *_USUAL} - {"\n"})
    known = [character for character in wanted if character in place_of]
    columns = [0, *(place_of[character] for character in known)]
    weights, bias = base.weights[:, columns], base.bias[columns]
    new = [character for character in wanted if character not in place_of]
    if new:
        # A new class is as likely as the average character, until lines show when it occurs.
        usual = weights[:, 1:].mean(axis=1, keepdims=True)
        weights = np.concatenate([weights, np.repeat(usual, len(new), axis=1)], axis=1)
        bias = np.concatenate([bias, np.full(len(new), bias[1:].mean(), bias.dtype)])
    return Head((*known, *new), np.ascontiguousarray(weights, np.float32), bias.astype(np.float32), base.model)


def train(base: Head, lines: Sequence[Line], recipe: Recipe = USUAL) -> Head:
    """A head that reads the lines better than its base; equal runs give equal heads.

    Args:
        base: the start, with all characters of the lines; see :func:`start`.
        lines: with text. Lines with too few steps for their text are left out.
        recipe: how it is trained.
    """
    place_of = {character: place for place, character in enumerate(base.characters, start=1)}
    texts = [[place_of[character] for character in line.text] for line in lines]
    usable = [
        (line.features, text)
        for line, text in zip(lines, texts, strict=True)
        if text and needed_steps(text) <= len(line.features)
    ]
    if not usable:
        return base
    # A batch has lines of about the same length: padding costs as much time as text.
    usable.sort(key=lambda one: len(one[0]))
    batches = [usable[place : place + _BATCH] for place in range(0, len(usable), _BATCH)]
    step = _Adam(base, recipe)
    order = np.random.default_rng(0)
    for _ in range(recipe.epochs_for(len(usable))):
        for place in order.permutation(len(batches)):
            step.take(_Batch.of(batches[place]))
    trained = step.head
    return replace(
        base,
        weights=base.weights + recipe.share * (trained.weights - base.weights),
        bias=base.bias + recipe.share * (trained.bias - base.bias),
    )


@dataclass(frozen=True)
class _Batch:
    features: Array
    steps: Sequence[int]
    texts: Sequence[Sequence[int]]

    @classmethod
    def of(cls, lines: Sequence[tuple[NDArray[np.floating[Any]], Sequence[int]]]) -> "_Batch":
        steps = [len(features) for features, _ in lines]
        padded = np.zeros((len(lines), max(steps), lines[0][0].shape[1]), np.float32)
        for row, (features, _) in zip(padded, lines, strict=True):
            row[: len(features)] = features
        return cls(padded, steps, [text for _, text in lines])


class _Adam:
    """A head in training."""

    def __init__(self, base: Head, recipe: Recipe) -> None:
        self.head = base
        self._base = base
        self._recipe = recipe
        self._steps = 0
        self._first = [np.zeros_like(base.weights), np.zeros_like(base.bias)]
        self._second = [np.zeros_like(base.weights), np.zeros_like(base.bias)]

    def take(self, batch: _Batch) -> None:
        probabilities = self.head.probabilities(batch.features)
        error = probabilities
        error -= occupancies(probabilities, batch.steps, batch.texts)
        error *= (np.arange(error.shape[1])[None] < np.asarray(batch.steps)[:, None])[..., None]
        error /= len(batch.steps)
        flat = error.reshape(-1, error.shape[2])
        gradients = [batch.features.reshape(len(flat), -1).T @ flat, flat.sum(axis=0)]
        self._steps += 1
        moved = []
        for index, (value, origin, gradient) in enumerate(
            zip(
                (self.head.weights, self.head.bias),
                (self._base.weights, self._base.bias),
                gradients,
                strict=True,
            )
        ):
            pulled = gradient + self._recipe.pull * (value - origin)
            first, second = self._first[index], self._second[index]
            first += (1 - _FIRST_DECAY) * (pulled - first)
            second += (1 - _SECOND_DECAY) * (pulled * pulled - second)
            rate = self._recipe.rate * np.sqrt(1 - _SECOND_DECAY**self._steps) / (1 - _FIRST_DECAY**self._steps)
            moved.append(value - rate * first / (np.sqrt(second) + _EPSILON))
        self.head = replace(self.head, weights=moved[0], bias=moved[1])
