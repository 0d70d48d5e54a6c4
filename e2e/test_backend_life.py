"""The backend restarts, or requires a password."""

import pytest
from label_studio_sdk.core.api_error import ApiError

from e2e.annotator import Annotator
from e2e.configs import BOXES
from e2e.conftest import NewProject, StartBackend
from e2e.pages import Page


def test_after_a_restart_of_the_backend_the_next_box_is_read(
    annotator: Annotator, new_project: NewProject, invoice: Page, start_backend: StartBackend
) -> None:
    backend = start_backend()
    project = new_project(BOXES, {"image": invoice}, connect=False)
    project.connect(backend.url)
    annotator.open(project, project.task())
    annotator.read(invoice.box("Invoice 12345"), "Text")
    backend.restart()
    annotator.read(invoice.box("Total due 678.90"), "Text")
    annotator.submit()

    assert project.saved(project.task()).texts == ["Invoice 12345", "Total due 678.90"]


def test_a_backend_with_basic_authentication_is_used_with_its_password_and_refused_without(
    annotator: Annotator, new_project: NewProject, invoice: Page, start_backend: StartBackend
) -> None:
    backend = start_backend(BASIC_AUTH_USER="reader", BASIC_AUTH_PASS="open sesame")  # noqa: S106 - test credentials
    project = new_project(BOXES, {"image": invoice}, connect=False)
    with pytest.raises(ApiError):
        project.connect(backend.url, user="reader", password="a guess")  # noqa: S106 - test credentials
    project.connect(backend.url, user="reader", password="open sesame")  # noqa: S106 - test credentials

    annotator.open(project, project.task())
    annotator.read(invoice.box("Invoice 12345"), "Text")
    annotator.submit()

    assert project.saved(project.task()).only.text == "Invoice 12345"
