"""How the lines of an image run, without a detector.

Along the lines, rows of ink and gaps between them alternate sharply (Postl, 1986, tried rotations of a page for the
sharpest profile).
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from boxocr.reading import prepare
from boxocr.reading.detection.rules import straight
from boxocr.reading.types import Pixels

# Lines are still apart on a copy with this many pixels on its longer side: A4 at 73 dpi.
_LONGEST = 850

# Ink is darker than the mean of a square of this many pixels around it, by this many greys.
_AROUND = 19
_CONTRAST = 24

# Straight strokes longer than this, on the copy, are rules and edges of pictures.
_RULE = 30

# The profile is taken from at most this many points of ink. With fewer than the second number, there is none.
_POINTS = 8_000
_FEWEST_POINTS = 60

# A skew is believed when there are at least this many points, and the profile is sharper than the straight one by this
# factor.
_SKEW_POINTS = 300
_SHARPER = 1.15

# Lines run up or down when the profile is this much sharper that way: short words below each other are sharp both ways.
_SIDEWAYS = 1.4

# The largest skew that is looked for, and the steps, in degrees.
_MOST = 15.0
_STEP = 0.5
_FINE_STEP = 0.1


@dataclass(frozen=True, slots=True)
class Skew:
    """How the lines of an image run.

    Attributes:
        sideways: whether they run up or down.
        degrees: clockwise beyond that, -15 to 15.
    """

    sideways: bool
    degrees: float


def estimate(image: Pixels) -> tuple[Skew, ...]:
    """Estimate how the lines of a dark-on-light grey image can run, the likelier way first.

    Only an image whose lines can also run up or down has two ways: columns of numbers are sharp both ways.
    """
    small = prepare.shrunk(image, max(max(image.shape) / _LONGEST, 1.0))
    ink = cv2.subtract(cv2.blur(small, (_AROUND, _AROUND)), small) > _CONTRAST
    # Level and upright rules are looked for at once: without the level rules, the upright ones of a table are too short
    # to be found.
    rows, columns = np.nonzero(ink & ~straight(ink, _RULE))
    if len(rows) < _FEWEST_POINTS:
        return (Skew(sideways=False, degrees=0.0),)
    random = np.random.default_rng(0)
    if len(rows) > _POINTS:
        chosen = random.choice(len(rows), _POINTS, replace=False)
        rows, columns = rows[chosen], columns[chosen]
    # Each point is moved within its pixel, because a profile along the grid of pixels is sharp by itself.
    along, across = (places + random.uniform(-0.5, 0.5, len(places)) for places in (columns, rows))
    degrees, sharpness = _sharpest(along, across)
    sideways, other_sharpness = _sharpest(-across, along)
    ways = Skew(sideways=False, degrees=degrees), Skew(sideways=True, degrees=sideways)
    if _SIDEWAYS * sharpness >= other_sharpness or len(rows) < _SKEW_POINTS:
        return ways[:1]
    return ways[::-1]


def _sharpest(along: NDArray[np.float64], across: NDArray[np.float64]) -> tuple[float, float]:
    """The rotation in degrees that gives the sharpest profile of points, and how sharp that is."""

    def sharpness(degrees: float) -> float:
        angle = np.radians(degrees)
        places = across * np.cos(angle) - along * np.sin(angle)
        counts = np.bincount((places - places.min()).astype(np.int64))
        return float((np.diff(counts.astype(np.float64)) ** 2).sum())

    coarse = max(np.arange(-_MOST, _MOST + _STEP / 2, _STEP), key=sharpness)
    fine = coarse + np.arange(-_STEP, _STEP + _FINE_STEP / 2, _FINE_STEP)
    # Of equally sharp rotations the smallest.
    best = max(sorted(map(float, fine), key=abs), key=sharpness)
    if len(along) < _SKEW_POINTS or sharpness(best) < _SHARPER * sharpness(0.0):
        best = 0.0
    return round(best, 2), sharpness(best)
