"""Whole pages: every word, its text and its place."""

import itertools

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from boxocr.reading.pool.pool import ReaderPool
from boxocr.reading.types import Pixels, ReadingOptions
from boxocr.reading.whole_page import Piece, blocks_of, enclosing, under
from tests.reading import drawn

LINES = ("Delivery of the goods ordered", "in the month of March to the", "warehouse behind the station")


def page_with(*blocks: tuple[int, int, Pixels], size: tuple[int, int] = (1000, 1400)) -> Pixels:
    page = np.full((size[1], size[0], 3), 250, np.uint8)
    for x, y, block in blocks:
        page[y : y + block.shape[0], x : x + block.shape[1]] = block
    return page


PAGE = page_with((100, 300, drawn.text(*LINES, pad=0)))


def ink_of(number: int) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of the ink of one of the page's lines."""
    step = round(36 * 1.4)
    rows = slice(300 + number * step - 8, 300 + (number + 1) * step - 8)
    ink = PAGE[rows, :, 0] < 128
    across, down = np.flatnonzero(ink.any(axis=0)), np.flatnonzero(ink.any(axis=1))
    return float(across[0]), float(rows.start + down[0]), float(across[-1] + 1), float(rows.start + down[-1] + 1)


def edges(piece: Piece) -> tuple[float, float, float, float]:
    (left, top), _, (right, bottom), _ = piece.corners()
    return left, top, right, bottom


@pytest.mark.parametrize("engine", ["tesseract", "pytesseract", "ppocr", "auto"])
def test_a_page_is_read_in_words_lines_and_blocks(pool: ReaderPool, engine: str) -> None:
    reading = pool.read_page(PAGE, ReadingOptions(engine=engine))
    assert [line.text for line in reading.lines] == list(LINES)
    for number, line in enumerate(reading.lines):
        assert edges(line) == pytest.approx(ink_of(number), abs=3)
        assert [word.text for word in line.words] == LINES[number].split()
        for word, after in itertools.pairwise(line.words):
            assert 3 < after.x - word.x - word.width < 20
        assert 0.85 < line.confidence <= 1
    assert [block.text for block in [enclosing(lines) for lines in blocks_of(reading.lines)]] == ["\n".join(LINES)]
    assert [word.text for word in reading.words()] == " ".join(LINES).split()
    assert (reading.engine, reading.languages, reading.turned) == (engine, "eng", 0)


TABLE = (
    ("Article", "Pieces", "Price", "Amount"),
    ("Oak table", "12", "196.49", "2357.88"),
    ("Desk lamp", "18", "44.73", "805.14"),
    ("Ink cartridge", "26", "207.03", "5382.78"),
    ("Filing cabinet", "16", "86.98", "1391.68"),
    ("Wall clock", "28", "78.78", "2205.84"),
    ("Door mat", "36", "23.47", "844.92"),
    ("Waste basket", "42", "58.09", "2439.78"),
    ("Notice board", "53", "62.40", "3307.20"),
)


def page_with_table() -> Pixels:
    """A table with a rule around each cell and a shaded header, such as invoices have."""
    page = Image.new("RGB", (1654, 2339), (250, 250, 250))
    draw = ImageDraw.Draw(page)
    top, row, columns = 300, 67, (160, 890, 1050, 1285, 1496)
    bottom = top + row * len(TABLE)
    draw.rectangle((columns[0], top, columns[-1], top + row), fill=(214, 220, 232))
    for number, cells in enumerate(TABLE):
        for left, cell in zip(columns, cells, strict=False):
            draw.text((left + 16, top + number * row + 14), cell, font=ImageFont.load_default(28), fill=drawn.BLACK)
    for number in range(len(TABLE) + 1):
        draw.rectangle((columns[0], top + number * row, columns[-1], top + number * row + 2), fill=drawn.BLACK)
    for left in columns:
        draw.rectangle((left, top, left + 2, bottom), fill=drawn.BLACK)
    return np.asarray(page)


