"""Crops as PNG images, encoded when a browser requests them."""

from io import BytesIO

import numpy as np
from PIL import Image

from boxocr.reading.recognition.tesseract_lines import as_seen
from boxocr.reading.types import Pixels
from boxocr.web.status.recent import RecentReading

# Engines that get a prepared crop. Other engines get the crop as drawn.
_PREPARING = ("tesseract", "pytesseract")
_MAY_PREPARE = (*_PREPARING, "auto")


def is_prepared(recent: RecentReading) -> bool:
    """Whether the engine got a prepared image instead of the crop as drawn."""
    if recent.crop is None or recent.options is None:
        return False
    return recent.reading.engine in _PREPARING if recent.reading else recent.options.engine in _MAY_PREPARE


def drawn(recent: RecentReading) -> bytes | None:
    """PNG of the crop as drawn; ``None`` without a crop."""
    return None if recent.crop is None else _png(recent.crop)


def seen(recent: RecentReading) -> bytes | None:
    """PNG of the image that Tesseract got; ``None`` if it got none. For a failed reading, that of the first attempt."""
    if recent.crop is None or not is_prepared(recent):
        return None
    reading = recent.reading
    if reading is None:
        return _png(as_seen(recent.crop))
    return _png(as_seen(recent.crop, reading.preparation, reading.turned, reading.languages))


def _png(pixels: Pixels) -> bytes:
    image = Image.fromarray(np.ascontiguousarray(pixels))
    # 2000 pixels are more than a browser window has. Encoding a whole page at full size would take seconds.
    image.thumbnail((2000, 2000))
    file = BytesIO()
    # zlib's fastest level that compresses.
    image.save(file, "PNG", compress_level=1)
    return file.getvalue()
