"""Dashes and bars alone in a box, recognized by their shape, since no engine recognizes them."""

import numpy as np

from boxocr.reading.detection.components import Components
from boxocr.reading.detection.projection import Projection
from boxocr.reading.whole_page import Line, Piece, line_of

# A dash is at least this many times longer than high; an en dash and an em dash are longer.
_DASH, _EN_DASH, _EM_DASH = 1.6, 6.0, 9.0
_MOST_DASHES = 5

# Dashes are apart by a space if the gap is this many times as wide as they are. On typewriters, gaps are as wide as
# dashes.
_SPACE = 1.1

# A bar is at least this many times higher than wide: an I in bold print has 3.4.
_BAR = 3.0
_MOST_BARS = 3

# The probability that the text is right: a bar can also be a small l.
PROBABILITY = 0.8

# Pieces smaller than this share of the largest one are specks if they are no larger than half the strokes are thick or
# than this many pixels.
_SPECK, _SPECK_PIXELS = 0.3, 3

# Ink fills at least this share of a stroke's rectangle, and the last share if the stroke is this many pixels thick:
# bold letters that touch each other fill .81.
_FILL, _THICK, _FILL_OF_THICK = 0.7, 8, 0.88

# A dash is at most this high, as a share of the box: a box around a thicker one holds a rule or a part of a letter.
_THICKEST = 0.4


def text(found: Projection) -> Line | None:
    """Dashes in a row, or capital letters I without serifs, when there is nothing else in a box."""
    pieces = found.pieces
    if not 0 < pieces.count <= 4 * _MOST_DASHES:
        return None
    sides = np.maximum(pieces.width, pieces.height)
    is_speck = sides < _SPECK * sides.max()
    thickness = float(np.minimum(pieces.width, pieces.height)[~is_speck].min())
    if (sides[is_speck] > max(thickness / 2, _SPECK_PIXELS)).any():
        # Letters beside a rule.
        return None
    pieces = pieces.only(~is_speck)
    height, width = found.image.shape
    is_cut = (pieces.left == 0) | (pieces.right == width) | (pieces.top == 0) | (pieces.bottom == height)
    fill = _FILL if thickness < _THICK else _FILL_OF_THICK
    if is_cut.any() or float(pieces.area.sum()) < fill * float((pieces.width * pieces.height).sum()):
        return None
    read = _dashes(pieces, height) or _bars(pieces)
    return line_of([Piece(read, PROBABILITY, *pieces.box)]) if read else None


def _dashes(pieces: Components, height: int) -> str:
    thickness = float(pieces.height.max())
    is_level = float(np.ptp(pieces.top + pieces.height / 2)) <= thickness
    is_dash = (pieces.width >= _DASH * pieces.height).all()
    if pieces.count > _MOST_DASHES or not is_level or not is_dash or thickness > _THICKEST * height:
        return ""
    ratio = float(np.median(pieces.width / pieces.height))
    dash = "\u2014" if ratio > _EM_DASH else "\u2013" if ratio > _EN_DASH else "-"
    left = np.sort(pieces.left)
    is_apart = np.diff(left) - float(np.median(pieces.width)) > _SPACE * float(np.median(pieces.width))
    return dash + "".join(f" {dash}" if apart else dash for apart in is_apart)


def _bars(pieces: Components) -> str:
    is_bar = (pieces.height >= _BAR * pieces.width).all()
    alike = float(np.ptp(pieces.height)) <= _SPECK * float(pieces.height.max())
    return "I" * pieces.count if is_bar and alike and pieces.count <= _MOST_BARS else ""
