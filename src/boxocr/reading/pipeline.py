"""Reading boxes and pages: detect lines, recognize them, score them, and put them in order.

A box is a small page, and a page is a large box. A box with one clear line, as most are, needs no detector.
"""

import statistics
import string
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from boxocr.reading import joined_scripts, layout, ordering, orientation, prepare, scoring
from boxocr.reading.box_line import PAD, line_crop
from boxocr.reading.detection import TextDetector, dots, initials, ornaments, projection, strokes
from boxocr.reading.detection.leftover import fainter, has_fainter, uncovered
from boxocr.reading.detection.projection import Projection
from boxocr.reading.detection.tesseract import is_handwriting
from boxocr.reading.line_selection import at_edges, is_credible, is_drawing, joined, without_drawings
from boxocr.reading.page_frame import PageFrame
from boxocr.reading.recognition.tesseract_lines import TesseractLines
from boxocr.reading.recognizers import ENOUGH, LineReader, Placed, Recognizers
from boxocr.reading.result import NOTHING, Result, checked, of_one_line, placed_line, preferred, result_of
from boxocr.reading.scoring import Scored
from boxocr.reading.types import Pixels, Reading, ReadingOptions
from boxocr.reading.whole_page import Line, PageReading

# One clear line with this probability is not detected as well. Of 26 such lines with .86 to .9 in 620 boxes of real
# documents, detection changed one, whose colon it lost; of 8 with .8 to .86 and Tesseract alone, it corrected four.
_CLEAR = 0.86

# A second engine reads the lines of a page only below this probability, because it takes most of a page's time.
_ENOUGH_FOR_PAGES = 0.84

# Text with less contrast than this, or lighter than other ink, is a stain, the grid of a copybook, or the back of the
# page if it is less likely than this to be right. At the edge of a box it is part of another line.
_FAINT = 14
_FAINT_PROBABILITY = 0.5

# A number is not recognized in another way if it and its raised digits are together this likely to be right.
_PRICE = 0.75

_NOTE = "A part of the box could not be read."


