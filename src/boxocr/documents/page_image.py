"""Pages of document files as images for browsers: PNG for drawn pages, JPEG for pages with a scanner's noise."""

from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import Image

from boxocr.reading.types import Pixels
from boxocr.reading.whole_page import Line

# Only every 16th row is examined: all rows would take as long as compressing the page.
_ROWS_APART = 16

# Share of pixels that differ from their left neighbour: a few percent for drawn text, more than half with the noise of
# a scanner or camera. As PNG, such a page takes four times the bytes of a JPEG without visible loss.
_NOISY = 0.3

# Level 6 takes three times as long to save a few percent.
_PNG_LEVEL = 3

_JPEG_QUALITY = 92


# Without slots, which would slow down pickling between processes.
@dataclass(frozen=True)
class PageImage:
    """An image of a page.

    Attributes:
        data: bytes of a PNG, JPEG, WebP, GIF or BMP file.
        suffix: of its name, such as ``.png``.
        width: of the upright page, px.
        height: of the upright page, px.
        text_layer: the lines of a PDF's text layer, in px of the upright page and in reading order, without confidence;
            empty for a page without text layer.
        layer_ink: share of the page's ink that is in these lines, 0 to 1.
        blank: whether the page has no text layer, and nothing is visible on it.
        remark: a sentence about a difference between the image and the page; usually empty.
    """

    data: bytes
    suffix: str
    width: int
    height: int
    text_layer: tuple[Line, ...] = ()
    layer_ink: float = 0.0
    blank: bool = False
    remark: str = ""


def encode(pixels: Pixels) -> tuple[bytes, str]:
    """Encode a page.

    Args:
        pixels: uint8, ``(h, w)`` grey or ``(h, w, 3)`` RGB.

    Returns:
        The bytes of the file, and the suffix of its name.
    """
    image = Image.fromarray(pixels)
    file = BytesIO()
    if _noise(pixels) > _NOISY:
        # No subsampling, which would blur coloured letters.
        image.save(file, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
        return file.getvalue(), ".jpg"
    image.save(file, "PNG", compress_level=_PNG_LEVEL)
    return file.getvalue(), ".png"


def _noise(pixels: Pixels) -> float:
    rows = pixels[::_ROWS_APART]
    differing = rows[:, 1:] != rows[:, :-1]
    if differing.ndim > 2:  # noqa: PLR2004 - with a channel for each colour
        differing = differing.any(axis=2)
    return float(np.mean(differing)) if differing.size else 0.0
