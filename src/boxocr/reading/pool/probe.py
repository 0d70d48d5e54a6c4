"""A test of the engine with a rendered word, for start-up and health checks."""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from boxocr.errors import BoxOCRError, EngineUnavailable, ReaderCrashed, ReadingError, ReadingTimeout
from boxocr.reading.types import Pixels, Reading, ReadingOptions

# Digits are in every language's data, whatever its script.
_WORD = "2468"


def check(read: Callable[[Pixels, ReadingOptions], Reading], options: ReadingOptions) -> None:
    """Read a rendered word.

    Raises:
        EngineUnavailable: the result is another text, or empty.
        BoxOCRError: the engine could not run, for instance without a language.
    """
    try:
        text = read(_rendered(_WORD), options).text
    except BoxOCRError as error:
        raise _of_the_probe(error) from None
    if text != _WORD:
        raise EngineUnavailable(
            f'The OCR engine reads "{_WORD}" as "{" ".join(text.split())[:20]}".',
            "Check its language data (TESSDATA_PREFIX), or choose another one with OCR_ENGINE.",
        )


def _of_the_probe(error: BoxOCRError) -> BoxOCRError:
    """Rephrase errors whose messages refer to a drawn box."""
    if isinstance(error, ReadingTimeout):
        return EngineUnavailable(
            "The OCR engine took too long to read a test word.",
            "Raise OCR_TIMEOUT, or choose another engine with OCR_ENGINE.",
        )
    if isinstance(error, ReaderCrashed):
        return EngineUnavailable(
            "The OCR engine crashed on a test word.", "Install it again, or choose another one with OCR_ENGINE."
        )
    if isinstance(error, ReadingError) and error.message == ReadingError.message:
        return EngineUnavailable("The OCR engine failed on a test word.", "Its error is in the server's log.")
    return error


def _rendered(word: str) -> Pixels:
    image = Image.new("L", (140, 56), 255)
    # Pillow's own font needs no file.
    ImageDraw.Draw(image).text((20, 10), word, fill=0, font=ImageFont.load_default(36))
    return np.asarray(image)
