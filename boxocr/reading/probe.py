"""Does the engine really read? Asked at start-up and by health checks."""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from boxocr.errors import EngineUnavailable
from boxocr.reading.engine import Pixels, Reading, ReadingOptions

# Digits are in every language's data, whatever its script.
_WORD = "2468"


def check(read: Callable[[Pixels, ReadingOptions], Reading], options: ReadingOptions) -> None:
    """Read a rendered word.

    Raises:
        EngineUnavailable: when something else comes out.
        BoxOCRError: whatever ``read`` raises.
    """
    text = read(_rendered(_WORD), options).text
    if text != _WORD:
        raise EngineUnavailable(
            f'The OCR engine reads "{_WORD}" as "{" ".join(text.split())[:20]}".',
            "Check its language data (TESSDATA_PREFIX), or choose another one with OCR_ENGINE.",
        )


def _rendered(word: str) -> Pixels:
    image = Image.new("L", (140, 56), 255)
    # Pillow's own font needs no file.
    ImageDraw.Draw(image).text((20, 10), word, fill=0, font=ImageFont.load_default(36))
    return np.asarray(image)
