"""Kinds of boxes that programs like this one are reported to get wrong: each is read exactly, by one engine or both."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from boxocr.reading import prepare
from boxocr.reading.detection import projection
from boxocr.reading.types import Engine, Pixels, ReadingOptions
from tests.reading import drawn
from tests.reading.boxes import canvas, put, read


def test_a_wide_gap_is_a_space(engine: Engine) -> None:
    image, draw = canvas(640, 60)
    put(draw, 12, 12, "7")
    put(draw, 520, 12, "24.95")
    assert read(engine, np.asarray(image)) == "7 24.95"


def test_a_table_is_read_row_by_row_without_its_rules(engine: Engine) -> None:
    rows = (("No", "Item", "Price"), ("4", "Hammer, steel", "31.50"), ("5", "Nails", "4.75"))
    image, draw = canvas(520, 160)
    for row, cells in enumerate(rows):
        for (left, right), cell in zip(((10, 80), (80, 380), (380, 510)), cells, strict=True):
            draw.rectangle((left, 10 + 46 * row, right, 56 + 46 * row), outline=(0, 0, 0), width=2)
            put(draw, left + 12, 18 + 46 * row, cell, 24)
    assert read(engine, np.asarray(image)) == "\n".join(" ".join(cells) for cells in rows)


def test_a_label_and_a_larger_value_on_one_rule_are_a_line(auto: Engine) -> None:
    image, draw = canvas(560, 130)
    put(draw, 12, 8, "Personal details", 20)
    for left, text, size in ((12, "Marital status:", 20), (190, "MARRIED", 60)):
        draw.text((left, 112), text, font=ImageFont.load_default(size), fill=drawn.BLACK, anchor="ls")
    assert read(auto, np.asarray(image)) == "Personal details\nMarital status: MARRIED"


def test_values_by_hand_stand_beside_their_labels(auto: Engine) -> None:
    image, draw = canvas(560, 190)
    for baseline, label, value in ((80, "Name:", "SMITH"), (170, "Marital status:", "MARRIED")):
        for left, text, size in ((12, label, 20), (190, value, 60)):
            draw.text((left, baseline), text, font=ImageFont.load_default(size), fill=drawn.BLACK, anchor="ls")
    assert read(auto, np.asarray(image)) == "Name: SMITH\nMarital status: MARRIED"


def test_writing_that_shows_through_from_the_back_is_not_read(engine: Engine) -> None:
    back, draw = canvas(480, 150)
    put(draw, 14, 8, "Delivered by our southern mill", 28, (205, 205, 205))
    put(draw, 14, 104, "every Thursday before noon", 28, (205, 205, 205))
    image = Image.fromarray(np.asarray(back)[:, ::-1])
    put(ImageDraw.Draw(image), 14, 54, "Invoice total 1,204.50", 30)
    assert read(engine, np.asarray(image)) == "Invoice total 1,204.50"


def test_each_of_three_words_in_a_ruled_column_is_there(engine: Engine) -> None:
    image, draw = canvas(260, 170)
    for row, word in enumerate(("Copper", "Zinc", "Nickel")):
        draw.rectangle((10, 10 + 50 * row, 240, 60 + 50 * row), outline=(0, 0, 0), width=2)
        put(draw, 24, 18 + 50 * row, word)
    assert read(engine, np.asarray(image)) == "Copper\nZinc\nNickel"


def test_a_small_line_above_a_large_one_is_not_a_sliver(engine: Engine) -> None:
    image, draw = canvas(420, 84)
    put(draw, 10, 4, "Family name", 17)
    put(draw, 10, 28, "MARCHETTI", 40)
    assert read(engine, np.asarray(image)) == "Family name\nMARCHETTI"


@pytest.mark.parametrize(
    ("small", "large"), [("No.", "B42"), ("Row", "B12"), ("kg", "75"), ("ID", "42.50"), ("Price each", "P3")]
)
@pytest.mark.parametrize("is_above", [True, False])
def test_a_small_word_beside_a_large_number_is_not_its_accents(
    engine: Engine, small: str, large: str, *, is_above: bool
) -> None:
    image, draw = canvas(240, 110)
    put(draw, 12, 8 if is_above else 76, small, 19)
    put(draw, 12, 24 if is_above else 4, large, 64)
    assert read(engine, np.asarray(image)) == "\n".join((small, large) if is_above else (large, small))


@pytest.mark.parametrize("caption", [(190, 190, 190), (215, 215, 215), (255, 180, 0)])
def test_light_writing_below_black_letters_is_read(engine: Engine, caption: drawn.Colour) -> None:
    image, draw = canvas(420, 100)
    put(draw, 14, 8, "Invoice total 1,204.50", 30)
    put(draw, 14, 54, "Due within thirty days", 24, caption)
    assert read(engine, np.asarray(image)) == "Invoice total 1,204.50\nDue within thirty days"


@pytest.mark.parametrize("left", [241, 300])
@pytest.mark.parametrize("caption", [(190, 190, 190), (120, 180, 255)])
def test_light_writing_beside_black_letters_is_read(engine: Engine, caption: drawn.Colour, left: int) -> None:
    image, draw = canvas(520, 60)
    put(draw, 14, 12, "Account number", 28, caption)
    put(draw, left, 12, "4711-0815", 28)
    assert read(engine, np.asarray(image)) == "Account number 4711-0815"


def test_the_last_line_of_a_tight_box_is_there(engine: Engine) -> None:
    lines = ("Deliveries are received at the", "northern gate from seven until", "noon on weekdays")
    assert read(engine, drawn.text(*lines, size=15, pad=0)) == "\n".join(lines)


def test_a_long_line_with_one_descender_is_one_clear_line() -> None:
    crop = drawn.grey(drawn.text("harvest captain silver total cedar", size=36, pad=6))
    assert projection.find(crop).is_one_clear_line()


def test_a_short_text_with_a_quote_and_a_full_stop_is_one_clear_line() -> None:
    # Letters between marks: left, top, right, bottom, as print of 1,800 pixels across has them.
    image, draw = canvas(102, 52)
    for left, top, right, bottom in (
        (5, 16, 23, 46),
        (25, 17, 45, 37),
        (47, 17, 67, 36),
        (71, 31, 76, 37),
        (82, 5, 87, 16),
        (91, 5, 96, 16),
    ):
        draw.rectangle((left, top, right, bottom), fill=drawn.BLACK)
    assert projection.find(drawn.grey(np.asarray(image))).is_one_clear_line()


def grain(width: int, height: int) -> Pixels:
    paper = np.random.default_rng(3).normal(236, 4, (height, width))
    return np.repeat(np.clip(paper, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def empty_cell(width: int, height: int) -> Pixels:
    cell = grain(width, height)
    cell[4:6, 4:-4], cell[-6:-4, 4:-4], cell[4:-4, 4:6], cell[4:-4, -6:-4] = 40, 40, 40, 40
    return cell


@pytest.mark.parametrize(
    "crop",
    [
        grain(420, 70),
        empty_cell(420, 80),
        np.tile(np.linspace(90, 240, 400).astype(np.uint8)[None, :, None], (70, 1, 3)),
        grain(214, 115) - np.linspace(60, 0, 214).astype(np.uint8)[None, :, None],
    ],
    ids=["grain", "an empty cell", "a gradient", "a gradient with grain"],
)
def test_blank_paper_has_no_text(engine: Engine, crop: Pixels) -> None:
    reading = engine.read(crop, ReadingOptions())
    assert (reading.text, reading.confidence) == ("", 0.0)


def field(lines: list[tuple[int, int, int, int]], width: int = 240, height: int = 48, tilt: float = 0.0) -> Pixels:
    """A part of a form with lines (left, top, right, bottom), on slightly soft and grainy paper."""
    image = Image.new("L", (width + 160, height + 160), 244)
    draw = ImageDraw.Draw(image)
    for left, top, right, bottom in lines:
        draw.rectangle((left + 80, top + 80, right + 79, bottom + 79), fill=60)
    image = image.rotate(tilt, Image.Resampling.BICUBIC, fillcolor=244).filter(ImageFilter.GaussianBlur(0.6))
    grains = np.random.default_rng(2).normal(0, 3, (height, width))
    grey = np.clip(np.asarray(image)[80 : 80 + height, 80 : 80 + width] + grains, 0, 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


LEFT, RIGHT, UPPER, LOWER = (5, -80, 7, 128), (230, -80, 232, 128), (-80, 5, 320, 7), (-80, 40, 320, 42)


@pytest.mark.parametrize("tilt", [0.0, 0.6])
@pytest.mark.parametrize(
    "lines",
    [
        [LEFT],
        [LEFT, RIGHT],
        [LEFT, RIGHT, UPPER, LOWER],
        [LEFT, RIGHT, LOWER],
        [(5, 5, 7, 128), (5, 5, 320, 7)],
        [UPPER, (118, 5, 120, 128)],
        [(10, 38, 230, 40)],
        [(6, 38, 228, 40), *((left, 26, left + 2, 38) for left in range(6, 228, 44))],
        [(left, 38, left + 3, 41) for left in range(8, 230, 6)],
        [side for left in range(6, 200, 40) for side in ((left, 8, left + 32, 10), (left, 38, left + 32, 40))]
        + [side for left in range(6, 200, 40) for side in ((left, 8, left + 2, 40), (left + 30, 8, left + 32, 40))],
    ],
    ids=[
        "left",
        "both sides",
        "a cell",
        "three sides",
        "a corner",
        "two cells",
        "an underline",
        "a comb",
        "dots",
        "squares",
    ],
)
def test_an_empty_field_of_a_form_has_no_text(
    engine: Engine, lines: list[tuple[int, int, int, int]], tilt: float
) -> None:
    reading = engine.read(field(lines, tilt=tilt), ReadingOptions())
    assert (reading.text, reading.confidence) == ("", 0.0)


@pytest.mark.parametrize(("text", "size"), [("88888888", 16), ("2024010155", 9)])
def test_figures_of_one_size_in_a_high_box_are_no_dotted_line(engine: Engine, text: str, size: int) -> None:
    assert read(engine, drawn.text(text, size=size, pad=40)) == text


@pytest.mark.parametrize("way", [Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_270])
def test_short_texts_that_run_up_or_down_are_read(auto: Engine, way: Image.Transpose) -> None:
    years = drawn.text("2019", "2020", "2021", size=36, pad=20)
    assert read(auto, np.asarray(Image.fromarray(years).transpose(way))) == "2019\n2020\n2021"


def test_a_checkbox_alone_is_no_text_and_a_chinese_character_is(auto: Engine) -> None:
    image, draw = canvas(60, 40)
    draw.rectangle((20, 10, 38, 28), outline=drawn.BLACK)
    assert not read(auto, np.asarray(image))
    draw.line((22, 12, 36, 26), fill=drawn.BLACK)
    draw.line((22, 26, 36, 12), fill=drawn.BLACK)
    assert not read(auto, np.asarray(image))
    assert read(auto, np.asarray(image), "chi_sim")


def test_light_text_on_a_dark_part_of_a_line_is_read(engine: Engine) -> None:
    image, draw = canvas(320, 60)
    put(draw, 14, 12, "Gate")
    draw.rectangle((110, 0, 320, 60), fill=(0, 0, 0))
    put(draw, 126, 12, "Departure", fill=drawn.WHITE)
    assert read(engine, np.asarray(image)) == "Gate Departure"


@pytest.mark.parametrize(
    ("dark", "light", "size"), [("To", "Departure hall", 20), ("7", "Oslo Colour", 26), ("7", "Paris", 26)]
)
def test_light_text_on_a_small_dark_part_of_a_line_is_read(engine: Engine, dark: str, light: str, size: int) -> None:
    font = ImageFont.load_default(size)
    width = round(font.getlength(dark)) + 16
    image, draw = canvas(width + 24 + round(font.getlength(light)), round(size * 1.6))
    draw.rectangle((0, 0, width, image.height), fill=drawn.BLACK)
    put(draw, 8, round(size * 0.2), dark, size, fill=drawn.WHITE)
    put(draw, width + 8, round(size * 0.2), light, size)
    assert read(engine, np.asarray(image)) == f"{dark} {light}"


def test_a_large_initial_begins_its_line(engine: Engine) -> None:
    image, draw = canvas(460, 130)
    put(draw, 10, -6, "M", 110)
    put(draw, 118, 18, "any years later the old", 28)
    put(draw, 118, 66, "lighthouse was painted", 28)
    assert read(engine, np.asarray(image)) == "Many years later the old\nlighthouse was painted"


def test_the_dots_that_lead_to_a_number_are_not_text(engine: Engine) -> None:
    image, draw = canvas(560, 56)
    put(draw, 12, 10, "Harbour dues")
    put(draw, 500, 10, "118")
    for left in range(206, 490, 9):
        draw.rectangle((left, 34, left + 2, 36), fill=drawn.BLACK)
    assert read(engine, np.asarray(image)) == "Harbour dues 118"


def test_checkboxes_are_not_text(engine: Engine) -> None:
    image, draw = canvas(420, 56)
    for left, word in ((12, "Widowed"), (230, "Divorced")):
        draw.rectangle((left, 16, left + 22, 38), outline=drawn.BLACK, width=2)
        put(draw, left + 36, 10, word, 26)
    assert read(engine, np.asarray(image)) == "Widowed Divorced"


def test_dots_are_joined_into_letters(auto: Engine) -> None:
    crop = Image.fromarray(drawn.text("LOT 52741", size=11, pad=3)).convert("L")
    dots, draw = canvas(crop.width * 6, crop.height * 6)
    for y, x in zip(*np.nonzero(np.asarray(crop) < 120), strict=True):
        draw.ellipse((x * 6, y * 6, x * 6 + 4, y * 6 + 4), fill=drawn.BLACK)
    assert read(auto, np.asarray(dots)).replace(" ", "") == "LOT52741"


@pytest.mark.parametrize("gap", [1, 2])
def test_rows_of_dots_half_a_dot_apart_are_no_lines(auto: Engine, gap: int) -> None:
    crop = np.asarray(Image.fromarray(drawn.text("LOT 52741", size=11, pad=3)).convert("L")) < 120
    pitch = 4 + gap
    dots, draw = canvas(crop.shape[1] * pitch, crop.shape[0] * pitch)
    for y, x in zip(*np.nonzero(crop), strict=True):
        draw.ellipse((x * pitch, y * pitch, x * pitch + 3, y * pitch + 3), fill=drawn.BLACK)
    assert read(auto, np.asarray(dots)).replace(" ", "") == "LOT52741"


def test_a_whole_page_dark_on_light_is_not_inverted(auto: Engine) -> None:
    page, draw = canvas(1240, 1754)
    for line in range(60):
        put(draw, 80, 40 + 28 * line, "the quick brown fox jumps over the lazy dog " * 2, 24)
    grey = drawn.grey(np.asarray(page))
    assert prepare.dark_on_light(grey) is grey
    assert np.array_equal(prepare.dark_on_light(255 - grey), grey)
    assert auto.version
