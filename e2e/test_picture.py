"""The images in README.md and the documentation: boxes that become text, and accepting suggestions.

The tests save them in ``shots/``; ``make picture`` copies them from there.
"""

import io
import shutil
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import FloatRect

from e2e.annotator import Annotator
from e2e.conftest import SHOTS, NewProject
from e2e.pages import Box, Page
from tests.examples import EXAMPLES, PAGES

PICTURE = SHOTS / "box-to-text.png"
ACCEPTING = SHOTS / "accepting.png"

# Labels, page and side panel, without the name of the test.
_AREA: FloatRect = {"x": 240, "y": 100, "width": 1160, "height": 690}
_SCALE = 0.75

# The same, including the bar at the bottom.
_WITH_BAR: FloatRect = {"x": 240, "y": 100, "width": 1160, "height": 800}
_COLOURS = 128
_MOST_BYTES = 250_000

_BRIEF, _PAUSE, _LONG = 120, 600, 2500


class _Film:
    """Frames and their durations in milliseconds."""

    def __init__(self, annotator: Annotator) -> None:
        self._annotator = annotator
        self._frames: list[Image.Image] = []
        self._durations: list[int] = []

    def take(self, duration: int = _BRIEF) -> None:
        image = Image.open(io.BytesIO(self._annotator.screenshot(_AREA))).convert("RGB")
        size = round(image.width * _SCALE), round(image.height * _SCALE)
        self._frames.append(image.resize(size, Image.Resampling.LANCZOS))
        self._durations.append(duration)

    def save(self, path: Path) -> None:
        """Save an animated PNG; viewers without animation show the last frame."""
        last = self._frames[-1].quantize(_COLOURS, dither=Image.Dither.NONE)
        frames = [frame.quantize(palette=last, dither=Image.Dither.NONE) for frame in self._frames]
        last.save(
            path,
            save_all=True,
            append_images=frames,
            default_image=True,
            duration=self._durations,
            loop=0,
            optimize=True,
        )


@pytest.fixture
def invoice_page(page_folder: Path) -> Page:
    return Page(Path(shutil.copy(PAGES / "invoice.png", page_folder / "sample-invoice.png")), 0, 0, {})


def test_the_picture_of_a_box_becoming_text(annotator: Annotator, new_project: NewProject, invoice_page: Page) -> None:
    (example,) = (example for example in EXAMPLES if example.config == "invoices.xml")
    drawn = [one for one in example.drawn if one.label in ("Party", "Amount")]
    project = new_project(example.xml(), {"image": invoice_page})
    annotator.open(project, project.task())
    annotator.switch_on_auto_accept()
    film = _Film(annotator)
    film.take(_PAUSE)
    for one in reversed(drawn):
        with annotator.answered():
            annotator.drag(Box(*one.percent()), one.label, on_the_way=film.take)
            film.take(_PAUSE)
        annotator.expect_suggestions(0)
        annotator.expect_text(one.text)
        film.take(_LONG)
    annotator.submit()
    film.save(PICTURE)

    assert project.saved(project.task()).texts == [one.text for one in reversed(drawn)]
    with Image.open(PICTURE) as picture:
        assert getattr(picture, "n_frames", 1) > len(drawn)
    assert PICTURE.stat().st_size < _MOST_BYTES


def test_the_picture_of_accepting(annotator: Annotator, new_project: NewProject, invoice_page: Page) -> None:
    (example,) = (example for example in EXAMPLES if example.config == "invoices.xml")
    one = next(one for one in example.drawn if one.label == "Amount")
    project = new_project(example.xml(), {"image": invoice_page})
    annotator.open(project, project.task())
    annotator.draw(Box(*one.percent()), one.label)
    annotator.expect_suggestions(1)
    image = Image.open(io.BytesIO(annotator.screenshot(_WITH_BAR))).convert("RGB")
    size = round(image.width * _SCALE), round(image.height * _SCALE)
    image.resize(size, Image.Resampling.LANCZOS).quantize(_COLOURS, dither=Image.Dither.NONE).save(
        ACCEPTING, optimize=True
    )

    assert ACCEPTING.stat().st_size < _MOST_BYTES
