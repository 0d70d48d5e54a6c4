"""Preparing crops: each step a function, with the reason why reading needs it.

Images are 8-bit: ``(height, width)`` grey or ``(height, width, 3)`` RGB, 0 is black. After :func:`dark_on_light` ink is
darker than paper. Written with numpy, OpenCV and Pillow: a line costs about a millisecond.
"""

import cv2
import numpy as np
from PIL import Image, ImageFilter

from boxocr.reading.types import Pixels

# Dimensions of a grey image's array; a colour image's has one more.
GREY = 2

# A smaller difference between the darkest and the lightest pixel, in grey levels, is noise. No letter has a shorter
# side, in pixels.
LEAST_CONTRAST = 8
_LEAST_SIDE = 3

# A blur of this many pixels removes grain and keeps strokes; a blur of the second number keeps only gradients and
# stains. This many pixels at the edge of an image are not compared.
_STROKE, _GROUND, _TRIM = 1.5, 5.0, 2

# Statistics of a crop settle long before this many pixels.
_SAMPLE = 6_000

# In noise, this share of pixels differs from the next one by at least this many grey levels.
_NOISE, _JUMP = 0.35, 60

# A colour channel replaces brightness only if it shows the text this many times stronger, because brightness averages
# out the noise of three channels.
_CHANNEL_GAIN = 1.6

# Background that varies by less than this needs no evening out.
_EVEN = 0.12

# A square with this side holds some paper between the strokes of print of usual size. Light paper covers more than this
# share of a box, even of a tight one.
_TILE = 16
_PAPER_SHARE = 0.6

# More than this share of such a square is dark in a panel with light text; dark print leaves more paper.
_PANEL_SQUARE = 0.6

# Background is looked at on a copy of at most this many pixels: it varies slowly.
_BACKGROUND_SAMPLE = 12_000

# On a copy of that size, the ink of a whole page is gone: 28 of 95 pages dark on light looked inverted. On a copy of
# this size, compared with the mean of this many pixels around each pixel, none did.
_PAGE_SAMPLE = 700_000
_PAGE_REACH = 9

# A dark panel is a rectangle with at least this many pixels on a side, solid in squares of this size around its
# letters. The letters leave a share of it dark that is between these two, and at least this share of each side: a bold
# M has open sides.
_LOWEST_PANEL = 12
_SOLID = 7
_PANEL_INK, _PANEL_MOST = 0.6, 0.99
_PANEL_SIDE = 0.9
# Among dark text, a panel is at least as high as this share of the image, or this many times wider than high: without
# this limit, bold letters were taken for panels in three of 44 boxes.
_PANEL_HEIGHT, _PANEL_WIDTH = 0.9, 2.5
# Without its rim, light letters leave less than this share of a panel dark.
_PANEL_TEXT = 0.97

# Paper is looked for this far around each pixel of the background copy: farther than a stroke is wide, less far than
# shadows are soft. On a copy at least this high, which one line does not fill, it is looked for twice as far.
_REACH = 2
_LOW = 20

# Tesseract's network sees lines 36 pixels high, and text much smaller than that comes out wrong.
SMALL_TEXT = 24
GOOD_TEXT = 36

# Tesseract loses letters that touch the edge.
MARGIN = 10

# Greys that differ from the paper by less than this share of the lightest ink's difference are grain. With .1, the text
# of 620 boxes of real documents is as often right as without; with .2 it was wrong in 11 more.
_GRAIN = 0.1

# Leptonica's images have at most 32,767 pixels a side. A whole page of A4 at 600 dpi has 35 million pixels, the most
# that is read at once: each million of noise takes seconds.
LONGEST_SIDE = 32_000
MOST_PIXELS = 36_000_000


def grey(crop: Pixels) -> Pixels:
    """Reduce colour to the grey in which the text has the most contrast.

    That is nearly always brightness. But red on green is as bright as its background, and yellow on white nearly so:
    there a single channel shows the text.
    """
    if crop.ndim == GREY:
        return np.ascontiguousarray(crop)
    if crop.size == 0:
        return crop[..., 0]
    # OpenCV takes a tenth of Pillow's and numpy's time.
    brightness = np.asarray(cv2.cvtColor(np.ascontiguousarray(crop), cv2.COLOR_RGB2GRAY), np.uint8)
    step = _step(brightness, _SAMPLE)
    channels, whole = (
        cv2.meanStdDev(np.ascontiguousarray(image[::step, ::step]))[1].ravel() for image in (crop, brightness)
    )
    best = int(channels.argmax())
    if channels[best] > _CHANNEL_GAIN * whole[0]:
        return np.ascontiguousarray(crop[..., best])
    return brightness


