"""Which detected lines are text of a box or page, and which are dirt, pictures or parts of other lines."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from boxocr.reading.detection.projection import Projection
from boxocr.reading.model_languages import have_ideographs
from boxocr.reading.text import is_unspaced
from boxocr.reading.whole_page import Line, enclosing, mean_confidence

# A detected line has this much paper above and below its ink, in line heights. A line at the edge of a box is cut off
# if it is lower than this share of the highest line: on 204 boxes of real documents the CER was 5.4 % with .75, and
# 5.8 % with .6.
_DETECTED_PAPER = 0.12
_CUT = 0.75
# If its text is likely to be right, a lower line counts as whole from this share of the lowest line with several
# letters on: small print below a headline is lower than the share above.
_MAY_BE_WHOLE = 0.55
_SEVERAL = 3
# A line is whole if each of its letters is as high as this share of the letters in the other lines; in handwriting only
# some are. A line touches the edge if it is this near to it, in line heights, and has ink there in more than this
# share of its width.
_WHOLE = 0.9
_NEAR_EDGE = 0.15
_EDGE_INK = 0.03

# Two rectangles are parts of one line if they overlap by more than this share of the line's height, as they do where
# the gap is narrower than a space, and by the second share of the lower one's height, which is at least the third share
# of the other one's. Of 270 drawn boxes with a large number, four had it in two lines.
_JOINED, _SAME_ROW, _ALIKE = 0.1, 0.7, 0.6

# A line lower than this, in usual line heights, with at most this many characters and less likely to be right than
# this, is dirt or a mark: the ditto marks of a register were read as 11, 89 or H. Without these 20 words, F1 of that
# page is .95 instead of .88.
_DIRT = 0.5
_DIRT_LENGTH = 2
_DIRT_PROBABILITY = 0.66

# A line without a letter or digit is dirt if it is less likely than this to be right.
_SIGNS = 0.6

# Lines of a page that are less likely than this to be right are not text; the second number applies to lines that the
# detector only guessed. With .08 for the first, F1 of 60 pages is .536 instead of .546 with `tesseract`, and .765
# instead of .767 with `auto`.
_PAGE_LINE = 0.02
_GUESSED_LINE = 0.6

_SQUARE = "\u25a1"

# In bad print, a line of this many letters and digits seldom has no mistakes, but it is text.
_LONG = 10


def is_credible(line: Line, detected: Line, usual: float, *, is_page: bool) -> bool:
    """Whether a line is text, and not dirt in a box or shapes in a picture on a page that look like letters.

    Args:
        line: as it was recognized.
        detected: as it was detected.
        usual: the usual height of the detected lines.
        is_page: whether the line is on a whole page, not in a box that an annotator drew.
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
    # A row of a table is text even if one of its cells is illegible.
    return mean_confidence(line.words) >= _GUESSED_LINE


def is_drawing(text: str, languages: str) -> bool:
    """Say whether a text is a single Chinese character or a square, and the chosen languages have none.

    PP-OCR reads checkboxes, strokes, logos and musical notes as such characters.
    """
    is_sign = len(text) == 1 and (text == _SQUARE or is_unspaced(text))
    return is_sign and not have_ideographs(languages)


def without_drawings(lines: Sequence[Line], languages: str) -> list[Line]:
    """The lines of a page without those that are drawings, unless it has Chinese or Japanese text.

    None of the 23 such characters on 82 European pages was text.

    Args:
        lines: with text.
        languages: that were chosen.
    """
    if any(sum(map(is_unspaced, line.text)) > 1 for line in lines):
        return list(lines)
    return [line for line in lines if line.engine != "ppocr" or not is_drawing(line.text, languages)]


def at_edges(lines: Sequence[Line], found: Projection) -> tuple[list[Line], list[Line]]:
    """The whole lines of a box, and those that its upper or lower edge cuts off so little that they may be whole.

    Lines of which more is cut off are left out.
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
    # A headline or a dash does not show how high other lines are.
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


def joined(lines: Iterable[Line]) -> list[Line]:
    """Lines without the parts of words that are nearer to each other than words are: each word is in one line.

    Detectors divide a large number between its digits, or lose one of them.

    Args:
        lines: as they were detected, and those of lost letters.
    """
    result: list[Line] = []
    for line in lines:
        at = next((at for at, other in enumerate(result) if _are_parts(line, other)), None)
        if at is None:
            result.append(line)
        else:
            result[at] = replace(result[at], **vars(enclosing([result[at], line])))
    return result


def _are_parts(line: Line, other: Line) -> bool:
    """Whether two rectangles are parts of one level line, which was not recognized yet."""
    across = min(line.x + line.width, other.x + other.width) - max(line.x, other.x)
    down = min(line.y + line.height, other.y + other.height) - max(line.y, other.y)
    is_level = not line.words and not other.words and line.rotation == other.rotation == 0
    lower, higher = sorted((line.height, other.height))
    return is_level and across > _JOINED * higher and down > _SAME_ROW * lower and lower > _ALIKE * higher
