"""Recognizing single lines with Tesseract: each prepared, and tried in other ways when it is uncertain."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from boxocr.reading import joined_scripts, line_image, prepare
from boxocr.reading.detection import projection
from boxocr.reading.detection.components import counts
from boxocr.reading.detection.leftover import has_fainter
from boxocr.reading.detection.projection import Projection
from boxocr.reading.page_frame import PageFrame
from boxocr.reading.recognition import RecognizedLine
from boxocr.reading.types import Pixels, ReadingOptions
from boxocr.reading.whole_page import Line, Piece, mean_confidence

# Tesseract's page segmentation modes: one line, and one line taken raw, without a search for lines.
LINE, RAW_LINE = 7, 13

# A line with this confidence is not prepared in another way: such lines are hardly ever read better.
_ACCEPTED = 0.88

# A gap this wide in a number or before the last stroke of a word, in heights of its ink, is a space. What follows it is
# a sign that Tesseract takes for a digit, such as a lira sign read as 1, or an I that it gives no text for: "Table I"
# in light print was "Table". Gaps at a 1 are up to .36 wide. Typewriters have several wide gaps, so this one must be
# wider than the next by the second number, or by the third if there are more pieces of ink than characters.
_GAP, _WIDER, _WIDER_WITH_MORE = 0.4, 2.0, 1.5
_NUMBER = re.compile(r"[\d.,]+")

# The data for English have no letters with accents, and give the letter without. A letter is at least this high, and
# its accent lower, in line heights. Specks are lower than the second number, and an accent is this near to its letter.
_WITHOUT_ACCENTS = "eng"
_LETTER, _MARK, _ABOVE = 0.4, 0.08, 0.3

# Ink at least this wide and high, in heights of the line's ink, is a sign that the text lacks if its middle is this far
# from all words. It is not if the nearest word has as many letters as pieces of ink, and the gap to the word is at most
# the fourth number: Tesseract's rectangle of a word can begin after its first letter.
_SIGN_WIDTH, _SIGN_HEIGHT, _SIGN_NEAR, _SIGN_APART = 0.1, 0.4, 0.2, 0.35
# Narrower ink is a sign if it is this high: an I in light print is, of which Tesseract gives nothing.
_BAR_HEIGHT = 0.65

# Signs that never follow a number; Tesseract reads them for one that it does not know.
_NOT_AFTER_NUMBER = re.compile(r"\d ?(?:[#\u00a7\u00a9\u00ae](?: |$)|[=<]$)")

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
        recognizer: runs Tesseract.
        preparations: the ways to prepare a line, tried in turn until it is recognized with certainty.
    """

    def __init__(
        self, recognizer: PageRecognizer, preparations: Sequence[str] = (FRAMED, TO_THE_INK, SMOOTHED)
    ) -> None:
        self.recognizer = recognizer
        self._preparations = preparations
        self.name = recognizer.name
        self.version = recognizer.version

    def languages(self) -> Sequence[str]:
        """Return the codes of the installed languages."""
        return self.recognizer.languages()

    def without_cut_to_ink(self) -> "TesseractLines":
        """The same without the preparation that cuts to the ink.

        For lines that Tesseract has recognized in their page or block already, it takes a sixth of a page's time if
        they are uncertain, and on 51 pages F1 is the same without.
        """
        return TesseractLines(self.recognizer, [one for one in self._preparations if one != TO_THE_INK])

    def recognize(self, images: Sequence[Pixels], options: ReadingOptions) -> list[RecognizedLine]:
        """Recognize lines; see :class:`~boxocr.reading.recognition.LineRecognizer`."""
        may_be_joined = joined_scripts.can_be_in(options.languages)
        found = [
            projection.of_crop(image, may_be_joined=may_be_joined) or projection.find(prepare.grey(image))
            for image in images
        ]
        return [self.recognize_found(one, options) for one in found]

    def recognize_found(self, found: Projection, options: ReadingOptions) -> RecognizedLine:
        """Recognize an image whose ink was found already, in the way that gives the highest confidence."""
        attempts: list[RecognizedLine] = []
        for preparation in self._preparations:
            image, frame = _PREPARED[preparation](found)
            lines = self.recognizer.lines(image, RAW_LINE if preparation == TO_THE_INK else LINE, options)
            words = tuple(frame.on_page(word) for line in lines for word in line.words)
            attempts.append(RecognizedLine(words, mean_confidence(lines), self.name, preparation))
            if attempts[-1].mean >= _ACCEPTED:
                break
        # A text much shorter than another one counts less: a lone "=" is often read with .78.
        longest = max(len(attempt.text) for attempt in attempts)
        best = max(attempts, key=lambda attempt: attempt.mean * min(1.0, 2 * len(attempt.text) / max(longest, 1)))
        lacks_accents = options.languages == _WITHOUT_ACCENTS and _has_accents(best, found)
        return replace(best, lacks_sign=lacks_accents or _lacks_sign(best, found))

    def recognize_block(self, grey: Pixels, psm: int, options: ReadingOptions) -> list[RecognizedLine]:
        """Recognize a grey image of several lines in a page segmentation mode."""
        even = prepare.dark_on_even_paper(grey)
        found = projection.find(even, may_be_joined=joined_scripts.can_be_in(options.languages))
        image, frame = _framed(found)
        return [
            RecognizedLine(tuple(map(frame.on_page, line.words)), line.confidence, self.name, f"psm {psm}")
            for line in self.recognizer.lines(image, psm, options)
        ]


