"""The places of a region's lines, baselines and words.

Annotators give the text of a region as a whole. Rows of ink show where its lines are, the lower edges of letters show
its baselines, and the widest gaps in a row show where words end. If the ink does not have as many lines or gaps as the
text, they are placed by the number of lines and characters.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boxocr.documents.annotated import AnnotatedRegion
from boxocr.errors import RegionError
from boxocr.geometry import Vector
from boxocr.pages.crop import cut
from boxocr.pages.frame import Frame, frame_of
from boxocr.pages.page import Page
from boxocr.reading import joined_scripts, prepare
from boxocr.reading.detection import projection
from boxocr.reading.detection.components import Components
from boxocr.reading.detection.projection import Projection
from boxocr.reading.line_image import runs_of
from boxocr.reading.right_to_left import mirrored
from boxocr.reading.whole_page import Line, Piece

Span = tuple[float, float]
"""Where a line or a word begins and ends, px of the crop."""

# The confidence of a text that an annotator has submitted.
_CERTAIN = 1.0

# Share of a line's height below its baseline, if its letters do not show the baseline.
_DESCENT = 0.2

# Pieces of ink lower than this, in usual heights, are dots and commas.
_LETTER = 0.5

# Fewer letters do not show how much a line slopes, and more than the second number are not needed. Steeper slopes are
# mistakes.
_ENOUGH_LETTERS = 8
_MOST_LETTERS = 300
_STEEPEST = 0.1


@dataclass(frozen=True)
class PlacedLine(Line):
    """A line of a region.

    Attributes:
        baseline: the line on which its letters rest, from its beginning to its end, px of the page.
    """

    baseline: tuple[Vector, Vector] = ((0.0, 0.0), (0.0, 0.0))


def lines_of(region: AnnotatedRegion, page: Page) -> list[PlacedLine]:
    """The lines of a region, each with its words; none if the region has no text or is not on the page.

    Args:
        region: of the page.
        page: with its pixels.
    """
    if not region.text.strip():
        return []
    try:
        frame = frame_of(page, region.area)
        crop = cut(page, region.area)
    except RegionError:
        return []
    lines = [line for line in region.lines if line.strip()]
    ink = _ink(crop, region.text)
    scale = crop.shape[0] / ink.image.shape[0] if ink else 1.0
    rows = _rows(ink, len(lines), scale, frame.height)
    found = []
    for text, (top, bottom) in zip(lines, rows, strict=True):
        words = text.split()
        order = mirrored(words)
        spans = _word_spans(ink, [words[place] for place in order], (top / scale, bottom / scale), frame.width / scale)
        ends = spans[0][0], spans[-1][1]
        spans = [spans[order.index(place)] for place in range(len(words))]
        pieces = [
            _piece(word, frame, (left * scale, right * scale), (top, bottom), region.angle)
            for word, (left, right) in zip(words, spans, strict=True)
        ]
        whole = _piece(text, frame, (ends[0] * scale, ends[1] * scale), (top, bottom), region.angle)
        begin, end = (
            frame.on_page(x * scale, y * scale)
            for x, y in zip(ends, _baseline(ink, (top / scale, bottom / scale), ends), strict=True)
        )
        box = (whole.x, whole.y, whole.width, whole.height, whole.rotation)
        found.append(PlacedLine(text, _CERTAIN, *box, words=tuple(pieces), baseline=(begin, end)))
    return found


def _ink(crop: NDArray[np.uint8], text: str) -> Projection | None:
    """The ink of a crop with a text; None if it is blank."""
    return projection.of_crop(prepare.bounded(crop), may_be_joined=joined_scripts.are_in(text))


def _rows(ink: Projection | None, count: int, scale: float, height: float) -> list[Span]:
    """Upper and lower edge of each line: halfway between the rows of ink, or equal parts of the crop."""
    if ink is None or len(ink.lines) != count:
        return [(height * place / count, height * (place + 1) / count) for place in range(count)]
    between = [scale * (above[1] + below[0]) / 2 for above, below in itertools.pairwise(ink.lines)]
    edges = [0.0, *between, float(height)]
    return list(itertools.pairwise(edges))


def _baseline(ink: Projection | None, rows: Span, ends: Span) -> Span:
    """Rows of the baseline at the beginning and the end of a line."""
    top, bottom = rows
    usual = bottom - _DESCENT * (bottom - top)
    letters = None if ink is None else _letters(ink, rows)
    if letters is None or not letters.count:
        return usual, usual
    letters = letters.only(np.arange(letters.count) % math.ceil(letters.count / _MOST_LETTERS) == 0)
    xs, ys = letters.left + letters.width / 2, letters.bottom.astype(float)
    slope = 0.0
    if letters.count >= _ENOUGH_LETTERS:
        # Few letters have descenders, so they do not change medians (Theil and Sen).
        across, down = np.subtract.outer(xs, xs), np.subtract.outer(ys, ys)
        slope = float(np.median(down[across > 0] / across[across > 0]))
        slope = slope if abs(slope) <= _STEEPEST else 0.0
    level = float(np.median(ys - slope * xs))
    begin, end = (min(max(level + slope * x, top), bottom) for x in ends)
    return begin, end


def _letters(ink: Projection, rows: Span) -> Components:
    """The pieces of ink in a line that are as high as letters."""
    pieces = ink.pieces
    middles = pieces.top + pieces.height / 2
    pieces = pieces.only((rows[0] <= middles) & (middles < rows[1]))
    return pieces.only(pieces.height >= _LETTER * np.median(pieces.height)) if pieces.count else pieces


def _word_spans(ink: Projection | None, words: Sequence[str], rows: Span, width: float) -> list[Span]:
    """Where each word of a line begins and ends, from left to right."""
    columns = None if ink is None else _columns(ink, rows)
    if columns is None or not columns.any():
        return _by_characters(words, 0.0, width)
    used = np.flatnonzero(columns)
    first, last = int(used[0]), int(used[-1]) + 1
    gaps = runs_of(~columns[first:last])
    if len(gaps) < len(words) - 1:
        return _by_characters(words, float(first), float(last))
    widest = sorted(sorted(gaps, key=lambda gap: gap[0] - gap[1])[: len(words) - 1])
    begins = [first, *(first + end for _, end in widest)]
    ends = [*(first + begin for begin, _ in widest), last]
    return [(float(begin), float(end)) for begin, end in zip(begins, ends, strict=True)]


def _columns(ink: Projection, rows: Span) -> NDArray[np.bool_]:
    """Which columns of a line have ink."""
    top, bottom = round(rows[0]), max(round(rows[1]), round(rows[0]) + 1)
    dark = ink.image[top:bottom] < projection.threshold(projection.histogram(ink.image))
    return np.asarray(dark.any(axis=0))


def _by_characters(words: Sequence[str], left: float, right: float) -> list[Span]:
    """Spans in proportion to the number of characters, with a space between words."""
    unit = (right - left) / (sum(map(len, words)) + len(words) - 1)
    found = []
    for word in words:
        found.append((left, left + len(word) * unit))
        left += (len(word) + 1) * unit
    return found


def _piece(text: str, frame: Frame, across: Span, down: Span, rotation: float) -> Piece:
    x, y = frame.on_page(across[0], down[0])
    return Piece(text, _CERTAIN, x, y, across[1] - across[0], down[1] - down[0], rotation)
