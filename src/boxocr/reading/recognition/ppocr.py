"""PP-OCR's recognition models.

Their input is ``(n, 3, 48, width)``, blue before green before red, scaled to -1 to 1. Their output is the probability
of each character at each step along the line; the first class means no character (CTC, Graves 2006).
"""

import itertools
import logging
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from boxocr.errors import LanguageMissing
from boxocr.reading import line_image, prepare
from boxocr.reading.line_image import runs_of
from boxocr.reading.model_languages import have_ideographs
from boxocr.reading.ppocr_models import RecognitionModel, of_languages
from boxocr.reading.recognition import RecognizedLine, low_quotes
from boxocr.reading.recognition.head import HEAD_ERRORS, Features, Head, load_head
from boxocr.reading.recognition.low_quotes import LOW_QUOTE
from boxocr.reading.recognition.probabilities import of_steps
from boxocr.reading.recognition.trunk import Trunk
from boxocr.reading.right_to_left import in_reading_order
from boxocr.reading.text import is_unspaced
from boxocr.reading.types import Pixels, ReadingOptions
from boxocr.reading.whole_page import Piece

logger = logging.getLogger(__name__)

_HEIGHT = 48

# The longest line that is read, in multiples of its height: memory grows with it.
_LONGEST = 120

# The lines of a batch are padded to the widest, so they are sorted by width. A batch holds at most this many squares of
# 48 by 48 pixels. On one thread a line takes 19 ms alone, 20 in a batch of 60, and 22 in one of 160, which needs 70 MB
# more.
_BATCH = 60

# The widest line of a batch is at most this much wider than the narrowest: the padding of the narrow ones costs time.
_SPREAD = 1.25

# A gap this wide, in line heights, is a space where the model gives none, if it is also this many times wider than the
# usual gap between letters.
_SPACE = 0.35
_WIDER = 3.0

# A character between these shares of a gap's width is in the gap: it is faint, or a dot without ink. On 42 pages,
# characters next to a gap reached at most .28 into it.
_INSIDE = (0.3, 0.8)

# A piece of ink at least this wide and high, in line heights, is a sign that the text lacks if no character is as near
# to it as the third number. In 372 printed lines of real documents there was no such piece; the frame that a font has
# in place of a lira sign is one.
_SIGN_WIDTH, _SIGN_HEIGHT, _SIGN_NEAR = 0.12, 0.3, 0.25

# The gap between two words is at most this far from where the model says, in line heights.
_NEAR = 0.35

# A single Chinese or Japanese character is a misread sign if the text has at least this many letters and digits: a lira
# sign next to a price was read as a kana with a score of .93.
_STRAY = 3

# Characters that these languages use and that a model can lack. Quotes: CLDR's delimiters.
_SPECIAL = {
    "\u201e\u201a": "deu ces slk pol hun hrv bos slv ron lit est lav isl ltz srp_latn sqi",
    "\u00a1\u00bf": "spa spa_old glg cat",
    "\u2039\u203a": "fra deu",
    "\u1e9e": "deu",
}


# A character this near to the ink of a low quote, in line heights, is read from it. The quote is as sure as the second
# number.
_QUOTE_NEAR, _QUOTE_PROBABILITY = 0.12, 0.95


@dataclass(frozen=True, slots=True)
class _Character:
    """A character, how likely it is, and the column of the line image that it is at."""

    text: str
    probability: float
    place: float


