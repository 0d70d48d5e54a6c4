"""How sure an engine is of a whole text, from how sure it is of each word."""

from collections.abc import Sequence


def mean_confidence(words: Sequence[str], percents: Sequence[float]) -> float:
    """Return the mean of the words' confidences (each 0 to 100) as 0 to 1, a word counting as much as it is long."""
    weights = [len(word.strip()) for word in words]
    total = sum(weights)
    if not total:
        return 0.0
    return sum(weight * max(percent, 0) for weight, percent in zip(weights, percents, strict=True)) / total / 100
