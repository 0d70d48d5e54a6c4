"""Where the text of a page is, found quickly: somebody who clicked waits for it."""

import math

from boxocr.reading import prepare
from boxocr.reading.page_frame import PageFrame, scaled
from boxocr.reading.types import Pixels
from boxocr.reading.whole_page import Line, Piece, line_of

# Layout analysis needs letters of some ten pixels: a page of A4 at 150 dpi.
_LONGEST = 1_760

# What is this much of the page high is a picture.
_PICTURE = 0.5

# Smaller than any letter that layout analysis finds.
_SMALLEST_PAGE = 8

# Tesseract's page segmentation mode: columns, blocks and lines of a page that lies upright.
_AUTO = 3

# Words farther apart than this are in different columns of a table, in heights of their line.
_WIDE_GAP = 2.0


def reduced(page: Pixels) -> tuple[Pixels, PageFrame]:
    """The page as its layout is looked at: grey and small."""
    small, frame = scaled(page, (_LONGEST, _LONGEST))
    return prepare.grey(small), frame


def in_grey(page: Pixels) -> tuple[Pixels, PageFrame]:
    """The page as it is read: grey, and no larger than engines take."""
    image = prepare.grey(prepare.bounded(page))
    return image, PageFrame(scale=page.shape[1] / max(image.shape[1], 1))


def split_at_gaps(line: Line) -> list[Line]:
    """The parts of a line between wide gaps: what stands in one row of a table is no line of text."""
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
