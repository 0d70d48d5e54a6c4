"""Tesseract's ladder reads damaged crops exactly, each with text that fits one line or a few."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from PIL import Image

from boxocr.errors import LanguageMissing
from boxocr.reading.recognition.retrying import BLOCK, SURE, FastFirst, Ladder, best, turns
from boxocr.reading.types import Engine, Pixels, Reading, ReadingOptions
from tests.reading import drawn

LINE = "Delivered on Thursday morning"
BLOCK_LINES = ("Delivered on Thursday", "morning by the driver", "to the house next door")


def shaded(crop: Pixels) -> Pixels:
    """A shadow with a soft edge over the right half."""
    across = np.arange(crop.shape[1])
    light = 1 - 0.8 / (1 + np.exp(-(across - crop.shape[1] / 2) / 6))
    return np.asarray(crop * light[None, :, None], np.uint8)


def with_neighbours(crop: Pixels) -> Pixels:
    """The feet of the line above and the heads of the line below."""
    other = drawn.text("gypsy joy page quay grapple", pad=0)
    width = min(other.shape[1], crop.shape[1])
    framed = np.pad(crop, ((16, 16), (0, 0), (0, 0)), constant_values=250)
    framed[:8, :width] = other[-8:, :width]
    framed[-8:, :width] = other[:8, :width]
    return framed


def in_a_cell(crop: Pixels) -> Pixels:
    """A frame of black rules, such as a table's cell has."""
    framed = crop.copy()
    framed[2:4, :], framed[-4:-2, :], framed[:, 2:4], framed[:, -4:-2] = 0, 0, 0, 0
    return framed


def at_75_dpi(crop: Pixels) -> Pixels:
    size = crop.shape[1] * 10 // 36, crop.shape[0] * 10 // 36
    return np.asarray(Image.fromarray(crop).resize(size, Image.Resampling.BOX))


def turned(crop: Pixels, degrees: float) -> Pixels:
    image = Image.fromarray(crop).rotate(-degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=drawn.WHITE)
    return np.asarray(image)


