"""The labeling config of the tutorial in the oldest and the newest supported Label Studio."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext

from e2e.annotator import Annotator
from e2e.backend import Backend
from e2e.conftest import at_new_tab, logged_in
from e2e.label_studio import LEGACY_TOKEN, LabelStudioServer, Project, Region
from e2e.label_studio_1_10 import Annotator110, LabelStudio110Server
from e2e.pages import Box, Page
from tests.examples import FOLDER

OLDEST, NEWEST = "1.10.1", "1.23.2"
SIDES = ("x", "y", "width", "height")


@dataclass(frozen=True)
class Release:
    """A Label Studio, a backend with its address and token, and a logged-in browser."""

    label_studio: LabelStudioServer
    backend: Backend
    context: BrowserContext
    annotator: type[Annotator]


@pytest.fixture(scope="module")
def oldest(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Release]:
    with ExitStack() as stack:
        server = LabelStudio110Server(tmp_path_factory.mktemp("label-studio-1.10"))
        stack.callback(server.stop)
        server.start()
        backend = Backend(
            tmp_path_factory.mktemp("backend-1.10"),
            LABEL_STUDIO_URL=server.url,
            LABEL_STUDIO_ACCESS_TOKEN=LEGACY_TOKEN,
            OCR_WORKERS="1",
        )
        stack.callback(backend.stop)
        backend.start()
        context = stack.enter_context(logged_in(browser, server.url))
        yield Release(server, backend, context, Annotator110)


@pytest.fixture(scope="module")
def newest(label_studio: LabelStudioServer, backend: Backend, context: BrowserContext) -> Release:
    return Release(label_studio, backend, context, Annotator)


@pytest.fixture(params=[pytest.param(("oldest", OLDEST), id=OLDEST), pytest.param(("newest", NEWEST), id=NEWEST)])
def release(request: pytest.FixtureRequest) -> Release:
    fixture, version = request.param
    found: Release = request.getfixturevalue(fixture)
    assert found.label_studio.release() == version
    return found


@pytest.fixture
def project(request: pytest.FixtureRequest, release: Release, invoice: Page) -> Project:
    """Create the project of the tutorial: its labeling config, an uploaded page, and the backend."""
    config = (FOLDER / "minimal.xml").read_text()
    project = release.label_studio.new_project(request.node.name, config)
    project.upload(invoice.path)
    project.connect(release.backend.url)
    return project


@pytest.fixture
def annotator(request: pytest.FixtureRequest, release: Release) -> Iterator[Annotator]:
    with at_new_tab(request, release.annotator, release.context, release.label_studio.url) as annotator:
        yield annotator


def shape(suggested: dict[str, Any]) -> dict[str, Any]:
    """Return the shape of the newest region in Label Studio's answer to the front end."""
    shapes = [result for result in suggested["data"]["result"] if result["type"] == "rectanglelabels"]
    return dict(shapes[-1]["value"])


def is_around(region: Region, box: Box) -> bool:
    """Return whether the region is at the drawn box; the mouse moves in whole pixels."""
    value = region.geometry["value"]
    drawn = [box.x, box.y, box.width, box.height]
    return [value[side] for side in SIDES] == pytest.approx(drawn, abs=0.5) and value["rotation"] == 0


def test_the_tutorial(annotator: Annotator, project: Project, invoice: Page) -> None:
    lines = ("Invoice 12345", "Total due 678.90")
    drawn = []
    annotator.open(project, project.task())
    for line in lines:
        drawn.append(shape(annotator.draw(invoice.box(line), "Text")))
        annotator.expect_suggestions(1)
        annotator.accept()
        annotator.expect_text(line)
    annotator.submit()

    saved = project.saved(project.task())
    assert saved.texts == list(lines)
    assert [region.label for region in saved.regions] == ["Text", "Text"]
    assert [region.types for region in saved.regions] == [{"rectanglelabels", "textarea"}] * 2
    assert [region.geometry["value"] for region in saved.regions] == drawn
    for region, line in zip(saved.regions, lines, strict=True):
        assert is_around(region, invoice.box(line)), region


def test_text_typed_before_acceptance_stays(annotator: Annotator, project: Project, invoice: Page) -> None:
    annotator.open(project, project.task())
    annotator.draw(invoice.box("Invoice 12345"), "Text")
    annotator.expect_suggestions(1)
    annotator.type_before_acceptance(0, "My own words")
    annotator.draw(invoice.box("Total due 678.90"), "Text")
    annotator.accept()
    annotator.submit()

    saved = project.saved(project.task())
    assert saved.texts == ["My own words", "Total due 678.90"]
    assert is_around(saved.regions[0], invoice.box("Invoice 12345"))
    assert is_around(saved.regions[1], invoice.box("Total due 678.90"))
