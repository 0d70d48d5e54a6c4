"""``boxocr doctor`` and ``boxocr demo`` against a real Label Studio."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from e2e.annotator import Annotator
from e2e.backend import Backend
from e2e.commands import Run
from e2e.configs import BOXES
from e2e.conftest import NewProject
from e2e.label_studio import LEGACY_TOKEN, LabelStudioServer, Project
from e2e.pages import Box, Page
from e2e.storage import S3

# A line of examples/pages/invoice.png, and its position in percent.
_LINE, _LINE_BOX = "Total due", Box(58, 73.8, 17, 3.6)


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
    assert not project.label_studio.api.ml.list(project=project.id)


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
