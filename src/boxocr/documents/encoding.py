"""Pixels of a page as an image file: PNG for drawn pages, JPEG for photographed and scanned ones."""

from io import BytesIO

import numpy as np
from PIL import Image

from boxocr.reading.types import Pixels

# Every row takes as long to examine as to compress.
_ROWS_APART = 16

# Share of pixels that differ from their left neighbour. Drawn text has at most a few percent, the noise of a scanner or
# a camera makes it more than half. PNG of such a page takes four times the bytes of a JPEG without visible loss.
_NOISY = 0.3

# Level 6 takes three times as long for a few percent.
_PNG_LEVEL = 3

_JPEG_QUALITY = 92


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
        # Without subsampling, which blurs coloured letters.
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