class PPOCR:
    """Recognizes each line with the first model that reads all of its languages.

    Args:
        models: at least one, the preferred ones first.
        threads: how many one recognition may use.
    """

    name = "ppocr"

    def __init__(self, models: Sequence[RecognitionModel], threads: int) -> None:
        self.version = ", ".join(model.version for model in models)
        self._models = models
        # Loaded when first needed: each takes as much memory as its model.
        self._trunk = cache(lambda model: Trunk(model.file, model.characters, threads))

    def languages(self) -> Sequence[str]:
        """Return the codes of the languages that one of the models reads."""
        return sorted({code for model in self._models for code in model.languages})

    def supports(self, options: ReadingOptions) -> bool:
        """Say whether the model of these languages can read with these options."""
        model = of_languages(self._models, options.languages)
        return model.reads(options.languages) and model.known.issuperset(options.charset.replace(" ", ""))

    def missing(self, languages: str) -> frozenset[str]:
        """Return the characters of some languages that their model does not know."""
        codes = set(languages.split("+"))
        wanted = {char for chars, used in _SPECIAL.items() if codes & set(used.split()) for char in chars}
        return frozenset(wanted - of_languages(self._models, languages).known)

    def accepts_head(self, options: ReadingOptions) -> bool:
        """Say whether the head in the options is there and belongs to the model of their languages."""
        if not self.supports(replace(options, charset="")):
            return False
        return self._head(options, of_languages(self._models, options.languages)) is not None

    def _head(self, options: ReadingOptions, model: RecognitionModel) -> Head | None:
        if not options.head:
            return None
        try:
            head = load_head(options.head)
        except HEAD_ERRORS as error:
            logger.warning("The recognizer head %s is not used: %s", Path(options.head).name, type(error).__name__)
            return None
        if head.model != self._trunk(model).model:
            logger.warning("The recognizer head %s belongs to another model.", Path(options.head).name)
            return None
        return head

    def recognize(self, images: Sequence[Pixels], options: ReadingOptions) -> list[RecognizedLine]:
        """Recognize lines; see :class:`~boxocr.reading.recognition.LineRecognizer`.

        Raises:
            LanguageMissing: when no model reads all of the languages.
        """
        model = of_languages(self._models, options.languages)
        if not model.reads(options.languages):
            missing = [code for code in options.languages.split("+") if code not in model.languages]
            raise LanguageMissing(
                f"PP-OCR does not read {', '.join(missing)}.", 'Use model_engine="tesseract" for this language.'
            )
        found: dict[int, RecognizedLine] = {}
        head = self._head(options, model)
        for batch in _batches(images):
            found |= zip(batch, self._lines([images[at] for at in batch], options, model, head), strict=True)
        return [found[at] for at in range(len(images))]

    def _lines(
        self, images: Sequence[Pixels], options: ReadingOptions, model: RecognitionModel, head: Head | None
    ) -> list[RecognizedLine]:
        """Recognize some lines at once."""
        blob = _blob(images)
        steps: NDArray[np.float32]
        if head is None:
            steps = model.session.run(None, {model.session.get_inputs()[0].name: blob})[0]
        else:
            steps = head.probabilities(self._trunk(model).run(blob))
        known = ("", *(head or model).characters)
        lacks_quote = LOW_QUOTE in self.missing(options.languages).difference(known) and not options.charset
        if options.charset:
            steps = steps * np.array([not char or char == " " or char in options.charset for char in known])
            # Other characters cannot occur, so the rest share all of the probability.
            steps = steps / np.maximum(steps.sum(axis=2, keepdims=True), 1e-9)
        found = []
        for image, own in zip(images, steps, strict=True):
            kept, best = _decoded(own)
            if _has_stray("".join(known[best[at]] for at in kept), options.languages):
                is_stray = np.array([is_unspaced(char) for char in known])
                # Some sign is there, so that "no character" is not the answer.
                own[is_stray[best], 0] = 0
                own[:, is_stray] = 0
                kept, best = _decoded(own)
            scale = image.shape[1] * blob.shape[3] / _width(image) / len(own)
            characters = [_Character(known[best[at]], float(own[at, best[at]]), (at + 0.5) * scale) for at in kept]
            certainties = [character.probability for character in characters if character.text != " "]
            ink = line_image.ink_of(image)
            if lacks_quote:
                characters = _with_low_quotes(characters, ink)
            found.append(
                RecognizedLine(
                    in_reading_order(_words(ink, characters)),
                    float(np.mean(certainties)) if certainties else 0.0,
                    self.name,
                    probabilities=of_steps(own, known, options.expected) if options.expected else None,
                    lacks_sign=_lacks_sign(ink, characters),
                )
            )
        return found


def features_of(image: Pixels, trunk: Trunk) -> Features:
    """The features of a line, ``(steps, size)``: the input of a recognizer's last layer."""
    return np.asarray(trunk.run(_blob([image]))[0])


