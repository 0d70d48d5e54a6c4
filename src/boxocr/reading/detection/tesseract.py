"""Tesseract's layout analysis as a detector: for installs without PP-OCR, and for scripts that PP-OCR does not know."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from boxocr.reading import joined_scripts, prepare
from boxocr.reading.detection import ornaments, pictures, rules, skew
from boxocr.reading.detection.components import Components, grown
from boxocr.reading.detection.skew import Skew
from boxocr.reading.line_image import fill
from boxocr.reading.page_frame import PageFrame
from boxocr.reading.types import Pixels, ReadingOptions
from boxocr.reading.whole_page import Line, Piece, line_of

# Page segmentation modes: columns, blocks and lines; one block; and lines anywhere.
AUTO, _BLOCK, _SPARSE = 3, 6, 11

# An image whose lines are skewed by fewer degrees than this is read as it is.
_STRAIGHT = 0.5

# Tesseract's layout analysis works best with letters this many pixels high. Images are enlarged at most by this factor,
# and to at most this many pixels.
_LETTER_HEIGHT = 18
_LARGEST_SCALE = 3.0
_MOST_PIXELS = 6_000_000

# If lines run up or down, the image is cut into this many strips; the one with the most ink shows which way up it is.
_STRIPS = 16

# Lines this many times longer than wide show how the text runs. It surely runs along the rows if the lines that do are
# together this many times longer than the others.
_LONG = 2.0
_UNAMBIGUOUS = 3.0

# Ink is looked for on a copy with about as many pixels: A4 at 150 to 250 dpi.
_INK_PIXELS = 3_000_000

# Rules enclose more cells than this in a table.
_CELLS = 4

# Letters higher than this, in usual heights, are looked for in mode 11 if no line covers them.
_LOWEST = 0.5

# Lines of mode 3 with less confidence than this do not count as covering letters: when they did, F1 of a poster was 0
# instead of .13, and of screenshots .922 instead of .926.
_LEGIBLE = 0.4

# A page is handwriting if it has at least this many lines of more than this many characters, and most of them are not
# legible: the median confidence was .22 to .28 on nine handwritten pages, and .77 or more on print.
_MANY_LINES, _FEW_CHARACTERS = 10, 3

# A word of mode 11 is new if each line of mode 3 covers at most this share of it. It is believed from this confidence
# on, a single letter from the second one.
_COVERED = 0.4
_BELIEVED = 0.7
_BELIEVED_LETTER = 0.88


class TesseractDetector:
    """Finds lines with Tesseract's layout analysis, and recognizes them on the way.

    Combines the lines of mode 3 with words of mode 11 that these leave uncovered: on real documents mode 3 alone misses
    a fifth of the lines of forms, and all of those in photos.

    Args:
        find: gives the lines of a grey image in a page segmentation mode, recognized or not.
    """

    def __init__(self, find: Callable[[Pixels, int, ReadingOptions], list[Line]]) -> None:
        self._find = find

    def detect(self, image: Pixels, options: ReadingOptions) -> list[Line]:
        """Find the lines of an image; see :class:`~boxocr.reading.detection.TextDetector`."""
        grey = prepare.grey(image)
        if prepare.is_blank(grey) or prepare.is_noise(grey):
            return []
        flat = prepare.dark_on_even_paper(grey)
        ways = skew.estimate(flat)
        found = []
        for way in ways:
            straight, frame = level(flat, way)
            if way.sideways and self._is_upside_down(straight, options):
                frame = frame.turned(180, straight, straight)
                straight = prepare.turn(straight, 180)
            lines = self._detect(straight, options)
            found.append((_level_text(lines), frame.lines_on_page(lines)))
            if _are_level(lines):
                break
        return list(max(found, key=lambda one: one[0])[1])

    def _is_upside_down(self, image: Pixels, options: ReadingOptions) -> bool:
        """Whether a part of an image is recognized better upside down; all of it would take much longer."""
        high = -(-image.shape[0] // _STRIPS)
        strips = [image[top : top + high] for top in range(0, image.shape[0], high)]
        limit, _ = cv2.threshold(image, 0, 255, cv2.THRESH_OTSU)
        strip = max(strips, key=lambda strip: int(np.count_nonzero(np.diff(strip <= limit, axis=1))))
        upright, turned = (
            _level_text(self._find(pixels, _BLOCK, options))
            for pixels in (np.ascontiguousarray(strip), prepare.turn(strip, 180))
        )
        return turned > upright

    def _detect(self, even: Pixels, options: ReadingOptions) -> list[Line]:
        """Find the lines of an image that is dark on light, on even paper, and whose lines are level."""
        ink = _ink(even, options.languages)
        lines = self._found(ink.with_table, ink.scale, AUTO, options)
        legible = lines if is_handwriting(lines) else [line for line in lines if line.confidence >= _LEGIBLE]
        if (rest := ink.uncovered(legible)) is not None:
            image, frame = rest
            others = frame.lines_on_page(self._found(image, ink.scale, _SPARSE, options))
            lines = _with_uncovered(lines, others)
        lines = [line for line in lines if len(line.text) != 1 or line.text.isalnum()]
        # Preparing the image may have turned light text on a picture into dark text, or not: both are looked for.
        return lines + pictures.lines(even, lines)

    def _found(self, image: Pixels, scale: float, psm: int, options: ReadingOptions) -> list[Line]:
        """The lines that Tesseract finds in an image when it is enlarged."""
        size = round(image.shape[1] * scale), round(image.shape[0] * scale)
        larger = prepare.resized(image, size, cv2.INTER_CUBIC) if scale > 1 else image
        return list(PageFrame(scale=1 / scale).lines_on_page(self._find(larger, psm, options)))


@dataclass(frozen=True, slots=True)
class _Ink:
    """The writing and the rules of an image.

    Attributes:
        with_table: the image without rules, except those of a table: mode 3 needs them to find the rows, and single
            digits in the cells. It takes other rules for letters, and mode 11 takes all of them.
        clean: the image without rules.
        paper: the grey of its paper.
        letters: pieces of ink, in pixels of a smaller copy.
        shrink: how many pixels of the image's side make one of the copy.
    """

    with_table: Pixels
    clean: Pixels
    paper: int
    letters: Components
    shrink: int

    @property
    def letter_height(self) -> float:
        """The usual height of letters, px; 0 without any."""
        return self.shrink * float(np.median(self.letters.height)) if self.letters.count else 0.0

    @property
    def scale(self) -> float:
        """By how much small print is enlarged."""
        height, size = self.letter_height, self.clean.size
        scale = min(_LETTER_HEIGHT / max(height, 1.0), _LARGEST_SCALE, (_MOST_PIXELS / size) ** 0.5)
        return scale if height and scale > 1.1 else 1.0  # noqa: PLR2004 - a tenth changes nothing

    def uncovered(self, lines: Sequence[Line]) -> tuple[Pixels, PageFrame] | None:
        """The part of the clean image with letters that no line covers, the lines painted over, and its place."""
        letters = self.letters
        covered = np.zeros(letters.labels.shape, np.uint8)
        fill(covered, PageFrame(scale=1 / self.shrink).lines_on_page(lines))
        middles = letters.top + letters.height // 2, letters.left + letters.width // 2
        is_left = (covered[middles] == 0) & (self.shrink * letters.height > _LOWEST * self.letter_height)
        if not is_left.any():
            return None
        left = letters.only(is_left)
        pad = round(2 * self.letter_height)
        top, first = (max(self.shrink * int(side.min()) - pad, 0) for side in (left.top, left.left))
        bottom, last = (self.shrink * int(side.max()) + pad for side in (left.bottom, left.right))
        part = self.clean[top:bottom, first:last].copy()
        fill(part, PageFrame(-first, -top).lines_on_page(lines), self.paper)
        return part, PageFrame(first, top)


def is_handwriting(lines: Sequence[Line]) -> bool:
    """Whether a page's lines are handwriting, which Tesseract does not read better when it is prepared otherwise."""
    confidences = [line.confidence for line in lines if len(line.text) > _FEW_CHARACTERS]
    return len(confidences) >= _MANY_LINES and statistics.median(confidences) < _LEGIBLE


