"""Reading whole pages: laid upright, read by their own layout, and looked at again where that left something out."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from boxocr.errors import LanguageMissing
from boxocr.reading import prepare
from boxocr.reading.page import page_layout, page_lines, page_turn, unread
from boxocr.reading.page.page_frame import PageFrame
from boxocr.reading.page.page_lines import Spoken
from boxocr.reading.page.whole_page import Line, PageLayout, PageReading
from boxocr.reading.recognition.retrying import BELIEVED, FastFirst, Ladder
from boxocr.reading.types import Engine, Pixels, Reading, ReadingOptions

_AUTO, _BLOCK, _SPARSE = 3, 6, 11

# A sample read this surely lies upright.
_UPRIGHT = 0.8

# So many characters are no accident.
_WORDS = 6

# How many lines are tried before all ways up are compared, and how many then.
_FEW, _SAMPLES = 2, 5

# Another way up must read this much more surely.
_SURER = 0.1

# Lines that are less slanted are read as they are.
_STRAIGHT = 0.25

# What is no higher than this, in pixels of the map of ink, is a line or two.
_LOW = 40


@runtime_checkable
class PageRecognizer(Protocol):
    """An engine that finds and reads all words of a page: Tesseract, as a library or as a program."""

    name: str

    def look_at_page(self, image: Pixels, psm: int, options: ReadingOptions) -> list[Line]:
        """Read the lines of a grey image; places in pixels of the image."""


@runtime_checkable
class LineReader(Protocol):
    """An engine that reads single lines, and knows where their words are: PP-OCR."""

    def check(self, options: ReadingOptions) -> None:
        """Raise LanguageMissing where a language cannot be read."""

    def words(self, line: Pixels, charset: str) -> list[Spoken]:
        """Read the words of one line."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A page as it is read.

    Attributes:
        image: grey.
        frame: where it is on the page.
        turned: degrees clockwise that the page was turned by: 0, 90, 180 or 270.
    """

    image: Pixels
    frame: PageFrame
    turned: int = 0

    @cached_property
    def ink(self) -> tuple[NDArray[np.bool_], float]:
        """Its ink without rules, on a smaller copy, and how many of its pixels make one of the copy."""
        ink, shrink = page_turn.ink_map(self.image)
        return page_turn.without_rules(ink), shrink

    def turn(self, degrees: int) -> "Picture":
        """The same turned clockwise by quarters."""
        if not degrees % 360:
            return self
        height, width = self.image.shape
        frame = self.frame.turned(degrees, width, height)
        return Picture(prepare.turn(self.image, degrees), frame, (self.turned + degrees) % 360)

    def straighten(self, slant: float) -> "Picture":
        """The same turned back by the degrees by which its lines are slanted clockwise."""
        if abs(slant) < _STRAIGHT:
            return self
        height, width = self.image.shape
        paper = int(np.median(self.image[:: max(height // 100, 1), :: max(width // 100, 1)]))
        turned = Image.fromarray(self.image).rotate(slant, Image.Resampling.BICUBIC, expand=True, fillcolor=paper)
        frame = self.frame.slanted(-slant, width, height, turned.width, turned.height)
        return Picture(np.asarray(turned), frame, self.turned)


def read(engine: Engine, image: Pixels, frame: PageFrame, options: ReadingOptions) -> PageReading:
    """Read all of a page with ``engine``.

    Args:
        engine: reads it.
        image: the page, grey.
        frame: where ``image`` is on the page.
        options: how it is read.

    Raises:
        BoxOCRError: why it cannot be read.
    """
    if prepare.is_blank(image):
        return PageReading((), engine.name, options.languages)
    flat = Picture(prepare.dark_on_even_paper(image), frame)
    picture = upright(flat, lambda sample: _read_sample(engine, sample, options))
    lines = _lines(engine, picture, options)
    return PageReading(picture.frame.lines_on_page(lines), engine.name, options.languages, picture.turned)


def find_layout(engine: Engine, image: Pixels, frame: PageFrame, options: ReadingOptions) -> PageLayout:
    """Find where the text of a reduced page is, lying in any way; see :func:`page_layout.find`."""
    if prepare.is_blank(image):
        return PageLayout(())
    picture = Picture(prepare.dark_on_even_paper(image), frame)
    lie, *_ = page_turn.lies(picture.ink[0])
    if lie.sideways or abs(lie.slant) >= _STRAIGHT:
        # Which way up it is shows only when a line is read, which most pages can do without.
        picture = upright(picture, lambda sample: _read_sample(engine, sample, options))
    return page_layout.find(picture.image, picture.frame)


def _lines(engine: Engine, picture: Picture, options: ReadingOptions) -> list[Line]:
    """Read an upright page in the way of its engine."""
    if isinstance(engine, FastFirst):
        return _with_help(engine, picture, options)
    if isinstance(engine, Ladder) and isinstance(engine.recognizer, PageRecognizer):
        return _with_second_looks(engine.recognizer, picture, options)
    if isinstance(engine, LineReader):
        return _line_by_line(engine, picture, options)

    def read_line(crop: Pixels, line: Line) -> list[Spoken]:
        reading = engine.read(crop, options)
        return page_lines.in_proportion(reading.text, reading.confidence, line)

    return page_lines.read(picture.image, page_layout.lines(picture.image), read_line)


def _with_help(engine: FastFirst, picture: Picture, options: ReadingOptions) -> list[Line]:
    """Read with Tesseract, and again with the fast engine what Tesseract was unsure of.

    Tesseract reads a page with its layout in the time that the fast engine takes for the lines alone.
    """
    fast = engine.fast
    if options.psm is not None or not isinstance(fast, LineReader) or not engine.fast.knows(options):
        return _lines(engine.ladder, picture, options)
    try:
        lines = _lines(engine.ladder, picture, options)
    except LanguageMissing:
        return _line_by_line(fast, picture, options)
    for at, line in enumerate(lines):
        if line.confidence < BELIEVED:
            (again,) = page_lines.read(picture.image, [line], lambda crop, _: fast.words(crop, options.charset)) or [
                line
            ]
            if again.confidence >= BELIEVED:
                lines[at] = again
    return lines


def _line_by_line(engine: LineReader, picture: Picture, options: ReadingOptions) -> list[Line]:
    engine.check(options)
    lines = page_layout.lines(picture.image)
    return page_lines.read(picture.image, lines, lambda crop, _: engine.words(crop, options.charset))


def _with_second_looks(recognizer: PageRecognizer, picture: Picture, options: ReadingOptions) -> list[Line]:
    """Read a page, and the inked areas that were passed over once more, each prepared by itself."""
    lines = recognizer.look_at_page(picture.image, _AUTO, options)
    ink, shrink = picture.ink
    found: list[Line] = []
    for left, top, right, bottom in unread.areas(ink, shrink, lines):
        crop = np.ascontiguousarray(picture.image[top:bottom, left:right])
        if prepare.is_noise(crop):
            continue
        crop = prepare.dark_on_even_paper(crop)
        psm = _SPARSE if bottom - top > _LOW * shrink else _BLOCK
        found += map(PageFrame(left, top).on_page, recognizer.look_at_page(crop, psm, options))
    return unread.joined(lines, found)


def upright(picture: Picture, read_sample: Callable[[Pixels], Reading]) -> Picture:
    """Turn a page so that its lines are straight and can be read.

    Args:
        picture: dark on light.
        read_sample: reads a line or so.
    """
    lies = page_turn.lies(picture.ink[0])
    # Where nothing is read for sure, a page lies as it should until another way reads better.
    ways = [picture]
    for lie in lies:
        for way in (0, 180):
            turned = picture.turn(way + 90 * lie.sideways).straighten(lie.slant)
            # The first sample can lie on a picture.
            samples = map(read_sample, _samples(turned, _FEW))
            if any(sample.confidence > _UPRIGHT and len(sample.text) >= _WORDS for sample in samples):
                return turned
            ways.append(turned)
    likeliest, *others = ways
    best = max(others, key=lambda way: _sureness(way, read_sample))
    return best if _sureness(best, read_sample) > _sureness(likeliest, read_sample) + _SURER else likeliest


def _samples(picture: Picture, number: int) -> list[Pixels]:
    """Some lines of a page, or parts of long ones."""
    ink, shrink = picture.ink
    boxes = page_turn.samples(ink, number)
    places = [tuple(round(edge * shrink) for edge in box) for box in boxes]
    return [np.ascontiguousarray(picture.image[top:bottom, left:right]) for left, top, right, bottom in places]


def _sureness(picture: Picture, read_sample: Callable[[Pixels], Reading]) -> float:
    """How surely some lines are read, 0 to 1."""
    found = [read_sample(sample) for sample in _samples(picture, _SAMPLES)]
    characters = sum(len(reading.text) for reading in found)
    return sum(len(reading.text) * reading.confidence for reading in found) / characters if characters else 0.0


def _read_sample(engine: Engine, crop: Pixels, options: ReadingOptions) -> Reading:
    crop = prepare.dark_on_even_paper(crop)
    if isinstance(engine, FastFirst):
        try:
            return _read_sample(engine.ladder, crop, options)
        except LanguageMissing:
            return engine.fast.read(crop, options)
    # The ladder would turn the sample itself.
    if isinstance(engine, Ladder):
        return engine.recognizer.look(crop, _BLOCK, options)
    return engine.read(crop, options)
