"""Recognizing line images or the lines of an image with one engine, and with a second one if the first is unsure."""

import statistics
from collections.abc import Sequence
from typing import TYPE_CHECKING

from boxocr.errors import LanguageMissing
from boxocr.reading import line_image, numbers, scoring
from boxocr.reading.box_line import PAD, line_start
from boxocr.reading.detection.projection import Projection
from boxocr.reading.orientation import UPRIGHT, Counts
from boxocr.reading.page_frame import PageFrame
from boxocr.reading.recognition import LineRecognizer, RecognizedLine
from boxocr.reading.recognition.tesseract_lines import TesseractLines
from boxocr.reading.scoring import Scored
from boxocr.reading.types import Pixels, ReadingOptions
from boxocr.reading.whole_page import Line

if TYPE_CHECKING:
    from boxocr.reading.recognition.ppocr import PPOCR

# A line with this probability is not recognized by a second engine; more than half of the lines have less. On 1,939
# printed lines of real documents 87.3 % were right with .94, 87.0 % with .9, 86.1 % with .8, and 78.3 % with Tesseract
# alone.
ENOUGH = 0.94

# A text with this many letters is not read by accident; a word has at least the second number of letters.
_LONG, _WORD = 6, 3

# A recognized line, and where its image is.
Placed = tuple[Scored, PageFrame]


class Recognizers:
    """One or two engines that recognize lines. The second one recognizes again what the first one is unsure of.

    Args:
        first: recognizes all lines.
        second: recognizes some lines again.
        numbers: recognizes the numbers in lines of scripts that it does not know.
    """

    def __init__(
        self, first: LineRecognizer, second: "PPOCR | None" = None, *, numbers: LineRecognizer | None = None
    ) -> None:
        self.first = first
        self._second = second
        self._numbers = numbers
        engines = f"{first.name} {first.version}"
        self.version = f"({engines}, {second.name} {second.version})" if second else first.version

    def languages(self) -> Sequence[str]:
        """Return the codes of the languages that one of the engines reads."""
        return sorted({*self.first.languages(), *(self._second.languages() if self._second else ())})

    def support(self, options: ReadingOptions) -> bool:
        """Say whether all engines can read with these options."""
        return self._second is None or self._second.supports(options)

    def adapted(self, options: ReadingOptions) -> "Recognizers | None":
        """The engine that the head in the options belongs to, alone; None if the options have no head that fits.

        With the head it is better than the other engine on the lines of its project.
        """
        second = self._second
        return Recognizers(second) if second and options.head and second.accepts_head(options) else None

    def without_cut_to_ink(self) -> "Recognizers":
        """The engines, of which Tesseract does not cut lines to their ink."""
        if isinstance(self.first, TesseractLines):
            return Recognizers(self.first.without_cut_to_ink(), self._second, numbers=self._numbers)
        return self

    @property
    def correct_numbers(self) -> bool:
        """Whether there is an engine for numbers."""
        return self._numbers is not None

    def is_unsure(self, scored: Scored, enough: float) -> bool:
        """Say whether the first engine is less sure of a line than enough, and no other engine recognized it."""
        # A wrong digit lowers the probability less than a wrong letter.
        has_figures = self._second is not None and enough > UPRIGHT and any(map(str.isdigit, scored.line.text))
        least = max(enough, ENOUGH) if has_figures else enough
        return scored.line.engine == self.first.name and scored.other is None and scored.probability < least

    def with_numbers(
        self,
        lines: Sequence[RecognizedLine],
        images: Sequence[Pixels],
        options: ReadingOptions,
        frames: Sequence[PageFrame],
    ) -> list[RecognizedLine]:
        """Lines of the first engine, with the numbers of the engine for numbers if there is one.

        Args:
            lines: what the first engine recognized.
            images: those of the lines.
            options: how they were recognized.
            frames: where each image is in the pixels of its line.
        """
        result = list(lines)
        at = [number for number, line in enumerate(lines) if numbers.has_figures(line)]
        if self._numbers is None or options.charset or not at:
            return result
        for number, other in zip(
            at, self._numbers.recognize([images[one] for one in at], ReadingOptions()), strict=True
        ):
            result[number] = numbers.corrected(lines[number], list(map(frames[number].on_page, other.words)))
        return result

    def recognize(
        self,
        images: Sequence[Pixels],
        options: ReadingOptions,
        *,
        found: Projection | None = None,
        clean: Sequence[Pixels] | None = None,
        enough: float = ENOUGH,
    ) -> list[Scored]:
        """Recognize line images.

        Args:
            images: of lines, upright.
            options: how they are recognized.
            found: the ink of the only image, if it was found already.
            clean: the images that the first engine gets instead.
            enough: the probability from which the second engine is not asked, unless there are digits.

        Raises:
            LanguageMissing: when no engine has one of the languages.
        """
        if not images:
            return []
        second = self._second
        try:
            if found is not None and isinstance(self.first, TesseractLines):
                lines = [self.first.recognize_found(found, options)]
            else:
                lines = self.first.recognize(clean or images, options)
        except LanguageMissing:
            if second is None:
                raise
            return [scoring.scored(line) for line in second.recognize(images, options)]
        frame = PageFrame() if found is None else PageFrame(x=line_start(found))
        lines = self.with_numbers(lines, images, options, [frame] * len(lines))
        return self.with_second([scoring.scored(line) for line in lines], images, options, enough)

    def with_second(
        self, scored: Sequence[Scored], images: Sequence[Pixels], options: ReadingOptions, enough: float
    ) -> list[Scored]:
        """Lines, recognized by the second engine too if only the first one has recognized them and is unsure.

        Args:
            scored: the lines.
            images: those of the lines.
            options: how they are recognized.
            enough: the probability from which the second engine is not asked, unless there are digits.
        """
        result, second = list(scored), self._second
        unsure = [at for at, one in enumerate(scored) if self.is_unsure(one, enough)]
        if second is not None and unsure:
            missing = second.missing(options.languages)
            for at, other in zip(unsure, second.recognize([images[at] for at in unsure], options), strict=True):
                result[at] = scoring.better(scored[at].line, other, missing)
        return result


