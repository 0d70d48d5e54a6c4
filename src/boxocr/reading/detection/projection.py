"""The lines of a crop, found along its rows, and the ink at its edges that belongs to other lines.

Quick: a line takes a millisecond. The lines must be level and apart; :meth:`Projection.is_one_clear_line` says when the
result can be relied on.
"""

import statistics
from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from boxocr.reading import prepare
from boxocr.reading.detection import rules
from boxocr.reading.detection.components import Components, counts, grown, median
from boxocr.reading.line_image import edges_of, runs_of
from boxocr.reading.types import Pixels
from boxocr.reading.whole_page import Line

# A sliver of a neighbouring line is lower than this share of the lowest line, and cut off by the edge of the box. Ink
# that begins more than this many pixels from the edge is complete, and a line of its own.
_SLIVER = 0.5
_CUT = 1

# Dots and accents belong to the letters below them: this share of them is above letters, and they cover no more than
# this share of the line, or are no wider than one dot, in line heights, or than the two dots of ä.
_OVER_LETTERS = 0.8
_DOTTED = 0.35
_DOT, _TWO_DOTS = 0.3, 0.6

# Pieces of ink with gaps of at most this share of their height are letters of a small word rather than accents if there
# are three. Two, or one this many times wider than high, are if a column has more strokes than the third number on
# average, and one of any width if it has more than the fourth: the two dots of ä are farther apart, a tilde and the
# accents of \u0151 have one stroke in a column, and a ring has 1.6. Of 150 drawn boxes with a small word beside a large
# number, `auto` reads 145 with this and read 131 without, `tesseract` 142 and 108.
_LETTER_GAP, _WORD_WIDTH, _WORD_STROKES, _LETTER_STROKES = 0.5, 1.2, 1.15, 1.75

# A band of ink lower than this share of the highest one, or than this many pixels, is specks and not a line: headlines
# are not that much larger than text.
_SPECKS = 0.2
_LOWEST_LINE = 4

# All greys, and the threshold of an image that has only one.
_GREYS = np.arange(256)
_ALL_ALIKE = 129

# Paper added around a line, in line heights.
_PAPER = 0.15

# Pieces of ink smaller than this, in line heights, are specks.
_SPECK = 0.1

# With accents, descenders and raised digits a line is at most this many times as high as its letters usually are.
_ONE_LINE = 2.0

# A letter reaches at most this far beyond the dense rows of its line, in line heights.
_BEYOND = 0.3

# Lighter writing is farther than this from the ink, whose soft edge is lighter too: in line heights, and in pixels at
# least.
_BESIDE, _BESIDE_PIXELS = 0.2, 3

# Pieces at least this high, in usual heights, are letters. This many of them above or below the line's middle are
# another line; fewer can be quotes or raised digits.
_LETTER = 0.3
_OTHER_LINE = 3