def as_seen(crop: Pixels, preparation: str = "", turned: int = 0, languages: str = "") -> Pixels:
    """Return the grey image that Tesseract got for a crop of one line, to show people why it has its text.

    Args:
        crop: as it was drawn.
        preparation: the reading's; an unknown one is shown as the first way to prepare a line.
        turned: the reading's.
        languages: the reading's.
    """
    crop = prepare.turn(prepare.bounded(crop), turned)
    found = projection.of_crop(crop, may_be_joined=joined_scripts.can_be_in(languages))
    return prepare.grey(crop) if found is None else _PREPARED.get(preparation, _framed)(found)[0]


def _framed(found: Projection) -> tuple[Pixels, PageFrame]:
    enlarged, scale = prepare.enlarge(_without_grain(found), found.text_height)
    corner = -prepare.MARGIN / scale
    return prepare.margin(enlarged, found.paper), PageFrame(corner, corner, 1 / scale)


def _to_the_ink(found: Projection) -> tuple[Pixels, PageFrame]:
    """Cut a line to its ink: the raw mode loses nothing of it, but reads everything in the image, even empty paper."""
    top, bottom = (found.lines[0][0], found.lines[-1][1]) if found.lines else (0, found.image.shape[0])
    left, right = found.columns
    top, left = max(top - 1, 0), max(left - 1, 0)
    image = np.ascontiguousarray(_without_grain(found)[top : bottom + 1, left : right + 1])
    enlarged, scale = prepare.enlarge(image, found.text_height)
    return enlarged, PageFrame(left, top, 1 / scale)


def _without_grain(found: Projection) -> Pixels:
    return prepare.without_grain(found.image, found.paper, found.limit)


# Prepared images, each with its frame on the given one.
_PREPARED: dict[str, Callable[[Projection], tuple[Pixels, PageFrame]]] = {
    FRAMED: _framed,
    TO_THE_INK: _to_the_ink,
    # Faint print drowns in the noise of single pixels.
    SMOOTHED: lambda found: _framed(found.with_image(prepare.smoothed(found.image))),
}


def _lacks_sign(line: RecognizedLine, found: Projection) -> bool:
    """Whether a line shows a sign that Tesseract took for another sign or for a digit, or gave no text for."""
    if _NOT_AFTER_NUMBER.search(line.text):
        return True
    if len(found.lines) != 1 or not line.words:
        return False
    top, bottom = found.lines[0]
    ink = found.image[top:bottom] < found.limit
    edges = line_image.edges_of(counts(ink, axis=0) > 0)
    if not edges.size:
        return False
    return _has_sign_beside(line.words, ink, edges) or _has_space(line.words, ink, edges) or has_fainter(found)


