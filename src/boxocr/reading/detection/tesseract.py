"""Tesseract's layout analysis as a detector: for installs without PP-OCR, and for scripts that it does not know."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import cv2
import numpy as np
from PIL import Image

from boxocr.reading import prepare
from boxocr.reading.detection import pictures, rules, skew
from boxocr.reading.detection.components import Components
from boxocr.reading.detection.skew import Skew
from boxocr.reading.page_frame import PageFrame
from boxocr.reading.types import Pixels, ReadingOptions
from boxocr.reading.whole_page import Line, Piece, line_of

Find = Callable[[Pixels, int, ReadingOptions], list[Line]]

# Page segmentation modes: columns, blocks and lines; and lines anywhere.
_AUTO, _SPARSE = 3, 11

# An image whose lines are less skewed is read as it is.
_STRAIGHT = 0.5

# Letters of this height, px, are as many pixels as Tesseract's layout analysis wants; images are enlarged up to this
# much, and to as many pixels.
_LETTER_HEIGHT = 18
_LARGEST_SCALE = 3.0
_MOST_PIXELS = 6_000_000

# Lines this many times longer than wide show how the text runs. It surely runs along the rows if those that do are this
# many times longer together than the others.
_LONG = 2.0
_UNAMBIGUOUS = 3.0

# Rules enclose more cells than this in a table.
_CELLS = 4

# A line of the second mode is new when the first one's cover less than this share of it, and believed from here on.
_COVERED = 0.4
_BELIEVED = 0.7
_BELIEVED_LETTER = 0.88


class TesseractDetector:
    """Finds lines with Tesseract's layout analysis, and recognizes them on the way.

    The lines of mode 3 and those of mode 11 that these leave uncovered: on real documents mode 3 alone misses a fifth
    of the lines of forms, and all of those in photos.

    Args:
        find: gives the lines of a grey image in a page segmentation mode, recognized or not.
    """

    def __init__(self, find: Find) -> None:
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
            lines = self._detect(straight, options)
            found.append((_level_text(lines), frame.lines_on_page(lines)))
            if _are_level(lines):
                break
        return list(max(found, key=lambda one: one[0])[1])

    def _detect(self, even: Pixels, options: ReadingOptions) -> list[Line]:
        """Find the lines of an image that is dark on light, on even paper, and whose lines are level."""
        enlarged, clean, frame = _enlarged(even)
        lines = self._find(enlarged, _AUTO, options)
        lines = _with_uncovered(lines, self._find(clean, _SPARSE, options))
        lines = [line for line in frame.lines_on_page(lines) if len(line.text) != 1 or line.text.isalnum()]
        # Light text on a picture has become dark text on a light one, or not: both are looked for.
        lines += pictures.lines(even, lines)
        return lines


def _level_text(lines: Sequence[Line]) -> float:
    """How much surely recognized text of an image is level: layout analysis finds lines that run up or down as well."""
    return sum(line.width * line.confidence for line in lines if line.rotation % 180 == 0)


def _are_level(lines: Iterable[Line]) -> bool:
    """Whether the lines surely run along the image's rows, upside down perhaps."""
    long = [line for line in lines if max(line.width, line.height) > _LONG * min(line.width, line.height)]
    across = sum(line.width for line in long if line.width > line.height and line.rotation % 180 == 0)
    return across > _UNAMBIGUOUS * (sum(max(line.width, line.height) for line in long) - across)


def level(image: Pixels, found: Skew) -> tuple[Pixels, PageFrame]:
    """The image turned so that its lines are level, upside down perhaps, and where it is on the one given."""
    frame = PageFrame()
    if found.sideways:
        frame = frame.turned(90, image.shape[1], image.shape[0])
        image = prepare.turn(image, 90)
    if abs(found.degrees) >= _STRAIGHT:
        height, width = image.shape
        paper = int(np.median(image[:: max(height // 100, 1), :: max(width // 100, 1)]))
        turned = Image.fromarray(image).rotate(found.degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=paper)
        frame = frame.slanted(-found.degrees, width, height, turned.width, turned.height)
        image = np.asarray(turned)
    return image, frame


def _enlarged(image: Pixels) -> tuple[Pixels, Pixels, PageFrame]:
    """The image with small print enlarged, the same without rules, and where they are on the image.

    The first one keeps the rules of a table only: by these mode 3 finds the rows, and single digits in the cells. Other
    rules, and all of them in mode 11, are taken for letters.
    """
    limit, _ = cv2.threshold(image, 0, 255, cv2.THRESH_OTSU)
    ink = image <= limit
    drawn, _ = rules.find(ink)
    clean = image
    if drawn.any():
        paper = int(np.median(image[~ink])) if not ink.all() else 255
        clean = np.where(cv2.dilate(drawn.view(np.uint8), np.ones((3, 3), np.uint8)), np.uint8(paper), image)
        if Components.of(~drawn).count <= _CELLS:
            image = clean
    letters = Components.of(ink & ~drawn).larger_than(4)
    height = float(np.median(letters.height)) if letters.count else 0.0
    scale = min(_LETTER_HEIGHT / max(height, 1.0), _LARGEST_SCALE, (_MOST_PIXELS / image.size) ** 0.5)
    if not height or scale <= 1.1:  # noqa: PLR2004 - a tenth changes nothing
        return image, clean, PageFrame()
    size = round(image.shape[1] * scale), round(image.shape[0] * scale)
    larger, larger_clean = (prepare.resized(pixels, size, cv2.INTER_CUBIC) for pixels in (image, clean))
    return larger, larger_clean, PageFrame(scale=1 / scale)


def _with_uncovered(lines: Sequence[Line], others: Iterable[Line]) -> list[Line]:
    """The lines, and the words of others that they do not cover."""
    together = list(lines)
    blocks = max((line.block for line in lines), default=-1) + 1
    for other in others:
        words = [word for word in other.words if _is_believed(word) and not any(_covers(line, word) for line in lines)]
        if words:
            together.append(replace(line_of(words, other.block), block=blocks))
            blocks += 1
    return together


def _is_believed(word: Piece) -> bool:
    """Whether a word of mode 11 is more than a speck or the edge of a picture; one without text is a layout's."""
    letters = sum(char.isalnum() for char in word.text)
    return not word.text or (letters > 0 and word.confidence >= (_BELIEVED if letters > 1 else _BELIEVED_LETTER))


def _covers(line: Line, word: Piece) -> bool:
    across = min(line.x + line.width, word.x + word.width) - max(line.x, word.x)
    down = min(line.y + line.height, word.y + word.height) - max(line.y, word.y)
    return across > 0 and down > 0 and across * down > _COVERED * word.width * word.height