class LineReader:
    """Recognizes lines of an image.

    Args:
        recognizers: the engines.
        options: for the engines.
        image: with the lines.
        clean: the image without rules, for the first engine: Tesseract reads the rules of a table as text.
    """

    def __init__(
        self, recognizers: Recognizers, options: ReadingOptions, image: Pixels, clean: Pixels | None = None
    ) -> None:
        self._recognizers = recognizers
        self._options = options
        self._image = image
        self._clean = clean
        self._sampled: dict[Line, Placed] = {}

    def probability(self, lines: Sequence[Line], counts: Counts) -> float:
        """Return how likely some lines are to be right as they are turned: their median. Their readings are kept.

        Args:
            lines: in pixels of the image.
            counts: which of them count. If there are long words, only lines with those count.
        """
        new = [line for line in lines if not line.text and line not in self._sampled]
        # The other way up, nearly all of a line is wrong, which shows without a second engine. Cut to its ink, it has a
        # text nevertheless: B42 upside down was "cvd".
        recognizers = self._recognizers if counts == "all" else self._recognizers.without_cut_to_ink()
        self._sampled |= dict(zip(new, self._recognized(new, recognizers, UPRIGHT), strict=True))
        scored = [
            self._sampled[line][0] if line in self._sampled else scoring.scored(self._detected(line)) for line in lines
        ]
        # Upside down, hardly any words are likely to be right, but numbers can be. Even upright, some lines are not.
        letters = [sum(map(str.isalpha, one.line.text)) for one in scored]
        likely = [one.probability for one, number in zip(scored, letters, strict=True) if number >= _LONG]
        if not likely:
            signs = {"all": [_WORD] * len(scored), "words": letters}
            signs["texts"] = [sum(map(str.isalnum, one.line.text)) for one in scored]
            likely = [one.probability for one, number in zip(scored, signs[counts], strict=True) if number >= _WORD]
        return statistics.median(likely) if likely else 0.0

    def recognize(self, lines: Sequence[Line], enough: float) -> list[Placed]:
        """Recognize lines; those that the detector recognized already only if it was unsure.

        Args:
            lines: in pixels of the image.
            enough: the probability from which a line is not recognized again.
        """
        results = self._of_detector([line for line in lines if line.text])
        known = [line for line in results if self._recognizers.is_unsure(results[line][0], enough)]
        results |= self._of_samples([line for line in lines if line in self._sampled], enough)
        new = [line for line in lines if line not in results]
        results |= dict(zip(new, self._recognized(new, self._recognizers, enough), strict=True))
        # Nothing else in a number shows whether it has a point or a comma, so numbers are recognized in all ways.
        numbers = [line for line in known if any(map(str.isdigit, line.text))]
        words = [line for line in known if line not in numbers]
        for some, recognizers in ((words, self._recognizers.without_cut_to_ink()), (numbers, self._recognizers)):
            for line, again in zip(some, self._recognized(some, recognizers, enough, PAD), strict=True):
                if again[0].probability > results[line][0].probability:
                    results[line] = again
        return [results[line] for line in lines]

    def _recognized(
        self, lines: Sequence[Line], recognizers: Recognizers, enough: float, pad: float = 0.0
    ) -> list[Placed]:
        """Recognize lines that are cut out with some paper, in line heights. Detected lines contain enough of it."""
        cuts = [line_image.cut(self._image, line, pad) for line in lines]
        clean = None if self._clean is None else [line_image.cut(self._clean, line, pad)[0] for line in lines]
        scored = recognizers.recognize([cut for cut, _ in cuts], self._options, clean=clean, enough=enough)
        return [(one, frame) for one, (_, frame) in zip(scored, cuts, strict=True)]

    def _of_samples(self, lines: Sequence[Line], enough: float) -> dict[Line, Placed]:
        """The scores of lines whose probability was asked for before."""
        scored, frames = [self._sampled[line][0] for line in lines], [self._sampled[line][1] for line in lines]
        images = [line_image.cut(self._image, line, 0.0)[0] for line in lines]
        improved = self._recognizers.with_second(scored, images, self._options, enough)
        return dict(zip(lines, zip(improved, frames, strict=True), strict=True))

    def _of_detector(self, lines: Sequence[Line]) -> dict[Line, Placed]:
        """The scores of lines that were recognized while they were detected, by the first engine."""
        read = {line: self._detected(line) for line in lines}
        if self._recognizers.correct_numbers:
            some = [line for line in lines if numbers.has_figures(read[line])]
            cuts = [line_image.cut(self._image, line, 0.0) for line in some]
            images, frames = [image for image, _ in cuts], [frame for _, frame in cuts]
            known = [read[line] for line in some]
            read |= zip(some, self._recognizers.with_numbers(known, images, self._options, frames), strict=True)
        return {line: (scoring.scored(one), PageFrame()) for line, one in read.items()}

    def _detected(self, line: Line) -> RecognizedLine:
        return RecognizedLine(line.words, line.confidence, self._recognizers.first.name)
