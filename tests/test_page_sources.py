"""Boxes on pages from every kind of source, over HTTP from a server that is set up as an operator would."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.backend import Backend, running
from tests.conftest import DATA
from tests.payloads import notes, payload, texts
from tests.servers.label_studio import LEGACY_TOKEN, LabelStudioStandIn, label_studio
from tests.servers.s3 import ACCESS_KEY, BUCKET, SECRET_KEY, S3Server, s3_server

PAGE = (DATA / "pages" / "a.png").read_bytes()

TASK = 5


@dataclass(frozen=True)
class Desk:
    """A backend, and the servers that its pages come from."""

    backend: Backend
    studio: LabelStudioStandIn
    s3: S3Server


def ask(backend: Backend, url: str | list[str], **task: Any) -> list[dict[str, Any]]:
    body = payload("one-box", "http://nowhere")
    body["tasks"][0] |= {"data": {"ocr": url}, "id": TASK} | task
    results: list[dict[str, Any]] = backend.predict(body)[0]["result"]
    return results


def text(backend: Backend, url: str) -> str:
    results = ask(backend, url)
    assert texts(results), notes(results)
    return texts(results)["DeBKjm31i2"]


def filled(studio: LabelStudioStandIn, s3: S3Server) -> None:
    """Put the page wherever Label Studio keeps pages."""
    studio.uploads["1/ab-a.png"] = PAGE
    studio.uploads["1/ab-Größe 7.png"] = PAGE
    studio.local_files["imgs/a b.png"] = PAGE
    s3.put("folder/a.png", PAGE)
    studio.cloud[TASK, "gs://bucket/a.png"] = PAGE
    studio.cloud[TASK, f"s3://{BUCKET}/folder/a.png"] = s3.presigned("folder/a.png")
    studio.cloud[TASK, "azure-blob://container/a.png"] = s3.presigned("folder/a.png")


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(scope="module", params=["", "/label-studio"], ids=["at the root", "behind a path prefix"])
def desk(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, s3: S3Server, page_server: str
) -> Iterator[Desk]:
    """A backend with a personal access token and no keys for S3."""
    with label_studio(request.param) as studio:
        filled(studio, s3)
        environment = {
            "OCR_ENGINE": "tesseract",
            "LABEL_STUDIO_HOST": f"{studio.url}/",
            "LABEL_STUDIO_API_KEY": studio.token,
            "ALLOWED_IMAGE_HOSTS": f"{page_server.removeprefix('http://')}, {s3.url.removeprefix('http://')}",
            "AWS_ENDPOINT": "",
        }
        with running(tmp_path_factory.mktemp("desk"), environment) as backend:
            yield Desk(backend, studio, s3)


@pytest.mark.parametrize(
    "url",
    [
        "/data/upload/1/ab-a.png",
        "upload/1/ab-a.png",
        "/data/upload/1/ab-Größe 7.png",
        "/data/upload/1/ab-Gr%C3%B6%C3%9Fe%207.png",
        "/data/local-files/?d=imgs/a%20b.png",
        "gs://bucket/a.png",
        f"s3://{BUCKET}/folder/a.png",
        "azure-blob://container/a.png",
    ],
)
def test_a_page_that_label_studio_has_or_opens_is_read(desk: Desk, url: str) -> None:
    assert text(desk.backend, url) == "Invoice 12345"


def test_an_absolute_address_on_label_studio_is_read_with_the_token(desk: Desk) -> None:
    assert text(desk.backend, f"{desk.studio.url}/data/local-files/?d=imgs/a b.png") == "Invoice 12345"


@pytest.mark.parametrize("path", ["/api/projects/1/export?exportType=JSON", "/user/logout"])
def test_a_task_cannot_have_the_token_sent_to_another_path_of_label_studio(desk: Desk, path: str) -> None:
    for url in (path, f"{desk.studio.url}{path}"):
        (note,) = notes(ask(desk.backend, url))
        assert "is a path of Label Studio that does not serve files" in note
    assert desk.studio.web.asked(f"{desk.studio.prefix}{path.partition('?')[0]}") == []


def test_the_name_that_label_studio_was_given_is_asked_for_and_no_caller_is_believed(desk: Desk) -> None:
    desk.studio.own_name = "https://studio.example.com/ls"
    stranger = "http://10.0.0.8:8080"
    body = payload("setup", "http://nowhere") | {"hostname": stranger}
    assert desk.backend.post("/setup", body).status_code == 200
    (note,) = notes(ask(desk.backend, f"{stranger}/data/upload/1/ab-a.png"))
    assert f"If {stranger} is another name of Label Studio, add it to LABEL_STUDIO_HOST after a comma." in note
    assert text(desk.backend, "https://studio.example.com/ls/data/upload/1/ab-a.png") == "Invoice 12345"


def test_a_page_on_the_web_is_read_and_never_sees_the_token(desk: Desk, page_server: str) -> None:
    assert text(desk.backend, f"{page_server}/pages/a.png") == "Invoice 12345"


def test_a_page_without_a_column_name_is_read(desk: Desk) -> None:
    results = ask(desk.backend, "", data={"$undefined$": "/data/upload/1/ab-a.png"})

    assert texts(results) == {"DeBKjm31i2": "Invoice 12345"}


def test_the_start_says_that_label_studio_is_configured_and_s3_is_not(desk: Desk) -> None:
    printed = desk.backend.log.read_text()

    assert " Not configured: S3 (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)." in printed


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("/data/upload/1/gone.png", "BoxOCR: Label Studio has no such upload, or failed to open it (HTTP 500). "),
        ("ftp://127.0.0.1/a.png", "ftp"),
        ("", "BoxOCR: The task has no image address under"),
    ],
)
def test_a_page_that_cannot_be_had_keeps_the_box_and_says_why(desk: Desk, url: str, sentence: str) -> None:
    results = ask(desk.backend, url)

    assert [result["type"] for result in results] == ["rectanglelabels"]
    (note,) = notes(results)
    assert sentence in note


def test_ten_people_at_once_fetch_a_page_once(desk: Desk) -> None:
    desk.studio.uploads["1/once.png"] = PAGE + b"once"
    path = f"{desk.studio.prefix}/data/upload/1/once.png"

    with ThreadPoolExecutor(10) as people:
        found = set(people.map(lambda _: text(desk.backend, "/data/upload/1/once.png"), range(10)))

    assert found == {"Invoice 12345"}
    assert len(desk.studio.web.asked(path)) == 1


def test_a_task_that_is_opened_has_its_page_fetched_before_a_box_is_drawn(desk: Desk) -> None:
    desk.studio.uploads["1/opened.png"] = PAGE + b"opened"
    path = f"{desk.studio.prefix}/data/upload/1/opened.png"
    opened = payload("task-opened", "http://nowhere")
    opened["tasks"][0]["data"]["ocr"] = "/data/upload/1/opened.png"

    assert desk.backend.predict(opened) == [[]]

    assert text(desk.backend, "/data/upload/1/opened.png") == "Invoice 12345"
    assert len(desk.studio.web.asked(path)) == 1


@pytest.mark.parametrize("task", ["5/../../../admin", "5", -5, True, None, 5.0])
def test_a_task_id_that_is_none_never_becomes_part_of_an_address(desk: Desk, task: object) -> None:
    opened = payload("task-opened", "http://nowhere")
    opened["tasks"][0] |= {"id": task, "data": {"ocr": f"gs://bucket/{task}.png"}}
    asked = len(desk.studio.web.requests)

    assert desk.backend.predict(opened) == [[]]
    results = ask(desk.backend, f"gs://bucket/{task}.png", id=task)

    (note,) = notes(results)
    assert "the request has no task id" in note
    assert len(desk.studio.web.requests) == asked


def test_nothing_that_was_configured_as_secret_is_in_the_log(desk: Desk) -> None:
    printed = desk.backend.log.read_text()

    assert desk.studio.token not in printed
    assert "Bearer" not in printed


def test_where_label_studio_does_not_serve_local_files_the_note_names_its_setting(desk: Desk) -> None:
    desk.studio.serves_local_files = False
    (note,) = notes(ask(desk.backend, "/data/local-files/?d=imgs/off.png"))
    desk.studio.serves_local_files = True
    assert note == (
        "BoxOCR: Label Studio does not serve local files: LOCAL_FILES_SERVING_ENABLED is off there (HTTP 403). Start "
        "Label Studio with LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true and with the folder in "
        "LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT."
    )


def test_with_own_keys_s3_is_asked_without_label_studio(tmp_path: Path, s3: S3Server) -> None:
    s3.put("own keys/ä%20.png", PAGE)
    environment = {
        "OCR_ENGINE": "tesseract",
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_ENDPOINT_URL": s3.url,
    }
    with running(tmp_path, environment) as backend:
        assert text(backend, f"s3://{BUCKET}/own keys/ä%20.png") == "Invoice 12345"
        (missing,) = notes(ask(backend, f"s3://{BUCKET}/none.png"))
        assert SECRET_KEY not in backend.log.read_text()
    assert missing == (f"BoxOCR: The bucket {BUCKET} has no such page. Check that the file was not moved or deleted.")


def test_a_legacy_token_is_sent_as_it_is(tmp_path: Path, s3: S3Server) -> None:
    with label_studio() as studio:
        filled(studio, s3)
        studio.legacy_tokens = True
        environment = {
            "OCR_ENGINE": "tesseract",
            "LABEL_STUDIO_URL": studio.url,
            "LABEL_STUDIO_ACCESS_TOKEN": LEGACY_TOKEN,
        }
        with running(tmp_path, environment) as backend:
            assert text(backend, "/data/upload/1/ab-a.png") == "Invoice 12345"
            studio.legacy_tokens = False
            studio.uploads["1/later.png"] = PAGE
            (note,) = notes(ask(backend, "/data/upload/1/later.png"))
    assert "Label Studio refused this server's legacy token" in note
    assert "personal access token" in note


def test_local_files_are_read_from_disk_where_the_folder_is_mounted(tmp_path: Path) -> None:
    root = tmp_path / "documents"
    (root / "imgs").mkdir(parents=True)
    (root / "imgs" / "a b.png").write_bytes(PAGE)
    (tmp_path / "secret.png").write_bytes(PAGE)
    with running(
        tmp_path, {"OCR_ENGINE": "tesseract", "LOCAL_FILES_DOCUMENT_ROOT": str(root), "LOCAL_FILES_FOLDERS": "."}
    ) as backend:
        assert text(backend, "/data/local-files/?d=imgs/a%20b.png") == "Invoice 12345"
        for outside in ("../secret.png", "imgs/../../secret.png", "%2e%2e/secret.png", str(tmp_path / "secret.png")):
            results = ask(backend, f"/data/local-files/?d={outside}")
            assert [result["type"] for result in results] == ["rectanglelabels"]
            assert str(tmp_path) not in str(notes(results))


def test_a_file_on_disk_that_label_studio_refuses_is_not_read(tmp_path: Path) -> None:
    root = tmp_path / "documents"
    for folder in ("shown", "hidden"):
        (root / folder).mkdir(parents=True)
        (root / folder / "a.png").write_bytes(PAGE)
    with label_studio() as studio:
        studio.local_files["shown/a.png"] = PAGE
        environment = {
            "OCR_ENGINE": "tesseract",
            "LABEL_STUDIO_URL": studio.url,
            "LABEL_STUDIO_ACCESS_TOKEN": studio.token,
            "LOCAL_FILES_DOCUMENT_ROOT": str(root),
        }
        with running(tmp_path, environment) as backend:
            assert text(backend, "/data/local-files/?d=shown/a.png") == "Invoice 12345"
            (note,) = notes(ask(backend, "/data/local-files/?d=hidden/a.png"))
    assert "Label Studio shows no such local file to the owner of this server's token" in note