def _level_text(lines: Sequence[Line]) -> float:
    """How much text is level, weighted by confidence: layout analysis finds lines that run up or down as well."""
    return sum(line.width * line.confidence for line in lines if line.rotation % 180 == 0)


def _are_level(lines: Iterable[Line]) -> bool:
    """Whether the lines surely run along the image's rows, perhaps upside down."""
    long = [line for line in lines if max(line.width, line.height) > _LONG * min(line.width, line.height)]
    across = sum(line.width for line in long if line.width > line.height and line.rotation % 180 == 0)
    return across > _UNAMBIGUOUS * (sum(max(line.width, line.height) for line in long) - across)


def level(image: Pixels, found: Skew) -> tuple[Pixels, PageFrame]:
    """The image turned so that its lines are level, perhaps upside down, and its frame on the given image."""
    frame = PageFrame()
    if found.sideways:
        upright = prepare.turn(image, 90)
        frame, image = frame.turned(90, image, upright), upright
    if abs(found.degrees) >= _STRAIGHT:
        height, width = image.shape
        paper = int(np.median(image[:: max(height // 100, 1), :: max(width // 100, 1)]))
        bicubic = Image.Resampling.BICUBIC
        turned = np.asarray(Image.fromarray(image).rotate(found.degrees, bicubic, expand=True, fillcolor=paper))
        frame, image = frame.turned(-found.degrees, image, turned), turned
    return image, frame


def _ink(image: Pixels, languages: str) -> _Ink:
    """The ink of an image that is dark on light."""
    shrink = max(round((image.size / _INK_PIXELS) ** 0.5), 1)
    # The darkest of the pixels: thin rules would be lost in their mean.
    small = cv2.erode(image, np.ones((shrink, shrink), np.uint8), anchor=(0, 0))[::shrink, ::shrink]
    limit, _ = cv2.threshold(small, 0, 255, cv2.THRESH_OTSU)
    ink = np.asarray(small <= limit)
    drawn, *_ = rules.find(ink, may_be_joined=joined_scripts.can_be_in(languages))
    paper = int(np.median(small[~ink])) if not ink.all() else 255
    # Tesseract is so unsure of lines with leader dots that they look like handwriting.
    signs = ornaments.find(Components.of(ink & ~drawn), languages).mask()
    clean = with_table = _without(image, signs, paper, shrink)
    if drawn.any():
        clean = _without(clean, drawn, paper, shrink)
        if Components.of(~drawn).count <= _CELLS:
            with_table = clean
    return _Ink(with_table, clean, paper, Components.of(ink & ~drawn & ~signs).larger_than(4 / shrink), shrink)


def _without(image: Pixels, ink: NDArray[np.bool_], paper: int, shrink: int) -> Pixels:
    """The image with paper in place of ink that was found on its copy, and around that ink."""
    if not ink.any():
        return image
    whole = cv2.resize(grown(ink).view(np.uint8), None, fx=shrink, fy=shrink, interpolation=cv2.INTER_NEAREST)
    return np.where(whole[: image.shape[0], : image.shape[1]], np.uint8(paper), image)


def _with_uncovered(lines: Sequence[Line], others: Iterable[Line]) -> list[Line]:
    """The lines, and the words of the other lines that they do not cover."""
    together = list(lines)
    for other in others:
        words = [word for word in other.words if _is_believed(word) and not any(_covers(line, word) for line in lines)]
        if words:
            together.append(line_of(words))
    return together


def _is_believed(word: Piece) -> bool:
    """Whether a word of mode 11 is more than a speck or the edge of a picture. Layout analysis alone gives no text."""
    letters = sum(char.isalnum() for char in word.text)
    return not word.text or (letters > 0 and word.confidence >= (_BELIEVED if letters > 1 else _BELIEVED_LETTER))


def _covers(line: Line, word: Piece) -> bool:
    across = min(line.x + line.width, word.x + word.width) - max(line.x, word.x)
    down = min(line.y + line.height, word.y + word.height) - max(line.y, word.y)
    return across > 0 and down > 0 and across * down > _COVERED * word.width * word.height
