"""What makes a crop readable: each step a function, with the reason why reading needs it.

Images are 8-bit: ``(height, width)`` grey or ``(height, width, 3)`` RGB, 0 is black. After :func:`dark_on_light` ink is
darker than paper. Written with numpy and Pillow: a line costs about a millisecond.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from boxocr.reading.engine import Pixels

# Fewer grey levels between the darkest and the lightest pixel are noise, and no letter is smaller than this.
_LEAST_CONTRAST = 8
_LEAST_SIDE = 3

# Statistics of a crop settle long before this many pixels.
_SAMPLE = 6_000

# A colour channel must show the text this many times stronger than brightness does to be worth leaving brightness,
# which averages out the noise of three channels.
_CHANNEL_GAIN = 1.6

# Background that varies by less than this needs no evening out.
_EVEN = 0.12

# Background is looked at on a copy of at most this many pixels: it varies slowly.
_BACKGROUND_SAMPLE = 12_000

# Tesseract's network sees lines 36 pixels high, and text much smaller than that comes out wrong.
SMALL_TEXT = 24
GOOD_TEXT = 36

# Tesseract loses letters that touch the edge.
MARGIN = 10

# Leptonica's images have at most 32,767 pixels a side. And a whole page of A4 at 600 dpi has 35 million pixels, more
# than which nobody reads at once: each million of noise takes seconds.
LONGEST_SIDE = 32_000
MOST_PIXELS = 36_000_000

# A band of ink this much lower than the highest one is specks, not a line; headlines are not that much larger.
_SPECKS = 0.2
_LOWEST_LINE = 4


def grey(crop: Pixels) -> Pixels:
    """Reduce colour to the grey in which the text stands out most.

    That is brightness nearly always. But red on green is as bright as its ground, and yellow on white nearly: there a
    single channel shows the text.
    """
    if crop.ndim == 2:
        return np.ascontiguousarray(crop)
    brightness = np.asarray(Image.fromarray(np.ascontiguousarray(crop)).convert("L"))
    if crop.size == 0:
        return brightness
    step = _step(brightness, _SAMPLE)
    channels = crop[::step, ::step].reshape(-1, 3).astype(np.float32).std(axis=0)
    best = int(channels.argmax())
    if channels[best] > _CHANNEL_GAIN * brightness[::step, ::step].std():
        return np.ascontiguousarray(crop[..., best])
    return brightness


def is_blank(image: Pixels) -> bool:
    """Say whether there is nothing to read: all pixels alike, or too few of them for a letter."""
    return min(image.shape) < _LEAST_SIDE or int(image.max()) - int(image.min()) < _LEAST_CONTRAST


def bounded(image: Pixels) -> Pixels:
    """Make smaller what is larger than engines take."""
    height, width = image.shape[:2]
    scale = min(LONGEST_SIDE / max(height, width, 1), (MOST_PIXELS / max(height * width, 1)) ** 0.5)
    if scale >= 1:
        return image
    size = max(int(width * scale), 1), max(int(height * scale), 1)
    return np.asarray(Image.fromarray(np.ascontiguousarray(image)).resize(size, Image.Resampling.BOX))


def dark_on_light(image: Pixels) -> Pixels:
    """Turn light text on dark ground into dark text on light ground, for which Tesseract was trained.

    Ink covers less than its ground, so it differs more from the local mean. That holds in shadow too, where counting
    dark pixels would take the shadow for ground.
    """
    small = _small(image, _BACKGROUND_SAMPLE)
    local = small.filter(ImageFilter.BoxBlur(max(min(small.size) / 3, 2)))
    difference = np.asarray(small, np.float32) - np.asarray(local, np.float32)
    return 255 - image if float((difference * difference * difference).sum()) > 0 else image


def even(image: Pixels) -> Pixels:
    """Divide by the local background where that is uneven: a shadow's edge is stronger than ink for a threshold."""
    background = _background(image)
    low, high = np.percentile(background[::3, ::3], (5, 95))
    if high - low < _EVEN * max(high, 1):
        return image
    size = image.shape[1], image.shape[0]
    ground = np.asarray(Image.fromarray(background).resize(size, Image.Resampling.BILINEAR), np.float32)
    return np.asarray(np.clip(image * (255 / np.maximum(ground, 1)), 0, 255), np.uint8)


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
        return float(np.median([bottom - top for top, bottom in self.lines])) if self.lines else 0.0


# A neighbour's sliver is this much lower than the line itself, and this near the edge.
_SLIVER = 0.5
_EDGE = 0.2

# Dots and accents belong to the letter that they stand over: this much of them, and not more of the line than that.
_OVER_LETTERS = 0.8
_DOTTED = 0.35

# A rule is at least this long, as a share of the box, and at most this thick, as a share of the box's height; it lies
# this near the edge, since the box was drawn inside a table's cell or over its frame.
_RULE_LENGTH = 0.7
_RULE_WIDTH = 0.14
_RULE_ZONE = 0.3


def layout(image: Pixels) -> Layout:
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
    runs = _runs(_dense(remaining, axis=1))
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


def enlarge(found: Layout) -> Pixels:
    """Enlarge small text: at screen resolution a letter has too few pixels for Tesseract's network."""
    height = found.text_height
    if not 0 < height < SMALL_TEXT:
        return found.image
    pixels = found.image.size
    scale = min(GOOD_TEXT / height, 4, LONGEST_SIDE / max(found.image.shape), (MOST_PIXELS / pixels) ** 0.5)
    size = round(found.image.shape[1] * scale), round(found.image.shape[0] * scale)
    return np.asarray(Image.fromarray(found.image).resize(size, Image.Resampling.BICUBIC))


