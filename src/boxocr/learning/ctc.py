"""Connectionist temporal classification: which steps along a line belong to which character of its text.

Graves et al., "Connectionist Temporal Classification", 2006: the forward-backward algorithm, here for many lines at
once, with probabilities that are scaled at each step.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

_TINY = 1e-30


def needed_steps(text: Sequence[int]) -> int:
    """The least number of steps that a text needs: one for each character, one more between two equal ones."""
    return len(text) + sum(one == other for one, other in pairwise(text))


def occupancies(
    probabilities: NDArray[np.float32], steps: Sequence[int], texts: Sequence[Sequence[int]]
) -> NDArray[np.float32]:
    """How likely each step of each line belongs to each class, given the line's text.

    The gradient of the loss with respect to the logits is ``probabilities`` minus these.

    Args:
        probabilities: ``(lines, steps, classes)`` of the softmax; class 0 means no character.
        steps: of each line; the rest of ``probabilities`` is padding.
        texts: of each line, as classes; at least :func:`needed_steps` steps long, not empty.

    Returns:
        ``(lines, steps, classes)``; each step of a line sums to 1, padding is 0.
    """
    count, longest, classes = probabilities.shape
    states = 2 * max(map(len, texts)) + 1
    labels = np.zeros((count, states), np.int64)
    last = np.zeros((count, states), np.float32)
    for row, text in enumerate(texts):
        labels[row, 1 : 2 * len(text) : 2] = text
        last[row, 2 * len(text) - 1 : 2 * len(text) + 1] = 1
    # Between two different characters there can be no step without a character.
    skips = np.zeros((count, states), np.float32)
    skips[:, 2:] = (labels[:, 2:] != 0) & (labels[:, 2:] != labels[:, :-2])

    emitted = np.take_along_axis(probabilities, np.broadcast_to(labels[:, None], (count, longest, states)), axis=2)
    forward = _forward(emitted, skips)
    # From the end of each line, with everything in reverse order.
    ends = np.asarray(steps) - 1
    backward = np.zeros_like(forward)
    here = np.zeros((count, states), np.float32)
    for step in range(longest - 1, -1, -1):
        ending = ends == step
        follow = here * emitted[:, step + 1] if step + 1 < longest else here
        here = follow.copy()
        here[:, :-1] += follow[:, 1:]
        here[:, :-2] += (skips * follow)[:, 2:]
        here /= np.maximum(here.sum(axis=1, keepdims=True), _TINY)
        here[ending] = last[ending]
        backward[:, step] = here

    joint = forward * backward
    joint /= np.maximum(joint.sum(axis=2, keepdims=True), _TINY)
    joint *= (np.arange(longest)[None] <= ends[:, None])[..., None]
    places = (np.arange(count * longest) * classes).reshape(count, longest, 1) + labels[:, None]
    found = np.bincount(places.ravel(), weights=joint.ravel(), minlength=count * longest * classes)
    return found.reshape(count, longest, classes).astype(np.float32)


def _forward(emitted: NDArray[np.float32], skips: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probability of each state at each step, given the steps up to it; scaled to sum to 1."""
    count, longest, states = emitted.shape
    forward = np.zeros((count, longest, states), np.float32)
    here = np.zeros((count, states), np.float32)
    here[:, :2] = emitted[:, 0, :2]
    for step in range(longest):
        if step:
            before = here
            here = before.copy()
            here[:, 1:] += before[:, :-1]
            here[:, 2:] += skips[:, 2:] * before[:, :-2]
            here *= emitted[:, step]
        here /= np.maximum(here.sum(axis=1, keepdims=True), _TINY)
        forward[:, step] = here
    return forward
