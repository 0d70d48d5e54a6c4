"""Pages under other names of a real Label Studio, and local files that it does not serve."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from boxocr.diagnosis import pages as check
from boxocr.label_studio.client import LabelStudioAPI
from boxocr.settings.environment import Settings
from e2e.backend import Backend
from e2e.configs import BOXES
from e2e.conftest import StartBackend
from e2e.label_studio import LabelStudioServer
from e2e.pages import Page

NAME = "http://studio.example.test:8080"

NOT_SERVED = (
    "Label Studio does not serve local files: LOCAL_FILES_SERVING_ENABLED is off there (HTTP 403). Start Label Studio "
    "with LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true and with the folder in LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT."
)
NOT_SHOWN = "Label Studio shows no such local file to the owner of this server's token (HTTP 404). "
NOT_OPENED = "Label Studio cannot open the page's local file (HTTP 404). "
OUTSIDE = "The page's address points outside Label Studio's folder of local files. "
NAMELESS = "The page's address does not contain the path of a local file (HTTP 403). "
NO_TOKEN = "Label Studio requires a token, and this server has none. "  # noqa: S105 - a sentence


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabelStudioServer]:
    """A Label Studio with a configured name that does not serve local files, as by default."""
    server = LabelStudioServer(
        tmp_path_factory.mktemp("named"),
        LABEL_STUDIO_HOST=NAME,
        LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED="false",
    )
    try:
        server.start()
        yield server
    finally:
        server.stop()


def draw(backend: Backend, url: str) -> tuple[str, str]:
    """Draw a box at the top of the page at this address; return the text and the note."""
    value = {"x": 5, "y": 5, "width": 90, "height": 25, "rotation": 0, "rectanglelabels": ["Text"]}
    names = {"id": "one", "from_name": "bbox", "to_name": "image", "type": "rectanglelabels"}
    box = names | {"original_width": 1000, "original_height": 1000, "image_rotation": 0, "value": value}
    body: dict[str, Any] = {
        "project": "1.1",
        "label_config": BOXES,
        "tasks": [{"id": 1, "data": {"image": url}}],
        "params": {"context": {"result": [box]}},
    }
    answer = requests.post(f"{backend.url}/predict", json=body, timeout=60)
    results = answer.json()["results"][0]["result"]
    texts = [line for one in results if one["type"] == "textarea" for line in one["value"]["text"]]
    notes = [line for one in results for line in one.get("meta", {}).get("text", [])]
    return "\n".join(texts), "\n".join(notes)


def test_the_name_that_label_studio_was_given_is_found_out(
    named: LabelStudioServer, start_backend: StartBackend, invoice: Page
) -> None:
    project = named.new_project("Names", BOXES)
    project.upload(invoice.path)
    path = project.address()
    backend = start_backend(LABEL_STUDIO_URL=named.url, LABEL_STUDIO_ACCESS_TOKEN=named.personal_token)
    assert draw(backend, path)[0]
    for name in (NAME, named.url, named.url.replace("127.0.0.1", "0.0.0.0")):  # noqa: S104 - in an address
        assert draw(backend, f"{name}{path}") == draw(backend, path)
    stranger = "http://10.0.0.9:8080"
    assert f"If {stranger} is another name of Label Studio, add it to" in draw(backend, f"{stranger}{path}")[1]

    several = start_backend(
        LABEL_STUDIO_URL=f"{named.url},{stranger}/ls", LABEL_STUDIO_ACCESS_TOKEN=named.personal_token
    )
    assert draw(several, f"{stranger}/ls{path}") == draw(backend, path)


def test_local_files_that_are_not_served(named: LabelStudioServer, start_backend: StartBackend) -> None:
    backend = start_backend(LABEL_STUDIO_URL=named.url, LABEL_STUDIO_ACCESS_TOKEN=named.personal_token)
    for url in ("/data/local-files/?d=scans/x.png", f"{NAME}/data/local-files/?d=scans/x.png"):
        assert draw(backend, url) == ("", f"BoxOCR: {NOT_SERVED}")
    without = start_backend(LABEL_STUDIO_URL=named.url, LABEL_STUDIO_ACCESS_TOKEN="")
    assert NO_TOKEN in draw(without, "/data/local-files/?d=scans/x.png")[1]


@pytest.fixture
def doctor(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[[LabelStudioServer, int], list[tuple[Any, ...]]]:
    """Return doctor's result for the pages of a project: status, message and remedy."""
    monkeypatch.chdir(tmp_path)

    def examine(server: LabelStudioServer, number: int) -> list[tuple[Any, ...]]:
        monkeypatch.setenv("LABEL_STUDIO_URL", server.url)
        monkeypatch.setenv("LABEL_STUDIO_ACCESS_TOKEN", server.personal_token)
        settings = Settings.load()
        assert settings.label_studio_url
        assert settings.label_studio_token
        with LabelStudioAPI(settings.label_studio_url, settings.label_studio_token) as api:
            found = check.findings(api.project(number), api.tasks(number, 10), settings)
            return [(one.ok, one.message, one.remedy) for one in found]

    return examine


def test_doctor_names_the_setting_and_not_the_token(
    named: LabelStudioServer, doctor: Callable[[LabelStudioServer, int], list[tuple[Any, ...]]]
) -> None:
    project = named.new_project("Not served", BOXES, {"image": "/data/local-files/?d=scans/x.png"})
    ((ok, message, remedy),) = doctor(named, project.id)
    assert ok is False
    assert f"{message} {remedy}".endswith(NOT_SERVED)
    assert "token" not in f"{message} {remedy}"


def test_local_files_that_are_served_and_cannot_be_had(
    label_studio: LabelStudioServer, start_backend: StartBackend, invoice: Page
) -> None:
    folder = label_studio.document_root / "some"
    (folder / "sub").mkdir(parents=True)
    (label_studio.document_root / "other").mkdir()
    for place in (folder, label_studio.document_root / "other"):
        (place / "x.png").write_bytes(invoice.path.read_bytes())
    label_studio.new_project("Served", BOXES).add_local_files(folder)
    backend = start_backend()
    path = "/data/local-files/"
    assert draw(backend, f"{path}?d=some/x.png")[0]
    found = {
        "?d=some/none.png": NOT_SHOWN,
        "?d=other/x.png": NOT_SHOWN,
        "?d=some/sub": NOT_OPENED,
        "?d=../x.png": OUTSIDE,
        "": NAMELESS,
    }
    for query, sentence in found.items():
        text, note = draw(backend, path + query)
        assert (text, note.startswith(f"BoxOCR: {sentence}")) == ("", True), note


def test_a_mounted_folder_gives_no_more_than_label_studio_does(
    label_studio: LabelStudioServer, start_backend: StartBackend, invoice: Page
) -> None:
    root = label_studio.document_root
    for folder in ("shown", "shown/below", "shown-not", "hidden"):
        (root / folder).mkdir()
        (root / folder / "x.png").write_bytes(invoice.path.read_bytes())
    label_studio.new_project("Mounted", BOXES).add_local_files(root / "shown")
    backend = start_backend(LOCAL_FILES_DOCUMENT_ROOT=str(root))
    for folder in ("shown", "shown/below"):
        assert draw(backend, f"/data/local-files/?d={folder}/x.png")[0]
    for folder in ("shown-not", "hidden"):
        text, note = draw(backend, f"/data/local-files/?d={folder}/x.png")
        assert (text, note.startswith(f"BoxOCR: {NOT_SHOWN}")) == ("", True), note