def margin(image: Pixels, paper: int) -> Pixels:
    """Add a margin in the paper's own grey: a white one would be a frame around shaded or dark paper."""
    return np.pad(image, MARGIN, constant_values=paper)


def trimmed(found: Layout) -> Layout:
    """Cut down to the ink: reading a raw line takes everything in the image for the line, empty paper too."""
    top, bottom = (found.lines[0][0], found.lines[-1][1]) if found.lines else (0, found.image.shape[0])
    left, right = found.columns
    image = np.ascontiguousarray(found.image[max(top - 1, 0) : bottom + 1, max(left - 1, 0) : right + 1])
    lines = tuple((first - top, last - top) for first, last in found.lines)
    return Layout(image, found.paper, lines, (0, right - left))


def smoothed(image: Pixels) -> Pixels:
    """Blur by about a pixel: faint print drowns in the noise of single pixels, and one-bit scans have jagged edges."""
    return np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(1)))


def turn(image: Pixels, degrees: int) -> Pixels:
    """Turn clockwise by a multiple of 90 degrees."""
    return np.ascontiguousarray(np.rot90(image, -degrees // 90))


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


def _step(image: Pixels, pixels: int) -> int:
    return max(int((image.shape[0] * image.shape[1] / pixels) ** 0.5), 1)


def _small(image: Pixels, pixels: int) -> Image.Image:
    return Image.fromarray(image).reduce(max(round((image.size / pixels) ** 0.5), 1))


def _background(image: Pixels) -> Pixels:
    """Return a small picture of the paper without the text: the lightest pixel around, since paper is lighter."""
    small = _small(image, _BACKGROUND_SAMPLE)
    # Wider than a letter's strokes, so that paper is in reach everywhere.
    reach = 2 if min(small.size) < 20 else 4
    lightest = _lightest_around(_lightest_around(np.asarray(small), reach).T, reach).T
    return np.asarray(Image.fromarray(np.ascontiguousarray(lightest)).filter(ImageFilter.BoxBlur(reach)))


def _lightest_around(image: Pixels, reach: int) -> Pixels:
    """Return for each pixel the lightest one of its column within ``reach`` rows, which is a power of two."""
    lightest = np.pad(image, ((reach, reach), (0, 0)), mode="edge")
    span = 1
    while span <= reach:
        lightest = np.maximum(lightest[:-span], lightest[span:])
        span *= 2
    return np.maximum(lightest[:-1], lightest[1:])[: image.shape[0]]


def _dense(ink: NDArray[np.bool_], axis: int) -> NDArray[np.bool_]:
    """Say which rows (axis 1) or columns (axis 0) hold ink rather than specks of noise."""
    counts = np.asarray(ink.sum(axis=axis))
    return np.asarray(counts > 0.015 * np.sort(counts)[-len(counts) // 10])


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(flags.view(np.int8), prepend=0, append=0))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _rules(ink: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the ink of rules along the edges.

    Strokes of letters are as straight, thin and near the edge in a tight box. But a horizontal rule has a gap to the
    text, unlike the bar of a T, and a vertical one reaches farther up and farther down than all of the text, unlike
    an l or a p.
    """
    height, width = ink.shape
    zone, thickest = _RULE_ZONE * height, max(_RULE_WIDTH * height, 3)

    def candidates(share: NDArray[np.float64]) -> list[tuple[int, int]]:
        return [
            (first, last)
            for first, last in _runs(share > _RULE_LENGTH)
            if last - first <= thickest and (last <= zone or first >= len(share) - zone)
        ]

    rows = candidates(ink.mean(axis=1))
    columns = candidates(ink.mean(axis=0))
    erased = np.zeros_like(ink)
    if not rows and not columns:
        return erased
    text = ink.copy()
    for first, last in rows:
        text[max(first - 1, 0) : last + 1] = False
    for first, last in columns:
        text[:, max(first - 1, 0) : last + 1] = False
    filled = text.any(axis=1)
    if not filled.any():
        return erased
    for first, last in rows:
        if not filled[max(first - 2, 0) : last + 2].any():
            erased[first:last] = ink[first:last]
    main_top, main_bottom = max(_runs(_dense(text, axis=1)), key=lambda run: run[1] - run[0])
    for first, last in columns:
        stroke = np.flatnonzero(ink[:, first:last].any(axis=1))
        if stroke[0] < main_top - 1 and stroke[-1] > main_bottom:
            erased[:, first:last] |= ink[:, first:last]
    return erased


def _slivers(runs: list[tuple[int, int]], ink: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the runs of rows at the upper and lower edge that are much lower than the tallest, dots excepted."""
    if len(runs) < 2:
        return []
    height = ink.shape[0]
    tallest = max(bottom - top for top, bottom in runs)

    def is_sliver(run: tuple[int, int], distance: int, neighbour: NDArray[np.bool_]) -> bool:
        if run[1] - run[0] >= _SLIVER * tallest or distance > _EDGE * tallest:
            return False
        own, letters = ink[run[0] : run[1]].any(axis=0), neighbour.any(axis=0)
        return bool((own & letters).sum() < _OVER_LETTERS * own.sum() or own.sum() > _DOTTED * letters.sum())

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
        if low and top - above_bottom < 0.3 * tallest and bottom - above_top <= 1.3 * tallest:
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
