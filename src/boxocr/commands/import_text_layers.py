"""Text layers of PDFs as predictions, once some of their lines were read and compared with the page."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Self
from unicodedata import normalize

from boxocr.documents.page_image import PageImage
from boxocr.errors import BoxOCRError, RegionError
from boxocr.geometry import around
from boxocr.label_studio.errors import command_errors
from boxocr.labeling import results
from boxocr.labeling.config import LabelingConfig
from boxocr.labeling.marks import Result
from boxocr.labeling.page_column import PageColumn
from boxocr.learning.alignment import distance
from boxocr.pages.crop import cut
from boxocr.pages.decode import Decoder
from boxocr.pages.page import Page
from boxocr.reading.pool.jobs import Priority
from boxocr.reading.pool.pool import ReaderPool
from boxocr.reading.types import Pixels, ReadingOptions
from boxocr.reading.whole_page import Line, PageReading, ReadPage
from boxocr.settings.environment import Settings

ENGINE = "text layer"
"""Name of the engine in suggestions from a text layer."""

# A text layer with fewer letters and digits, and a smaller share of the page's ink, counts as a stamp or page number on
# a scan, without reading any line. Captions of large pictures have as little of the ink; such pages are read.
_STAMP = 100
_STAMP_INK = 0.1

# Lines that are read and compared. A text layer is made by one program, so it is right or wrong throughout.
_LINES = 5

# Letters and digits of a line that is worth comparing; fewer say little.
_LONG = 8

# Share of the letters and digits that must be read the same. Clear print is read with one error in a hundred, and the
# text layer of another OCR program has a few more.
_AGREEMENT = 0.9

# Share of the words on the page that must be in the text layer. Pictures and rules are sometimes taken for words.
_COVERAGE = 0.8

# "Words" longer than so many heights, or higher than so many widths, are ruled lines: the longest words are a dozen
# times as wide as high, and an I is seldom four times as high as wide.
_RULE_WIDTH = 25
_RULE_HEIGHT = 4

# How far a word's middle may be from a line of the text layer, in line heights: bounds of letters and of ink differ.
_REACH = 0.35

# Margin around a line that is read, in line heights.
_MARGIN = 0.15


@dataclass(frozen=True, slots=True)
class LayerRegions:
    """The regions that a page's text layer gives.

    Attributes:
        results: of the regions; None if the page has no text layer that can be used.
        problem: a sentence that says why a text layer is not used, with ``{}`` for a share; empty if there is none.
        share: the share in the sentence, 0 to 1; None if there is none.
    """

    results: Sequence[Result] | None
    problem: str = ""
    share: float | None = None


class TextLayers:
    """Turns text layers into the regions that pre-annotation would make. Readers start with the first text layer.

    Args:
        labeling: of the project.
        column: of the pages.
        settings: limits for pages and readers.

    Raises:
        LabelingConfigError: an attribute of the labeling config is invalid.
    """

    def __init__(self, labeling: LabelingConfig, column: PageColumn, settings: Settings) -> None:
        self._labeling = labeling
        self._column = column
        self._settings = settings
        self._preannotation = labeling.preannotation(column.image, {})
        self._decoder = Decoder(settings.max_page_megapixels, at_once=1, timeout=settings.page_decode_timeout)
        self._readers: ReaderPool | None = None

    def __enter__(self) -> Self:
        """Return the text layers."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the readers."""
        self._decoder.close()
        if self._readers is not None:
            self._readers.close()

    @property
    def wanted(self) -> bool:
        """Whether the labeling config asks for whole pages to be read."""
        return self._preannotation is not None

    def regions(self, page: PageImage, index: int) -> LayerRegions:
        """The regions of a page.

        Args:
            page: with its text layer.
            index: of the page in its document.

        Raises:
            CommandFailed: the readers do not start.
        """
        if self._preannotation is None or not (page.text_layer or page.blank):
            return LayerRegions(None)
        if _is_stamp(page):
            problem = "Its text layer has {} of the ink on the page, so it is not used."
            return LayerRegions(None, problem, page.layer_ink)
        options = self._options()
        try:
            found = check(page.text_layer, self._decoder.decode(page.data), self._started(), options)
        except BoxOCRError as error:
            return LayerRegions(None, f"Its text layer is not used, since the page could not be read: {error.message}")
        if found.problem:
            return LayerRegions(None, found.problem, found.share)
        lines = tuple(_scored(line, found.share) for line in page.text_layer)
        reading = PageReading(lines, ENGINE, options.languages)
        item_index = index if self._column.is_list else None
        return LayerRegions(
            results.found(
                self._preannotation, self._column.image, ReadPage(page.width, page.height, reading), item_index
            )
        )

    def _options(self) -> ReadingOptions:
        asked = self._preannotation
        default = ReadingOptions(languages=self._settings.ocr_lang, engine=self._settings.ocr_engine)
        if asked is None:
            return default
        labels = [asked.label] if asked.label else []
        return self._labeling.reading_options(
            {}, default=default, text_area=asked.text_area, control=asked.control.name, labels=labels
        )

    def _started(self) -> ReaderPool:
        if self._readers is None:
            settings = self._settings
            readers = ReaderPool(
                workers=settings.ocr_workers,
                timeout=settings.ocr_timeout,
                engine=settings.ocr_engine,
                languages=settings.ocr_lang,
                tessdata=str(settings.tessdata_prefix) if settings.tessdata_prefix else None,
            )
            with command_errors():
                readers.start()
            self._readers = readers
        return self._readers


