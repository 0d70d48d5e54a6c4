"""Recognizing single lines with Tesseract: each prepared, and tried in other ways when it is uncertain."""

import itertools
from collections.abc import Iterator, Sequence
from typing import Protocol

from boxocr.reading import prepare
from boxocr.reading.detection import projection
from boxocr.reading.detection.projection import Projection
from boxocr.reading.page_frame import PageFrame
from boxocr.reading.recognition import RecognizedLine
from boxocr.reading.types import Pixels, ReadingOptions
from boxocr.reading.whole_page import Line, mean_confidence

# Tesseract's page segmentation modes: one line, and one line taken raw, without a search for lines.
LINE, RAW_LINE = 7, 13

# From here on a line is not prepared in another way: such lines are hardly ever read better.
_ACCEPTED = 0.88

# How an image was prepared.
FRAMED, TO_THE_INK, SMOOTHED = "framed", "cut to the ink", "smoothed"


class PageRecognizer(Protocol):
    """Tesseract, as a library or as a program."""

    name: str
    version: str

    def languages(self) -> Sequence[str]:
        """Return the codes of the installed languages."""

    def lines(self, image: Pixels, psm: int, options: ReadingOptions) -> list[Line]:
        """Recognize a grey image in a page segmentation mode; places in its pixels."""


class TesseractLines:
    """Recognizes lines with Tesseract.

    Args:
        recognizer: runs it.
        attempts: in how many ways a line is prepared at most; one where another engine is asked next.
    """

    def __init__(self, recognizer: PageRecognizer, attempts: int = 3) -> None:
        self.recognizer = recognizer
        self._attempts = attempts
        self.name = recognizer.name
        self.version = recognizer.version

    def languages(self) -> Sequence[str]:
        """Return the codes of the installed languages."""
        return self.recognizer.languages()

    def recognize(self, images: Sequence[Pixels], options: ReadingOptions) -> list[RecognizedLine]:
        """Recognize lines; see :class:`~boxocr.reading.recognition.LineRecognizer`."""
        return [self.recognize_found(_found(image), options) for image in images]

    def recognize_found(self, found: Projection, options: ReadingOptions) -> RecognizedLine:
        """Recognize an image whose ink was found already, in the way that gives the highest confidence."""
        attempts: list[RecognizedLine] = []
        for look, image, frame, psm in itertools.islice(_looks(found), self._attempts):
            lines = self.recognizer.lines(image, psm, options)
            words = tuple(frame.on_page(word) for line in lines for word in line.words)
            attempts.append(RecognizedLine(words, mean_confidence(words), self.name, look))
            if attempts[-1].mean >= _ACCEPTED:
                break
        return max(attempts, key=lambda attempt: _worth(attempt, attempts))

    def recognize_block(self, grey: Pixels, psm: int, options: ReadingOptions) -> list[RecognizedLine]:
        """Recognize a grey image of several lines in a page segmentation mode."""
        image, frame = _framed(projection.find(prepare.dark_on_even_paper(grey)))
        lines = [tuple(map(frame.on_page, line.words)) for line in self.recognizer.lines(image, psm, options)]
        return [RecognizedLine(words, mean_confidence(words), self.name, f"psm {psm}") for words in lines]


def as_seen(crop: Pixels, look: str) -> Pixels:
    """Return the image that Tesseract got for a line in one of its ways, the first one unless it is named."""
    grey = prepare.grey(crop)
    if prepare.is_blank(grey):
        return grey
    images = {name: image for name, image, *_ in _looks(_found(crop))}
    return images.get(look, images[FRAMED])


def _found(image: Pixels) -> Projection:
    grey = prepare.grey(image)
    return projection.find(grey if prepare.is_blank(grey) else prepare.dark_on_even_paper(grey))


def _looks(found: Projection) -> Iterator[tuple[str, Pixels, PageFrame, int]]:
    """The ways to prepare an image, with where each prepared one is on it and the page segmentation mode."""
    yield FRAMED, *_framed(found), LINE
    # Without searching for lines nothing of a line gets lost.
    cut = projection.trimmed(found)
    enlarged, scale = prepare.enlarge(cut.image, cut.text_height)
    yield TO_THE_INK, enlarged, PageFrame(cut.left, cut.top, 1 / scale), RAW_LINE
    # Noise of single pixels hides faint print.
    image, frame = _framed(found.with_image(prepare.smoothed(found.image)))
    yield SMOOTHED, image, frame, LINE


def _framed(found: Projection) -> tuple[Pixels, PageFrame]:
    enlarged, scale = prepare.enlarge(found.image, found.text_height)
    corner = -prepare.MARGIN / scale
    return prepare.margin(enlarged, found.paper), PageFrame(corner, corner, 1 / scale)


def _worth(attempt: RecognizedLine, attempts: Sequence[RecognizedLine]) -> float:
    """The confidence, that of a much shorter text than another's discounted: a lone "=" is often read with .78."""
    longest = max(len(other.text) for other in attempts)
    return attempt.mean * min(1.0, 2 * len(attempt.text) / max(longest, 1))
