"""Where the lines of a crop lie, and what at its edges belongs to other lines."""

import statistics
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from boxocr.reading.runs import runs_of
from boxocr.reading.types import Pixels

# A neighbour's sliver is this much lower than the line itself, and this near the edge.
_SLIVER = 0.5
_EDGE = 0.2

# Dots and accents belong to the letter that they stand over: this much of them stands over one, and they cover no more
# of the line than that, or are as narrow as this, in line heights.
_OVER_LETTERS = 0.8
_DOTTED = 0.35
_DOT = 0.3

# A rule is at least this long, as a share of the box, and at most this thick, as a share of the box's height; it lies
# this near the edge, since the box was drawn inside a table's cell or over its frame; and is this much longer than
# thick.
_RULE_LENGTH = 0.7
_RULE_WIDTH = 0.14
_RULE_ZONE = 0.3
_RULE_SLENDER = 5

# A band of ink this much lower than the highest one is specks, not a line; headlines are not that much larger.
_SPECKS = 0.2
_LOWEST_LINE = 4


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the ink of an image lies.

    Attributes:
        image: dark on light, with what belongs to other lines erased.
        paper: the grey of the paper.
        lines: first row and row after the last of each text line.
        columns: first column with ink and the column after the last.
    """

    image: Pixels
    paper: int
    lines: tuple[tuple[int, int], ...]
    columns: tuple[int, int]

    @property
    def text_height(self) -> float:
        """The usual height of a line's ink in pixels, 0 without lines."""
        return float(statistics.median([bottom - top for top, bottom in self.lines])) if self.lines else 0.0


def find(image: Pixels) -> Layout:
    """Find the text lines of a dark-on-light image, and erase rules and slivers of neighbour lines at its edges.

    A box drawn a little too large has the feet of the line above and the heads of the line below in it, which read as
    garbage; one drawn in a table has the cell's rules.
    """
    counts = histogram(image)
    limit = threshold(counts)
    ink = image < limit
    paper = limit + int(np.searchsorted(counts[limit:].cumsum(), counts[limit:].sum() / 2))
    erased = _rules(ink)
    remaining = ink & ~erased
    runs = runs_of(_dense(remaining, axis=1))
    slivers = _slivers(runs, remaining)
    for top, bottom in slivers:
        erased[top:bottom] |= ink[top:bottom]
        remaining[top:bottom] = False
    if erased.any():
        image = image.copy()
        image[_grown(erased)] = paper
    lines = tuple(_joined([run for run in runs if run not in slivers]))
    columns = np.flatnonzero(remaining.any(axis=0))
    return Layout(image, paper, lines, (int(columns[0]), int(columns[-1]) + 1) if columns.size else (0, image.shape[1]))


def trimmed(found: Layout) -> Layout:
    """Cut down to the ink: reading a raw line takes everything in the image for the line, empty paper too."""
    top, bottom = (found.lines[0][0], found.lines[-1][1]) if found.lines else (0, found.image.shape[0])
    left, right = found.columns
    image = np.ascontiguousarray(found.image[max(top - 1, 0) : bottom + 1, max(left - 1, 0) : right + 1])
    lines = tuple((first - top, last - top) for first, last in found.lines)
    return Layout(image, found.paper, lines, (0, right - left))


def histogram(image: Pixels) -> NDArray[np.float64]:
    """Return how many pixels have each of the 256 greys."""
    return np.array(Image.fromarray(image).histogram(), np.float64)


