"""The commands for operators against a real Label Studio."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

import pytest
import requests
from label_studio_sdk.core.api_error import ApiError

from e2e import commands
from e2e.annotator import Annotator
from e2e.backend import Backend
from e2e.configs import BOXES
from e2e.conftest import NewProject, StartBackend
from e2e.label_studio import LEGACY_TOKEN, LabelStudioServer, Project
from e2e.pages import Box, Page
from e2e.process import until
from e2e.storage import S3, WebServer

# Its position on examples/pages/invoice.png, in percent.
_NONE: Mapping[str, str] = {}
_LINE, _LINE_BOX = "Total due", Box(58, 73.8, 17, 3.6)


@dataclass(frozen=True)
class Outcome:
    """A command's exit code and what it printed, on one line."""

    code: int
    output: str

    def finding(self, check: str) -> dict[str, Any]:
        """Return the result of this check in ``doctor --json``."""
        (found,) = (one for one in json.loads(self.output) if one["check"] == check)
        return dict(found)


class Run(Protocol):
    """Runs ``boxocr`` with the address and token of a Label Studio."""

    def __call__(
        self, *arguments: object, server: LabelStudioServer | None = None, variables: Mapping[str, str] = _NONE
    ) -> Outcome: ...


@pytest.fixture
def boxocr(label_studio: LabelStudioServer, web: WebServer, tmp_path: Path) -> Run:
    def run(
        *arguments: object, server: LabelStudioServer | None = None, variables: Mapping[str, str] = _NONE
    ) -> Outcome:
        asked = server or label_studio
        environment = commands.environment(asked, web) | dict(variables)
        done = commands.run(*arguments, variables=environment, folder=tmp_path)
        assert asked.personal_token not in done.stdout + done.stderr
        return Outcome(done.returncode, " ".join((done.stdout + done.stderr).split()))

    return run


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabelStudioServer]:
    """A Label Studio with its address guard on, as by default."""
    server = LabelStudioServer(tmp_path_factory.mktemp("guarded"))
    for variable in ("ML_BLOCK_LOCAL_IP", "SSRF_PROTECTION_ENABLED"):
        del server.server._environment[variable]  # noqa: SLF001 - the harness has no other way to leave one out
    try:
        server.start()
        yield server
    finally:
        server.stop()


def test_doctor_finds_all_well_where_it_is(
    boxocr: Run, new_project: NewProject, invoice: Page, backend: Backend
) -> None:
    project = new_project(BOXES, {"image": invoice})
    project.upload(invoice.path)
    done = boxocr("doctor", "--project", project.id, "--url", backend.url)
    assert done.code == 0, done.output
    assert "✗" not in done.output
    assert "✓ pages: uploads: 1 of 1 read" in done.output
    assert "✓ pages: web pages of 127.0.0.1: 1 of 1 read" in done.output
    assert f"✓ connection: Project {project.id} reaches boxocr" in done.output


def test_doctor_sees_s3_pages_with_and_without_keys(
    boxocr: Run, new_project: NewProject, s3: S3, s3_keys: dict[str, str], invoice: Page
) -> None:
    s3.put(invoice.path, "doctor")
    project = new_project(BOXES)
    project.add_s3(s3, "doctor", presign=False)
    through_label_studio = boxocr("doctor", "--project", project.id, "--json")
    assert through_label_studio.finding("S3")["ok"] is None
    assert through_label_studio.finding("pages")["ok"] is True
    own = boxocr("doctor", "--project", project.id, "--json", variables=s3_keys)
    assert own.finding("S3")["message"].endswith(f"accepts the keys, and the bucket {s3.BUCKET} can be read.")
    assert own.finding("pages")["ok"] is True
    wrong = boxocr("doctor", "--project", project.id, "--json", variables=s3_keys | {"AWS_SECRET_ACCESS_KEY": "wrong"})
    assert wrong.finding("S3")["message"] == "S3 refused this server's keys (SignatureDoesNotMatch)."


def test_doctor_says_what_is_wrong_with_a_token(boxocr: Run, label_studio: LabelStudioServer) -> None:
    def finding(token: str) -> dict[str, Any]:
        return boxocr("doctor", "--json", variables={"LABEL_STUDIO_ACCESS_TOKEN": token}).finding("token")

    assert "is not set" in finding("")["message"]
    assert "mistaken for a legacy token" in finding(label_studio.personal_token[:80])["message"]
    assert "legacy tokens are off in this organisation" in finding(LEGACY_TOKEN)["message"]
    exchange = {"refresh": label_studio.personal_token}
    access = requests.post(f"{label_studio.url}/api/token/refresh/", json=exchange, timeout=30).json()["access"]
    assert "holds an access token" in finding(access)["message"]
    with label_studio.legacy_tokens() as legacy:
        assert finding(legacy)["ok"] is True


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
    assert f"address, before {before.url}, webhook moved along." in moved.output
    (hook,) = project.label_studio.api.webhooks.list(project=str(project.id))
    assert (hook.url, hook.is_active, list(hook.headers)) == (f"{after.url}/webhook", True, ["X-BoxOCR-Webhook"])
    assert boxocr("doctor", "--project", project.id, variables=password).code == 0


def test_label_studio_cannot_send_what_latin_1_has_not(new_project: NewProject, backend: Backend) -> None:
    project = new_project(BOXES, connect=False)
    with pytest.raises(ApiError, match="'latin-1' codec can't encode character"):
        project.connect(backend.url, user="reader", password="100 €")  # noqa: S106 - test credentials


def test_the_address_guard_is_named_with_the_variables_that_lift_it(
    boxocr: Run, guarded: LabelStudioServer, backend: Backend
) -> None:
    project = guarded.new_project("guarded", BOXES)
    connected = boxocr("connect", "--project", project.id, "--url", backend.url, server=guarded)
    examined = boxocr("doctor", "--project", project.id, "--url", backend.url, server=guarded)
    for done in (connected, examined):
        assert done.code == 1
        assert f"Label Studio's address guard refuses {backend.url}, since it is a private address." in done.output
        assert "Start Label Studio with USE_DEFAULT_BANNED_SUBNETS=false, or with both" in done.output
    assert not _connections(project)


def test_the_demo_is_made_once_and_can_be_drawn_on(
    boxocr: Run, label_studio: LabelStudioServer, backend: Backend, annotator: Annotator
) -> None:
    first = boxocr("demo", "--url", backend.url)
    assert first.code == 0, first.output
    assert "Uploaded form.png, invoice.png, letter.png, receipt.png." in first.output
    link = first.output.rpartition(" ")[2]
    again = boxocr("demo", "--url", backend.url)
    assert "is there. Its 4 sample pages are there. Nothing to change" in again.output
    assert again.output.endswith(link)

    project = Project(label_studio, int(link.removeprefix(f"{label_studio.url}/projects/").removesuffix("/data")))
    _, invoice, *others = project.tasks()
    assert len(others) == 2
    annotator.open(project, invoice)
    annotator.read(_LINE_BOX)
    annotator.submit()
    assert project.saved(invoice).only.text == _LINE


def _connections(project: Project) -> list[tuple[Any, ...]]:
    rows = project.label_studio.api.ml.list(project=project.id)
    return [(row.id, row.url, row.is_interactive, row.title, row.auth_method) for row in rows]
