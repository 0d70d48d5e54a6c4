"""Signs that engines lack, misread or leave out, and the doubts that they cause."""

import numpy as np
import pytest
from PIL import Image, ImageFont

from boxocr.reading.engines import make
from boxocr.reading.recognition.engine_settings import EngineSettings
from boxocr.reading.types import Engine, ReadingOptions
from tests.reading import drawn
from tests.reading.boxes import canvas, put, read


@pytest.mark.parametrize(("number", "cents", "size"), [("$ 23", "49", 32), ("6", "98", 34), ("$ 7", "25", 26)])
def test_raised_figures_are_read_with_their_price(engine: Engine, number: str, cents: str, size: int) -> None:
    image, draw = canvas(180, 80)
    put(draw, 12, 18, number, size)
    put(draw, round(20 + ImageFont.load_default(size).getlength(number)), 16, cents, round(0.6 * size))
    assert read(engine, np.asarray(image)).replace(" ", "") == (number + cents).replace(" ", "")


def test_a_low_quote_is_read_though_ppocr_lacks_it(auto: Engine) -> None:
    image, draw = canvas(420, 60)
    put(draw, 12, 12, "Er rief: ,,Guten Tag\u201d.")
    # Two commas look like the low quote that the font lacks.
    assert read(auto, np.asarray(image), "deu").startswith(("Er rief: \u201eGuten Tag", 'Er rief: "Guten Tag'))


@pytest.mark.parametrize("wide", [3, 5])
def test_a_low_quote_that_ppocr_gives_nothing_for_is_read(settings: EngineSettings, wide: int) -> None:
    image, draw = canvas(420, 60)
    put(draw, 12, 12, "kniha, roman")
    left = round(12 + ImageFont.load_default(28).getlength("kniha, roman "))
    for at in (left, left + 8):
        draw.line((at + wide, 37, at, 43), fill=drawn.BLACK, width=3)
    put(draw, left + 15, 12, "Dokud\u201c je tady")
    reading = make("ppocr", settings).read(np.asarray(image), ReadingOptions(languages="ces"))
    assert reading.text == "kniha, roman \u201eDokud\u201c je tady"


def test_a_sign_that_ppocr_hardly_knows_is_doubtful(auto: Engine) -> None:
    image, draw = canvas(190, 64)
    put(draw, 14, 12, "4750", 36)
    # A lira sign, which the font lacks.
    draw.line((124, 16, 124, 46, 140, 46, 152, 32), fill=drawn.BLACK, width=4)
    draw.line((114, 32, 140, 22), fill=drawn.BLACK, width=4)
    draw.line((114, 40, 140, 30), fill=drawn.BLACK, width=4)
    reading = auto.read(np.asarray(image), ReadingOptions(languages="eng"))
    assert not any("\u3040" <= char <= "\u9fff" for char in reading.text)
    assert reading.confidence < 0.9


@pytest.mark.parametrize("size", [24, 36])
def test_a_sign_that_no_engine_knows_lowers_the_score(engine: Engine, size: int) -> None:
    image, draw = canvas(190, 70)
    put(draw, 12, 12, "75,90", size)
    assert engine.read(np.asarray(image), ReadingOptions()).confidence > 0.9
    # Fonts have a frame in place of signs that they lack.
    left = round(14 + ImageFont.load_default(size).getlength("75,90 "))
    draw.rectangle((left, 12 + 0.3 * size, left + 0.4 * size, 12 + 1.1 * size), outline=drawn.BLACK, width=2)
    assert engine.read(np.asarray(image), ReadingOptions()).confidence < 0.9


@pytest.mark.parametrize(("before", "letter", "after"), [("Z", "u", "rich"), ("Malm", "o", ""), ("7. M", "a", "rz")])
def test_dots_over_a_letter_that_tesseracts_english_data_lacks_are_read(
    auto: Engine, before: str, letter: str, after: str
) -> None:
    font = ImageFont.load_default(36)
    image, draw = canvas(260, 64)
    put(draw, 20, 12, before + letter + after, 36)
    left = 20 + font.getlength(before)
    middle, top = left + font.getlength(letter) / 2, 12 + font.getbbox(letter)[1]
    for dot in (middle - 7, middle + 3):
        draw.ellipse((dot, top - 8, dot + 4, top - 4), fill=drawn.BLACK)
    assert read(auto, np.asarray(image)) == before + {"u": "ü", "o": "ö", "a": "ä"}[letter] + after


def test_doubtful_words_are_named_and_lower_the_score(auto: Engine) -> None:
    clean = auto.read(drawn.text("Delivered on Thursday"), ReadingOptions())
    assert clean.confidence > 0.9
    assert not clean.doubtful
    blurred = Image.fromarray(drawn.text("Delivered on Thursday", size=22)).resize((64, 9)).resize((256, 36))
    unsure = auto.read(np.asarray(blurred), ReadingOptions())
    assert unsure.confidence < 0.6
    assert set(unsure.doubtful) <= set(unsure.text.split())