def threshold(counts: NDArray[np.float64]) -> int:
    """Return the lowest grey of paper in a histogram (Otsu 1979: the greatest variance between the two classes)."""
    weight = counts.cumsum()
    total = (counts * np.arange(256)).cumsum()
    rest = weight[-1] - weight
    with np.errstate(divide="ignore", invalid="ignore"):
        between = (total[-1] * weight / weight[-1] - total) ** 2 / (weight * rest)
    between[~np.isfinite(between)] = 0
    # Between two clean peaks all thresholds are equally good: the middle one is the safest.
    best = np.flatnonzero(between >= between.max() * (1 - 1e-9))
    return int(best[len(best) // 2]) + 1


def _dense(ink: NDArray[np.bool_], axis: int) -> NDArray[np.bool_]:
    """Say which rows (axis 1) or columns (axis 0) hold ink rather than specks of noise."""
    counts = _counts(ink, axis)
    return np.asarray(counts > 0.015 * np.sort(counts)[-len(counts) // 10])


def _counts(ink: NDArray[np.bool_], axis: int) -> NDArray[np.uint32]:
    """Return how many pixels of each row (axis 1) or column (axis 0) are ink."""
    # As small numbers: numpy makes 64-bit ones of what it sums else, which takes four times as long.
    return np.asarray(np.add.reduce(ink.view(np.uint8), axis=axis, dtype=np.uint32))


def _rules(ink: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the ink of rules along the edges.

    Strokes of letters are as straight, thin and near the edge in a tight box. But a rule has a gap to the text, unlike
    the bar of a T, is long, unlike the dot of an i, and if vertical reaches farther up and farther down than all of the
    text, unlike an l or a p.
    """
    height, width = ink.shape
    zone, thickest = _RULE_ZONE * height, max(_RULE_WIDTH * height, 3)

    def candidates(share: NDArray[np.float64]) -> list[tuple[int, int]]:
        return [
            (first, last)
            for first, last in runs_of(share > _RULE_LENGTH)
            if last - first <= thickest and (last <= zone or first >= len(share) - zone)
        ]

    rows = candidates(_counts(ink, axis=1) / width)
    columns = candidates(_counts(ink, axis=0) / height)
    erased = np.zeros_like(ink)
    if not rows and not columns:
        return erased
    text = ink.copy()
    for first, last in rows:
        text[max(first - 1, 0) : last + 1] = False
    for first, last in columns:
        text[:, max(first - 1, 0) : last + 1] = False
    filled = np.asarray(text.any(axis=1))
    if not filled.any():
        return erased
    for first, last in rows:
        if width >= _RULE_SLENDER * (last - first) and not filled[max(first - 2, 0) : last + 2].any():
            erased[first:last] = ink[first:last]
    main_top, main_bottom = max(runs_of(_dense(text, axis=1)), key=lambda run: run[1] - run[0])
    for first, last in columns:
        stroke = np.flatnonzero(ink[:, first:last].any(axis=1))
        apart = not text[:, max(first - 2, 0) : last + 2].any()
        if apart and stroke[0] < main_top - 1 and stroke[-1] > main_bottom:
            erased[:, first:last] |= ink[:, first:last]
    return erased


def _slivers(runs: list[tuple[int, int]], ink: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the runs of rows at the upper and lower edge that are much lower than the tallest, dots excepted."""
    if len(runs) <= 1:
        return []
    height = ink.shape[0]
    tallest = max(bottom - top for top, bottom in runs)

    def is_sliver(run: tuple[int, int], distance: int, neighbour: NDArray[np.bool_]) -> bool:
        if run[1] - run[0] >= _SLIVER * tallest or distance > _EDGE * tallest:
            return False
        own, letters = np.asarray(ink[run[0] : run[1]].any(axis=0)), np.asarray(neighbour.any(axis=0))
        widest_dots = max(_DOTTED * letters.sum(), _DOT * tallest)
        return bool((own & letters).sum() < _OVER_LETTERS * own.sum() or own.sum() > widest_dots)

    part = max(tallest // 5, 1)
    (first, second), (third, fourth) = (runs[0], runs[1]), (runs[-2], runs[-1])
    found = []
    if is_sliver(first, first[0], ink[second[0] : second[0] + part]):
        found.append(first)
    if is_sliver(fourth, height - fourth[1], ink[third[1] - part : third[1]]):
        found.append(fourth)
    return found


def _joined(runs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join the dots of i and the accents, which are runs of their own in words without tall letters, to their line."""
    if not runs:
        return []
    tallest = max(bottom - top for top, bottom in runs)
    lines = [runs[0]]
    for top, bottom in runs[1:]:
        above_top, above_bottom = lines[-1]
        low = min(bottom - top, above_bottom - above_top) < 0.4 * tallest
        if low and top - above_bottom < 0.3 * tallest and bottom - above_top <= 1.5 * tallest:
            lines[-1] = (above_top, bottom)
        else:
            lines.append((top, bottom))
    return [(top, bottom) for top, bottom in lines if bottom - top >= max(_SPECKS * tallest, _LOWEST_LINE)]


def _grown(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return ``mask`` with the pixels next to it: the soft edge of ink is lighter than the threshold."""
    grown = mask.copy()
    grown[1:] |= mask[:-1]
    grown[:-1] |= mask[1:]
    wide = grown.copy()
    wide[:, 1:] |= grown[:, :-1]
    wide[:, :-1] |= grown[:, 1:]
    return wide
