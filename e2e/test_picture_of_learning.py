"""The pictures in docs/learning.md: a line of the next page before and after learning, and the status page."""

import io
import time
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import FloatRect, expect

from boxocr.learning.alignment import distance
from e2e import commands
from e2e.annotator import Annotator
from e2e.backend import Backend
from e2e.configs import BOXES
from e2e.conftest import SHOTS, NewProject, StartBackend
from e2e.label_studio import LabelStudioServer, Project
from e2e.pages import Box, Page
from e2e.storage import WebServer
from tests.learning.fraktur import PrintedPage, corrected, printed_pages

BEFORE, AFTER, STATUS = (SHOTS / f"{name}.png" for name in ("learning-before", "learning-after", "learning-status"))

_AREA: FloatRect = {"x": 240, "y": 100, "width": 1160, "height": 690}
_SCALE = 0.75
_COLOURS = 64
_MOST_BYTES = 120_000

pytestmark = pytest.mark.nightly

# Enough pages for forty lines, and one page more.
_PAGES = 4

# Longer than a server may take to notice a version.
_NOTICED_SECONDS = 6


def save(png: bytes, path: Path) -> None:
    image = Image.open(io.BytesIO(png)).convert("RGB")
    size = round(image.width * _SCALE), round(image.height * _SCALE)
    image.resize(size, Image.Resampling.LANCZOS).quantize(_COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    assert path.stat().st_size < _MOST_BYTES


@pytest.fixture
def pages() -> list[PrintedPage]:
    return printed_pages(_PAGES)


@pytest.fixture
def backend(start_backend: StartBackend, tmp_path: Path) -> Backend:
    return start_backend(MODEL_DIR=str(tmp_path), STATUS_PAGE="true")


@pytest.fixture
def project(new_project: NewProject, backend: Backend, page_folder: Path, pages: list[PrintedPage]) -> Project:
    """A project whose annotators corrected all pages but the last one, which is there twice."""
    found = []
    for number, page in enumerate([*pages, pages[-1]]):
        path = page_folder / f"fraktur-{number}.png"
        path.write_bytes(page.png)
        found.append(Page(path, 0, 0, {}))
    project = new_project(BOXES, *({"image": page} for page in found), connect=False)
    project.connect(backend.url)
    for task, page in zip(project.tasks(), pages[:-1], strict=False):
        project.label_studio.api.annotations.create(id=task, result=corrected(page, label="Text"))
    return project


def test_the_picture_of_learning(  # noqa: PLR0913, PLR0917 - fixtures
    annotator: Annotator,
    project: Project,
    backend: Backend,
    pages: list[PrintedPage],
    label_studio: LabelStudioServer,
    web: WebServer,
    tmp_path: Path,
) -> None:
    *_, before, after = project.tasks()
    text, place = pages[-1].lines[0]
    box = Box(place["x"], place["y"], place["width"], place["height"])
    edits = []
    for task, path in ((before, BEFORE), (after, AFTER)):
        if task == after:
            environment = commands.environment(label_studio, web) | {"MODEL_DIR": str(tmp_path)}
            done = commands.run("learn", "--project", project.id, variables=environment, folder=tmp_path, seconds=240)
            assert done.returncode == 0, done
            time.sleep(_NOTICED_SECONDS)
        annotator.open(project, task)
        annotator.read(box)
        save(annotator.screenshot(_AREA), path)
        annotator.submit()
        edits.append(distance(project.saved(task).only.text, text))
    assert edits[1] < edits[0], edits

    annotator.tab.goto(backend.url)
    section = annotator.tab.locator("section[aria-labelledby=accuracy-title]")
    expect(section).to_contain_text("A recognizer head for Text")
    save(section.screenshot(animations="disabled"), STATUS)
