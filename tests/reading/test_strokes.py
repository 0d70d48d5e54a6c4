"""Letters and dashes that are straight strokes, and rules and bars that are not text."""

import numpy as np
import pytest

from boxocr.reading.types import Engine
from tests.reading import drawn
from tests.reading.boxes import canvas, put, read


@pytest.mark.parametrize(
    ("text", "line"), [("1", 38), ("HILT", 38), ("1", 50), ("I", 50), ("L", 50), ("HILT", 50), ("T", 50)]
)
def test_letters_of_straight_strokes_are_read(engine: Engine, text: str, line: int) -> None:
    image, draw = canvas(120, 56)
    put(draw, 30, 4, text, 36)
    draw.rectangle((0, line, 119, line + 1), fill=drawn.BLACK)
    assert read(engine, np.asarray(image)) == text
    assert read(engine, drawn.text(text, pad=3)) == text


@pytest.mark.parametrize(("width", "height", "number"), [(14, 3, 1), (14, 3, 3), (26, 4, 1), (48, 3, 1)])
def test_lone_dashes_are_read(engine: Engine, width: int, height: int, number: int) -> None:
    image, draw = canvas(40 + number * (width + 8), 50)
    for at in range(number):
        left = 20 + at * (width + 8)
        draw.rectangle((left, 23, left + width - 1, 22 + height), fill=drawn.BLACK)
    text = read(engine, np.asarray(image))
    assert len(text) == number
    assert set(text) <= set("-\u2013\u2014")


def test_dashes_with_a_space_between_them_have_one(engine: Engine) -> None:
    image, draw = canvas(90, 40)
    for left in (14, 48):
        draw.rectangle((left, 18, left + 13, 20), fill=drawn.BLACK)
    assert read(engine, np.asarray(image)) == "- -"


def test_a_thick_rule_between_words_is_no_dash(engine: Engine) -> None:
    image, draw = canvas(150, 72)
    draw.rectangle((6, 6, 143, 65), outline=drawn.BLACK, width=3)
    draw.rectangle((6, 33, 143, 38), fill=drawn.BLACK)
    put(draw, 14, 10, "Tape", 18)
    put(draw, 14, 40, "Central", 18)
    assert read(engine, np.asarray(image)) == "Tape\nCentral"


def test_bold_letters_that_touch_are_no_dash(engine: Engine) -> None:
    image, draw = canvas(92, 60)
    # Eight solid letters, and the gaps between their tops.
    draw.rectangle((16, 24, 70, 35), fill=drawn.BLACK)
    for left in range(20, 70, 7):
        draw.rectangle((left, 24, left + 2, 27), fill=drawn.WHITE)
    draw.rectangle((73, 32, 76, 35), fill=drawn.BLACK)
    assert read(engine, np.asarray(image)) != "-"


@pytest.mark.parametrize("number", [1, 2])
def test_a_lone_capital_i_is_not_a_bar(engine: Engine, number: int) -> None:
    image, draw = canvas(24 + 14 * number, 54)
    for at in range(number):
        draw.rectangle((16 + 14 * at, 14, 18 + 14 * at, 40), fill=drawn.BLACK)
    assert read(engine, np.asarray(image)) == "I" * number


def test_bars_are_not_text(engine: Engine) -> None:
    image, draw = canvas(460, 150)
    at, random = 30, np.random.default_rng(5)
    while at < 420:
        width = int(random.integers(2, 7))
        draw.rectangle((at, 10, at + width - 1, 95), fill=drawn.BLACK)
        at += width + int(random.integers(2, 7))
    for left, figures in ((20, "4"), (70, "012345"), (240, "678901")):
        put(draw, left, 106, figures, 26)
    assert read(engine, np.asarray(image)) == "4 012345 678901"


def test_letters_l_in_a_long_line_are_not_bars(engine: Engine) -> None:
    lines = ("all will still fill tall hills until all calls fall ill", "twelve shelves full")
    assert read(engine, drawn.text(*lines, size=24)) == "\n".join(lines)
