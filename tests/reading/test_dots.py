"""Letters made of dots: one-bit scans of grey letters, and dot-matrix print."""

import numpy as np
import pytest
from PIL import Image

from boxocr.reading.pool.pool import ReaderPool
from boxocr.reading.types import Pixels, ReadingOptions
from tests.reading import drawn

LINES = ("Delivery of the goods ordered", "in March 2024: 1,284.50")


def one_bit(pixels: Pixels) -> Pixels:
    """The pixels as a scanner stores them in black and white: grey becomes dots."""
    return np.asarray(Image.fromarray(pixels).convert("1").convert("RGB"))


def in_grey(ink: int, paper: int, size: int) -> Pixels:
    return one_bit(drawn.text(*LINES, size=size, ink=(ink,) * 3, paper=(paper,) * 3, pad=20))


@pytest.mark.parametrize("engine", ["tesseract", "auto"])
@pytest.mark.parametrize(("ink", "paper"), [(110, 255), (150, 255), (110, 240), (110, 215)])
@pytest.mark.parametrize("size", [36, 60])
def test_grey_letters_of_a_one_bit_scan_are_read(
    pool: ReaderPool, engine: str, ink: int, paper: int, size: int
) -> None:
    reading = pool.read(in_grey(ink, paper, size), ReadingOptions(engine=engine))
    assert reading.text == "\n".join(LINES)
    assert reading.confidence > 0.9


def test_they_are_read_in_a_page_segmentation_mode_too(pool: ReaderPool) -> None:
    reading = pool.read(in_grey(110, 240, 36), ReadingOptions(engine="tesseract", psm=6))
    assert reading.text == "\n".join(LINES)
