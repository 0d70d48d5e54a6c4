"""Crops as pictures for a browser, made when somebody looks at them."""

from io import BytesIO

import numpy as np
from PIL import Image

from boxocr.reading.recognition.retrying import as_seen
from boxocr.reading.types import Pixels
from boxocr.web.status.recent import RecentReading

# More than a window shows; a whole page in full would take seconds to pack.
_LONGEST_SIDE = 2000

# The quickest that still packs paper.
_COMPRESSION = 1

# Engines that see the crop as the ladder prepared it; the others see it as it was drawn.
_LADDER = ("tesseract", "pytesseract")
_MAY_USE_LADDER = (*_LADDER, "auto")


def is_prepared(kept: RecentReading) -> bool:
    """Whether the engine saw something else than what was drawn."""
    if kept.crop is None or kept.options is None:
        return False
    return kept.reading.engine in _LADDER if kept.reading else kept.options.engine in _MAY_USE_LADDER


def drawn(kept: RecentReading) -> bytes | None:
    """PNG of the crop as drawn; ``None`` when there is none."""
    return None if kept.crop is None else _png(kept.crop)


def seen(kept: RecentReading) -> bytes | None:
    """PNG of what Tesseract saw; ``None`` when it saw nothing. Of a failed reading, what it saw first."""
    if kept.crop is None or not is_prepared(kept):
        return None
    reading = kept.reading
    return _png(as_seen(kept.crop, reading.look, reading.turned) if reading else as_seen(kept.crop))


def _png(pixels: Pixels) -> bytes:
    image = Image.fromarray(np.ascontiguousarray(pixels))
    image.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    file = BytesIO()
    image.save(file, "PNG", compress_level=_COMPRESSION)
    return file.getvalue()