class Pipeline:
    """An engine that reads boxes and pages line by line.

    Args:
        name: the engine's.
        detector: finds lines.
        recognizers: recognize them.
        projects: whether the lines that a projection finds in a box are tried too if the detected ones are unsure.
        other: the pipeline for languages that one of the recognizers does not know.
    """

    def __init__(
        self,
        name: str,
        detector: TextDetector,
        recognizers: Recognizers,
        *,
        projects: bool = False,
        other: "Pipeline | None" = None,
    ) -> None:
        self.name = name
        self.version = recognizers.version
        self._detector = detector
        self._recognizers = recognizers
        self._projects = projects
        self._other = other

    def languages(self) -> Sequence[str]:
        """Return the codes of the languages that one of the engines reads."""
        return self._recognizers.languages()

    def read(self, crop: Pixels, options: ReadingOptions) -> Reading:
        """Read ``crop``; see :class:`~boxocr.reading.types.Engine`."""
        if (better := self._better_suited(options)) is not None:
            return better.read(crop, options)
        crop = prepare.bounded(crop)
        if options.psm is not None:
            return self._in_mode(crop, options.psm, options)
        return self._read(crop, options)

    def _read(self, crop: Pixels, options: ReadingOptions, *, prepared: bool = False) -> Reading:
        """Read a box; ``prepared`` says whether dots were joined or signs erased in it."""
        grey = prepare.grey(crop)
        found = _ink(grey, options.languages)
        if found is None:
            return self._reading(NOTHING, options)
        if not prepared and (legible := _legible(crop, grey, found, options.languages)) is not None:
            return self._read(legible, options, prepared=True)
        known = self._by_shape(crop, found, options)
        single: Scored | None = None
        if not known and found.is_one_clear_line():
            (single,) = self._recognizers.recognize([line_crop(crop, found)], options, found=found)
        is_sure = single is not None and single.probability >= _CLEAR
        if single and is_sure and not has_fainter(found):
            known = of_one_line(single)
        if known:
            return self._reading(known, options)
        if not prepared and dots.is_dot_matrix(found):
            return self._read(dots.joined(crop, found), options, prepared=True)
        paper = found.image if found.has_rules else grey
        if prepare.is_paper(paper, prepare.LEAST_CONTRAST):
            return self._reading(NOTHING, options)
        result = self._search(crop, found, None if is_sure else single, options)
        if single and is_sure and result.weakest < _FAINT_PROBABILITY:
            # The lighter writing is no text, or shows through from the back of the page.
            result = of_one_line(single)
        if result.weakest < _FAINT_PROBABILITY and prepare.is_paper(paper, _FAINT):
            result = NOTHING
        return self._reading(result, options)

    def read_page(self, image: Pixels, frame: PageFrame, options: ReadingOptions) -> PageReading:
        """Read all of a grey page; ``frame`` is where the image is on the page that was given.

        Raises:
            LanguageMissing: when one of the languages is not installed.
        """
        if (better := self._better_suited(options)) is not None:
            return better.read_page(image, frame, options)
        if prepare.is_blank(image):
            return PageReading((), self.name, options.languages)
        result = self._lines(prepare.smoothed(image) if dots.is_dithered(image) else image, None, options)
        return PageReading(frame.lines_on_page(result.lines), self.name, options.languages, -result.turned % 360)

    def find_layout(self, image: Pixels, frame: PageFrame, options: ReadingOptions) -> tuple[Line, ...]:
        """Find where the text of a reduced grey page is, without its text. An annotator has clicked and is waiting.

        Args:
            image: the page.
            frame: where it is on the page that was given; the layout is in pixels of that page.
            options: how a line is read to see which way up the page is.

        Raises:
            EngineUnavailable: when tesserocr cannot be imported.
        """
        if (better := self._better_suited(options)) is not None:
            return better.find_layout(image, frame, options)
        probability = LineReader(self._recognizers, options, image).probability
        return frame.lines_on_page(layout.find(image, probability))

    def _better_suited(self, options: ReadingOptions) -> "Pipeline | None":
        """The pipeline for the head or for the languages in the options, if it is not this one."""
        if options.psm is not None:
            return None
        if recognizers := self._recognizers.adapted(options):
            return Pipeline(self.name, self._detector, recognizers)
        return self._other if self._other and not self._recognizers.support(options) else None

    def _search(self, crop: Pixels, found: Projection, single: Scored | None, options: ReadingOptions) -> Result:
        """Read a box that has more or less than one clear line."""
        result = checked(self._with_initial(crop, found, options) or self._lines(crop, found, options), found)
        # Tesseract splits numbers: "15" in a cell became "1 5".
        is_unsure = result.worth < ENOUGH or len(result.lines) > len(found.lines)
        # Detectors take a small word beside a large number for accents.
        has_fewer = not result.turned and len(result.rows) < len(found.lines)
        if (self._projects and found.lines and is_unsure) or has_fewer:
            projected = self._lines(crop, found, options, projection.lines(found))
            result = preferred(result, checked(projected, found))
        if single is not None and len(result.rows) <= 1 and single.is_text:
            result = preferred(result, checked(of_one_line(single), found))
        # A line that was found in another way has the same ink, so it lacks the sign too unless its text is longer.
        lacks_sign = single is not None and single.line.lacks_sign and len(result.text) <= len(single.line.text)
        is_penalized = single is not None and result.weakest == single.probability
        return replace(result, empty=result.empty + 1) if lacks_sign and not is_penalized else result

    def _with_initial(self, crop: Pixels, found: Projection, options: ReadingOptions) -> Result | None:
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
        # Detected lines have paper around their ink too.
        cap_line = Line(cap.line.text, cap.probability, left, top - pad, right - left, bottom - top + 2 * pad)
        rows = ordering.in_reading_order([cap_line, *result.lines], 0)
        return replace(result, rows=rows) if not result.turned else None

    def _lines(
        self, image: Pixels, found: Projection | None, options: ReadingOptions, detected: list[Line] | None = None
    ) -> Result:
        """Detect the lines of an image, recognize them and put them in order; ``found`` is the ink of a box."""
        # In a line that is cut out of the crop, a dark part can be too small to be found again.
        clean = found.image if found is not None and (found.has_rules or detected is not None) else None
        if detected is None:
            detected = self._detector.detect(image, options)
        # PP-OCR reads letters beside rules better than with the rules erased, but reads the teeth of combs as digits.
        has_comb = found is not None and found.has_comb
        reader = LineReader(self._recognizers, options, clean if clean is not None and has_comb else image, clean)
        lines, turned = orientation.upright(detected, reader.probability)
        if found is None:
            if orientation.is_text_lost(detected, lines):
                # Tesseract reads a page better than lines that are cut out of it, and does it in less time.
                back = -turned % 360
                level = prepare.turn(image, back)
                frame = PageFrame().turned(back, image, level)
                lines = list(frame.lines_on_page(self._detector.detect(level, options)))
            scored = reader.recognize(lines, 0.0 if is_handwriting(lines) else _ENOUGH_FOR_PAGES)
            text = without_drawings(_credible(scored, lines, is_page=True), options.languages)
            return result_of(text, scored, turned, empty=0)
        likely: list[tuple[Line, Placed]] = []
        if not turned:
            lines, cut = at_edges(lines, found)
            likely = _likely(reader, cut)
            whole = [line for line, _ in likely]
            lines = joined([*lines, *uncovered(found, [*lines, *whole])])
            likely += _likely(reader, fainter(found, [*lines, *whole]))
        scored = [*reader.recognize(lines, ENOUGH), *(placed for _, placed in likely)]
        lines = [*lines, *(line for line, _ in likely)]
        credible = _credible(scored, lines, is_page=False)
        empty = len(scored) - len(credible)
        # An annotator saw text there.
        return result_of(
            credible or [placed_line(one, frame) for one, frame in scored if one.line.words], scored, turned, empty
        )

    def _by_shape(self, crop: Pixels, found: Projection, options: ReadingOptions) -> Result | None:
        """Read dashes, bars and numbers that end with small raised digits, which recognizers misread."""
        if drawn := strokes.text(found):
            return Result([[drawn]], 0, 0, frozenset({self.name}))
        cut = initials.raised(found) if len(found.lines) == 1 and not found.has_rules else None
        if cut is None:
            return None
        (top, bottom), (left, right) = found.lines[0], found.columns
        pad = round(PAD * (bottom - top)) + 1
        first, start = max(top - pad, 0), max(left - pad, 0)
        upper = top + max((bottom - top) * 3 // 4, 1)
        images = crop[first : bottom + pad, start:cut], crop[first:upper, cut : right + pad]
        parts = self._recognizers.recognize([np.ascontiguousarray(image) for image in images], options)
        if not (parts[0].line.text[-1:].isdecimal() and parts[1].line.text.isdecimal()):
            return None
        number = scoring.joined(parts, cut - start)
        return of_one_line(number) if number.probability >= _PRICE else None

    def _in_mode(self, crop: Pixels, psm: int, options: ReadingOptions) -> Reading:
        """Read a crop in the page segmentation mode that was asked for, which only Tesseract has."""
        first = self._recognizers.first
        if not isinstance(first, TesseractLines):
            return self.read(crop, replace(options, psm=None))
        grey = prepare.grey(crop)
        if prepare.is_blank(grey):
            return self._reading(NOTHING, options)
        recognized = first.recognize_block(prepare.smoothed(grey) if dots.is_dithered(grey) else grey, psm, options)
        rows = [[placed_line(scoring.scored(line), PageFrame())] for line in recognized if line.words]
        return self._reading(Result(rows, 0, 0, frozenset({first.name})), options)

    def _reading(self, result: Result, options: ReadingOptions) -> Reading:
        is_wanted = options.charset or options.head
        if result.engines == {"ppocr"} and not is_wanted and is_drawing(result.text, options.languages):
            result = NOTHING
        engine = next(iter(result.engines)) if len(result.engines) == 1 else self.name
        preparations = {line.preparation for line in result.lines}
        return Reading(
            result.text,
            result.probability,
            engine,
            options.languages,
            preparation=preparations.pop() if len(preparations) == 1 else "",
            turned=-result.turned % 360,
            doubtful=scoring.doubtful(word for line in result.lines for word in line.words),
            note=_NOTE if result.empty and result.rows else "",
            lines=tuple(line.probabilities for line in result.lines if line.probabilities is not None),
        )


def _ink(grey: Pixels, languages: str) -> Projection | None:
    """The ink of a grey box; None if there is nothing to read."""
    if prepare.is_blank(grey):
        return None
    even = prepare.dark_on_even_paper(grey)
    found = projection.find(even, may_be_joined=joined_scripts.can_be_in(languages))
    # Gradients have edges in the evened image. A box on even paper is checked only if no clear line was read in it,
    # because the check takes as long as finding lines.
    return None if even is not grey and prepare.is_paper(grey, prepare.LEAST_CONTRAST) else found


def _legible(crop: Pixels, grey: Pixels, found: Projection, languages: str) -> Pixels | None:
    """The crop with the dots of a one-bit scan joined, or without signs that are not text; None if it has neither."""
    if dots.is_dithered(grey, found):
        return prepare.smoothed(crop)
    signs = ornaments.find(found.pieces, languages)
    return ornaments.erased(crop, signs) if signs.count else None


def _likely(reader: LineReader, lines: Sequence[Line]) -> list[tuple[Line, Placed]]:
    """The lines that are text rather than stains or parts of others, and their readings."""
    placed = zip(lines, reader.recognize(lines, ENOUGH), strict=True)
    return [(line, (read, frame)) for line, (read, frame) in placed if read.probability >= _FAINT_PROBABILITY]


def _credible(scored: Sequence[Placed], detected: Sequence[Line], *, is_page: bool) -> list[Line]:
    """The lines that have text."""
    usual = statistics.median(line.height for line in detected) if detected else 0.0
    return [
        line
        for (one, frame), found in zip(scored, detected, strict=True)
        if one.is_text and is_credible(line := placed_line(one, frame), found, usual, is_page=is_page)
    ]
