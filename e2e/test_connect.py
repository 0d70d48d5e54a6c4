"""``boxocr connect`` against a real Label Studio."""

from typing import Any, cast

import pytest
from label_studio_sdk.core.api_error import ApiError

from e2e.backend import Backend
from e2e.commands import Run
from e2e.configs import BOXES
from e2e.conftest import NewProject, StartBackend
from e2e.label_studio import Project
from e2e.pages import Page
from e2e.process import until


def test_connecting_twice_changes_nothing_the_second_time(
    boxocr: Run, new_project: NewProject, backend: Backend
) -> None:
    project = new_project(BOXES, connect=False)
    first = boxocr("connect", "--project", project.id, "--url", backend.url)
    assert first.code == 0, first.output
    assert "with interactive preannotations on" in first.output
    before = _connections(project)
    assert boxocr("connect", "--project", project.id, "--url", backend.url).output.startswith("Nothing to change")
    assert boxocr("connect", "--project", project.id).output.startswith("Nothing to change")
    assert _connections(project) == before
    assert [(row[1], row[2]) for row in before] == [(backend.url, True)]


def test_connecting_a_backend_with_a_password(
    boxocr: Run, new_project: NewProject, start_backend: StartBackend
) -> None:
    password = {"BASIC_AUTH_USER": "label-studio", "BASIC_AUTH_PASS": "open sesame"}
    backend = start_backend(**password)
    project = new_project(BOXES, connect=False)
    arguments = ("connect", "--project", project.id, "--url", backend.url)
    assert "requires a user name and password" in boxocr(*arguments).output
    assert "basic authentication as label-studio" in boxocr(*arguments, variables=password).output
    assert boxocr(*arguments, variables=password).output.startswith("Nothing to change")


def test_with_a_password_a_saved_annotation_reaches_the_model(
    boxocr: Run, new_project: NewProject, start_backend: StartBackend, invoice: Page
) -> None:
    user, word = "Jürgen", "geöffnet"
    password = {"BASIC_AUTH_USER": user, "BASIC_AUTH_PASS": word}
    backend = start_backend(application="tests.learning_model:app", **password)
    project = new_project(BOXES, {"image": invoice}, connect=False)
    api, task = project.label_studio.api, project.task()

    def webhook() -> dict[str, Any]:
        return boxocr("doctor", "--project", project.id, "--json", variables=password).finding("webhook")

    # As in Label Studio's own dialog.
    connection = project.connect(backend.url, user=user, password=word)
    api.annotations.create(id=task, result=[])
    until(lambda: "POST /webhook 401" in backend.output(), "the event without a token is refused")
    assert webhook()["message"] == (
        f"The webhook of project {project.id} to {backend.url} does not send the token that belongs to the password, "
        "so this server refuses its events."
    )
    assert webhook()["remedy"] == f"Run boxocr connect --project {project.id}."

    connected = boxocr("connect", "--project", project.id, variables=password)
    assert f"BoxOCR at {backend.url}: token of the webhook." in connected.output
    assert webhook()["ok"] is True
    assert boxocr("connect", "--project", project.id, variables=password).output.startswith("Nothing to change")
    annotation = api.annotations.create(id=task, result=[])
    learned = f"Learned from {{}} of annotation {annotation.id} in project {project.id}"
    until(lambda: learned.format("ANNOTATION_CREATED") in backend.output(), "the model learns")
    until(lambda: "POST /webhook 201" in backend.output(), "the event is answered")

    # The dialog's request when the connection is saved again.
    again = {"title": "Another title", "is_interactive": True, "auth_method": "BASIC_AUTH", "basic_auth_user": user}
    api.ml.update(connection, project=project.id, url=backend.url, basic_auth_pass=word, **cast("Any", again))
    api.annotations.update(id=cast("int", annotation.id), result=[], was_cancelled=False)
    until(lambda: learned.format("ANNOTATION_UPDATED") in backend.output(), "the model learns after the saving")
    assert webhook()["ok"] is True

    # A connection that is created again finds its old webhook with the token.
    api.ml.delete(connection)
    project.connect(backend.url, user=user, password=word)
    assert webhook()["ok"] is True
    assert word not in backend.output()


def test_connecting_moves_the_webhook_along(boxocr: Run, new_project: NewProject, start_backend: StartBackend) -> None:
    password = {"BASIC_AUTH_USER": "reader", "BASIC_AUTH_PASS": "open sesame"}
    before, after = start_backend(**password), start_backend(**password)
    project = new_project(BOXES, connect=False)
    boxocr("connect", "--project", project.id, "--url", before.url, variables=password)
    moved = boxocr("connect", "--project", project.id, "--url", after.url, variables=password)
    assert f"address, before {before.url}, webhook moved too." in moved.output
    (hook,) = project.label_studio.api.webhooks.list(project=str(project.id))
    assert (hook.url, hook.is_active, list(hook.headers)) == (f"{after.url}/webhook", True, ["X-BoxOCR-Webhook"])
    assert boxocr("doctor", "--project", project.id, variables=password).code == 0


def test_label_studio_cannot_send_what_latin_1_has_not(new_project: NewProject, backend: Backend) -> None:
    project = new_project(BOXES, connect=False)
    with pytest.raises(ApiError, match="'latin-1' codec can't encode character"):
        project.connect(backend.url, user="reader", password="100 €")  # noqa: S106 - test credentials


def _connections(project: Project) -> list[tuple[Any, ...]]:
    rows = project.label_studio.api.ml.list(project=project.id)
    return [(row.id, row.url, row.is_interactive, row.title, row.auth_method) for row in rows]