@dataclass(frozen=True)
class Projection:
    """The ink of an image.

    Attributes:
        image: dark on light, with rules and the ink of other lines erased.
        paper: the grey of the paper.
        limit: ink is darker than this grey.
        lines: first row and row after the last of each text line.
        columns: first column with ink and the column after the last.
        has_rules: whether rules were erased.
        cut_above, cut_below: the columns with ink at the upper and at the lower edge, before anything was erased.
        known: the pieces of ink, if they were found already.
        has_comb: whether some of the rules were the cells of a comb.
    """

    image: Pixels
    paper: int
    limit: int
    lines: tuple[tuple[int, int], ...]
    columns: tuple[int, int]
    has_rules: bool
    cut_above: NDArray[np.intp]
    cut_below: NDArray[np.intp]
    known: Components | None
    has_comb: bool

    @cached_property
    def pieces(self) -> Components:
        """The connected pieces of ink."""
        return self.known or Components.of(self.image < self.limit)

    @property
    def text_height(self) -> float:
        """The usual height of a line's ink in pixels, 0 without lines."""
        return float(statistics.median([bottom - top for top, bottom in self.lines])) if self.lines else 0.0

    @cached_property
    def faint(self) -> "Projection | None":
        """Lighter writing beside the ink, such as a grey caption below a black title; None if there is none."""
        side = 2 * max(round(_BESIDE * self.text_height), _BESIDE_PIXELS) + 1
        around = cv2.dilate((self.image < self.limit) * np.uint8(self.paper), np.ones((side, side), np.uint8))
        rest = np.maximum(self.image, around)
        # Quick checks; the second one is true for nearly all boxes, the first one for clean ones.
        lightest_ink = self.paper - prepare.LEAST_CONTRAST
        if int(rest.min()) > lightest_ink or int(cv2.blur(rest, (3, 3)).min()) > lightest_ink:
            return None
        if prepare.is_paper(rest, prepare.LEAST_CONTRAST):
            return None
        found = find(rest)
        return found if found.lines and found.paper - found.limit >= prepare.LEAST_CONTRAST else None

    def with_image(self, image: Pixels) -> "Projection":
        """The same lines on an image of the same size."""
        return replace(self, image=image, known=None)

    def is_one_clear_line(self) -> bool:
        """Say whether all ink is in one line, whose letters are about as high as the line."""
        if len(self.lines) != 1 or self.has_rules:
            return False
        top, bottom = self.lines[0]
        pieces = self.pieces.larger_than(max(_SPECK * (bottom - top), _LOWEST_LINE))
        if not pieces.count:
            return False
        height = median(pieces.height)
        letters = pieces.only(pieces.height >= _LETTER * height)
        middle = median(letters.top + letters.height / 2)
        # A full stop or the two marks of a quote are not another line.
        beside = max(int((letters.bottom <= middle).sum()), int((letters.top >= middle).sum()))
        # Small print can be so near below a line that a descender reaches into it.
        below = pieces.top > median(letters.bottom)
        # In a long line, the only letter with a descender reaches below the dense rows.
        reach = _BEYOND * (bottom - top)
        middles = pieces.top + pieces.height / 2
        is_inside = (middles > top) & (middles < bottom)
        is_inside &= (pieces.top >= top - reach) & (pieces.bottom <= bottom + reach)
        is_alone = max(beside, int(below.sum())) < _OTHER_LINE
        # In a short text, quotes and full stops can be as many as letters, and are lower: only pieces across the middle
        # count.
        is_across = (pieces.top < middle) & (pieces.bottom > middle)
        height = max(height, median(pieces.height[is_across]) if is_across.any() else 0.0)
        return bool(is_inside.all()) and is_alone and bottom - top <= _ONE_LINE * height


def find(image: Pixels, *, may_be_joined: bool = False) -> Projection:
    """Find the text lines of a dark-on-light image, and erase rules and slivers of neighbour lines at its edges.

    A box drawn a little too large contains the feet of the line above and the heads of the line below, which read as
    garbage. A box drawn in a table contains the rules of its cell.

    Args:
        image: grey.
        may_be_joined: whether the text can be in a script whose letters are joined by level strokes.
    """
    greys = histogram(image)
    limit = threshold(greys)
    ink = image < limit
    paper = limit + int(np.searchsorted(greys[limit:].cumsum(), greys[limit:].sum() / 2))
    erased, pieces, has_comb = rules.find(ink, may_be_joined=may_be_joined)
    has_rules = bool(erased.any())
    remaining = ink & ~erased if has_rules else ink.copy()
    runs = runs_of(_dense(remaining))
    slivers = _slivers(runs, remaining)
    for top, bottom in slivers:
        erased[top:bottom] |= ink[top:bottom]
        remaining[top:bottom] = False
    if has_rules or slivers:
        # The soft edge of ink is lighter than the threshold.
        image = np.where(grown(erased), np.uint8(paper), image)
        pieces = None
    lines = tuple(_joined([run for run in runs if run not in slivers], remaining))
    columns = np.flatnonzero(remaining.any(axis=0))
    edges = (int(columns[0]), int(columns[-1]) + 1) if columns.size else (0, image.shape[1])
    above, below = np.flatnonzero(ink[0]), np.flatnonzero(ink[-1])
    return Projection(image, paper, limit, lines, edges, has_rules, above, below, pieces, has_comb)


def of_crop(crop: Pixels, *, may_be_joined: bool = False) -> Projection | None:
    """Find the text lines of a crop as it was drawn, see :func:`find`; None if there is nothing to read."""
    grey = prepare.grey(crop)
    return None if prepare.is_blank(grey) else find(prepare.dark_on_even_paper(grey), may_be_joined=may_be_joined)


def lines(found: Projection) -> list[Line]:
    """The lines as rectangles, each as wide as all of the ink."""
    left, right = found.columns
    lines = [Line("", 1.0, left, top, right - left, bottom - top) for top, bottom in found.lines]
    return [line.padded(_PAPER * line.height) for line in lines]


def histogram(image: Pixels) -> NDArray[np.float64]:
    """Return how many pixels have each of the 256 greys."""
    return np.asarray(cv2.calcHist([image], [0], None, [256], [0, 256]), np.float64).ravel()


