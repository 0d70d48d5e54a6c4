"""Reading a page line by line, with an engine that does not find its lines itself."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from boxocr.reading import prepare
from boxocr.reading.page.page_frame import PageFrame
from boxocr.reading.page.page_layout import split_at_gaps
from boxocr.reading.page.whole_page import Line, Piece, line_of
from boxocr.reading.recognition.text import clean
from boxocr.reading.runs import runs_of
from boxocr.reading.types import Pixels

# Paper left around a line, in multiples of its height: less than to the next line.
_PAD = 0.15

# The gap between two words is this near to where the engine says, in heights of the line.
_NEAR = 0.35

# Darker than the line's paper by this share of its contrast is ink.
_INK = 0.5


@dataclass(frozen=True, slots=True)
class Spoken:
    """A word of a line, and which part of the line it takes: from ``start`` to ``end``, 0 to 1."""

    text: str
    confidence: float
    start: float
    end: float


def read(image: Pixels, lines: Iterable[Line], read_line: Callable[[Pixels, Line], Sequence[Spoken]]) -> list[Line]:
    """Read the lines of a picture, each by itself; those without text are left out.

    Args:
        image: grey, dark on light.
        lines: where they are, with the words that the layout has.
        read_line: gives the words of a line from its pixels and its layout.
    """
    found = []
    for line in lines:
        words: list[Piece] = []
        # A row of a table is mostly paper, in which no engine expects words to go on.
        for part in split_at_gaps(line):
            crop, frame = _cut(image, part)
            spoken = read_line(crop, part) if crop.size else ()
            words += map(frame.on_page, _placed(crop, spoken))
        if words:
            found.append(line_of(words, line.block))
    return found


def in_proportion(text: str, confidence: float, line: Line) -> list[Spoken]:
    """The words of a line that was read as a whole: where the layout has as many words, else by their length."""
    words = clean(text).split()
    if len(words) == len(line.words):
        starts = [(word.x - line.x) / max(line.width, 1) for word in line.words]
        ends = [start + word.width / max(line.width, 1) for start, word in zip(starts, line.words, strict=True)]
    else:
        lengths = np.cumsum([0, *(len(word) + 1 for word in words)])
        whole = max(float(lengths[-1]) - 1, 1.0)
        starts, ends = list(lengths[:-1] / whole), list((lengths[1:] - 1) / whole)
    return [Spoken(word, confidence, start, end) for word, start, end in zip(words, starts, ends, strict=True)]


def _cut(image: Pixels, line: Line) -> tuple[Pixels, PageFrame]:
    """The pixels of a line, upright, with a little around it, and their place in the picture."""
    corners = line.corners()
    pad = _PAD * line.height + 1
    height, width = image.shape
    left, right = (int(edge(x for x, _ in corners)) for edge in (min, max))
    top, bottom = (int(edge(y for _, y in corners)) for edge in (min, max))
    left, top = max(int(left - pad), 0), max(int(top - pad), 0)
    right, bottom = min(int(right + pad) + 1, width), min(int(bottom + pad) + 1, height)
    quarters = round(line.rotation / 90) * 90 % 360
    crop = np.ascontiguousarray(image[top:bottom, left:right])
    frame = PageFrame(left, top)
    if quarters:
        frame = frame.turned(-quarters % 360, crop.shape[1], crop.shape[0])
        crop = prepare.turn(crop, -quarters % 360)
    return crop, frame


def _placed(crop: Pixels, spoken: Sequence[Spoken]) -> list[Piece]:
    """The words in pixels of the crop, each as high as the line and as wide as its ink."""
    if not spoken:
        return []
    height, width = crop.shape
    paper, ink = int(np.percentile(crop, 90)), int(np.percentile(crop, 1))
    dark = crop < paper - _INK * (paper - ink)
    rows = np.flatnonzero(dark.any(axis=1))
    top, bottom = (int(rows[0]), int(rows[-1]) + 1) if rows.size else (0, height)
    gaps = runs_of(np.asarray(~dark.any(axis=0)))
    # Engines tell where words part by some pixels only; the gap there tells it by one.
    cuts = [_in_gap(width * (word.end + after.start) / 2, gaps, height) for word, after in itertools.pairwise(spoken)]
    words = []
    for word, left, right in zip(spoken, [0, *cuts], [*cuts, width], strict=True):
        columns = np.flatnonzero(dark[:, left:right].any(axis=0))
        first, last = (left + int(columns[0]), left + int(columns[-1]) + 1) if columns.size else (left, right)
        words.append(Piece(word.text, word.confidence, first, top, max(last - first, 1), bottom - top))
    return words


def _in_gap(cut: float, gaps: Sequence[tuple[int, int]], height: int) -> int:
    """The middle of the widest gap near a cut, or the cut itself where there is none."""
    near = [
        (last - first, first) for first, last in gaps if first - cut < _NEAR * height and cut - last < _NEAR * height
    ]
    if not near:
        return int(cut)
    wide, first = max(near)
    return first + wide // 2
