"""Recognizing single lines with Tesseract: each prepared, and tried in other ways when it is uncertain."""

from collections.abc import Callable, Sequence
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
        looks: the ways in which a line is prepared until it is recognized with certainty.
    """

    def __init__(self, recognizer: PageRecognizer, looks: Sequence[str] = (FRAMED, TO_THE_INK, SMOOTHED)) -> None:
        self.recognizer = recognizer
        self._looks = looks
        self.name = recognizer.name
        self.version = recognizer.version

    def languages(self) -> Sequence[str]:
        """Return the codes of the installed languages."""
        return self.recognizer.languages()

    def again(self) -> "TesseractLines":
        """The same for lines that Tesseract recognized in their page or block already.

        Cut to the ink, uncertain lines take a sixth of a page's time; on 51 pages F1 is the same without.
        """
        return TesseractLines(self.recognizer, [look for look in self._looks if look != TO_THE_INK])

    def recognize(self, images: Sequence[Pixels], options: ReadingOptions) -> list[RecognizedLine]:
        """Recognize lines; see :class:`~boxocr.reading.recognition.LineRecognizer`."""
        return [self.recognize_found(_found(image), options) for image in images]

    def recognize_found(self, found: Projection, options: ReadingOptions) -> RecognizedLine:
        """Recognize an image whose ink was found already, in the way that gives the highest confidence."""
        attempts: list[RecognizedLine] = []
        for look in self._looks:
            image, frame = _PREPARED[look](found)
            lines = self.recognizer.lines(image, RAW_LINE if look == TO_THE_INK else LINE, options)
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
    image, _ = _PREPARED.get(look, _framed)(_found(crop))
    return image


def _found(image: Pixels) -> Projection:
    grey = prepare.grey(image)
    return projection.find(grey if prepare.is_blank(grey) else prepare.dark_on_even_paper(grey))


def _framed(found: Projection) -> tuple[Pixels, PageFrame]:
    enlarged, scale = prepare.enlarge(found.image, found.text_height)
    corner = -prepare.MARGIN / scale
    return prepare.margin(enlarged, found.paper), PageFrame(corner, corner, 1 / scale)


def _to_the_ink(found: Projection) -> tuple[Pixels, PageFrame]:
    """Without searching for lines nothing of a line gets lost."""
    cut = projection.trimmed(found)
    enlarged, scale = prepare.enlarge(cut.image, cut.text_height)
    return enlarged, PageFrame(cut.left, cut.top, 1 / scale)


def _smoothed(found: Projection) -> tuple[Pixels, PageFrame]:
    """Noise of single pixels hides faint print."""
    return _framed(found.with_image(prepare.smoothed(found.image)))


# A prepared image, and where it is on the one given.
_PREPARED: dict[str, Callable[[Projection], tuple[Pixels, PageFrame]]] = {
    FRAMED: _framed,
    TO_THE_INK: _to_the_ink,
    SMOOTHED: _smoothed,
}


def _worth(attempt: RecognizedLine, attempts: Sequence[RecognizedLine]) -> float:
    """The confidence, that of a much shorter text than another's discounted: a lone "=" is often read with .78."""
    longest = max(len(other.text) for other in attempts)
    return attempt.mean * min(1.0, 2 * len(attempt.text) / max(longest, 1))