def threshold(counts: NDArray[np.float64]) -> int:
    """Return the lowest grey of paper in a histogram (Otsu 1979: the greatest variance between the two classes)."""
    greys = np.flatnonzero(counts)
    if len(greys) < 2:  # noqa: PLR2004 - ink and paper
        return _ALL_ALIKE
    # Both classes have pixels only if the threshold is between the darkest and the lightest grey.
    between = slice(int(greys[0]), int(greys[-1]))
    weight, total = counts.cumsum(), (counts * _GREYS).cumsum()
    share = weight[between] / weight[-1]
    variance = (total[-1] * share - total[between]) ** 2 / (share * (1 - share))
    # Between two clean peaks all thresholds are equally good: the middle one is the safest.
    best = np.flatnonzero(variance >= variance.max() * (1 - 1e-9))
    return between.start + int(best[len(best) // 2]) + 1


def _dense(ink: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Say which rows hold ink rather than specks of noise."""
    rows = counts(ink, axis=1)
    return np.asarray(rows > 0.015 * np.sort(rows)[-len(rows) // 10])


def _slivers(runs: list[tuple[int, int]], ink: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the runs of rows at the upper and lower edge that are much lower than other lines, dots excepted."""
    if len(runs) <= 1:
        return []
    height = ink.shape[0]
    upside_down = [(height - bottom, height - top) for top, bottom in reversed(runs)]
    ends = ((runs[0], runs, ink), (runs[-1], upside_down, ink[::-1]))
    return [run for run, from_edge, rows in ends if _begins_with_sliver(from_edge, rows)]


def _begins_with_sliver(runs: list[tuple[int, int]], ink: NDArray[np.bool_]) -> bool:
    """Whether the first run of rows is cut off by the image's edge, and much lower than the lowest other line."""
    (top, bottom), (next_top, _) = runs[:2]
    # Ink in every row down to the next run joins them: the tail of a comma can hang on its head by a pixel in each row.
    if top > _CUT or ink[bottom:next_top].any(axis=1).all():
        return False
    tallest = max(bottom - top for top, bottom in runs)
    # Compared with the lowest line: small print below a headline is lower than half of the headline. A run at the other
    # edge does not count, because it can be a sliver too.
    others = _joined(runs[1:], ink)
    lowest = min((last - first for first, last in others if last < len(ink) - _CUT), default=tallest)
    if bottom - top >= _SLIVER * lowest:
        return False
    own, letters = ink[top:bottom].any(axis=0), ink[next_top : next_top + max(tallest // 5, 1)].any(axis=0)
    widest_dots = max(_DOTTED * letters.sum(), _DOT * tallest)
    return bool((own & letters).sum() < _OVER_LETTERS * own.sum() or own.sum() > widest_dots)


def _has_word(ink: NDArray[np.bool_]) -> bool:
    """Whether a low run of rows holds a small word, whose letters are nearer to each other than dots and accents."""
    height = len(ink)
    edges = edges_of(counts(ink, axis=0) > 0)
    ends = np.flatnonzero(edges[2::2] - edges[1:-1:2] > _LETTER_GAP * height)
    starts = [0, *(ends + 1).tolist()]
    for first, last in zip(starts, [*ends.tolist(), len(edges) // 2 - 1], strict=True):
        group = ink[:, edges[2 * first] : edges[2 * last + 1]]
        pieces = last - first + 1 + int(group.shape[1] > _WORD_WIDTH * height)
        strokes = np.count_nonzero(group[1:] & ~group[:-1]) + np.count_nonzero(group[0])
        columns = np.count_nonzero(group.any(axis=0))
        if strokes > _LETTER_STROKES * columns or pieces > 1 + (strokes <= _WORD_STROKES * columns):
            return True
    return False


def _joined(runs: list[tuple[int, int]], ink: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Join the dots of i and the accents, which are runs of their own in words without tall letters, to their line."""
    if not runs:
        return []
    tallest = max(bottom - top for top, bottom in runs)
    widths = [int(ink[top:bottom].any(axis=0).sum()) for top, bottom in runs] if len(runs) > 1 else [0]
    # Wider runs are lines of small print.
    widest = max(_DOTTED * max(widths), _TWO_DOTS * tallest)
    lines = [runs[0]]
    for (top, bottom), width, width_above in zip(runs[1:], widths[1:], widths, strict=False):
        above_top, above_bottom = lines[-1]
        height, its_width, first, last = min(
            (bottom - top, width, top, bottom), (above_bottom - above_top, width_above, above_top, above_bottom)
        )
        if (
            height < 0.4 * tallest
            and its_width <= widest
            and top - above_bottom < 0.3 * tallest
            and bottom - above_top <= 1.5 * tallest
            and not _has_word(ink[first:last])
        ):
            lines[-1] = (above_top, bottom)
        else:
            lines.append((top, bottom))
    return [(top, bottom) for top, bottom in lines if bottom - top >= max(_SPECKS * tallest, _LOWEST_LINE)]
