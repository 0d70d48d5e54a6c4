"""Each step of the preparation does what its name says, and leaves alone what does not need it."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from boxocr.reading import prepare
from boxocr.reading.detection import projection
from boxocr.reading.recognition.tesseract_lines import FRAMED, SMOOTHED, TO_THE_INK, as_seen
from tests import examples
from tests.reading import drawn


def test_grey_keeps_red_on_green_apart() -> None:
    crop = drawn.text("Red on green", ink=(200, 30, 30), paper=(30, 122, 30))
    assert int(np.ptp(np.asarray(Image.fromarray(crop).convert("L")))) < 40
    assert int(np.ptp(prepare.grey(crop))) > 150


def test_grey_of_black_on_white_is_brightness() -> None:
    crop = drawn.text("Black on white")
    assert np.array_equal(prepare.grey(crop), np.asarray(Image.fromarray(crop).convert("L")))


def test_light_text_is_turned_dark_and_dark_text_left() -> None:
    dark = drawn.grey(drawn.text("Some words"))
    assert prepare.dark_on_light(dark) is dark
    assert np.array_equal(prepare.dark_on_light(255 - dark), dark)


def test_polarity_is_told_from_ink_even_in_shadow() -> None:
    dark = drawn.grey(drawn.text("Some words"))
    light = np.where(np.arange(dark.shape[1]) < dark.shape[1] * 0.25, 1.0, 0.2)
    shaded = (dark * light).astype(np.uint8)
    assert prepare.dark_on_light(shaded) is shaded


def test_even_paper_is_left_and_shadow_divided_away() -> None:
    plain = drawn.grey(drawn.text("Some words in a row"))
    assert prepare.even(plain) is plain
    shaded = (plain * np.linspace(1, 0.3, plain.shape[1])).astype(np.uint8)
    evened = prepare.even(shaded)
    paper = evened[plain > 240]
    assert np.percentile(paper, 5) > 225


def test_plain_print_is_left_and_all_else_is_mended() -> None:
    plain = drawn.grey(drawn.text("Some words in a row"))
    assert prepare.dark_on_even_paper(plain) is plain
    assert np.array_equal(prepare.dark_on_even_paper(255 - plain), plain)
    shaded = (plain * np.linspace(1, 0.3, plain.shape[1])).astype(np.uint8)
    assert not prepare.is_plain(shaded)
    assert np.percentile(prepare.dark_on_even_paper(shaded)[plain > 240], 5) > 225
    half_dark = np.hstack([plain, 255 - plain])
    assert not prepare.is_plain(half_dark)


def test_a_sliver_is_not_called_plain() -> None:
    assert not prepare.is_plain(np.full((4, 300), 255, np.uint8))


def test_thick_letters_are_not_panels() -> None:
    image = Image.new("L", (360, 120), 250)
    ImageDraw.Draw(image).text((20, 20), "NAMEN", font=ImageFont.load_default(60), fill=20, stroke_width=4)
    pixels = np.asarray(image)
    assert prepare.without_panels(pixels) is pixels


def test_small_text_is_enlarged_and_large_text_left() -> None:
    small = projection.find(drawn.grey(drawn.text("Small print", size=13)))
    assert prepare.enlarge(small.image, small.text_height)[0].shape[0] > 1.5 * small.image.shape[0]
    large = projection.find(drawn.grey(drawn.text("Large print", size=40)))
    assert prepare.enlarge(large.image, large.text_height)[0] is large.image


def test_margin_has_the_papers_grey() -> None:
    framed = prepare.margin(np.full((20, 30), 90, np.uint8), 90)
    assert framed.shape == (40, 50)
    assert set(np.unique(framed)) == {90}


def test_nothing_is_larger_than_engines_take() -> None:
    assert max(prepare.bounded(np.zeros((10, 40_000), np.uint8)).shape) <= prepare.LONGEST_SIDE
    assert max(prepare.bounded(np.zeros((40_000, 10, 3), np.uint8)).shape) <= prepare.LONGEST_SIDE
    wide = projection.find(np.tile(drawn.grey(drawn.text("tiny", size=12)), (1, 900)))
    assert max(prepare.enlarge(wide.image, wide.text_height)[0].shape) <= prepare.LONGEST_SIDE


def test_lines_are_found_with_their_dots() -> None:
    found = projection.find(drawn.grey(drawn.text("in sum", "iron", "fin", pad=0, spacing=1.6)))
    assert len(found.lines) == 3
    assert found.lines[0][0] <= 1
    assert found.text_height > 20


@pytest.mark.parametrize("word", ["i", "T", "l", "1", "7", "=", "[x]", "(x)", "in", "lane", "Il1"])
def test_letters_like_rules_are_left_in_tight_boxes(word: str) -> None:
    crop = drawn.grey(drawn.text(word, pad=0))
    assert np.array_equal(projection.find(crop).image, crop)


def test_rules_around_a_cell_are_erased() -> None:
    crop = drawn.grey(drawn.text("517.20", pad=12))
    framed = crop.copy()
    framed[1:3, :], framed[-3:-1, :], framed[:, 1:3], framed[:, -3:-1] = 0, 0, 0, 0
    erased = projection.find(framed).image
    assert int(erased[:5].min()) > 200
    assert int(erased[:, :5].min()) > 200
    assert np.array_equal(erased[8:-8, 8:-8], crop[8:-8, 8:-8])


def test_slivers_of_neighbour_lines_are_erased() -> None:
    lines = drawn.grey(drawn.text("gypsy joy grapple", "the line itself", "heads of the next", pad=0, spacing=1.15))
    top, bottom = projection.find(lines).lines[1]
    cut = lines[top - 9 : bottom + 9]
    found = projection.find(cut)
    assert len(found.lines) == 1
    assert int(found.image[:4].min()) > 200
    assert int(found.image[-4:].min()) > 200


@pytest.mark.parametrize("seed", range(20))
def test_any_pixels_are_prepared(seed: int) -> None:
    random = np.random.default_rng(seed)
    shape = tuple(random.integers(3, 90, 2)) + ((3,) if seed % 2 else ())
    crop = random.integers(0, int(random.integers(9, 257)), shape).astype(np.uint8)
    for preparation in (FRAMED, TO_THE_INK, SMOOTHED):
        seen = as_seen(crop, preparation)
        assert seen.ndim == prepare.GREY
        assert seen.size


def test_grain_is_noise_and_print_is_not() -> None:
    grain = np.random.default_rng(5).integers(0, 256, (300, 700), np.uint8)

    assert prepare.is_noise(grain)
    assert not prepare.is_noise(drawn.grey(drawn.text("Small print on a page", "and more of it", size=12)))


def test_a_bold_letter_among_dark_text_is_no_panel() -> None:
    image = np.full((48, 208), 250, np.uint8)
    image[10:30, 16:32] = 0
    image[19:21, 23:26] = 250
    assert prepare.without_panels(image) is not image
    assert prepare.dark_on_even_paper(image) is image
    # Without light letters it is a blot, however wide.
    image[10:30, 16:132] = 0
    assert prepare.dark_on_even_paper(image) is image


def test_paper_with_grain_gets_one_grey_and_letters_keep_theirs() -> None:
    paper = 236
    grain = np.random.default_rng(5).integers(-8, 9, (400, 2000))
    clean = drawn.grey(drawn.text("Summe der Woche: 12,50", size=30, paper=(paper, paper, paper))).astype(int)
    crop = (clean + grain[: clean.shape[0], : clean.shape[1]]).astype(np.uint8)

    margin = prepare.MARGIN
    seen = as_seen(crop)[margin:-margin, margin:-margin]

    assert set(seen[clean == paper].tolist()) == {paper}
    is_ink = clean < 200
    assert np.array_equal(seen[is_ink], crop[is_ink])


def test_the_tail_of_a_comma_at_the_lower_edge_belongs_to_the_line() -> None:
    with Image.open(examples.FOLDER / "pages" / "letter.png") as page:
        line = np.asarray(page.convert("L").crop((75, 272, 240, 303)))

    assert np.array_equal(projection.find(line).image, line)
