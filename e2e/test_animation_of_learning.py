"""The animation in README.md and docs/learning.md, recorded in the demo project.

A page of Fraktur is read, its lines are corrected, and the next page is read with what was learned from them.
"""

import io
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import FloatRect

from boxocr.commands.demo import LEARNING_TITLE
from boxocr.learning.alignment import distance
from e2e import commands
from e2e.annotator import Annotator
from e2e.backend import Backend
from e2e.conftest import SHOTS, StartBackend
from e2e.label_studio import LabelStudioServer, Project
from e2e.process import until
from e2e.storage import WebServer
from tests.learning.fraktur import PrintedPage, printed_pages

ANIMATION = SHOTS / "learning.gif"

_AREA: FloatRect = {"x": 240, "y": 100, "width": 1160, "height": 690}
_SCALE = 0.75
_COLOURS = 32
_MOST_BYTES = 1_500_000
_CAPTION_HEIGHT, _TYPE_SIZE = 36, 18

# The pages of the print that the demo project has.
_PAGES = slice(2, 4)

_CORRECTED_ON_SCREEN = 4
_NOTICED_SECONDS = 6

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(900)]


@dataclass
class Recorder:
    """Frames of an animation."""

    annotator: Annotator
    frames: list[Image.Image] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def take(self, caption: str, seconds: float) -> None:
        """Add the screen with a caption above it."""
        screen = Image.open(io.BytesIO(self.annotator.screenshot(_AREA))).convert("RGB")
        screen = screen.resize((round(screen.width * _SCALE), round(screen.height * _SCALE)), Image.Resampling.LANCZOS)
        frame = Image.new("RGB", (screen.width, screen.height + _CAPTION_HEIGHT), "#1f2937")
        frame.paste(screen, (0, _CAPTION_HEIGHT))
        font = ImageFont.load_default(_TYPE_SIZE)
        ImageDraw.Draw(frame).text((12, 7), caption, "white", font)
        self.frames.append(frame)
        self.seconds.append(seconds)

    def save(self, path: Path) -> None:
        """Write the animation, which runs again and again."""
        palette = self.frames[-1].quantize(_COLOURS, dither=Image.Dither.NONE)
        first, *others = (one.quantize(palette=palette, dither=Image.Dither.NONE) for one in self.frames)
        milliseconds = [round(1000 * one) for one in self.seconds]
        first.save(path, save_all=True, append_images=others, duration=milliseconds, loop=0, optimize=True)


@pytest.fixture
def backend(start_backend: StartBackend, tmp_path: Path) -> Backend:
    return start_backend(MODEL_DIR=str(tmp_path))


@pytest.fixture
def variables(label_studio: LabelStudioServer, web: WebServer, tmp_path: Path) -> dict[str, str]:
    return commands.environment(label_studio, web) | {"MODEL_DIR": str(tmp_path)}


@pytest.fixture
def project(label_studio: LabelStudioServer, backend: Backend, variables: dict[str, str], tmp_path: Path) -> Project:
    """The project to learn from that ``boxocr demo`` makes."""
    done = commands.run("demo", "--url", backend.url, variables=variables, folder=tmp_path)
    assert done.returncode == 0, done
    projects: list[Any] = list(label_studio.api.projects.list())
    (number,) = (one.id for one in projects if one.title == LEARNING_TITLE)
    return Project(label_studio, number)


def texts_on(page: PrintedPage, results: Sequence[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """The text of each line of a page, and the results with text on it from left to right."""
    written = [one for one in results if one["type"] == "textarea"]
    found = []
    for text, place in page.lines:
        top, bottom = place["y"], place["y"] + place["height"]
        on_line = [one for one in written if top < one["value"]["y"] + one["value"]["height"] / 2 < bottom]
        found.append((text, sorted(on_line, key=lambda one: float(one["value"]["x"]))))
    return found


def error_rate(page: PrintedPage, results: Sequence[dict[str, Any]]) -> float:
    lines = texts_on(page, results)
    read = [" ".join(one["value"]["text"][0] for one in on_line) for _, on_line in lines]
    edits = sum(distance(one, text) for one, (text, _) in zip(read, lines, strict=True))
    return edits / sum(len(text) for text, _ in lines)


def until_read(project: Project, task: int, annotator: Annotator) -> list[dict[str, Any]]:
    """Wait until an opened task has a prediction and shows it; returns the results."""

    def predicted() -> list[dict[str, Any]]:
        return [one for every in project.label_studio.get("/api/predictions", task=task) for one in every["result"]]

    until(predicted, "the page is read", seconds=200, pause=0.5)
    # The side panel only draws the regions that fit into it.
    until(lambda: annotator.regions().count() > 1, "its regions are shown", seconds=60, pause=0.5)
    return predicted()


def test_the_picture_that_moves(
    annotator: Annotator, project: Project, variables: dict[str, str], tmp_path: Path
) -> None:
    first_page, second_page = printed_pages(_PAGES.stop)[_PAGES]
    first, second = project.tasks()
    recorder = Recorder(annotator)

    annotator.open(project, first, auto_annotation=False)
    read = until_read(project, first, annotator)
    recorder.take("1. A page of 1809 is read, with errors in most lines", 3)
    before = error_rate(first_page, read)
    on_screen = [(one["value"]["text"][0], text) for text, (one,) in lines_in_one_piece(first_page, read)]
    for old, new in [one for one in on_screen if one[0] != one[1]][:_CORRECTED_ON_SCREEN]:
        annotator.correct(old, new)
        recorder.take("2. Its lines are corrected, and the page is submitted", 1)
    annotator.submit()
    complete(project, first, first_page)
    annotator.open_start_training(project)
    recorder.take("3. Start Training, on the Model page of the settings: it takes seconds", 4)
    annotator.start_training()

    def show() -> str:
        return commands.run("learn", "--project", project.id, "--show", variables=variables, folder=tmp_path).stdout

    until(lambda: "In use: 1." in show(), "the training has ended", seconds=240, pause=2)
    time.sleep(_NOTICED_SECONDS)
    annotator.open(project, second, auto_annotation=False)
    after = error_rate(second_page, until_read(project, second, annotator))
    assert after < 0.7 * before, (before, after)
    recorder.take(f"4. The next page: {after:.1%} of the characters are wrong, and not {before:.1%}", 5)
    recorder.save(ANIMATION)
    assert ANIMATION.stat().st_size < _MOST_BYTES


def lines_in_one_piece(page: PrintedPage, results: Sequence[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """The lines on which there is exactly one text region."""
    return [(text, on_line) for text, on_line in texts_on(page, results) if len(on_line) == 1]


def complete(project: Project, task: int, page: PrintedPage) -> None:
    """Correct the other lines of the submitted annotation through the API."""
    (annotation,) = project.label_studio.get(f"/api/tasks/{task}/annotations/")
    results = annotation["result"]
    for text, (one,) in lines_in_one_piece(page, results):
        one["value"]["text"] = [text]
    project.label_studio.api.annotations.update(annotation["id"], result=results)
