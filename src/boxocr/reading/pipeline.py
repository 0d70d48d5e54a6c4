"""Reading boxes and pages: detect lines, recognize them, score them, and put them in order.

A box is a small page, and a page is a large box. A box with one clear line, as most are, needs no detector.
"""

import statistics
import string
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from boxocr.reading import layout, line_image, ordering, orientation, prepare, scoring
from boxocr.reading.box_line import PAD, line_crop
from boxocr.reading.detection import TextDetector, dots, initials, projection, strokes
from boxocr.reading.detection.leftover import uncovered
from boxocr.reading.detection.projection import Projection
from boxocr.reading.duplicates import without_duplicates
from boxocr.reading.line_selection import is_credible, without_cut
from boxocr.reading.page_frame import PageFrame
from boxocr.reading.recognition import RecognizedLine
from boxocr.reading.recognition.tesseract_lines import TesseractLines
from boxocr.reading.recognizers import ENOUGH, Recognizers
from boxocr.reading.scoring import Scored
from boxocr.reading.types import Pixels, Reading, ReadingOptions
from boxocr.reading.whole_page import Line, PageLayout, PageReading, line_of, mean_confidence

# A page's lines are recognized by a second engine below this: the time of that is what a page takes longest for.
_ENOUGH_FOR_PAGES = 0.9

# Samples of lines are read the right way up when they are this likely to be right.
_UPRIGHT = 0.5

# So many letters are not read by accident.
_LONG = 6

# Added to a detected line, in its heights, which has paper around its ink: on 77 boxes of real documents the CER was
# 12.0 % without more, with .05 12.8 %, and with .1 14.2 %.
_DETECTED_PAD = 0.0

# What has less contrast than this and is less likely to be right is a gradient or a stain.
_FAINT = 25
_FAINT_PROBABILITY = 0.5

# A reading this much longer than another one, and this likely to be right, has not lost a line.
_LONGER = 1.3
_TEXT = 0.5

# For a box with lines that have ink and no text.
_INCOMPLETE = 0.4
_NOTE = "A part of the box could not be read."


# Lines that were recognized, with where each one's image is.
_Kept = dict[Line, tuple[Scored, PageFrame]]


@dataclass(frozen=True, slots=True)
class _Result:
    """What a box or page says: its rows, from first to last, each with its lines, and how many lines had no text."""

    rows: list[list[Line]]
    empty: int
    turned: int
    engines: frozenset[str]
    look: str = ""

    @property
    def text(self) -> str:
        return "\n".join(" ".join(line.text for line in row) for row in self.rows)

    @property
    def weakest(self) -> float:
        """The probability that the least certain line is right."""
        return min((line.confidence for row in self.rows for line in row), default=0.0)

    @property
    def probability(self) -> float:
        """That all of it is right."""
        if not self.rows:
            return 0.0
        whole = float(np.prod([line.confidence for row in self.rows for line in row]))
        return whole * (_INCOMPLETE if self.empty else 1.0)


