"""How a page lies: which way its lines run, and how far they are slanted.

Found from where the ink is, without reading: seen along the lines, rows of ink and gaps between them alternate sharply
(Postl, 1986, tried turns of a page for the sharpest profile).
"""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from boxocr.reading.runs import runs_of
from boxocr.reading.types import Pixels

# Lines are told apart on a copy with this many pixels on its longer side: A4 at 73 dpi.
_LONGEST = 850

# Ink differs from its surroundings, this far around it, by this much.
_AROUND = 9
_CONTRAST = 24

# Straight strokes longer than this are rules and edges of pictures: there, a centimetre.
_RULE = 30

# As many points of ink show the profile.
_POINTS = 8_000
_FEWEST_POINTS = 60

# The largest slant that is looked for, and the steps, in degrees. A line of A4 that rises by a third of its height is
# as good as straight: Tesseract follows it.
_MOST = 15.0
_STEP = 0.5
_FINE_STEP = 0.1

# A row of a line has this share of the ink of the fullest rows; lines are so many pixels high on the map. A sample is
# this many times as long as high, with this much around it.
_DENSE = 0.3
_LOWEST, _HIGHEST = 3, 50
_SAMPLE_LENGTH = 24
_SAMPLE_PAD = 0.5


@dataclass(frozen=True, slots=True)
class Lie:
    """How the lines of a page lie.

    Attributes:
        sideways: whether they run up or down.
        slant: degrees clockwise by which they are turned beyond that, -15 to 15.
    """

    sideways: bool
    slant: float


def ink_map(image: Pixels) -> tuple[NDArray[np.bool_], float]:
    """Where a grey page differs from its surroundings, on a smaller copy, and how many pixels make one of the copy."""
    shrink = max(max(image.shape) / _LONGEST, 1.0)
    size = max(round(image.shape[1] / shrink), 1), max(round(image.shape[0] / shrink), 1)
    small = Image.fromarray(image)
    if shrink > 1:
        small = small.resize(size, Image.Resampling.BOX, reducing_gap=1.0)
    around = small.filter(ImageFilter.BoxBlur(_AROUND))
    difference = np.asarray(small, np.int16) - np.asarray(around, np.int16)
    # Paper between letters differs from what is around it too, but less than the letters, dark or light.
    dark = _weight_around(-difference) >= _weight_around(difference)
    return np.where(dark, -difference, difference) > _CONTRAST, shrink


def _weight_around(difference: NDArray[np.int16]) -> Pixels:
    squares = (np.clip(difference, 0, 255).astype(np.uint16) ** 2 >> 8).astype(np.uint8)
    return np.asarray(Image.fromarray(squares).filter(ImageFilter.BoxBlur(_AROUND)))


def without_rules(ink: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The ink without long straight strokes and solid areas."""
    return ink & ~_strokes(ink) & ~_strokes(ink.T).T


def lies(ink: NDArray[np.bool_]) -> tuple[Lie, ...]:
    """How the lines can lie whose ink this is, the likelier way first."""
    rows, columns = np.nonzero(ink)
    if len(rows) < _FEWEST_POINTS:
        return (Lie(sideways=False, slant=0.0),)
    scattered = np.random.default_rng(0)
    if len(rows) > _POINTS:
        chosen = scattered.choice(len(rows), _POINTS, replace=False)
        rows, columns = rows[chosen], columns[chosen]
    # Where pixels are in a grid, a profile along the grid is sharp by itself.
    along, across = (places + scattered.uniform(-0.5, 0.5, len(places)) for places in (columns, rows))
    slant, sharpness = _slant(along, across)
    sideways, other_sharpness = _slant(-across, along)
    found = Lie(sideways=False, slant=slant), Lie(sideways=True, slant=sideways)
    return found if sharpness >= other_sharpness else found[::-1]


def _slant(along: NDArray[np.float64], across: NDArray[np.float64]) -> tuple[float, float]:
    """The turn in degrees that gives the sharpest profile of points, and how sharp that is."""

    def sharpness(degrees: float) -> float:
        angle = np.radians(degrees)
        places = across * np.cos(angle) - along * np.sin(angle)
        counts = np.bincount((places - places.min()).astype(np.int64))
        return float((np.diff(counts.astype(np.float64)) ** 2).sum())

    coarse = max(np.arange(-_MOST, _MOST + _STEP / 2, _STEP), key=sharpness)
    fine = coarse + np.arange(-_STEP, _STEP + _FINE_STEP / 2, _FINE_STEP)
    # Of equals the straightest.
    best = max(sorted(map(float, fine), key=abs), key=sharpness)
    return round(best, 2), sharpness(best)


def _strokes(ink: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which pixels belong to runs of ink along the rows that are longer than a rule's least length."""
    if ink.shape[1] <= _RULE:
        return np.zeros_like(ink)
    sums = np.cumsum(np.pad(ink, ((0, 0), (1, 0))), axis=1, dtype=np.int32)
    full = sums[:, _RULE:] - sums[:, :-_RULE] == _RULE
    # A pixel is in a full window that begins at most a rule's length before it.
    begun = np.cumsum(np.pad(full, ((0, 0), (1, 0))), axis=1, dtype=np.int32)
    ends = np.arange(ink.shape[1])
    first, last = np.maximum(ends - _RULE + 1, 0), np.minimum(ends + 1, full.shape[1])
    return np.asarray(begun[:, last] - begun[:, np.minimum(first, full.shape[1])] > 0)


def samples(ink: NDArray[np.bool_], most: int) -> list[tuple[int, int, int, int]]:
    """Boxes around some lines, or parts of long ones, that are likely to hold text: the most ink first.

    Args:
        ink: of a page whose lines are straight.
        most: how many.

    Returns:
        Left, top, right and bottom on the map.
    """
    counts = np.asarray(ink.sum(axis=1))
    dense = counts > _DENSE * np.percentile(counts, 95)
    runs = runs_of(dense)
    # Half of what is between two lines belongs to each.
    ends = [0, *((first[1] + second[0]) // 2 for first, second in itertools.pairwise(runs)), len(ink)]
    lines = [
        (top, bottom, above, below)
        for (top, bottom), above, below in zip(runs, ends, ends[1:], strict=False)
        if _LOWEST <= bottom - top <= _HIGHEST
    ]
    lines.sort(key=lambda line: -int(counts[line[0] : line[1]].sum()))
    boxes = []
    for top, bottom, above, below in lines[:most]:
        height = bottom - top
        columns = np.asarray(ink[top:bottom].sum(axis=0))
        width = min(_SAMPLE_LENGTH * height, len(columns))
        sums = np.concatenate(([0], np.cumsum(columns)))
        left = int(np.argmax(sums[width:] - sums[:-width]))
        pad = round(_SAMPLE_PAD * height)
        boxes.append((left, max(top - pad, above), left + width, min(bottom + pad, below)))
    return boxes