def _decoded(steps: NDArray[np.float32]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The steps of a line's characters, and the likeliest class of each step."""
    best = steps.argmax(axis=1)
    return np.flatnonzero((best != 0) & (best != np.concatenate(([0], best[:-1])))), best


def _has_stray(text: str, languages: str) -> bool:
    """Whether a text in other languages has a Chinese or Japanese character: a sign that the model hardly knows."""
    return sum(map(is_unspaced, text)) == 1 and sum(map(str.isalnum, text)) >= _STRAY and not have_ideographs(languages)


def _blob(images: Sequence[Pixels]) -> NDArray[np.float32]:
    """Line images as the model takes them, each continued by its last column to as many columns as the widest has."""
    widths = [_width(image) for image in images]
    blob = np.zeros((len(images), 3, _HEIGHT, max(widths)), np.float32)
    for row, image, width in zip(blob, images, widths, strict=True):
        # Thin strokes get lost if a line is reduced without averaging.
        way = cv2.INTER_AREA if image.shape[0] > _HEIGHT else cv2.INTER_LINEAR
        scaled = prepare.resized(image, (width, _HEIGHT), way)
        colours = np.broadcast_to(scaled[..., None], (*scaled.shape, 3)) if scaled.ndim == prepare.GREY else scaled
        row[:, :, :width] = colours[:, :, ::-1].transpose(2, 0, 1) / np.float32(127.5) - 1
        # With grey paper beside it, the last letter of a line is less certain: .81 instead of .98.
        row[:, :, width:] = row[:, :, width - 1 : width]
    return blob


def _width(pixels: Pixels) -> int:
    height, width = pixels.shape[:2]
    return int(min(max(round(width * _HEIGHT / height), _HEIGHT // 2), _LONGEST * _HEIGHT))


def _batches(images: Sequence[Pixels]) -> Iterator[list[int]]:
    """Indices of images, in batches of similar width."""
    widths = [_width(image) for image in images]
    batch: list[int] = []
    for at in sorted(range(len(images)), key=widths.__getitem__):
        width = widths[at]
        if batch and ((len(batch) + 1) * width > _BATCH * _HEIGHT or width > _SPREAD * widths[batch[0]]):
            yield batch
            batch = []
        batch.append(at)
    if batch:
        yield batch


def _words(ink: NDArray[np.bool_], characters: Sequence[_Character]) -> tuple[Piece, ...]:
    """The words of a line: each as high as the line's ink, as wide as its own, and as sure as its weakest character."""
    height, width = ink.shape
    gaps = runs_of(np.asarray(~ink.any(axis=0)))
    # The model gives no space for some wide gaps.
    spaces = _spaces(gaps, height, [character.place for character in characters if character.text != " "])
    words: list[list[_Character]] = []
    ends = True
    for character in characters:
        if character.text == " ":
            ends = True
            continue
        if ends or _is_apart(words[-1][-1], character, spaces):
            words.append([])
        words[-1].append(character)
        ends = False
    if not words:
        return ()
    cuts = [(before[-1].place + after[0].place) / 2 for before, after in itertools.pairwise(words)]
    rows = np.flatnonzero(ink.any(axis=1))
    top, bottom = (int(rows[0]), int(rows[-1]) + 1) if rows.size else (0, height)
    places = [_in_gap(cut, gaps, height) for cut in cuts]
    pieces = []
    for word, (left, right) in zip(words, itertools.pairwise((0, *places, width)), strict=True):
        columns = np.flatnonzero(ink[:, left:right].any(axis=0))
        first, last = (left + int(columns[0]), left + int(columns[-1]) + 1) if columns.size else (left, right)
        text = "".join(character.text for character in word)
        weakest = min(character.probability for character in word)
        pieces.append(Piece(text, weakest, first, top, max(last - first, 1), bottom - top))
    return tuple(pieces)


def _with_low_quotes(characters: Sequence[_Character], ink: NDArray[np.bool_]) -> list[_Character]:
    """The characters of a line, with low opening quotes where their ink is and no character but commas."""
    result = list(characters)
    near = _QUOTE_NEAR * len(ink)
    for first, last in low_quotes.find(ink):
        own = [one for one in result if one.text != " " and first - near < one.place < last + near]
        rest = [one for one in result if one not in own]
        at = next((at for at, one in enumerate(rest) if one.text != " " and one.place > last), None)
        if at is not None and rest[at].text.isalnum() and all(one.text == "," for one in own):
            result = [*rest[:at], _Character(LOW_QUOTE, _QUOTE_PROBABILITY, (first + last) / 2), *rest[at:]]
    return result


def _lacks_sign(ink: NDArray[np.bool_], characters: Sequence[_Character]) -> bool:
    """Whether a piece of a line's ink has no character near it; pieces at the ends can be parts of neighbours."""
    height = len(ink)
    places = [character.place for character in characters if character.text != " "]
    near = _SIGN_NEAR * height
    return any(
        not any(first - near <= place <= last + near for place in places)
        and line_image.is_sign(ink, (first, last), _SIGN_WIDTH * height, _SIGN_HEIGHT * height)
        for first, last in runs_of(np.asarray(ink.any(axis=0)))
    )


def _spaces(gaps: Sequence[tuple[int, int]], height: int, places: Sequence[float]) -> list[float]:
    """The middles of the gaps of a line that are as wide as a space and have no character."""
    # The outer two gaps are the margins.
    inner = gaps[1:-1]
    if not inner:
        return []
    usual = statistics.median(last - first for first, last in inner)
    wide = [(first, last) for first, last in inner if last - first > max(_SPACE * height, _WIDER * usual)]
    return [
        (first + last) / 2
        for first, last in wide
        if not any(_INSIDE[0] < (place - first) / (last - first) < _INSIDE[1] for place in places)
    ]


def _is_apart(before: _Character, after: _Character, spaces: Sequence[float]) -> bool:
    """Whether there is a space between two characters. Full-width ones have paper around them even without a space."""
    if is_unspaced(before.text) or is_unspaced(after.text):
        return False
    return any(before.place < space < after.place for space in spaces)


def _in_gap(cut: float, gaps: Sequence[tuple[int, int]], height: int) -> int:
    """The middle of the widest gap near a cut, or the cut itself where there is none."""
    near = [
        (last - first, first) for first, last in gaps if first - cut < _NEAR * height and cut - last < _NEAR * height
    ]
    if not near:
        return int(cut)
    wide, first = max(near)
    return first + wide // 2
