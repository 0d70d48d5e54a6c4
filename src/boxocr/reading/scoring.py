"""The probability that a text needs no correction, from the confidences of the engines.

Engines are too sure of themselves: Tesseract's mean confidence is .95 for lines of which it misreads a third, and of
boxes between .88 and .95 two in five were right. Better signs are the weakest character, whether two engines agree, and
the length of the text.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from boxocr.reading.agreement import restored
from boxocr.reading.recognition import RecognizedLine
from boxocr.reading.text import folded
from boxocr.reading.whole_page import Piece, enclosing

# Logistic regressions: a constant, and the weights of the log-odds of the weakest character, the log-odds of the mean
# and the logarithm of the number of characters; where another engine read the line too, also of the share of the text
# that it has as well, and of whether both texts are the same.
# Fitted to 1,038 lines of 63 boxes and 24 pages of real documents, those of one hand weighted by .4. When fitted to the
# lines of half of the documents, the expected calibration error was .046 on the others, and 88 % of the wrong ones were
# among the least likely 35 %.
_TESSERACT_ALONE = (-0.26, 1.01, -0.03, 0.17)
_TESSERACT_COMPARED = (-2.44, 0.19, 0.17, -0.54, 3.35, 3.92)
_ALONE = {
    "tesseract": _TESSERACT_ALONE,
    "pytesseract": _TESSERACT_ALONE,
    "ppocr": (-1.2, -0.19, 1.55, -1.14),
}
_COMPARED = {
    "tesseract": _TESSERACT_COMPARED,
    "pytesseract": _TESSERACT_COMPARED,
    "ppocr": (-0.78, -0.23, 1.32, -1.19, 0.18, 1.72),
}

# Where one engine sees text and the other none, the probability is lower by this factor.
_ONLY_ONE = 0.5

# A text of which engines are less sure on average is not text but a picture or dirt; a long one is a line of bad print
# or of vocalized Hebrew, of which a page lost four of seven lines. Its length is in characters.
_LEAST_MEAN = 0.4
_LONG, _LEAST_MEAN_OF_LONG = 40, 0.3

# Texts more alike than this differ in a character or two.
_SAME = 0.85
# Log-odds are taken of confidences between these.
_LEAST, _MOST = 0.01, 0.999

# The factor for a box with lines that have ink and no text. On 644 boxes of 54 pages the expected calibration error is
# .032; with .4, and without _TOGETHER, it was .050.
INCOMPLETE = 0.6

# Added to the log-odds of the product of the probabilities of a box's lines, times the logarithm of their number: they
# are mostly right or wrong together.
_TOGETHER = 0.4

# Words less likely than this to be right are doubtful.
DOUBTFUL = 0.6

# Readings with at least this score are shown as right: of 49 such boxes of real documents, one needed a correction.
ACCEPTED = 0.9


@dataclass(frozen=True, slots=True)
class Scored:
    """A line as it was recognized.

    Attributes:
        line: the reading.
        probability: that it is right, 0 to 1.
        words: those of the reading; each one's confidence is the probability that it is right.
        other: the reading of the other engine that was asked.
    """

    line: RecognizedLine
    probability: float
    words: tuple[Piece, ...]
    other: RecognizedLine | None = None

    @property
    def is_text(self) -> bool:
        """Whether there is text at all, of which an engine is not wholly unsure."""
        if not self.words:
            return False
        mean = max(self.line.mean, self.other.mean if self.other else 0.0)
        return mean >= (_LEAST_MEAN_OF_LONG if len(self.line.text) >= _LONG else _LEAST_MEAN)


def scored(line: RecognizedLine, other: RecognizedLine | None = None) -> Scored:
    """Score a line that one engine recognized, and perhaps another one too."""
    if not line.words:
        return Scored(line, 0.0, ())
    probability = _probability(line.engine, line.weakest, line.mean, line.text, other.text if other else None)
    if line.has_unread:
        probability *= INCOMPLETE
    there = set(other.text.split()) if other else set()
    words = []
    for word in line.words:
        others = word.text if word.text in there else "" if other else None
        own = _probability(line.engine, word.confidence, word.confidence, word.text, others)
        words.append(replace(word, confidence=max(probability, own)))
    return Scored(line, probability, tuple(words), other)


def better(first: RecognizedLine, second: RecognizedLine, missing: frozenset[str]) -> Scored:
    """Choose between two engines' readings of a line; the second engine does not know the characters ``missing``."""
    if similarity(first.text, second.text) >= _SAME:
        second = replace(second, words=restored(second.words, first.words))
    if not first.words or not second.words:
        line, empty = (first, second) if first.words else (second, first)
        only = scored(line)
        return replace(only, probability=only.probability * _ONLY_ONE, other=empty)
    # A lone bracket is often read with certainty where there is a line of handwriting.
    longest = max(len(first.text), len(second.text))
    one, other = (
        replace(one, probability=one.probability * min(1.0, 2 * len(one.line.text) / longest))
        for one in (scored(first, second), scored(second, first))
    )
    if missing & set(first.text) and similarity(first.text, second.text) >= _SAME:
        return one
    return max(one, other, key=lambda one: one.probability)


def all_right(lines: Sequence[float], *, is_complete: bool) -> float:
    """The probability that a box is right, from those of its lines.

    Args:
        lines: the probabilities; none for a box without text.
        is_complete: whether all lines with ink have text.
    """
    if not lines:
        return 0.0
    whole = math.prod(lines) * (1.0 if is_complete else INCOMPLETE)
    return _logistic(_log_odds(whole) + _TOGETHER * math.log(len(lines)))


def joined(parts: Sequence[Scored], column: float) -> Scored:
    """One line made of two parts without a space between them; the second one's image begins at a column."""
    first, second = parts
    moved = tuple(replace(word, x=word.x + column) for word in second.words)
    *before, last = first.words
    whole = enclosing([last, *moved], joint="")
    word = replace(whole, confidence=min(last.confidence, *(word.confidence for word in moved)))
    words = (*before, word)
    mean = min(first.line.mean, second.line.mean)
    engine = first.line.engine
    return Scored(RecognizedLine(words, mean, engine), first.probability * second.probability, words)


def _probability(engine: str, weakest: float, mean: float, text: str, other: str | None) -> float:
    """The probability that a text is right, which another engine read as ``other``; None where none read it."""
    weights = _ALONE.get(engine) if other is None else _COMPARED.get(engine)
    if weights is None:
        return mean
    features = [1.0, _log_odds(weakest), _log_odds(mean), math.log(max(len(text), 1))]
    if other is not None:
        similar = similarity(text, other)
        features += [similar, similar == 1]
    return _logistic(sum(weight * feature for weight, feature in zip(weights, features, strict=True)))


def doubtful(words: Iterable[Piece]) -> tuple[str, ...]:
    """The texts of the words that are likely to be wrong."""
    return tuple(word.text for word in words if word.confidence < DOUBTFUL)


def similarity(one: str, other: str) -> float:
    """How alike two texts are, 0 to 1, quotes, dashes and spaces aside."""
    first, second = folded(one), folded(other)
    return 1.0 if first == second else SequenceMatcher(None, first, second, autojunk=False).ratio()


def _log_odds(share: float) -> float:
    share = min(max(share, _LEAST), _MOST)
    return math.log(share / (1 - share))


def _logistic(odds: float) -> float:
    return 1 / (1 + math.exp(-odds))