def _has_sign_beside(words: Sequence[Piece], ink: NDArray[np.bool_], edges: NDArray[np.intp]) -> bool:
    """Whether a piece of a line's ink is beside its words; ``edges`` are its first and last columns."""
    height = len(ink)
    middles = (edges[::2] + edges[1::2])[:, None] / 2
    starts, ends = np.array([(word.x, word.x + word.width) for word in words]).T
    distances = np.maximum(starts - middles, middles - ends)
    nearest = distances.argmin(axis=1)
    for at in np.flatnonzero(distances.min(axis=1) > _SIGN_NEAR * height):
        has_more = (nearest == nearest[at]).sum() > len(words[nearest[at]].text)
        first, last = int(edges[2 * at]), int(edges[2 * at + 1])
        gap = 2 * at + 1 if middles[at, 0] < starts[nearest[at]] else 2 * at - 1
        gap_to_word = edges[gap + 1] - edges[gap] if 0 < gap < len(edges) - 1 else math.inf
        is_lacking = has_more or gap_to_word > _SIGN_APART * height
        sizes = ((_SIGN_WIDTH * height, _SIGN_HEIGHT * height), (1, _BAR_HEIGHT * height))
        if is_lacking and any(line_image.is_sign(ink, (first, last), *size) for size in sizes):
            return True
    return False


def _has_space(words: Sequence[Piece], ink: NDArray[np.bool_], edges: NDArray[np.intp]) -> bool:
    """Whether there is a space in a number, or before the last stroke of a word with a piece of ink for each letter."""
    first, last = edges[1:-1:2], edges[2::2]
    # A quick check: most gaps in words are narrow.
    wide = np.flatnonzero(last - first > _GAP * len(ink) / 2)
    for word in words:
        right = word.x + word.width
        if not ((first[wide] > word.x) & (last[wide] < right)).any():
            continue
        own = np.flatnonzero((first > word.x) & (last < right))
        gaps = (last[own] - first[own]).tolist()
        *_, second, widest = 0, *sorted(gaps)
        wider = _WIDER if len(gaps) < len(word.text) else _WIDER_WITH_MORE
        rows = np.flatnonzero(ink[:, max(round(word.x), 0) : round(right)].any(axis=1))
        if not 0 < wider * second < widest or widest <= _GAP * (rows[-1] + 1 - rows[0]):
            continue
        is_before_stroke = gaps[-1] == widest and len(gaps) + 1 >= len(word.text) and _is_stroke(ink, edges, own[-1])
        if is_before_stroke or _NUMBER.fullmatch(word.text):
            return True
    return False


def _is_stroke(ink: NDArray[np.bool_], edges: NDArray[np.intp], gap: int) -> bool:
    """Whether the piece of ink after a gap is a stroke as high as letters."""
    left, right = edges[2 * gap + 2 : 2 * gap + 4].tolist()
    rows = np.flatnonzero(ink[:, left:right].any(axis=1))
    return bool(rows[-1] + 1 - rows[0] > max(_BAR_HEIGHT * len(ink), 3 * (right - left)))


def _has_accents(line: RecognizedLine, found: Projection) -> bool:
    """Whether more letters of a line have marks above them than the text has letters with dots."""
    if len(found.lines) != 1 or not line.text.isascii():
        return False
    (top, bottom), pieces = found.lines[0], found.pieces
    height = bottom - top
    is_letter = pieces.height >= _LETTER * height
    is_mark = ~is_letter & (pieces.bottom < top + height / 2)
    is_mark &= np.minimum(pieces.width, pieces.height) >= max(_MARK * height, 2)
    dots = sum(map(line.text.count, "ij"))
    if np.count_nonzero(is_mark) <= dots:
        return False
    letters, marks = pieces.only(is_letter), pieces.only(is_mark)
    middles = (marks.left + marks.width / 2)[:, None]
    above = letters.top - marks.bottom[:, None]
    is_over = (middles > letters.left) & (middles < letters.right) & (above >= 0) & (above < _ABOVE * height)
    return int(is_over.any(axis=1).sum()) > dots
