"""The ladder: prepare, read, judge, and look again in other ways only when unsure."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from boxocr.errors import LanguageMissing
from boxocr.reading import layout, prepare
from boxocr.reading.layout import Layout
from boxocr.reading.types import Engine, Pixels, Reading, ReadingOptions

# Tesseract's page segmentation modes: a uniform block of text, and one line taken raw, without searching for lines.
BLOCK, RAW_LINE = 6, 13

# From here on a reading is believed without a second look, below the other one the box may be turned.
SURE, LOST = 0.88, 0.65

# A box this much higher than wide holds a line that runs upwards or downwards, unless it holds many lines.
TALL = 1.5

# A box this many times longer than high holds one line or a few, not a page's width turned sideways.
LONG = 4

# Lines with fewer characters than this on average are letters read one below the other.
CRUMBS = 4
MANY_LINES = 3

# How a look differed from the first one, as a reading's ``look`` ends.
NO_MARGIN, SMOOTHED, TO_THE_INK = ", no margin", ", smoothed", ", to the ink"

# From here on the fast engine is believed.
BELIEVED = 0.92


class Recognizer(Protocol):
    """An engine that can be told how to look at an image: Tesseract, as a library or as a program."""

    name: str
    version: str

    def languages(self) -> Sequence[str]:
        """Return the codes of the installed languages."""

    def look(self, image: Pixels, psm: int, options: ReadingOptions) -> Reading:
        """Read a grey image as it is, in one page segmentation mode."""


class Ladder:
    """An engine that looks at a crop in the ways that suit Tesseract, the likeliest first."""

    def __init__(self, recognizer: Recognizer) -> None:
        self.recognizer = recognizer
        self.name = recognizer.name
        self.version = recognizer.version

    def languages(self) -> Sequence[str]:
        """Return the codes of the installed languages."""
        return self.recognizer.languages()

    def read(self, crop: Pixels, options: ReadingOptions) -> Reading:
        """Read ``crop``; see :class:`~boxocr.reading.types.Engine`."""
        image = prepare.grey(prepare.bounded(crop))
        if prepare.is_blank(image):
            return Reading("", 0.0, self.name, options.languages)
        image = prepare.dark_on_even_paper(image)
        readings: list[Reading] = []
        for look in self._looks(image, options, readings):
            readings.append(look)
            if look.confidence >= SURE:
                break
        return best(readings)

    def _looks(self, image: Pixels, options: ReadingOptions, readings: Sequence[Reading]) -> Iterator[Reading]:
        """Look in one way after the other, as long as the caller wants another reading."""
        found = layout.find(image)
        yield self._upright(found, options)
        yield self._without_margin(found, options)
        if options.psm is None and len(found.lines) == 1:
            yield self._raw_line(found, options)
        yield self._smoothed(found, options)
        height, width = image.shape
        if height > TALL * width or best(readings).confidence < LOST:
            for degrees in turns(height, width):
                turned = layout.find(prepare.turn(image, degrees))
                yield replace(self._upright(turned, options), turned=degrees)

    def _upright(self, found: Layout, options: ReadingOptions) -> Reading:
        return self.recognizer.look(_framed(found), options.psm or BLOCK, options)

    def _without_margin(self, found: Layout, options: ReadingOptions) -> Reading:
        """A margin helps tight boxes, and sometimes makes layout analysis miss a word."""
        reading = self.recognizer.look(prepare.enlarge(found), options.psm or BLOCK, options)
        return replace(reading, look=reading.look + NO_MARGIN)

    def _smoothed(self, found: Layout, options: ReadingOptions) -> Reading:
        """Noise of single pixels hides faint print."""
        reading = self._upright(_smooth(found), options)
        return replace(reading, look=reading.look + SMOOTHED)

    def _raw_line(self, found: Layout, options: ReadingOptions) -> Reading:
        """Without searching for lines nothing of a line gets lost, if it is one."""
        reading = self.recognizer.look(_to_the_ink(found), RAW_LINE, options)
        return replace(reading, look=reading.look + TO_THE_INK)


def as_seen(crop: Pixels, look: str = "", turned: int = 0) -> Pixels:
    """Return the grey image that a ladder's recognizer saw, made once more, for people who wonder about a text.

    Args:
        crop: as it was drawn.
        look: the reading's; the first one's when there is no reading.
        turned: the reading's.
    """
    image = prepare.grey(prepare.bounded(crop))
    if prepare.is_blank(image):
        return image
    image = prepare.dark_on_even_paper(image)
    found = layout.find(prepare.turn(image, turned) if turned else image)
    if look.endswith(NO_MARGIN):
        return prepare.enlarge(found)
    if look.endswith(TO_THE_INK):
        return _to_the_ink(found)
    return _framed(_smooth(found) if look.endswith(SMOOTHED) else found)


def _framed(found: Layout) -> Pixels:
    return prepare.margin(prepare.enlarge(found), found.paper)


def _to_the_ink(found: Layout) -> Pixels:
    return prepare.enlarge(layout.trimmed(found))


def _smooth(found: Layout) -> Layout:
    return replace(found, image=prepare.smoothed(found.image))


class Fast(Engine, Protocol):
    """An engine that reads most boxes at once and knows what it cannot read."""

    def knows(self, options: ReadingOptions) -> bool:
        """Say whether the engine can give what is asked for."""


class FastFirst:
    """An engine that asks a fast one first, and the ladder where that one does not know the script or is unsure."""

    name = "auto"

    def __init__(self, fast: Fast, ladder: Engine) -> None:
        self.fast = fast
        self.ladder = ladder
        self.version = f"({fast.name} {fast.version}, {ladder.name} {ladder.version})"

    def languages(self) -> Sequence[str]:
        """Return the codes of the languages that either engine reads."""
        return sorted({*self.ladder.languages(), *self.fast.languages()})

    def read(self, crop: Pixels, options: ReadingOptions) -> Reading:
        """Read ``crop``; see :class:`~boxocr.reading.types.Engine`."""
        # A page segmentation mode is a request to Tesseract.
        if options.psm is not None or not self.fast.knows(options):
            return self.ladder.read(crop, options)
        first = self.fast.read(crop, options)
        if first.confidence >= BELIEVED and not in_crumbs(first.text):
            return first
        try:
            second = self.ladder.read(crop, options)
        except LanguageMissing:
            if not first.text:
                raise
            return first
        # The ladder has the better judgement of itself, and can turn the box.
        return second if second.confidence >= SURE or in_crumbs(first.text) else best([first, second])


def turns(height: int, width: int) -> tuple[int, ...]:
    """Return the turns, in degrees clockwise, after which a box of this shape can be upright.

    Text runs upwards on most spines and margins, downwards on others; a page is seldom upside down. A long flat box
    holds one line, or a few, that cannot run up or down.
    """
    if width > LONG * height:
        return (180,)
    if height > LONG * width:
        return (90, 270)
    return (90, 270, 180)


def best(readings: Sequence[Reading]) -> Reading:
    """Return the most confident reading, a much shorter one than another discounted, and one of crumbs as well.

    Else a lone "=", read with 78 % where text runs sideways, would win over six lines, and a line read sideways,
    letter by letter, over the line.
    """
    longest = max(len(reading.text) for reading in readings)

    def worth(reading: Reading) -> float:
        length = len(reading.text)
        if not length:
            return 0.0
        crumbs = reading.turned and in_crumbs(reading.text)
        return reading.confidence * min(1.0, 2 * length / longest) * (0.5 if crumbs else 1.0)

    return max(readings, key=worth)


def in_crumbs(text: str) -> bool:
    """Say whether ``text`` looks like lines that were read across: many lines of a few letters each."""
    lines = text.split("\n")
    return len(lines) >= MANY_LINES and sum(map(len, lines)) < CRUMBS * len(lines)