class Pipeline:
    """An engine that reads boxes and pages line by line.

    Args:
        name: the engine's.
        detector: finds lines.
        recognizers: recognize them.
        fallback: finds lines in scripts that PP-OCR does not know.
        projects: whether the lines that a projection finds in a box are tried too.
    """

    def __init__(
        self,
        name: str,
        detector: TextDetector,
        recognizers: Recognizers,
        fallback: TextDetector | None = None,
        *,
        projects: bool = False,
    ) -> None:
        self.name = name
        self.version = recognizers.version
        self._detector = detector
        self._fallback = fallback or detector
        self._recognizers = recognizers
        self._projects = projects

    def languages(self) -> Sequence[str]:
        """Return the codes of the languages that one of the engines reads."""
        return self._recognizers.languages()

    def read(self, crop: Pixels, options: ReadingOptions) -> Reading:
        """Read ``crop``; see :class:`~boxocr.reading.types.Engine`."""
        if (adapted := self._adapted(options)) is not None:
            return adapted.read(crop, options)
        crop = prepare.bounded(crop)
        grey = prepare.grey(crop)
        if prepare.is_blank(grey):
            return Reading("", 0.0, self.name, options.languages)
        if options.psm is not None:
            return self._in_mode(grey, options.psm, options)
        found = projection.find(prepare.dark_on_even_paper(grey))
        single: Scored | None = None
        if found.is_one_clear_line():
            single = self._single_line(crop, found, options)
            if single.probability >= ENOUGH:
                return self._reading(
                    _Result([[_line(single, PageFrame())]], 0, 0, frozenset({single.line.engine})), options
                )
        reading = self._reading(self._search(crop, found, single, options), options)
        if reading.text and initials.is_incomplete(found, reading.text):
            return replace(reading, confidence=_INCOMPLETE * reading.confidence, note=_NOTE)
        return reading

    def read_page(self, image: Pixels, frame: PageFrame, options: ReadingOptions) -> PageReading:
        """Read all of a page.

        Args:
            image: the page, grey.
            frame: where ``image`` is on the page.
            options: how it is read.

        Raises:
            LanguageMissing: when one of the languages is not installed.
        """
        if (adapted := self._adapted(options)) is not None:
            return adapted.read_page(image, frame, options)
        if prepare.is_blank(image):
            return PageReading((), self.name, options.languages)
        result = self._lines(image, None, options)
        lines = [line for row in result.rows for line in row]
        return PageReading(frame.lines_on_page(lines), self.name, options.languages, -result.turned % 360)

    def find_layout(self, image: Pixels, frame: PageFrame, options: ReadingOptions) -> PageLayout:
        """Find where the text of a reduced page is, without its text; somebody who clicked waits for it.

        Args:
            image: grey.
            frame: where it is on the page; the layout is in pixels of that.
            options: how a line is read to see which way up the page is.

        Raises:
            EngineUnavailable: when tesserocr cannot be imported.
        """
        return PageLayout(
            frame.lines_on_page(layout.find(image, lambda some: self._probability(image, some, options, {})))
        )

    def _adapted(self, options: ReadingOptions) -> "Pipeline | None":
        """The pipeline for the head in the options, if it is not this one."""
        recognizers = self._recognizers.adapted(options) if options.psm is None else None
        return Pipeline(self.name, self._detector, recognizers) if recognizers else None

    def _search(self, crop: Pixels, found: Projection, single: Scored | None, options: ReadingOptions) -> _Result:
        """Read a box that has more or less than one clear line."""
        if drawn := strokes.text(found):
            return _Result([[drawn]], 0, 0, frozenset({self.name}))
        if dots.is_dot_matrix(found):
            crop = dots.joined(crop, found)
            found = projection.find(prepare.dark_on_even_paper(prepare.grey(crop)))
        elif prepare.is_grain(found.image, prepare.LEAST_CONTRAST):
            return _Result([], 0, 0, frozenset())
        result = self._with_initial(crop, found, options) or self._lines(crop, found, options)
        if self._projects and found.lines and result.weakest < ENOUGH:
            projected = self._lines(crop, found, options, projection.lines(found))
            longer = len(projected.text) > _LONGER * len(result.text) and projected.weakest > _TEXT
            result = projected if longer else max(result, projected, key=lambda one: one.weakest)
        if result.weakest < _FAINT_PROBABILITY and prepare.is_grain(found.image, _FAINT):
            return _Result([], 0, 0, frozenset())
        if single is None or len(result.rows) > 1 or not single.is_text:
            return result
        is_longer = len(single.line.text) > _LONGER * len(result.text) and single.probability > _TEXT
        return _one(single) if is_longer or single.probability > result.probability else result

    def _with_initial(self, crop: Pixels, found: Projection, options: ReadingOptions) -> _Result | None:
        """Read a text with a large initial, which detectors take for a part of several lines."""
        box = initials.initial(found)
        if box is None:
            return None
        left, top, right, bottom = box
        letters = replace(options, charset=string.ascii_uppercase)
        pad = max((bottom - top) // 8, 2)
        around = slice(max(top - pad, 0), bottom + pad), slice(max(left - pad, 0), right + pad)
        (cap,) = self._recognizers.recognize([np.ascontiguousarray(crop[around])], letters)
        if len(cap.line.text) != 1:
            return None
        text = found.with_image(found.image.copy())
        rest = crop.copy()
        for image, paper in ((text.image, found.paper), (rest, np.median(crop[:, right : right + 2], axis=(0, 1)))):
            image[max(top - 1, 0) : bottom + 1, max(left - 1, 0) : right + 1] = paper
        result = self._lines(rest, text, options)
        cap_line = Line(cap.line.text, cap.probability, left, top, right - left, bottom - top)
        rows = ordering.in_reading_order([cap_line, *(line for row in result.rows for line in row)], 0)
        return replace(result, rows=rows) if not result.turned else None

    def _lines(
        self, image: Pixels, found: Projection | None, options: ReadingOptions, detected: list[Line] | None = None
    ) -> _Result:
        """Detect the lines of an image, recognize them and put them in order.

        Args:
            image: a box or a page.
            found: the ink of a box.
            options: how it is read.
            detected: the lines, if they were detected already.
        """
        if detected is None:
            detected = self._detect(image, options)
        kept: _Kept = {}
        lines, turned = orientation.upright(detected, lambda some: self._probability(image, some, options, kept))
        if found is None and orientation.is_text_lost(detected, lines):
            # Tesseract reads a page better than lines that are cut out of it, and does it in less time.
            back = -turned % 360
            frame = PageFrame().turned(back, image.shape[1], image.shape[0])
            lines = list(frame.lines_on_page(self._detect(prepare.turn(image, back), options)))
        if found is not None and not turned:
            lines = without_cut(lines, found)
            lines += uncovered(found, lines)
        # Tesseract reads the rules of a table as letters.
        first_sees = found.image if found is not None and found.has_rules else None
        enough = ENOUGH if found is not None else _ENOUGH_FOR_PAGES
        scored = self._recognize_detected(image, lines, options, first_sees, kept, enough)
        usual = statistics.median(line.height for line in lines) if lines else 0.0
        read = [
            line
            for (one, frame), detected in zip(scored, lines, strict=True)
            if one.is_text and is_credible(line := _line(one, frame), detected, usual, is_page=found is None)
        ]
        if found is not None and not read:
            # An annotator saw text there.
            read = [_line(one, frame) for one, frame in scored if one.line.words]
        empty = len(scored) - len(read) if found is not None else 0
        engines = frozenset(one.line.engine for one, _ in scored if one.line.words)
        return _Result(ordering.in_reading_order(without_duplicates(read), turned), empty, turned, engines)

    def _detect(self, image: Pixels, options: ReadingOptions) -> list[Line]:
        detector = self._detector if self._recognizers.know(options) else self._fallback
        return detector.detect(image, options)

    def _recognize_detected(  # noqa: PLR0913, PLR0917 - two kinds of images, and what is known of them
        self,
        image: Pixels,
        lines: Sequence[Line],
        options: ReadingOptions,
        first_sees: Pixels | None,
        kept: _Kept,
        enough: float,
    ) -> list[tuple[Scored, PageFrame]]:
        """Recognize detected lines; each result with where its image is.

        Args:
            image: with the lines.
            lines: in its pixels.
            options: how they are recognized.
            first_sees: what the first engine is shown in its place.
            kept: lines that were recognized already.
            enough: the probability from which a line is not recognized again.
        """
        results = {line: kept[line] for line in lines if line in kept}
        first = self._recognizers.first.name
        results |= {line: (scoring.alone(_recognized(line, first)), PageFrame()) for line in lines if line.text}
        unsure = [line for line in lines if line not in results or not results[line][0].is_sure(enough)]
        cuts = [line_image.cut(image, line, PAD if line.text else _DETECTED_PAD) for line in unsure]
        clean = None
        if first_sees is not None:
            clean = [line_image.cut(first_sees, line, _DETECTED_PAD)[0] for line in unsure]
        again = self._recognizers.recognize([cut for cut, _ in cuts], options, clean=clean, enough=enough)
        for line, (_, frame), one in zip(unsure, cuts, again, strict=True):
            # A text of the detector's is compared; one of a sample was not compared with a second engine's yet.
            if not line.text or one.probability > results[line][0].probability:
                results[line] = one, frame
        return [results[line] for line in lines]

    def _single_line(self, crop: Pixels, found: Projection, options: ReadingOptions) -> Scored:
        """Recognize a box with one line."""
        (top, bottom), (left, _) = found.lines[0], found.columns
        pad = PAD * (bottom - top) + 1
        rows = slice(max(int(top - pad), 0), int(bottom + pad) + 1)
        part = line_crop(crop, found)
        cut = initials.raised(found)
        if cut is not None:
            upper = slice(rows.start, top + max((bottom - top) * 3 // 4, 1))
            images = crop[rows, max(int(left - pad), 0) : cut], crop[upper, cut:]
            parts = self._recognizers.recognize([np.ascontiguousarray(image) for image in images], options)
            if all(one.line.text[-1:].isdecimal() for one in parts) and parts[1].line.text.isdecimal():
                return scoring.joined(parts, cut)
        return self._recognizers.recognize([part], options, found=found)[0]

    def _probability(self, image: Pixels, lines: Sequence[Line], options: ReadingOptions, kept: _Kept) -> float:
        """How likely some lines are to be right as they are turned; readings of them are kept."""
        new = [line for line in lines if not line.text and line not in kept]
        cuts = [line_image.cut(image, line, _DETECTED_PAD) for line in new]
        # The other way up nearly all of a line is wrong: that shows without a second engine.
        recognized = self._recognizers.recognize([cut for cut, _ in cuts], options, enough=_UPRIGHT)
        kept.update({line: (one, frame) for line, one, (_, frame) in zip(new, recognized, cuts, strict=True)})
        scored = [kept[line][0] if line in kept else scoring.alone(_recognized(line, self.name)) for line in lines]
        # Upside down no words are likely to be right, though numbers can be; upright some lines are not either.
        long = [one.probability for one in scored if sum(map(str.isalpha, one.line.text)) >= _LONG]
        return max(long or [one.probability for one in scored], default=0.0)

    def _in_mode(self, grey: Pixels, psm: int, options: ReadingOptions) -> Reading:
        """Read a crop in the page segmentation mode that was asked for, which only Tesseract has."""
        first = self._recognizers.first
        if not isinstance(first, TesseractLines):
            return self.read(grey, replace(options, psm=None))
        recognized = first.recognize_block(grey, psm, options)
        rows = [[_line(scoring.alone(line), PageFrame())] for line in recognized if line.words]
        return self._reading(_Result(rows, 0, 0, frozenset({first.name}), f"psm {psm}"), options)

    def _reading(self, result: _Result, options: ReadingOptions) -> Reading:
        engine = next(iter(result.engines)) if len(result.engines) == 1 else self.name
        doubtful = scoring.doubtful(word for row in result.rows for line in row for word in line.words)
        return Reading(
            result.text,
            result.probability,
            engine,
            options.languages,
            look=result.look,
            turned=-result.turned % 360,
            doubtful=doubtful,
            note=_NOTE if result.empty and result.rows else "",
        )


def _one(single: Scored) -> _Result:
    """The result of a box with one line."""
    line = single.line
    return _Result([[_line(single, PageFrame())]] if line.words else [], 0, 0, frozenset({line.engine}), line.look)


def _recognized(line: Line, engine: str) -> RecognizedLine:
    """A line that was recognized while it was detected."""
    return RecognizedLine(line.words, mean_confidence(line.words), engine)


def _line(scored: Scored, frame: PageFrame) -> Line:
    """A line with the probability that it is right, on the image that it was cut from."""
    read = scored.line
    line = replace(line_of(scored.words, 0), confidence=scored.probability, engine=read.engine, look=read.look)
    return frame.on_page(line)
