"""Lines at the upper and lower edge of a box: whole ones are read, parts of other lines are not."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from boxocr.reading.detection import projection
from boxocr.reading.engines import make
from boxocr.reading.recognition.engine_settings import EngineSettings
from boxocr.reading.types import Engine, Pixels, ReadingOptions
from tests.reading import drawn

HEADLINE, ADDRESS = "Harbour Tools", ("12 Old Quay Street", "Port Lincoln")


@pytest.fixture(scope="module", params=["tesseract", "auto", "ppocr"])
def engine(request: pytest.FixtureRequest, settings: EngineSettings) -> Engine:
    return make(request.param, settings)


def box(last: str, cut: int) -> Pixels:
    """A headline and small print below it, of which the box's edge cuts off some rows of ink."""
    image = Image.new("RGB", (420, 240), drawn.WHITE)
    draw = ImageDraw.Draw(image)
    draw.text((12, 10), HEADLINE, font=ImageFont.load_default(52), fill=drawn.BLACK)
    for row, text in enumerate((*ADDRESS, last)):
        draw.text((40, 100 + 30 * row), text, font=ImageFont.load_default(22), fill=drawn.BLACK)
    pixels = np.asarray(image)
    inked = np.flatnonzero((pixels[:, :, 0] < 120).any(axis=1))
    return pixels[: inked[-1] + 1 - cut].copy()


@pytest.mark.parametrize("last", ["94110", "Dock 205", "Texas 77551"])
@pytest.mark.parametrize("cut", [0, 1])
def test_small_print_below_a_headline_is_read_down_to_the_edge(engine: Engine, last: str, cut: int) -> None:
    reading = engine.read(box(last, cut), ReadingOptions())
    assert reading.text.split("\n") == [HEADLINE, *ADDRESS, last]


@pytest.mark.parametrize(
    "lines",
    [
        ("Thursday received amount", "street garden", "Thursday garden number", "street"),
        ("garden delivered", "invoice", "number station"),
    ],
)
def test_a_line_that_the_edge_cuts_off_a_little_is_read_once(settings: EngineSettings, lines: tuple[str, ...]) -> None:
    crop = drawn.text(*lines, size=22, pad=0)[:-2].copy()
    assert make("auto", settings).read(crop, ReadingOptions()).text.split("\n") == list(lines)


@pytest.mark.parametrize("last", ["94110", "Dock 205", "Texas 77551"])
def test_the_heads_of_a_line_below_are_not_text(engine: Engine, last: str) -> None:
    reading = engine.read(box(last, 11), ReadingOptions())
    assert reading.text.split("\n") == [HEADLINE, *ADDRESS]
    assert not reading.note


@pytest.mark.parametrize("below", [5, 6, 7])
def test_parts_of_lines_at_both_edges_are_not_lines(below: int) -> None:
    line, other = drawn.text("Delivered on Thursday"), drawn.text("gypsy joy page quay", pad=0)
    width = min(line.shape[1], other.shape[1])
    framed = np.pad(line[:, :width], ((20, 20), (0, 0), (0, 0)), constant_values=250)
    framed[:8], framed[-below:] = other[-8:, :width], other[:below, :width]
    found = projection.of_crop(framed)
    assert found is not None
    assert found.is_one_clear_line()