@pytest.mark.parametrize("turned", [0, 180])
def test_each_word_of_a_table_is_read_once(pool: ReaderPool, turned: int) -> None:
    page = np.ascontiguousarray(np.rot90(page_with_table(), turned // 90))
    reading = pool.read_page(page, ReadingOptions(engine="tesseract"))
    assert [word.text for word in reading.words()] == " ".join(cell for row in TABLE for cell in row).split()
    assert reading.turned == turned


def test_an_own_engine_reads_the_lines_that_the_layout_finds(pool: ReaderPool) -> None:
    reading = pool.read_page(PAGE, ReadingOptions(engine="tests.reading.fake_engines:Healthy", charset="a b"))
    assert [len(line.words) for line in reading.lines] == [4, 4, 4]
    for number, line in enumerate(reading.lines):
        left, _, right, _ = ink_of(number)
        assert (line.x, line.x + line.width) == pytest.approx((left, right), abs=12)
        assert line.text.endswith(" a b")
        assert line.confidence == 0.5


def test_what_is_under_a_click(pool: ReaderPool) -> None:
    layout = pool.find_layout(PAGE)
    left, top, right, bottom = ink_of(1)
    line = under(layout, left + 5, (top + bottom) / 2, "line")
    assert line is not None
    assert edges(line) == pytest.approx((left, top, right, bottom), abs=3)
    word = under(layout, left + 5, (top + bottom) / 2, "word")
    assert word is not None
    assert edges(word)[:2] == pytest.approx((left, top), abs=3)
    assert word.width < 60
    block = under(layout, left + 5, (top + bottom) / 2, "block")
    assert block is not None
    inks = [ink_of(number) for number in range(3)]
    assert edges(block)[:2] == pytest.approx((min(ink[0] for ink in inks), inks[0][1]), abs=3)
    assert edges(block)[2:] == pytest.approx((max(ink[2] for ink in inks), inks[2][3]), abs=3)
    assert under(layout, 500, 1200, "line") is None
    assert under(layout, -500, 1e6, "word") is None


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_a_page_that_lies_on_its_side_is_read(pool: ReaderPool, turned: int) -> None:
    page = np.ascontiguousarray(np.rot90(PAGE, -turned // 90))
    reading = pool.read_page(page, ReadingOptions())
    assert [line.text for line in reading.lines] == list(LINES)
    assert (reading.turned, {word.rotation for word in reading.words()}) == (360 - turned, {float(turned)})
    height, width = PAGE.shape[:2]
    for number, line in enumerate(reading.lines):
        left, top, right, bottom = ink_of(number)
        corners = {
            90: ((height - top, left), (height - bottom, right)),
            180: ((width - left, height - top), (width - right, height - bottom)),
            270: ((top, width - left), (bottom, width - right)),
        }[turned]
        assert line.corners()[0] == pytest.approx(corners[0], abs=3)
        assert line.corners()[2] == pytest.approx(corners[1], abs=3)


@pytest.mark.parametrize("slant", [-4.0, 3.0])
def test_slanted_lines_are_turned_rectangles(pool: ReaderPool, slant: float) -> None:
    height, width = PAGE.shape[:2]
    page = np.asarray(Image.fromarray(PAGE).rotate(-slant, Image.Resampling.BICUBIC, fillcolor=(250, 250, 250)))
    reading = pool.read_page(page, ReadingOptions())
    assert [line.text for line in reading.lines] == list(LINES)
    cosine, sine = np.cos(np.radians(slant)), np.sin(np.radians(slant))
    for number, line in enumerate(reading.lines):
        left, top, right, bottom = ink_of(number)
        assert (line.rotation + 180) % 360 - 180 == pytest.approx(slant, abs=0.3)
        for corner, (x, y) in zip(line.corners()[::2], ((left, top), (right, bottom)), strict=True):
            across, down = x - width / 2, y - height / 2
            expected = (width / 2 + across * cosine - down * sine, height / 2 + across * sine + down * cosine)
            assert corner == pytest.approx(expected, abs=4)


def test_a_page_in_shadow_is_read(pool: ReaderPool) -> None:
    light = np.linspace(1.2, 0.2, PAGE.shape[1])[None, :, None]
    page = np.clip(PAGE * light, 0, 255).astype(np.uint8)
    assert [line.text for line in pool.read_page(page, ReadingOptions()).lines] == list(LINES)


@pytest.mark.parametrize("engine", ["tesseract", "auto"])
@pytest.mark.parametrize("is_negative", [False, True])
def test_a_sparse_page_is_read_dark_on_light_and_light_on_dark(
    pool: ReaderPool, engine: str, *, is_negative: bool
) -> None:
    # Thin ink on a large page is lost in a small copy of it, where shadows at the edges are left.
    page = page_with((100, 300, drawn.text(*LINES, pad=0, size=24, ink=(120, 120, 120))), size=(1240, 1754))
    shadow = np.minimum(np.arange(1240), np.arange(1240)[::-1]).clip(0, 60) / 60
    page = np.asarray(page * (0.6 + 0.4 * shadow)[None, :, None], np.uint8)
    reading = pool.read_page(255 - page if is_negative else page, ReadingOptions(engine=engine))
    assert [line.text for line in reading.lines] == list(LINES)


def test_columns_are_read_one_after_the_other(pool: ReaderPool) -> None:
    left = drawn.text(*(f"{line} and" for line in LINES * 3), pad=0, size=28)
    right = drawn.text(*(f"{line} as" for line in LINES * 3), pad=0, size=28)
    page = page_with((80, 100, left), (80 + left.shape[1] + 90, 100, right), size=(1250, 900))
    reading = pool.read_page(page, ReadingOptions())
    assert [line.text.rsplit(maxsplit=1)[1] for line in reading.lines] == ["and"] * 9 + ["as"] * 9
    assert [block.text.count("\n") for block in [enclosing(lines) for lines in blocks_of(reading.lines)]] == [8, 8]


_NOISE = np.random.default_rng(1)


@pytest.mark.parametrize(
    "page",
    [
        np.zeros((0, 0), np.uint8),
        np.zeros((1, 1, 3), np.uint8),
        np.full((3, 3), 200, np.uint8),
        np.zeros((1200, 900), np.uint8),
        np.full((1200, 900, 3), 255, np.uint8),
        np.tile(np.array([[0, 255], [255, 0]], np.uint8), (10, 10_000)),
        _NOISE.integers(0, 256, (20, 20_000), np.uint8),
        _NOISE.integers(0, 256, (40_000, 4), np.uint8),
        _NOISE.integers(0, 256, (500, 400, 3), np.uint8),
    ],
    ids=lambda page: "x".join(map(str, page.shape)),
)
def test_what_is_no_page_ends_quickly(pool: ReaderPool, page: Pixels) -> None:
    assert [word for word in pool.read_page(page, ReadingOptions()).words() if word.confidence > 0.9] == []
    layout = pool.find_layout(page)
    assert len(layout) < 500


def picture(width: int, height: int) -> Pixels:
    """Something like a photo."""
    coarse = np.random.default_rng(6).integers(40, 190, (9, 14, 3), np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)).copy()


def test_labels_on_pictures_and_headings_in_dark_boxes_are_found(pool: ReaderPool) -> None:
    photo = picture(800, 500)
    label = drawn.text("Castle", pad=0, ink=(255, 255, 255), paper=(0, 0, 0))
    photo[300 : 300 + label.shape[0], 520 : 520 + label.shape[1]] |= label
    heading = drawn.text("Opening hours", pad=20, ink=(255, 255, 255), paper=(90, 20, 60))
    block = drawn.text(*LINES, pad=0)
    page = page_with((100, 60, heading), (100, 200, photo), (100, 760, block))
    reading = pool.read_page(page, ReadingOptions())
    assert [line.text for line in reading.lines] == ["Opening hours", "Castle", *LINES]
    assert edges(reading.lines[1])[:2] == pytest.approx((620, 500), abs=12)
    assert len([enclosing(lines) for lines in blocks_of(reading.lines)]) == 3


def test_a_single_short_word_is_taken_as_it_lies(pool: ReaderPool) -> None:
    page = np.full((2339, 1654, 3), 255, np.uint8)
    word = drawn.text("Total", pad=0, size=24)
    page[780 : 780 + word.shape[0], 410 : 410 + word.shape[1]] = word
    reading = pool.read_page(page, ReadingOptions())
    assert [line.text for line in reading.lines] == ["Total"]
    assert reading.turned == 0
    assert reading.lines[0].rotation == 0
