"""Letters made of dots, which are joined, because detectors and recognizers expect strokes.

Dot-matrix print, as on packaging, has dots of some pixels. One-bit scans show grey letters as dots of a single pixel.
"""

import itertools

import cv2
import numpy as np

from boxocr.reading.detection.projection import Projection
from boxocr.reading.types import Pixels

# A dot fills more than this share of its rectangle, is as high as wide within this factor, and differs from the usual
# size by at most this factor. Dot-matrix print has at least this many pieces of ink, and more than this share are dots.
_FILL = 0.5
_ROUND = 1.5
_MOST_SIZES = 1.6
_FEWEST = 20
_MOSTLY = 2 / 3

# The rows and columns of the four neighbours of a padded image's pixels.
_INNER = slice(1, -1)
_BESIDE = ((slice(-2), _INNER), (slice(2, None), _INNER), (_INNER, slice(-2)), (_INNER, slice(2, None)))

# A line is more than this many dots high. If each row of dots is found as a line of its own, there are at least this
# many gaps.
_LINE = 5
_ROWS = 4

# A scan has one bit per pixel if fewer pixels than this share of its ink are neither black nor white within _BIT grey
# levels. On a page, pixels are counted in bands of rows, and in about this many rows together.
_BIT, _BETWEEN = 25, 0.05
_BAND, _ROWS_COUNTED = 64, 1024

# A one-bit scan is dithered if more pixels than this share of the ink have no neighbour like them: .25 to .9 where
# letters or paper are grey, and at most .09 in 338 boxes of other one-bit scans. It is also dithered if its letters are
# at least this many pixels high and ink fills less than this share of them, with gaps of one or two pixels closed: .74
# to .84 in six boxes of a faint page, and .88 or more in 199 others.
_ALONE = 0.2
_DITHERED_HEIGHT, _FILLED = 26, 0.87


def is_dithered(grey: Pixels, found: Projection | None = None) -> bool:
    """Say whether a one-bit scan shows greys as dots of a pixel. :func:`boxocr.reading.prepare.smoothed` joins them.

    PP-OCR finds single letters in dithered boxes as they are, and whole lines in smoothed ones; Tesseract reads few of
    the letters on dithered paper.

    Args:
        grey: a box or a page as it was scanned.
        found: the ink of the box.
    """
    darkest, lightest = int(grey.min()), int(grey.max())
    apart = max(len(grey) * _BAND // _ROWS_COUNTED, _BAND)
    counted = np.concatenate([grey[top : top + _BAND] for top in range(0, len(grey), apart)])
    is_dark = counted <= darkest + _BIT
    dark, light = np.count_nonzero(is_dark), np.count_nonzero(counted >= lightest - _BIT)
    if counted.size - dark - light > _BETWEEN * min(dark, light):
        return False
    padded = np.pad(is_dark, 1, mode="edge")
    like = [is_dark == padded[rows, columns] for rows, columns in _BESIDE]
    if np.count_nonzero(~np.logical_or.reduce(like)) > _ALONE * min(dark, light):
        return True
    if found is None or found.text_height < _DITHERED_HEIGHT:
        return False
    ink = np.pad(found.image < found.limit, 1).view(np.uint8)
    closed = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    return bool(np.count_nonzero(ink) < _FILLED * np.count_nonzero(closed))


def is_dot_matrix(found: Projection) -> bool:
    """Say whether most ink is in small dots of one size."""
    pieces = found.pieces.larger_than(2)
    if pieces.count < _FEWEST:
        return False
    sizes = np.maximum(pieces.width, pieces.height)
    usual = float(np.median(sizes))
    is_dot = (
        (pieces.area > _FILL * pieces.width * pieces.height)
        & (sizes < _ROUND * np.minimum(pieces.width, pieces.height))
        & (sizes < _MOST_SIZES * usual)
        & (sizes > usual / _MOST_SIZES)
    )
    return bool(is_dot.mean() > _MOSTLY) and _are_rows_of_dots(found, usual)


def _are_rows_of_dots(found: Projection, size: float) -> bool:
    """Whether lines are much higher than dots, or are rows of dots too near to each other to be lines of text."""
    if not found.lines or found.text_height > _LINE * size:
        return True
    gaps = [below - above for (_, above), (below, _) in itertools.pairwise(found.lines)]
    return len(gaps) >= _ROWS and float(np.median(gaps)) < size


def joined(crop: Pixels, found: Projection) -> Pixels:
    """The crop with its dots joined."""
    pieces = found.pieces.larger_than(2)
    middles = np.stack((pieces.left + pieces.width / 2, pieces.top + pieces.height / 2), axis=1)[:400]
    distances = np.linalg.norm(middles[:, None] - middles[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    spacing = float(np.median(distances.min(axis=1)))
    return np.asarray(cv2.GaussianBlur(crop, (0, 0), max(0.45 * spacing, 0.8)), np.uint8)