DAMAGE: dict[str, Callable[[], Pixels]] = {
    "none": lambda: drawn.text(LINE),
    "tight": lambda: drawn.text(LINE, pad=0),
    "large": lambda: drawn.text(LINE, size=110),
    "inverted": lambda: drawn.text(LINE, ink=(240, 240, 240), paper=(30, 30, 60)),
    "faint": lambda: drawn.text(LINE, ink=(190, 190, 190), paper=(220, 220, 220)),
    "red on green": lambda: drawn.text(LINE, ink=(200, 30, 30), paper=(30, 122, 30)),
    "yellow on white": lambda: drawn.text(LINE, ink=(255, 240, 0), paper=(255, 255, 255)),
    "shaded": lambda: shaded(drawn.text(LINE)),
    "neighbour lines": lambda: with_neighbours(drawn.text(LINE)),
    "75 dpi": lambda: at_75_dpi(drawn.text(LINE)),
    "skewed": lambda: turned(drawn.text(LINE), 2),
    "upside down": lambda: turned(drawn.text(LINE), 180),
    "upwards": lambda: turned(drawn.text(LINE), 270),
    "downwards": lambda: turned(drawn.text(LINE), 90),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_line_is_read_exactly(tesseract: Engine, damage: str) -> None:
    assert tesseract.read(DAMAGE[damage](), ReadingOptions()).text == LINE


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_a_block_is_read_whichever_way_it_is_turned(tesseract: Engine, degrees: int) -> None:
    reading = tesseract.read(turned(drawn.text(*BLOCK_LINES), degrees), ReadingOptions())
    assert reading.text.split("\n") == list(BLOCK_LINES)
    assert reading.turned == (360 - degrees) % 360


@pytest.mark.parametrize("number", ["1,284.50", "15", "2024-11-22", "4929 1034 7781"])
def test_a_table_cell_is_read_without_its_rules(tesseract: Engine, number: str) -> None:
    assert tesseract.read(in_a_cell(drawn.text(number, pad=11)), ReadingOptions()).text == number


def test_digits_only(tesseract: Engine) -> None:
    crop = drawn.text("IOO5l7")
    assert not tesseract.read(crop, ReadingOptions()).text.isdigit()
    assert tesseract.read(crop, ReadingOptions(charset="0123456789")).text.isdigit()
    # The next box must not inherit it.
    assert tesseract.read(drawn.text(LINE), ReadingOptions()).text == LINE


def test_the_mode_that_the_user_asks_for_is_used(tesseract: Engine) -> None:
    crop = drawn.text(*BLOCK_LINES)
    assert tesseract.read(crop, ReadingOptions(psm=6)).text.split("\n") == list(BLOCK_LINES)
    assert tesseract.read(crop, ReadingOptions(psm=3)).look == "psm 3"
    # A block taken for one word cannot come out right.
    assert tesseract.read(crop, ReadingOptions(psm=8)).text.split("\n") != list(BLOCK_LINES)


def test_the_same_engine_reads_many_languages_in_turn(tesseract: Engine) -> None:
    with pytest.raises(LanguageMissing):
        tesseract.read(drawn.text(LINE), ReadingOptions(languages="tlh"))
    assert tesseract.read(drawn.text(LINE), ReadingOptions(languages="eng")).text == LINE


class Scripted:
    """A recognizer that gives prepared answers, and remembers how it was made to look."""

    name, version = "scripted", "1"

    def __init__(self, *answers: tuple[str, float]) -> None:
        self.answers = list(answers)
        self.looks: list[tuple[int, tuple[int, ...]]] = []

    def languages(self) -> Sequence[str]:
        return ["eng"]

    def look(self, image: Pixels, psm: int, options: ReadingOptions) -> Reading:
        self.looks.append((psm, image.shape))
        text, confidence = self.answers.pop(0) if self.answers else ("", 0.0)
        return Reading(text, confidence, self.name, options.languages, f"psm {psm}")


def test_one_look_is_enough_when_sure() -> None:
    scripted = Scripted((LINE, SURE))
    assert Ladder(scripted).read(drawn.text(LINE), ReadingOptions()).text == LINE
    assert [psm for psm, _ in scripted.looks] == [BLOCK]


def test_an_unsure_line_is_looked_at_in_other_ways_but_not_turned() -> None:
    scripted = Scripted(("a", 0.6), ("b", 0.7), ("c", 0.8), ("d", 0.65))
    assert Ladder(scripted).read(drawn.text(LINE), ReadingOptions()).text == "c"
    assert [psm for psm, _ in scripted.looks] == [6, 6, 13, 6]


def test_a_raw_line_is_no_way_to_read_a_block() -> None:
    scripted = Scripted()
    Ladder(scripted).read(drawn.text(*BLOCK_LINES), ReadingOptions())
    assert {psm for psm, _ in scripted.looks} == {6}


def test_what_cannot_be_read_is_turned() -> None:
    scripted = Scripted(*[("x", 0.1)] * 3, ("Delivered on Thursday morning by the driver", 0.95))
    reading = Ladder(scripted).read(drawn.text(*BLOCK_LINES), ReadingOptions())
    assert (reading.turned, reading.confidence) == (90, 0.95)


@pytest.mark.parametrize(
    ("height", "width", "expected"), [(100, 100, (90, 270, 180)), (40, 400, (180,)), (400, 40, (90, 270))]
)
def test_only_turns_that_fit_the_shape_are_tried(height: int, width: int, expected: tuple[int, ...]) -> None:
    assert turns(height, width) == expected


def reading(text: str, confidence: float, turned: int = 0) -> Reading:
    return Reading(text, confidence, "x", "eng", turned=turned)


def test_a_confident_crumb_does_not_beat_lines_of_text() -> None:
    assert best([reading("=", 0.78), reading("six lines of real text", 0.6)]).text == "six lines of real text"
    assert best([reading("Total", 0.9), reading("Total.", 0.7)]).text == "Total"
    assert best([reading("Total", 0.4), reading("o\nn\ne\nb\ny", 0.5, turned=90)]).text == "Total"
    assert best([reading("", 0.0), reading("", 0.0, turned=90)]).turned == 0


class Fast(Scripted):
    """A fast engine that gives prepared answers."""

    def __init__(self, *answers: tuple[str, float], knows: bool = True) -> None:
        super().__init__(*answers)
        self.known = knows

    def knows(self, options: ReadingOptions) -> bool:  # noqa: ARG002
        return self.known

    def read(self, crop: Pixels, options: ReadingOptions) -> Reading:
        return self.look(crop, 0, options)


@pytest.mark.parametrize(
    ("fast", "ladder", "options", "expected"),
    [
        (Fast(("fast", 0.95)), ("slow", 0.99), ReadingOptions(), "fast"),
        (Fast(("fast", 0.8)), ("slow", 0.95), ReadingOptions(), "slow"),
        (Fast(("fast", 0.8)), ("slow", 0.6), ReadingOptions(), "fast"),
        (Fast(("fast", 0.95)), ("slow", 0.9), ReadingOptions(psm=7), "slow"),
        (Fast(("fast", 0.95), knows=False), ("slow", 0.5), ReadingOptions(), "slow"),
        (Fast(("s\ni\nd\ne\ns", 0.97)), ("slow", 0.7), ReadingOptions(), "slow"),
    ],
)
def test_the_fast_engine_is_believed_when_it_is_sure(
    fast: Fast, ladder: tuple[str, float], options: ReadingOptions, expected: str
) -> None:
    engine = FastFirst(fast, Ladder(Scripted(*[ladder] * 9)))
    assert engine.read(drawn.text(LINE), options).text == expected
