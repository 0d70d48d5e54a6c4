"""Signs of forms in the line of a text: ticked and round checkboxes, the teeth of combs, and leader dots."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from boxocr.reading.detection import ornaments
from boxocr.reading.detection.components import Components
from boxocr.reading.types import Engine, Pixels, ReadingOptions
from tests.reading import drawn

INK = (20, 20, 20)


def checkbox(kind: str, label: str, size: int) -> Pixels:
    """A checkbox before its label, drawn large and reduced, so that circles are smooth."""
    side, scale = round(0.95 * size), 4
    font = ImageFont.load_default(size)
    width, height = round(font.getlength(label) + side + 1.3 * size), round(1.7 * size)
    image = Image.new("RGB", (width * scale, height * scale), drawn.WHITE)
    draw = ImageDraw.Draw(image)
    left, top, length = 0.3 * size * scale, (height - side) / 2 * scale, side * scale
    line = max(round(size / 14), 1) * scale

    def at(*shares: float) -> list[float]:
        return [(top if index % 2 else left) + share * length for index, share in enumerate(shares)]

    (draw.ellipse if kind.startswith("round") else draw.rectangle)(at(0, 0, 1, 1), outline=INK, width=line)
    if kind == "cross":
        draw.line(at(0.18, 0.18, 0.82, 0.82), fill=INK, width=line)
        draw.line(at(0.18, 0.82, 0.82, 0.18), fill=INK, width=line)
    if kind == "tick":
        draw.line(at(0.2, 0.5, 0.42, 0.75, 0.82, 0.22), fill=INK, width=line)
    if kind == "filled":
        draw.rectangle(at(0.25, 0.25, 0.75, 0.75), fill=INK)
    if kind == "round, filled":
        draw.ellipse(at(0.27, 0.27, 0.73, 0.73), fill=INK)
    image = image.resize((width, height), Image.Resampling.LANCZOS)
    ImageDraw.Draw(image).text((0.7 * size + side, height / 2), label, font=font, fill=INK, anchor="lm")
    return np.asarray(image)


@pytest.mark.parametrize("label", ["No", "Cash"])
@pytest.mark.parametrize(
    ("kind", "size"), [("cross", 24), ("tick", 18), ("filled", 32), ("round", 32), ("round, filled", 24)]
)
def test_a_checkbox_before_its_label_is_no_letter(engine: Engine, kind: str, size: int, label: str) -> None:
    assert engine.read(checkbox(kind, label, size), ReadingOptions()).text == label


@pytest.mark.parametrize("text", ["O Captain", "O No", "Ohm"])
def test_a_round_letter_before_a_word_is_no_checkbox(engine: Engine, text: str) -> None:
    assert engine.read(drawn.text(text), ReadingOptions()).text == text


@pytest.mark.parametrize(
    ("label", "written", "size"),
    [
        ("Class", "7", 28),
        ("Class", "7", 24),
        ("Code", "47", 28),
        ("Rh factor", "+", 28),
        ("Seats (total)", "7", 28),
        ("Answer", "a", 28),
        ("Initials", "AB", 28),
    ],
)
def test_what_is_written_in_cells_after_their_label_is_read(
    engine: Engine, label: str, written: str, size: int
) -> None:
    font, start = ImageFont.load_default(28), 40 + round(ImageFont.load_default(28).getlength(label))
    image = Image.new("RGB", (start + 56 * len(written) + 10, 60), drawn.WHITE)
    draw = ImageDraw.Draw(image)
    draw.text((14, 30), label, font=font, fill=INK, anchor="lm")
    for left, char in zip(range(start, 1000, 56), written, strict=False):
        draw.rectangle((left, 12, left + 36, 48), outline=INK, width=2)
        draw.text((left + 18, 30), char, font=ImageFont.load_default(size), fill=INK, anchor="mm")
    assert engine.read(np.asarray(image), ReadingOptions()).text.replace(" ", "") == (label + written).replace(" ", "")


def test_a_speck_in_a_round_checkbox_is_no_mistake(engine: Engine) -> None:
    image = Image.new("RGB", (140, 60), drawn.WHITE)
    draw = ImageDraw.Draw(image)
    draw.ellipse((10, 18, 34, 42), outline=INK, width=2)
    draw.point((22, 30), fill=INK)
    draw.text((50, 30), "Cash", font=ImageFont.load_default(24), fill=INK, anchor="lm")
    assert engine.read(np.asarray(image), ReadingOptions()).text.endswith("Cash")


@pytest.mark.parametrize("size", [16, 30])
def test_the_teeth_of_a_comb_are_no_figures(engine: Engine, size: int) -> None:
    cell, height = round(1.4 * size), round(1.5 * size)
    image = Image.new("RGB", (4 * cell + 16, height + 16), drawn.WHITE)
    draw = ImageDraw.Draw(image)
    draw.line((8, 8 + height, 8 + 4 * cell, 8 + height), fill=(85, 85, 85), width=max(size // 16, 1))
    for left in range(8, 9 + 4 * cell, cell):
        draw.line((left, 8 + height // 2, left, 8 + height), fill=(85, 85, 85), width=max(size // 16, 1))
    for at, figure in enumerate("4471"):
        draw.text(
            (8 + (at + 0.5) * cell, 8 + height / 2), figure, font=ImageFont.load_default(size), fill=INK, anchor="mm"
        )
    assert engine.read(np.asarray(image), ReadingOptions()).text.replace(" ", "") == "4471"


@pytest.mark.parametrize(("text", "size"), [("(12)", 19), ("Total (12)", 19), ("[12]", 15)])
def test_brackets_in_a_box_as_high_as_they_are_no_rules(engine: Engine, text: str, size: int) -> None:
    assert engine.read(drawn.text(text, size=size, pad=1), ReadingOptions()).text == text


@pytest.mark.parametrize(("has_notches", "found"), [(False, 9), (True, 0)])
def test_small_letters_below_large_ones_are_no_leader_dots(*, has_notches: bool, found: int) -> None:
    ink = np.zeros((100, 160), np.bool_)
    for left in (10, 50, 90):
        ink[10:70, left : left + 30] = True
    for left in range(20, 140, 14):
        ink[80:90, left : left + 9] = True
        ink[84:86, left + 4 : left + 9] = not has_notches
    assert ornaments.find(Components.of(ink), "eng").count == found
