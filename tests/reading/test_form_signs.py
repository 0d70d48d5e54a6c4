"""Signs of forms in the line of a text: ticked and round checkboxes, the teeth of combs, rules between columns."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from boxocr.reading.engines import make
from boxocr.reading.recognition.engine_settings import EngineSettings
from boxocr.reading.types import Engine, Pixels, ReadingOptions
from tests.reading import drawn

INK = (20, 20, 20)


@pytest.fixture(scope="module", params=["tesseract", "auto"])
def engine(request: pytest.FixtureRequest, settings: EngineSettings) -> Engine:
    return make(request.param, settings)


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


def test_a_figure_in_a_cell_after_its_label_is_read(engine: Engine) -> None:
    image = Image.new("RGB", (200, 60), drawn.WHITE)
    draw = ImageDraw.Draw(image)
    draw.text((14, 30), "Class", font=ImageFont.load_default(28), fill=INK, anchor="lm")
    draw.rectangle((120, 12, 155, 48), outline=INK, width=2)
    draw.text((138, 30), "7", font=ImageFont.load_default(28), fill=INK, anchor="mm")
    assert engine.read(np.asarray(image), ReadingOptions()).text == "Class 7"


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


@pytest.mark.parametrize("size", [13, 18])
def test_rules_between_columns_in_a_box_as_high_as_its_text_are_no_bars(engine: Engine, size: int) -> None:
    font, text = ImageFont.load_default(size), ("Annual licence", "5", "72.88")
    ends = np.cumsum([font.getlength(word) + 3 * size for word in text])
    image = Image.new("RGB", (round(ends[-1]), 3 * size), drawn.WHITE)
    draw = ImageDraw.Draw(image)
    for word, right in zip(text, ends, strict=True):
        draw.line((right, 0, right, 3 * size), fill=(70, 70, 70), width=max(size // 14, 1))
        draw.text((right - size, 1.5 * size), word, font=font, fill=INK, anchor="rm")
    (top, bottom) = (
        edge(draw.textbbox((0, 1.5 * size), word, font=font, anchor="lm")[row] for word in text)
        for edge, row in ((min, 1), (max, 3))
    )
    crop = np.asarray(image)[round(top) - 3 : round(bottom) + 3, size : round(ends[-1]) - 2]
    assert engine.read(crop, ReadingOptions()).text == "Annual licence 5 72.88"
