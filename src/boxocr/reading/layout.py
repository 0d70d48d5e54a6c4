"""Where the words, lines and blocks of a page are, without recognition: an annotator has clicked and is waiting."""

import math

from boxocr.errors import EngineUnavailable
from boxocr.reading import orientation, prepare
from boxocr.reading.detection import skew
from boxocr.reading.detection.tesseract import AUTO, level
from boxocr.reading.types import Pixels
from boxocr.reading.whole_page import Line, Piece, line_of

# A line this high, as a share of the page, is a picture.
_PICTURE = 0.5

# Words farther apart than this, in heights of their line, are in different columns.
_WIDE_GAP = 2.5


def find(image: Pixels, probability: orientation.Sample) -> list[Line]:
    """Find the text of a grey image.

    Args:
        image: in any orientation.
        probability: how likely some lines are to be right as they are turned; called if the image had to be turned.

    Raises:
        EngineUnavailable: when tesserocr cannot be imported.
    """
    if prepare.is_blank(image):
        return []
    flat = prepare.dark_on_even_paper(image)
    flat, frame = level(flat, skew.estimate(flat)[0])
    found = [line for line in lines(flat, AUTO) if line.height < _PICTURE * flat.shape[0]]
    parts = [part for line in frame.lines_on_page(found) for part in _split_at_gaps(line)]
    if frame.rotation:
        parts, _ = orientation.upright(parts, probability)
    return parts


def lines(image: Pixels, psm: int) -> list[Line]:
    """The lines that layout analysis finds in a grey image in a page segmentation mode, without recognition.

    Raises:
        EngineUnavailable: when tesserocr cannot be imported.
    """
    try:
        from boxocr.reading.recognition import tesseract  # noqa: PLC0415 - only where it is used: it can be missing
    except ImportError as error:
        raise EngineUnavailable("Finding lines needs tesserocr, which is not installed.") from error
    return tesseract.layout(image, psm)


def _split_at_gaps(line: Line) -> list[Line]:
    """The parts of a line between wide gaps: the cells of a table's row are not one line of text."""
    parts: list[list[Piece]] = [[]]
    for word in line.words:
        if parts[-1] and math.dist(parts[-1][-1].corners()[1], word.corners()[0]) > _WIDE_GAP * line.height:
            parts.append([])
        parts[-1].append(word)
    return [line_of(part, line.block) for part in parts] if len(parts) > 1 else [line]
