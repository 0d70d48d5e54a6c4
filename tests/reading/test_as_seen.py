"""The picture of what the engine saw is what it saw, whichever look gave the text."""

from collections.abc import Sequence

import numpy as np
import pytest

from boxocr.reading.recognition.retrying import Ladder, as_seen
from boxocr.reading.types import Pixels, Reading, ReadingOptions
from tests.reading import drawn


class Choosy:
    """Keeps the images that it is shown, and is sure of one of them only."""

    name, version = "tesseract", "0"

    def __init__(self, sure_of: int) -> None:
        self._sure_of = sure_of
        self.images: list[Pixels] = []

    def languages(self) -> Sequence[str]:
        return ["eng"]

    def look(self, image: Pixels, psm: int, options: ReadingOptions) -> Reading:
        self.images.append(image)
        confidence = 0.9 if len(self.images) == self._sure_of else 0.1
        return Reading("text", confidence, self.name, options.languages, look=f"psm {psm}")


@pytest.mark.parametrize(
    ("number", "look", "turned"),
    [
        (1, "psm 6", 0),
        (2, "psm 6, no margin", 0),
        (3, "psm 13, to the ink", 0),
        (4, "psm 6, smoothed", 0),
        (5, "psm 6", 90),
        (6, "psm 6", 270),
        (7, "psm 6", 180),
    ],
)
def test_each_look_can_be_shown_again(number: int, look: str, turned: int) -> None:
    crop = drawn.text("Here")
    recognizer = Choosy(number)

    reading = Ladder(recognizer).read(crop, ReadingOptions())

    assert (reading.look, reading.turned) == (look, turned)
    assert np.array_equal(as_seen(crop, reading.look, reading.turned), recognizer.images[-1])


def test_without_a_reading_it_is_the_first_look() -> None:
    crop = drawn.text("Here")
    recognizer = Choosy(1)
    Ladder(recognizer).read(crop, ReadingOptions())

    assert np.array_equal(as_seen(crop), recognizer.images[0])


def test_an_empty_box_was_seen_grey() -> None:
    assert np.array_equal(as_seen(np.full((20, 30, 3), 200, np.uint8)), np.full((20, 30), 200, np.uint8))
