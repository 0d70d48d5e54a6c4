"""Dot-matrix print, as on packaging: its dots are joined, because recognizers expect strokes."""

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

# A line is more than this many dots high. If each row of dots is found as a line of its own, there are at least this
# many gaps.
_LINE = 5
_ROWS = 4


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
    return len(gaps) >= _ROWS and float(np.median(gaps)) < size / 2


def joined(crop: Pixels, found: Projection) -> Pixels:
    """The crop with its dots joined."""
    pieces = found.pieces.larger_than(2)
    middles = np.stack((pieces.left + pieces.width / 2, pieces.top + pieces.height / 2), axis=1)[:400]
    distances = np.linalg.norm(middles[:, None] - middles[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    spacing = float(np.median(distances.min(axis=1)))
    return np.asarray(cv2.GaussianBlur(crop, (0, 0), max(0.45 * spacing, 0.8)), np.uint8)
