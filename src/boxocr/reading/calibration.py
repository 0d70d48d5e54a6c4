"""The probability that a line or a word needs no correction: logistic regressions, fitted to real documents.

Engines are overconfident: where Tesseract's mean confidence is .95, it misreads a third of the lines, and of boxes
between .88 and .95 only two in five were right. Better predictors are the weakest character, whether two engines agree,
the length of the text, and whether its words are in Tesseract's word list. Of 700 lines in Fraktur 40 % were right:
73 % of those whose words are all in the list, and 33 % of the others.
"""

import math
from collections.abc import Sequence
from difflib import SequenceMatcher

from boxocr.reading.recognition import RecognizedLine
from boxocr.reading.text import folded
from boxocr.reading.whole_page import Piece

# The weights of these features: 1, the log-odds of the weakest character and of the mean, and the logarithm of the
# number of characters. If another engine read the line too: how similar the two texts are, and whether they are the
# same. If there is a word list (only Tesseract has one): the logarithm of 1 + the words of either reading that it
# lacks, the logarithm of 1 + the listed words that only the other reading has, and the share of letters in words that
# it lacks. Fitted as ``python -m bench.calibration`` does to 3,699 lines of 540 documents: forms, receipts, letters,
# typescripts, handwriting, and print since 1470. Modern documents have four fifths of the weight, or nine tenths where
# two engines are compared. Fitted to four fifths of the documents, the expected calibration error on the others is .02
# to .03 for modern ones, .08 for Fraktur, and .11 to .13 for other old print. With weights fitted to modern documents
# and without word lists it was .07, .24 and .31.
_LINES = {
    # Engine, whether another engine read the line too, whether there is a word list.
    ("tesseract", False, False): (-1.88, 0.49, 1.15, -0.16),
    ("tesseract", False, True): (-1.58, 0.35, 1.41, -0.21, -1.62, 0.0, 1.66),
    ("tesseract", True, False): (-4.46, 0.15, 0.83, -0.77, 4.96, 2.58),
    ("tesseract", True, True): (-4.11, 0.09, 0.91, -0.73, 4.88, 2.58, -1.27, 0.0, 0.75),
    ("ppocr", False, False): (-1.09, 0.07, 1.04, -0.82),
    ("ppocr", True, False): (-1.08, 0.02, 0.85, -0.96, 0.9, 1.45),
    ("ppocr", True, True): (-1.02, 0.0, 0.8, -0.62, 1.06, 0.93, -1.22, -0.91, 0.21),
}

# The weights of these features: 1, the log-odds of the word's weakest character and of the line's mean, the logarithm
# of the word's length, whether the word list has the word, and whether it lacks the word (both 0 without a list). If
# another engine read the line too: whether its reading has the word. Fitted to the 24,000 words of the same lines; the
# error on documents left out is .02 to .03.
_WORDS = {
    ("tesseract", False): (-2.59, 0.81, 0.93, 0.55, 1.1, -0.93),
    ("tesseract", True): (-3.19, 0.48, 0.69, 0.73, 0.68, -1.36, 2.97),
    ("ppocr", False): (-1.07, 0.44, 0.43, -0.19, 0.0, 0.0),
    ("ppocr", True): (-1.45, 0.29, 0.33, -0.08, 1.4, -1.02, 1.34),
}

# Confidences are limited to this range, so that their log-odds are finite.
_LEAST, _MOST = 0.01, 0.999


def of_line(line: RecognizedLine, other: RecognizedLine | None = None) -> float:
    """The probability that the text of a line is right; ``other`` is another engine's reading of it."""
    key, features = line_features(line, other)
    return _probability(_LINES[key], features) if key in _LINES else line.mean


def of_word(word: Piece, line: RecognizedLine, other: RecognizedLine | None = None) -> float:
    """The probability that a word of a line is right; ``other`` is another engine's reading of the line."""
    key, features = word_features(word, line, other)
    return _probability(_WORDS[key], features) if key in _WORDS else word.confidence


def line_features(line: RecognizedLine, other: RecognizedLine | None) -> tuple[tuple[str, bool, bool], list[float]]:
    """The key of a line's weights in ``_LINES``, and its features."""
    listed = [word for one in (line, other) if one for word in one.words if word.is_known is not None]
    features = [1.0, log_odds(line.weakest), log_odds(line.mean), math.log(max(len(line.text), 1))]
    if other is not None:
        similar = similarity(line.text, other.text)
        features += [similar, float(similar == 1)]
    if listed:
        unknown = [word for word in listed if not word.is_known]
        otherwise = {word.text for word in listed if word.is_known} - {word.text for word in line.words}
        features += [math.log1p(len(unknown)), math.log1p(len(otherwise)), _letters(unknown) / _letters(listed)]
    return (_kind(line.engine), other is not None, bool(listed)), features


def word_features(
    word: Piece, line: RecognizedLine, other: RecognizedLine | None
) -> tuple[tuple[str, bool], list[float]]:
    """The key of a word's weights in ``_WORDS``, and its features."""
    same = [one for one in other.words if one.text == word.text] if other else []
    known = [one.is_known for one in (word, *same) if one.is_known is not None]
    features = [1.0, log_odds(word.confidence), log_odds(line.mean), math.log(max(len(word.text), 1))]
    features += [float(any(known)), float(not all(known))]
    if other is not None:
        features.append(float(bool(same)))
    return (_kind(line.engine), other is not None), features


def similarity(one: str, other: str) -> float:
    """How alike two texts are, 0 to 1, apart from quotes, dashes and spaces."""
    first, second = folded(one), folded(other)
    return 1.0 if first == second else SequenceMatcher(None, first, second, autojunk=False).ratio()


def log_odds(share: float) -> float:
    """The log-odds of a probability, which is kept away from 0 and 1."""
    share = min(max(share, _LEAST), _MOST)
    return math.log(share / (1 - share))


def logistic(odds: float) -> float:
    """The probability with these log-odds."""
    return 1 / (1 + math.exp(-odds))


def _probability(weights: Sequence[float], features: Sequence[float]) -> float:
    return logistic(sum(weight * feature for weight, feature in zip(weights, features, strict=True)))


def _kind(engine: str) -> str:
    """The engine whose weights apply: the Tesseract program recognizes text as the library does."""
    return "tesseract" if engine == "pytesseract" else engine


def _letters(words: Sequence[Piece]) -> int:
    return sum(len(word.text) for word in words)
