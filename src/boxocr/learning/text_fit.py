"""How well a submitted text fits the image of its box, as a recognizer sees it. No I/O."""

from collections.abc import Iterator, Sequence
from unicodedata import bidirectional

import numpy as np

from boxocr.learning.alignment import Edit
from boxocr.learning.evidence import Better, TextFit
from boxocr.learning.likelihood import Alignment, Scores
from boxocr.reading.text import folded
from boxocr.reading.types import LineProbabilities, Reading

# Recognizers give wrong characters a probability of e-20 or less, but are wrong more often than that.
_LEAST_LOG = -9.0

# Probability of a character that the recognizer does not know, at steps where it sees some character.
_UNKNOWN = 0.1

# Candidates that are less likely than this at every step are not scored.
_LEAST_PEAK = 0.02

# Most steps times characters of a text that is compared, some four lines of print: time and memory grow with them.
_MOST_CELLS = 300_000

# This many of the best edits of a text are kept, if their gains are at least the second number.
_MOST_BETTER = 12
_LEAST_GAIN = 0.5


def fit_of_readings(text: str, readings: Sequence[Reading]) -> TextFit | None:
    """The fit of a submitted text to its box; None if an engine reads the text, or none gives probabilities.

    Args:
        text: as submitted.
        readings: of the box, made with this text as the expected one.
    """
    if any(folded(text) == folded(reading.text) for reading in readings):
        return None
    return text_fit(text, next((reading.lines for reading in readings if reading.lines), ()))


def text_fit(text: str, lines: Sequence[LineProbabilities]) -> TextFit | None:
    """The fit of a text to its box; None without lines, and for texts that are long or written from right to left.

    Args:
        text: as submitted.
        lines: the probabilities of each line in the box, in reading order.
    """
    # Spaces belong to the gaps between characters; a ligature is two characters in one place.
    characters = [(character, place) for place, one in enumerate(text) for character in folded(one)]
    if not characters or not lines or any(bidirectional(one) in ("R", "AL") for one in text):
        return None
    if len(characters) * sum(len(line.steps) for line in lines) > _MOST_CELLS:
        return None
    # A box for one line can touch the lines above and below.
    possible = [_joined(lines), *(lines if "\n" not in text and len(lines) > 1 else ())]
    aligned = [_Aligned(characters, line) for line in possible]
    return min(aligned, key=lambda one: one.surprise).fit(text)


def _joined(lines: Sequence[LineProbabilities]) -> LineProbabilities:
    """Several lines as one, one after the other."""
    if len(lines) == 1:
        return lines[0]
    characters = tuple(sorted({character for line in lines for character in line.characters}))
    class_of = {character: place for place, character in enumerate(characters, start=1)}
    steps = np.zeros((sum(len(line.steps) for line in lines), 1 + len(characters)), np.float16)
    first = 0
    for line in lines:
        last = first + len(line.steps)
        steps[first:last, [0, *(class_of[character] for character in line.characters)]] = line.steps
        first = last
    return LineProbabilities(characters, steps)


class _Aligned:
    """A text along a line."""

    def __init__(self, characters: Sequence[tuple[str, int]], line: LineProbabilities) -> None:
        self._characters = characters
        self._line = line
        class_of = {character: place for place, character in enumerate(line.characters, start=1)}
        steps = line.steps.astype(np.float32)
        unknown = _UNKNOWN * (1 - steps[:, :1])
        logs: Scores = np.maximum(np.log(np.maximum(np.hstack([steps, unknown]), 1e-6)), _LEAST_LOG).astype(np.float32)
        text = np.array([class_of.get(character, logs.shape[1] - 1) for character, _ in characters])
        self._peaks = steps.max(axis=0)
        self._alignment = Alignment(logs, text)
        free = float(logs[:, :-1].max(axis=1).sum())
        self.surprise = (free - self._alignment.total) / len(characters)

    def fit(self, text: str) -> TextFit:
        if self._alignment.total < -len(text) * 1e6:
            return TextFit(float("inf"), ())
        likely = [
            place
            for place, character in enumerate(self._line.characters, start=1)
            if character.isalnum() and self._peaks[place] >= _LEAST_PEAK
        ]
        found = sorted(self._better(text, likely), key=lambda one: -one.gain)
        return TextFit(self.surprise, tuple(found[:_MOST_BETTER]))

    def _better(self, text: str, candidates: Sequence[int]) -> Iterator[Better]:
        """The edits after which the text fits better."""
        edited = self._alignment.edited(np.array(candidates, np.intp))
        names = [self._line.characters[candidate - 1] for candidate in candidates]
        places = [place for _, place in self._characters]
        for at, candidate in np.argwhere(edited.replaced > _LEAST_GAIN):
            edit = Edit(places[at], text[places[at]], names[candidate])
            yield Better(edit, float(edited.replaced[at, candidate]))
        for at, candidate in np.argwhere(edited.inserted > _LEAST_GAIN):
            place = places[at] if at < len(places) else len(text)
            yield Better(Edit(place, "", names[candidate]), float(edited.inserted[at, candidate]))
        for (at,) in np.argwhere(edited.removed > _LEAST_GAIN):
            yield Better(Edit(places[at], text[places[at]], ""), float(edited.removed[at]))
        for (at,) in np.argwhere(edited.swapped > _LEAST_GAIN):
            pair = text[places[at] : places[at] + 2]
            if places[at + 1] == places[at] + 1:
                yield Better(Edit(places[at], pair, pair[::-1]), float(edited.swapped[at]))
