"""Kinds of pages that were read wrong, or in the wrong order, with certainty."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from boxocr.reading.ordering import in_reading_order
from boxocr.reading.pool.pool import ReaderPool
from boxocr.reading.types import Pixels, ReadingOptions
from boxocr.reading.whole_page import Line
from tests.reading import drawn

FIELDS = [("Order number", "5501-22"), ("Ordered on", "2 May 2024"), ("Parcels", "12"), ("Floor", "third")]
FIELDS += [("Payment", "Visa"), ("Deposit", "none"), ("Total", "88.40"), ("Paid on", "3 May 2024")]


def page(*texts: tuple[int, int, str], size: tuple[int, int], letters: int, turned: float = 0.0) -> Pixels:
    image = Image.new("RGB", size, drawn.WHITE)
    for x, y, text in texts:
        ImageDraw.Draw(image).text((x, y), text, font=ImageFont.load_default(letters), fill=drawn.BLACK)
    return np.asarray(image.rotate(turned, Image.Resampling.BICUBIC, fillcolor=drawn.WHITE))


def test_lone_figures_in_narrow_columns_are_not_taken_for_turned_ones(pool: ReaderPool) -> None:
    figures = ("69171", "96741", "61976", "79164")
    texts = [(60 + 65 * x, 60 + 44 * y, one) for y, row in enumerate(figures) for x, one in enumerate(row)]
    reading = pool.read_page(page(*texts, size=(445, 296), letters=26), ReadingOptions(engine="auto"))
    assert [line.text for line in reading.lines] == [one for row in figures for one in row]


@pytest.mark.parametrize("turned", [-0.8, 0.5, 1.5])
def test_a_label_and_its_value_far_away_are_a_row_of_a_tilted_page(pool: ReaderPool, turned: float) -> None:
    texts = [(80 + 900 * x, 80 + 52 * y, text) for y, row in enumerate(FIELDS) for x, text in enumerate(row)]
    reading = pool.read_page(page(*texts, size=(1300, 620), letters=30, turned=turned), ReadingOptions(engine="auto"))
    assert [line.text for line in reading.lines] == [text for row in FIELDS for text in row]


def test_a_card_that_is_upside_down_is_turned_although_a_line_looks_upright(pool: ReaderPool) -> None:
    texts = (60, 40, "VISITOR"), (60, 90, "Peter Novak"), (60, 140, "Acme Robotics")
    card = page(*texts, size=(480, 230), letters=30)
    reading = pool.read_page(np.ascontiguousarray(card[::-1, ::-1]), ReadingOptions(engine="auto"))
    assert (reading.turned, [line.text for line in reading.lines]) == (180, [text for _, _, text in texts])


def test_a_headline_near_the_columns_below_it_does_not_mix_their_lines() -> None:
    headline = Line("A headline over both of the columns", 0.9, 20, 20, 560, 24)
    left = [Line(f"the first column, line {row}", 0.9, 20, 50 + 30 * row, 260, 24) for row in range(8)]
    # The widest gap of all rows is between two paragraphs of both columns.
    right = [Line(f"the second column, line {row}", 0.9, 320, 50 + 30 * row, 260, 24) for row in range(8)]
    lower = [Line(line.text, 0.9, line.x, line.y + 12, 260, 24) for side in (left, right) for line in side[4:]]
    ordered = in_reading_order([headline, *left[:4], *right[:4], *lower], 0)
    assert [line.text for row in ordered for line in row] == [line.text for line in (headline, *left, *right)]


def test_entries_with_leader_dots_are_read(pool: ReaderPool) -> None:
    titles = ["Introduction", "Unpacking", "Contents of the box", "Removing the locks", "Connecting to the mains"]
    titles += ["First start", "Daily use", "Cleaning the filter", "Storage", "Technical data", "Parts", "Warranty"]
    entries = [(title, 17 + 12 * row) for row, title in enumerate(titles)]
    font = ImageFont.load_default(30)
    image = Image.new("RGB", (900, 720), drawn.WHITE)
    draw = ImageDraw.Draw(image)
    for row, (title, number) in enumerate(entries):
        top = 40 + 54 * row
        draw.text((50, top), title, font=font, fill=drawn.BLACK)
        draw.text((850, top), str(number), font=font, fill=drawn.BLACK, anchor="ra")
        for left in range(round(70 + font.getlength(title)), 770, 10):
            draw.rectangle((left, top + 27, left + 2, top + 29), fill=drawn.BLACK)
    reading = pool.read_page(np.asarray(image), ReadingOptions(engine="tesseract"))
    assert " ".join(line.text for line in reading.lines) == " ".join(f"{title} {number}" for title, number in entries)
