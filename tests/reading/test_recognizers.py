"""Which lines an engine recognizes, and how often."""

from collections import Counter

import pytest

from boxocr.reading.engines import make
from boxocr.reading.recognition.engine_settings import EngineSettings
from boxocr.reading.recognition.tesseract import Tesseract
from boxocr.reading.recognition.tesseract_lines import LINE
from boxocr.reading.recognizers import ENOUGH
from boxocr.reading.types import Pixels, ReadingOptions
from boxocr.reading.whole_page import Line
from tests.reading import drawn


@pytest.mark.parametrize("engine", ["tesseract", "auto"])
def test_a_line_of_which_tesseract_is_unsure_is_not_recognized_again_to_see_which_way_up_it_is(
    engine: str, monkeypatch: pytest.MonkeyPatch, settings: EngineSettings
) -> None:
    images: Counter[bytes] = Counter()
    recognize = Tesseract.lines

    def lines(self: Tesseract, image: Pixels, psm: int, options: ReadingOptions) -> list[Line]:
        images[image.tobytes()] += psm == LINE
        return recognize(self, image, psm, options)

    monkeypatch.setattr(Tesseract, "lines", lines)
    reading = make(engine, settings).read(drawn.text("Kwzrt Jqorz 3vx", "Ubg Oxly 7"), ReadingOptions())
    assert reading.text == "Kwzrt Jqorz 3vx\nUbg Oxly 7"
    assert reading.confidence < ENOUGH
    assert max(images.values()) == 1