def is_blank(image: Pixels) -> bool:
    """Say whether there is nothing to read: all pixels alike, or too few of them for a letter."""
    return min(image.shape) < _LEAST_SIDE or int(image.max()) - int(image.min()) < LEAST_CONTRAST


def is_noise(image: Pixels) -> bool:
    """Say whether most pixels differ sharply from the next one: dots and grain, on which Tesseract spends many seconds.

    One pixel in ten does so on a page of small print.
    """
    step = _step(image, _SAMPLE * _TILE)
    jumps = np.abs(np.diff(image[::step].astype(np.int16), axis=1)) > _JUMP
    return bool(jumps.size) and float(jumps.mean()) > _NOISE


def is_paper(image: Pixels, contrast: float) -> bool:
    """Say whether a grey image has no writing, only grain, shadows and stains, whose edges differ by fewer greys.

    In 737 boxes with text the greatest difference was at least 10, and at least 18 without faint carbon copies. In 14
    boxes of blank paper, with grain, gradients and lines of copybooks, it was at most 12.
    """
    exact = image.astype(np.float32)
    difference = cv2.absdiff(cv2.GaussianBlur(exact, (0, 0), _STROKE), cv2.GaussianBlur(exact, (0, 0), _GROUND))
    inner = difference[_TRIM:-_TRIM, _TRIM:-_TRIM] if min(image.shape) > 4 * _TRIM else difference
    return float(inner.max()) < contrast


def bounded(image: Pixels) -> Pixels:
    """Reduce images that are larger than engines take."""
    height, width = image.shape[:2]
    scale = min(LONGEST_SIDE / max(height, width, 1), (MOST_PIXELS / max(height * width, 1)) ** 0.5)
    if scale >= 1:
        return image
    size = max(int(width * scale), 1), max(int(height * scale), 1)
    return np.asarray(Image.fromarray(np.ascontiguousarray(image)).resize(size, Image.Resampling.BOX))


def dark_on_light(image: Pixels) -> Pixels:
    """Turn light text on a dark ground into dark text on a light ground, for which Tesseract was trained.

    Ink covers less than its background, so it differs more from the local mean. This holds in shadow too, where
    counting dark pixels would take the shadow for background.
    """
    small = _small(image, _PAGE_SAMPLE if image.size > _PAGE_SAMPLE else _BACKGROUND_SAMPLE)
    reach = _PAGE_REACH if image.size > _PAGE_SAMPLE else max(min(small.size) / 3, 2)
    local = small.filter(ImageFilter.BoxBlur(reach))
    difference = np.asarray(small, np.float32) - np.asarray(local, np.float32)
    return 255 - image if float((difference * difference * difference).sum()) > 0 else image


def dark_on_even_paper(image: Pixels) -> Pixels:
    """Return a grey image with its writing dark on paper of one grey, as most crops are already."""
    if is_plain(image):
        return without_panels(image, is_plain=True) if _may_have_panels(image) else image
    return even(without_panels(dark_on_light(image)))


def without_panels(image: Pixels, *, is_plain: bool = False) -> Pixels:
    """Turn light text on dark panels, such as a table's heading, into dark text on light ground.

    Args:
        image: mostly dark on light.
        is_plain: whether it is dark text on even paper, whose bold letters are as dark as panels.
    """
    limit, _ = cv2.threshold(image, 0, 255, cv2.THRESH_OTSU)
    dark = (image <= limit).view(np.uint8)
    # Rules around a panel are part of it; the other rules of a table are not.
    solid = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((_SOLID, _SOLID), np.uint8))
    turned = image
    for left, top, width, height, area in cv2.connectedComponentsWithStats(solid, connectivity=4)[2][1:]:
        is_panel = _PANEL_INK * width * height <= area <= _PANEL_MOST * width * height
        is_letter = is_plain and height < _PANEL_HEIGHT * image.shape[0] and width < _PANEL_WIDTH * height
        if min(width, height) < _LOWEST_PANEL or not is_panel or is_letter:
            continue
        panel = slice(top, top + height), slice(left, left + width)
        inside = dark[panel]
        if min(side.mean() for side in (inside[1], inside[-2], inside[:, 1], inside[:, -2])) < _PANEL_SIDE:
            continue
        if inside[_TRIM:-_TRIM, _TRIM:-_TRIM].mean() > _PANEL_TEXT:
            # A stroke of a large bold letter, or a blot.
            continue
        if turned is image:
            turned = image.copy()
        turned[panel] = 255 - image[panel]
    return turned


