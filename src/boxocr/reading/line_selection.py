"""Which detected lines are text of a box or page, and which are dirt, pictures or parts of other lines."""

from collections.abc import Sequence

import numpy as np

from boxocr.reading.detection.projection import Projection
from boxocr.reading.model_languages import have_ideographs
from boxocr.reading.text import is_unspaced
from boxocr.reading.whole_page import Line, mean_confidence

# A detected line has this much paper above and below its ink, in its heights. One at the edge of a box is cut off when
# less than this share of a line's height is there: on 204 boxes of real documents the CER was 5.4 % with .75, with .6
# 5.8 %.
_DETECTED_PAPER = 0.12
_CUT = 0.75
# One with this share of the lowest line of several letters is whole if its text is likely to be right: of small print
# below a headline there is less than the share above.
_MAY_BE_WHOLE = 0.55
_SEVERAL = 3
# One of which each letter is as high as this share of those of the other lines is whole; of handwriting only some are.
_WHOLE = 0.9
_NEAR_EDGE = 0.15
_EDGE_INK = 0.03

# One or two characters this much lower than the other lines, and less likely to be right than this, are dirt or a mark:
# the ditto marks of a register were read as 11, 89 or H. Without these 20 words, F1 of that page is .95 instead of .88.
_DIRT = 0.5
_DIRT_LENGTH = 2
_DIRT_PROBABILITY = 0.66

# A line of a box without a letter or digit is dirt when it is less likely to be right.
_SIGNS = 0.6

# Lines of a page that are less likely to be right are not text; lines that the detector only guessed need the second
# number. With .08 for the first, F1 of 60 pages is .536 instead of .546 with `tesseract`, and .765 of .767 with `auto`.
_PAGE_LINE = 0.02
_GUESSED_LINE = 0.6

_SQUARE = "\u25a1"

# Where print is bad, a line of this many letters and figures is seldom free of mistakes, but it is text.
_LONG = 10


def is_credible(line: Line, detected: Line, usual: float, *, is_page: bool) -> bool:
    """Whether a line is text: not dirt in a box, nor shapes of a picture on a page that look like letters.

    Args:
        line: as it was recognized.
        detected: as it was detected.
        usual: the usual height of the detected lines.
        is_page: whether no annotator drew a box there.
    """
    has_letters = any(char.isalnum() for char in line.text)
    if not has_letters and line.confidence < _SIGNS:
        return False
    if len(line.text) <= _DIRT_LENGTH and line.height < _DIRT * usual and line.confidence < _DIRT_PROBABILITY:
        return False
    if not is_page or line.confidence >= (_PAGE_LINE if detected.confidence or detected.words else _GUESSED_LINE):
        return True
    if detected.confidence and not detected.words and sum(map(str.isalnum, line.text)) >= _LONG:
        return True
    # A row of a table is text, although one of its cells is illegible.
    return mean_confidence(line.words) >= _GUESSED_LINE


def is_drawing(text: str, languages: str) -> bool:
    """Say whether a text is a single Chinese character or a square, and the chosen languages have none.

    PP-OCR takes checkboxes, strokes, logos and notes of music for them.
    """
    is_sign = len(text) == 1 and (text == _SQUARE or is_unspaced(text))
    return is_sign and not have_ideographs(languages)


def without_drawings(lines: Sequence[Line], languages: str) -> list[Line]:
    """The lines of a page without those that are drawings, unless it has Chinese or Japanese text.

    All 23 on 82 European pages were none.

    Args:
        lines: with text.
        languages: that were chosen.
    """
    if any(sum(map(is_unspaced, line.text)) > 1 for line in lines):
        return list(lines)
    return [line for line in lines if line.engine != "ppocr" or not is_drawing(line.text, languages)]


def at_edges(lines: Sequence[Line], found: Projection) -> tuple[list[Line], list[Line]]:
    """The whole lines of a box, and those of which its upper or lower edge cuts off so little that they may be whole.

    Lines of which it cuts off more are left out.
    """
    height = found.image.shape[0]
    spans = []
    for line in lines:
        # A detected line has paper around its ink.
        _, middle = line.middle
        half = (0.5 - _DETECTED_PAPER) * line.height
        spans.append((max(middle - half, 0), min(middle + half, height)))
    whole = max((bottom - top for top, bottom in spans), default=0)
    middles = found.pieces.top + found.pieces.height / 2
    letters = [found.pieces.height[(middles > top) & (middles < bottom)] for top, bottom in spans]
    usual = max((float(np.median(heights)) for heights in letters if heights.size), default=0.0)
    kept: list[Line] = []
    cut: list[tuple[Line, float]] = []
    # A headline and a dash say nothing about other lines.
    least = whole
    for line, (top, bottom), own in zip(lines, spans, letters, strict=True):
        across = [x for x, _ in line.corners()]
        near = _NEAR_EDGE * whole
        touching = [
            ((columns >= min(across)) & (columns <= max(across))).sum()
            for columns, is_near in ((found.cut_above, top < near), (found.cut_below, bottom > height - near))
            if is_near
        ]
        is_cut = max(touching, default=0) > _EDGE_INK * line.width
        is_whole = bottom - top >= _CUT * whole or (own.size and own.min() >= _WHOLE * usual)
        if not is_cut or is_whole or line.is_sideways:
            kept.append(line)
            least = min(least, bottom - top) if own.size >= _SEVERAL else least
        else:
            cut.append((line, bottom - top))
    return kept, [line for line, shown in cut if shown >= _MAY_BE_WHOLE * least]
