"""Pre-annotation, and the display of the backend's confidence."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from e2e.annotator import Annotator
from e2e.backend import Backend
from e2e.configs import BOXES
from e2e.conftest import NewProject
from e2e.label_studio import LabelStudioServer
from e2e.pages import Page


@pytest.fixture
def predicted_without_errors(label_studio: LabelStudioServer, backend: Backend) -> Iterator[None]:
    """Fails unless Label Studio has called the backend during the test and has logged no error."""
    asked = backend.log.stat().st_size
    logged = label_studio.server.log.stat().st_size
    yield
    assert "POST /predict 200" in backend.output(asked)
    errors = [line for line in label_studio.server.output(logged).splitlines() if "[ERROR]" in line]
    assert errors == []


@pytest.mark.usefixtures("predicted_without_errors")
def test_retrieving_predictions_logs_no_error_and_stores_no_empty_prediction(
    annotator: Annotator, new_project: NewProject, invoice: Page, order: Page
) -> None:
    project = new_project(BOXES, {"image": invoice}, {"image": order})
    annotator.retrieve_predictions(project)

    assert [project.predictions(task) for task in project.tasks()] == [[], []]


@pytest.mark.usefixtures("predicted_without_errors")
def test_opening_a_task_logs_no_error_and_stores_no_empty_prediction(
    annotator: Annotator, new_project: NewProject, invoice: Page
) -> None:
    project = new_project(BOXES, {"image": invoice})
    annotator.open(project, project.task())

    assert project.predictions(project.task()) == []


def test_the_confidence_stands_beside_the_label(annotator: Annotator, new_project: NewProject, invoice: Page) -> None:
    project = new_project(BOXES, {"image": invoice})
    annotator.open(project, project.task())
    annotator.read(invoice.box("Invoice 12345"), "Text")
    annotator.submit()

    score = project.saved(project.task()).only.geometry["score"]
    assert 0 < score <= 1
    expect(annotator.regions().first).to_contain_text(re.compile(rf"Text\s*{score:.2f}"))