def is_plain(image: Pixels) -> bool:
    """Say whether this is dark text on evenly light paper, so that neither ink nor paper needs preparation.

    Most boxes are, and the check is quick: the paper is about equally light everywhere, and covers most of the box.
    """
    height, width = (side // _TILE * _TILE for side in image.shape)
    if not height or not width:
        return False
    tiles = image[:height, :width].reshape(height // _TILE, _TILE, width // _TILE, _TILE)
    # Over rows first: numpy is quick with whole rows.
    lightest = tiles.max(axis=1).max(axis=2)
    low, high = int(lightest.min()), int(lightest.max())
    return bool(high - low < _EVEN * high and np.count_nonzero(image > high // 2) > _PAPER_SHARE * image.size)


def _may_have_panels(image: Pixels) -> bool:
    """Whether a square of an image on even paper is mostly dark."""
    height, width = (side // _TILE for side in image.shape)
    part = image[: height * _TILE, : width * _TILE]
    dark = (part < int(part.max()) // 2).view(np.uint8) * np.uint8(100)
    return bool(resized(dark, (width, height), cv2.INTER_AREA).max() > 100 * _PANEL_SQUARE)


def even(image: Pixels) -> Pixels:
    """Divide by the local background if it is uneven: to a threshold, a shadow's edge is stronger than ink."""
    background = _background(image)
    low, high = np.percentile(background[::3, ::3], (5, 95))
    if high - low < _EVEN * max(high, 1):
        return image
    size = image.shape[1], image.shape[0]
    ground = np.asarray(Image.fromarray(background).resize(size, Image.Resampling.BILINEAR), np.float32)
    return np.asarray(np.clip(image * (255 / np.maximum(ground, 1)), 0, 255), np.uint8)


def enlarge(image: Pixels, text_height: float) -> tuple[Pixels, float]:
    """Enlarge small text, and return by how much: at 75 dpi a letter has too few pixels for Tesseract's network.

    Args:
        image: grey.
        text_height: of its lines, px; 0 for none.
    """
    if not 0 < text_height < SMALL_TEXT:
        return image, 1.0
    scale = min(GOOD_TEXT / text_height, 4, LONGEST_SIDE / max(image.shape), (MOST_PIXELS / image.size) ** 0.5)
    size = round(image.shape[1] * scale), round(image.shape[0] * scale)
    return resized(image, size, cv2.INTER_CUBIC), scale


def shrunk(image: Pixels, shrink: float) -> Pixels:
    """Return an image with this many pixels of each side averaged to one."""
    size = max(round(image.shape[1] / shrink), 1), max(round(image.shape[0] / shrink), 1)
    return resized(image, size, cv2.INTER_AREA) if shrink > 1 else image


def resized(image: Pixels, size: tuple[int, int], interpolation: int) -> Pixels:
    """Return an image at another width and height, by one of OpenCV's ways to interpolate."""
    return np.asarray(cv2.resize(image, size, interpolation=interpolation), np.uint8)


def margin(image: Pixels, paper: int) -> Pixels:
    """Add a margin in the paper's own grey: a white one would be a frame around shaded or dark paper."""
    return np.asarray(cv2.copyMakeBorder(image, *(MARGIN,) * 4, cv2.BORDER_CONSTANT, value=paper), np.uint8)


def without_grain(image: Pixels, paper: int, limit: int) -> Pixels:
    """Give the paper of a grey image one grey.

    Tesseract compresses the image of each line before its network reads it, and spends 4 % of its time on the grain.

    Args:
        image: dark on light.
        paper: the grey of the paper.
        limit: ink is darker than this grey.
    """
    greys = np.arange(256, dtype=np.uint8)
    greys[paper - int(_GRAIN * (paper - limit)) :] = paper
    return np.asarray(cv2.LUT(image, greys), np.uint8)


def smoothed(image: Pixels) -> Pixels:
    """Blur by about a pixel.

    Faint print drowns in the noise of single pixels, one-bit scans have jagged edges, and dithered ones only dots.
    """
    return np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(1)))


def turn(image: Pixels, degrees: int) -> Pixels:
    """Turn clockwise by a multiple of 90 degrees."""
    return np.ascontiguousarray(np.rot90(image, -degrees // 90))


def _step(image: Pixels, pixels: int) -> int:
    return max(int((image.shape[0] * image.shape[1] / pixels) ** 0.5), 1)


def _small(image: Pixels, pixels: int) -> Image.Image:
    return Image.fromarray(image).reduce(max(round((image.size / pixels) ** 0.5), 1))


def _background(image: Pixels) -> Pixels:
    """Return a small picture of the paper without the text: the lightest pixel around, since paper is lighter."""
    small = _small(image, _BACKGROUND_SAMPLE)
    reach = _REACH if min(small.size) < _LOW else 2 * _REACH
    lightest = cv2.dilate(np.asarray(small), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    return np.asarray(Image.fromarray(lightest).filter(ImageFilter.BoxBlur(reach)))