@dataclass(frozen=True, slots=True)
class Check:
    """The comparison of a text layer with its page.

    Attributes:
        share: 0 to 1: of the words on the page that are in the text layer, if that is too low; otherwise of the letters
            and digits in some lines that are read the same.
        problem: a sentence that says why the text layer cannot be used, with ``{}`` for the share; empty if it can.
    """

    share: float
    problem: str = ""


def check(layer: Sequence[Line], pixels: Pixels, readers: ReaderPool, options: ReadingOptions) -> Check:
    """Compare a text layer with its page.

    Args:
        layer: lines in px of the page.
        pixels: of the page, upright.
        readers: read the lines.
        options: for reading.

    Raises:
        ReadingError: the page could not be read.
    """
    covered = _coverage(layer, readers.find_layout(pixels, priority=Priority.BACKGROUND))
    if covered < _COVERAGE:
        return Check(covered, "Its text layer has {} of the words on the page, so it is not used.")
    chosen = _chosen(layer)
    page = Page(pixels, sha256(pixels.tobytes()).hexdigest())

    def read(line: Line) -> str:
        try:
            crop = cut(page, around(line.corners(), line.rotation, margin=_MARGIN * line.height))
        except RegionError:
            return ""
        return readers.read(crop, options, priority=Priority.BACKGROUND).text

    with ThreadPoolExecutor(_LINES) as executor:
        readings = list(executor.map(read, chosen))
    length = errors = 0
    for line, reading in zip(chosen, readings, strict=True):
        written = _letters(line.text)
        length += len(written)
        errors += min(distance(written, _letters(reading)), len(written))
    agreement = 1 - errors / max(length, 1)
    if agreement < _AGREEMENT:
        return Check(agreement, "Only {} of its text layer agrees with the text that is read, so it is not used.")
    return Check(agreement)


def _is_stamp(page: PageImage) -> bool:
    letters = sum(len(_letters(line.text)) for line in page.text_layer)
    return 0 < letters < _STAMP and page.layer_ink < _STAMP_INK


def _coverage(layer: Sequence[Line], layout: Sequence[Line]) -> float:
    """Share of the words on the page that are in a line of the text layer."""
    found = (word for line in layout for word in line.words)
    words = [word for word in found if word.height / _RULE_HEIGHT < word.width < _RULE_WIDTH * word.height]
    if not words:
        return 1.0
    covered = 0
    for word in words:
        xs, ys = zip(*word.corners(), strict=True)
        x, y = sum(xs) / len(xs), sum(ys) / len(ys)
        covered += any(line.distance(x, y) <= _REACH * line.height for line in layer)
    return covered / len(words)


def _chosen(layer: Sequence[Line]) -> list[Line]:
    """Lines spread over the whole page, or the longest lines if too few are long enough."""
    lines = [line for line in layer if len(_letters(line.text)) >= _LONG]
    if len(lines) < _LINES:
        lines = sorted(layer, key=lambda line: len(_letters(line.text)), reverse=True)[:_LINES]
    return [lines[index * len(lines) // _LINES] for index in range(min(_LINES, len(lines)))]


def _letters(text: str) -> str:
    """The letters and digits of a text. Only these are compared, since programs differ in other characters."""
    return "".join(character for character in normalize("NFKC", text) if character.isalnum())


def _scored(line: Line, confidence: float) -> Line:
    words = tuple(replace(word, confidence=confidence) for word in line.words)
    return replace(line, confidence=confidence, words=words, engine=ENGINE)
