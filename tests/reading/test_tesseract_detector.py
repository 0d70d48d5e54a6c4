"""What Tesseract is asked for on a page: recognizing the same text twice takes twice the time."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest

from boxocr.reading.detection.tesseract import TesseractDetector
from boxocr.reading.recognition.engine_settings import EngineSettings
from boxocr.reading.recognition.tesseract import Tesseract
from boxocr.reading.types import Pixels, ReadingOptions
from boxocr.reading.whole_page import Line
from tests.reading import drawn

_TEXT = ("Delivery of the goods ordered", "in the month of March to the", "warehouse behind the station")


@dataclass
class Recorder:
    """Tesseract, and the pixels of each mode that it was asked for."""

    tesseract: Tesseract
    asked: list[tuple[int, int]] = field(default_factory=list)

    def find(self, image: Pixels, psm: int, options: ReadingOptions) -> list[Line]:
        self.asked.append((psm, image.size))
        return self.tesseract.lines(image, psm, options)


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    with tempfile.TemporaryDirectory() as links:
        yield Recorder(Tesseract(EngineSettings("eng", None, links, 60)))


def page_with(*blocks: tuple[int, int, Pixels]) -> Pixels:
    page = np.full((1400, 1000, 3), 255, np.uint8)
    for left, top, block in blocks:
        page[top : top + block.shape[0], left : left + block.shape[1]] = block
    return page


def test_a_page_of_which_all_letters_are_found_is_recognized_once(recorder: Recorder) -> None:
    page = page_with((100, 200, drawn.text(*_TEXT, pad=0)))
    lines = TesseractDetector(recorder.find).detect(page, ReadingOptions())
    assert [line.text for line in lines] == list(_TEXT)
    assert [psm for psm, _ in recorder.asked] == [3]


def test_only_the_part_with_other_letters_is_recognized_again(recorder: Recorder) -> None:
    def blind(image: Pixels, psm: int, options: ReadingOptions) -> list[Line]:
        lines = recorder.find(image, psm, options)
        return [line for line in lines if line.text != _TEXT[1]] if psm == 3 else lines

    page = page_with((100, 200, drawn.text(*_TEXT, pad=0)))
    lines = TesseractDetector(blind).detect(page, ReadingOptions())
    assert sorted(line.text for line in lines) == sorted(_TEXT)
    (_, whole), (psm, part) = recorder.asked
    assert psm == 11
    assert part < whole / 5


@pytest.mark.parametrize("quarters", [1, 3])
def test_the_way_up_of_a_sideways_page_is_found_on_a_part_of_it(recorder: Recorder, quarters: int) -> None:
    words = " ".join(_TEXT).split()
    text = [" ".join((words[7 * at % 15 :] + words)[: 4 + at % 3]) for at in range(16)]
    page = np.rot90(page_with((80, 100, drawn.text(*text, pad=0))), quarters)
    lines = TesseractDetector(recorder.find).detect(np.ascontiguousarray(page), ReadingOptions())
    assert [line.text for line in lines] == text
    assert [psm for psm, _ in recorder.asked].count(3) == 1
