"""Boxes with damaged text, one line or a few, are read exactly."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from PIL import Image, ImageDraw

from boxocr.errors import LanguageMissing
from boxocr.reading.recognition.corrections import corrected
from boxocr.reading.recognition.tesseract_lines import TesseractLines, as_seen
from boxocr.reading.types import Engine, Pixels, ReadingOptions
from boxocr.reading.whole_page import Line, Piece, line_of
from tests.reading import drawn
from tests.reading.boxes import canvas

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
    assert tesseract.read(crop, ReadingOptions(psm=3)).preparation == "psm 3"
    # A block taken for one word cannot come out right.
    assert tesseract.read(crop, ReadingOptions(psm=8)).text.split("\n") != list(BLOCK_LINES)


def test_the_same_engine_reads_many_languages_in_turn(tesseract: Engine) -> None:
    with pytest.raises(LanguageMissing):
        tesseract.read(drawn.text(LINE), ReadingOptions(languages="tlh"))
    assert tesseract.read(drawn.text(LINE), ReadingOptions(languages="eng")).text == LINE


@pytest.mark.parametrize(
    ("words", "languages", "text"),
    [
        ((",Ja,", "a,b", ","), "eng+deu", "\u201eJa, a,b ,"),
        (("A", ",,", "Tisza"), "hun", "A \u201eTisza"),
        (("A", ",", "Tisza"), "eng", "A , Tisza"),
    ],
)
def test_commas_before_a_word_are_a_low_quote_in_languages_that_have_one(
    words: Sequence[str], languages: str, text: str
) -> None:
    pieces = [Piece(word, 0.9, 50.0 * at, 0, 40, 20) for at, word in enumerate(words)]
    assert corrected(pieces, languages).text == text


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ((("|", 34), ("Name", 20), ("of", 20), ("|", 34)), "Name of"),
        ((("|81,935|", 20),), "81,935"),
        ((("Type", 20), ("|", 20)), "Type I"),
        ((("|", 19), ("see", 15)), "I see"),
        ((("a", 20), ("|", 34), ("b", 20)), "a | b"),
        ((("|ndex", 20), ("Date", 20)), "|ndex Date"),
    ],
)
def test_bars_around_a_field_are_not_text(words: Sequence[tuple[str, int]], text: str) -> None:
    pieces = [Piece(word, 0.9, 90.0 * at, 0, 40, height) for at, (word, height) in enumerate(words)]
    assert corrected(pieces, "eng").text == text


@pytest.mark.parametrize(("languages", "text"), [("eng+deu", "Class II"), ("eng+fra", "Class Il")])
def test_a_small_l_after_a_capital_i_is_a_roman_numeral_where_no_word_is_written_so(languages: str, text: str) -> None:
    pieces = [Piece(word, 0.9, 90.0 * at, 0, 40, 20) for at, word in enumerate(("Class", "Il"))]
    assert corrected(pieces, languages).text == text


class Scripted:
    """Tesseract with prepared answers, which remembers the modes and images that it was asked for."""

    name, version = "scripted", "1"

    def __init__(self, *answers: tuple[str, float], width: int = 100) -> None:
        self.width = width
        self.answers = list(answers)
        self.modes: list[int] = []
        self.images: list[Pixels] = []

    def languages(self) -> Sequence[str]:
        return ["eng"]

    def lines(self, image: Pixels, psm: int, options: ReadingOptions) -> list[Line]:  # noqa: ARG002
        self.modes.append(psm)
        self.images.append(image)
        text, confidence = self.answers.pop(0) if self.answers else ("", 0.0)
        return [line_of([Piece(text, confidence, 10, 10, self.width, 30)], 0)] if text else []


def test_one_attempt_is_enough_when_it_is_sure() -> None:
    scripted = Scripted((LINE, 0.95))
    (line,) = TesseractLines(scripted).recognize([drawn.text(LINE)], ReadingOptions())
    assert (line.text, scripted.modes) == (LINE, [7])


def test_an_unsure_line_is_prepared_in_other_ways() -> None:
    scripted = Scripted(("a", 0.6), ("b", 0.7), ("c", 0.65))
    (line,) = TesseractLines(scripted).recognize([drawn.text(LINE)], ReadingOptions())
    assert (line.text, line.preparation, scripted.modes) == ("b", "cut to the ink", [7, 13, 7])


def test_a_confident_speck_does_not_beat_a_line_of_text() -> None:
    scripted = Scripted(("=", 0.78), ("six lines of real text", 0.6))
    (line,) = TesseractLines(scripted).recognize([drawn.text(LINE)], ReadingOptions())
    assert line.text == "six lines of real text"


LETTERS = [(left, 12, left + 16, 42) for left in (12, 34, 56)]


def lacks_sign(text: str, width: int, rounds: list[tuple[int, int, int, int]], stroke: Sequence[int] = ()) -> bool:
    """Whether a line of round letters, and perhaps a stroke, lacks a sign if Tesseract gives a word for it."""
    image, draw = canvas(160, 56)
    for letter in rounds:
        draw.ellipse(letter, outline=drawn.BLACK, width=3)
    if stroke:
        draw.rectangle(list(stroke), fill=drawn.BLACK)
    (line,) = TesseractLines(Scripted((text, 0.95), width=width)).recognize([np.asarray(image)], ReadingOptions())
    return line.lacks_sign


@pytest.mark.parametrize(
    ("text", "gap", "expected"),
    [
        ("2501", 5, False),
        ("2501", 18, True),
        ("1.250,01", 18, True),
        ("two five", 18, False),
        ("250 #", 18, True),
        ("# 250", 18, False),
    ],
)
def test_a_space_in_a_number_is_before_a_sign_that_is_not_a_figure(text: str, gap: int, *, expected: bool) -> None:
    assert lacks_sign(text, 160, [*LETTERS, (73 + gap, 12, 89 + gap, 42)]) == expected


@pytest.mark.parametrize(
    ("text", "gap", "wide", "expected"),
    [
        ("Tabl", 18, 3, True),
        ("Tab", 18, 3, True),
        ("Table", 18, 3, False),
        ("Tabl", 5, 3, False),
        ("Tabl", 18, 16, False),
    ],
)
def test_a_stroke_after_a_space_is_not_the_last_letter_of_a_word(
    text: str, gap: int, wide: int, *, expected: bool
) -> None:
    assert lacks_sign(text, 160, LETTERS, (73 + gap, 12, 73 + gap + wide, 42)) == expected


@pytest.mark.parametrize(("top", "expected"), [(12, True), (30, False)])
def test_a_thin_stroke_as_high_as_letters_is_a_sign_that_a_line_lacks(top: int, *, expected: bool) -> None:
    assert lacks_sign("abc", 80, LETTERS, (100, top, 101, 42)) == expected


def test_a_typewriter_has_wide_gaps_in_numbers() -> None:
    image = Image.new("RGB", (200, 56), drawn.WHITE)
    draw = ImageDraw.Draw(image)
    for left in (12, 44, 76, 112):
        draw.rectangle((left, 12, left + 16, 42), outline=drawn.BLACK, width=3)
    (line,) = TesseractLines(Scripted(("2501", 0.95), width=200)).recognize([np.asarray(image)], ReadingOptions())
    assert not line.lacks_sign


@pytest.mark.parametrize(("text", "lacks_sign"), [("81043", True), ("810435", False)])
def test_ink_beside_a_word_is_a_sign_that_it_lacks_unless_it_has_as_many_letters(
    text: str, *, lacks_sign: bool
) -> None:
    # Tesseract's rectangles of words can begin after the first letter, or end before the last one, as this one does.
    scripted = Scripted((text, 0.95), width=100)
    (line,) = TesseractLines(scripted).recognize([drawn.text("810435")], ReadingOptions())
    assert line.lacks_sign == lacks_sign


@pytest.mark.parametrize("best", [0, 1, 2])
def test_the_image_that_a_text_was_read_from_can_be_shown(best: int) -> None:
    scripted = Scripted(*((LINE, 0.8 if attempt == best else 0.6) for attempt in range(3)))
    crop = drawn.text(LINE)
    (line,) = TesseractLines(scripted).recognize([crop], ReadingOptions())
    assert len(scripted.images) == 3
    assert np.array_equal(as_seen(crop, line.preparation), scripted.images[best])


def test_a_reading_says_how_its_line_was_prepared(tesseract: Engine) -> None:
    crop = drawn.text(LINE)
    reading = tesseract.read(crop, ReadingOptions())
    assert reading.preparation == "framed"
    seen = as_seen(crop, reading.preparation)
    assert seen.shape == (crop.shape[0] + 20, crop.shape[1] + 20)
    assert np.array_equal(as_seen(np.rot90(crop, -1), reading.preparation, 270), seen)
