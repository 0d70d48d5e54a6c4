"""From a recognizer's output to the probabilities of a line's characters."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from boxocr.reading.text import folded
from boxocr.reading.types import LineProbabilities

# Characters that are less likely than this at every step are left out, unless the text has them.
_LEAST_PEAK = 0.01


def of_steps(steps: NDArray[np.float32], known: Sequence[str], text: str) -> LineProbabilities:
    """The probabilities of the characters of a text and of all likely ones.

    Args:
        steps: ``(steps, classes)``.
        known: the character of each class; the first is empty.
        text: its characters are kept even if they are unlikely.
    """
    wanted = set(folded(text))
    likely = set(np.flatnonzero(steps.max(axis=0) >= _LEAST_PEAK).tolist())
    places: defaultdict[str, list[int]] = defaultdict(list)
    for place, character in enumerate(known):
        if place in likely or character in wanted:
            plain = folded(character)
            if len(plain) <= 1:
                places[plain].append(place)
    gaps = sorted({0, *places.pop("", [])})
    characters = tuple(sorted(places))
    columns = [steps[:, gaps].sum(axis=1), *(steps[:, places[one]].sum(axis=1) for one in characters)]
    return LineProbabilities(characters, np.stack(columns, axis=1).astype(np.float16))
