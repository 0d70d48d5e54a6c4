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
    labels = np.zeros((2 * count, states), np.int64)
    emitted = np.zeros((longest, 2 * count, states), np.float32)
    for row, (length, text) in enumerate(zip(steps, texts, strict=True)):
        used = 2 * len(text) + 1
        labels[row, 1:used:2] = text
        labels[count + row, 1:used:2] = text[::-1]
        own = probabilities[row, :length].take(labels[row, :used], axis=1)
        emitted[:length, row, :used] = own
        emitted[:length, count + row, :used] = own[::-1, ::-1]
    reached = _reached(emitted, labels)
    joint = np.zeros((count, longest, states), np.float32)
    for row, (length, text) in enumerate(zip(steps, texts, strict=True)):
        used = 2 * len(text) + 1
        forward = reached[:length, row, :used] * emitted[:length, row, :used]
        backward = reached[:length, count + row, :used][::-1, ::-1]
        np.multiply(forward, backward, out=joint[row, :length, :used])
    joint /= np.maximum(joint.sum(axis=2, keepdims=True), _TINY)
    characters = labels[:count, None, 1::2]
    places = (np.arange(count * longest) * classes).reshape(count, longest, 1) + characters
    weights = joint[:, :, 1::2].ravel()
    found = np.bincount(places.ravel(), weights=weights, minlength=count * longest * classes)
    occupied: NDArray[np.float32] = found.astype(np.float32).reshape(count, longest, classes)
    occupied[:, :, 0] += joint[:, :, ::2].sum(axis=2)
    return occupied


def _reached(emitted: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.float32]:
    """Probability of each state at each step, given the steps before it; ``(steps, lines, states)``.

    The backward pass is the forward pass with everything in reverse order, so one loop does both.

    Args:
        emitted: probability of each state's class at each step, ``(steps, lines, states)``.
        labels: class of each state, ``(lines, states)``.
    """
    longest, count, states = emitted.shape
    # The step without a character between two different characters can be skipped.
    skips = np.zeros((count, states), np.float32)
    skips[:, 2:] = (labels[:, 2:] != 0) & (labels[:, 2:] != labels[:, :-2])
    reached = np.zeros_like(emitted)
    reached[0, :, :2] = 1
    # Two more columns stand before the first state.
    here = np.zeros((count, 2 + states), np.float32)
    skipped = np.empty_like(skips)
    for step in range(longest):
        if step:
            np.add(here[:, 2:], here[:, 1:-1], out=reached[step])
            reached[step] += np.multiply(skips, here[:, :-2], out=skipped)
        np.multiply(reached[step], emitted[step], out=here[:, 2:])
        # Scaled, because they would become too small for a float.
        here /= np.maximum(here.sum(axis=1, keepdims=True), _TINY)
    return reached
