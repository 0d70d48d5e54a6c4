"""Whole pages with a user's own engine, which reads crops and may also find lines."""

import statistics
from collections.abc import Sequence

import numpy as np

from boxocr.reading import layout, line_image
from boxocr.reading.detection import TextDetector
from boxocr.reading.detection.tesseract import TesseractDetector
from boxocr.reading.pipeline import Pipeline
from boxocr.reading.recognition import RecognizedLine
from boxocr.reading.recognizers import Recognizers
from boxocr.reading.text import clean
from boxocr.reading.types import Engine, Pixels, ReadingOptions
from boxocr.reading.whole_page import Piece


def page_reader(engine: Engine) -> Pipeline:
    """The reader of whole pages for an engine: the engine itself, or a pipeline that gives it one line after the other.

    Such a pipeline raises ``EngineUnavailable`` when it reads a page, if the engine does not find lines and tesserocr,
    which would, cannot be imported.
    """
    if isinstance(engine, Pipeline):
        return engine
    layout_analysis = TesseractDetector(lambda level, psm, _: layout.lines(level, psm))
    detector = engine if isinstance(engine, TextDetector) else layout_analysis
    return Pipeline(engine.name, detector, Recognizers(_CustomLines(engine)))


class _CustomLines:
    """Gives an engine one line after the other."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.name = engine.name
        self.version = engine.version

    def languages(self) -> Sequence[str]:
        return self._engine.languages()

    def recognize(self, images: Sequence[Pixels], options: ReadingOptions) -> list[RecognizedLine]:
        return [self._line(image, options) for image in images]

    def _line(self, image: Pixels, options: ReadingOptions) -> RecognizedLine:
        """Give the engine each part of a line between wide gaps, since a table row is mostly paper."""
        words: list[Piece] = []
        confidences = []
        for left, right in line_image.columns(line_image.ink_of(image)):
            part = np.ascontiguousarray(image[:, left:right])
            reading = self._engine.read(part, options)
            found = _in_proportion(clean(reading.text).split(), reading.confidence, left, *part.shape[:2])
            words += found
            confidences += [reading.confidence] * len(found)
        return RecognizedLine(tuple(words), statistics.fmean(confidences) if confidences else 0.0, self.name)


def _in_proportion(words: Sequence[str], confidence: float, left: float, height: int, width: int) -> list[Piece]:
    """The words of a line, each as wide as its share of the characters."""
    step = width / max(sum(map(len, words)) + len(words) - 1, 1)
    pieces = []
    for word in words:
        pieces.append(Piece(word, confidence, left, 0.0, len(word) * step, float(height)))
        left += (len(word) + 1) * step
    return pieces
