"""Where the words, lines and blocks of a page are, without recognition: somebody who clicked waits for it."""

import math

from boxocr.errors import EngineUnavailable
from boxocr.reading import orientation, prepare
from boxocr.reading.detection import skew
from boxocr.reading.detection.tesseract import level
from boxocr.reading.types import Pixels
from boxocr.reading.whole_page import Line, Piece, line_of

# Tesseract's page segmentation mode that finds columns, blocks and lines.
_AUTO = 3

# Smaller than any letter that layout analysis finds.
_SMALLEST_PAGE = 8

# A line this high, as a share of the page, is a picture.
_PICTURE = 0.5

# Words farther apart than this, in heights of their line, are in different columns.
_WIDE_GAP = 2.5


def find(image: Pixels, probability: orientation.Sample) -> list[Line]:
    """Find the text of a grey image.

    Args:
        image: in any orientation.
        probability: how likely some lines are to be right when they are read as they are; asked where the lines run up
            or down.

    Raises:
        EngineUnavailable: when tesserocr cannot be imported.
    """
    try:
        from boxocr.reading.recognition import tesseract  # noqa: PLC0415 - only where it is used: it can be missing
    except ImportError as error:
        raise EngineUnavailable("Finding lines needs tesserocr, which is not installed.") from error
    if min(image.shape) < _SMALLEST_PAGE or prepare.is_blank(image):
        return []
    flat = prepare.dark_on_even_paper(image)
    flat, frame = level(flat, skew.estimate(flat)[0])
    found = [line for line in tesseract.layout(flat, _AUTO) if line.height < _PICTURE * flat.shape[0]]
    parts = [part for line in frame.lines_on_page(found) for part in _split_at_gaps(line)]
    if frame.rotation:
        parts, _ = orientation.upright(parts, probability)
    return parts


def _split_at_gaps(line: Line) -> list[Line]:
    """The parts of a line between wide gaps: the cells of a table's row are not one line of text."""
    parts: list[list[Piece]] = [[]]
    for word in line.words:
        if parts[-1] and _gap(parts[-1][-1], word) > _WIDE_GAP * line.height:
            parts.append([])
        parts[-1].append(word)
    return [line_of(part, line.block) for part in parts] if len(parts) > 1 else [line]


def _gap(word: Piece, following: Piece) -> float:
    """Pixels between two words of a line."""
    (_, upper_right, *_), (upper_left, *_) = word.corners(), following.corners()
    return math.dist(upper_right, upper_left)
