"""``boxocr learn`` on lines of a Fraktur print, and a server that reads another page with what was learned."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from boxocr.learning.alignment import distance
from boxocr.learning.store import LearnedState, LearnedStore
from boxocr.reading.recognition.head import Head
from tests.backend import Backend, running
from tests.commands.conftest import Run
from tests.commands.label_studio_api import BOXES, ApiStandIn
from tests.learning.fraktur import PrintedPage, corrected, printed_pages
from tests.payloads import one_box

# Enough for 86 lines to learn from, and the page after these.
PAGES = 5


@pytest.fixture(scope="module")
def pages() -> list[PrintedPage]:
    return printed_pages(PAGES)


@pytest.fixture
def project(studio: ApiStandIn, pages: list[PrintedPage]) -> int:
    """A project whose annotators corrected all pages but the last one."""
    number = studio.add_project(BOXES.replace('"Text"', '"Label1"'))
    for task, page in enumerate(pages[:-1], start=1):
        result = corrected(page, "Label1")
        annotation = {"id": task, "result": result, "was_cancelled": False, "created_at": "2026-03-02T08:00:00Z"}
        studio.tasks[number].append({"id": task, "data": {"image": page.address}, "annotations": [annotation]})
    return number


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Backend]:
    folder = tmp_path / "server"
    folder.mkdir()
    with running(folder, {"OCR_ENGINE": "auto", "OCR_WORKERS": "1", "MODEL_DIR": str(tmp_path)}) as found:
        yield found


def edits_on(server: Backend, project: int, page: PrintedPage) -> tuple[int, set[object]]:
    """Edits from the readings of a page's lines to their texts, and the learned versions that the readings follow."""
    edits, versions = 0, set()
    for text, place in page.lines:
        body = one_box("", **place) | {"project": f"{project}.1790000000"}
        body["tasks"][0]["data"]["ocr"] = page.address
        (found,) = server.predict(body)
        (result,) = (one for one in found["result"] if one["type"] == "textarea")
        edits += distance(result["value"]["text"][0], text)
        versions.add(result["meta"]["suggestion"].get("learned"))
    return edits, versions


def test_another_page_is_read_with_a_third_of_the_errors(
    boxocr: Run, project: int, server: Backend, pages: list[PrintedPage], tmp_path: Path
) -> None:
    unseen = PrintedPage(pages[-1].png, pages[-1].lines[1:13], [])
    before, versions = edits_on(server, project + 1, unseen)
    assert versions == {None}
    done = boxocr("learn", "--project", project, MODEL_DIR=str(tmp_path), OCR_ENGINE="auto")
    assert done.code == 0, done
    assert done.says("86 boxes with one line of text.")
    assert done.says("A recognizer head for Label1 (right ")
    # The first look at this project comes after the version.
    after, versions = edits_on(server, project, unseen)
    assert versions == {1}
    assert after <= 0.33 * before
    (head,) = tmp_path.rglob("head-*.npz")
    assert head.stat().st_size < 300_000


def test_marks_for_illegible_lines_are_counted_and_left_out(
    boxocr: Run, project: int, studio: ApiStandIn, tmp_path: Path
) -> None:
    results = studio.tasks[project][0]["annotations"][0]["result"]
    for result in results:
        if result["type"] == "textarea":
            result["value"]["text"] = ["~~~"]
    done = boxocr("learn", "--project", project, "--dry-run", MODEL_DIR=str(tmp_path), OCR_ENGINE="auto")
    assert done.says("79 boxes with one line of text.")
    assert done.says("15 of them are left out: they have a mark, such as ~~~, where letters were recognized.")


def test_a_head_of_another_model_is_logged_and_boxes_are_read_without_it(
    server: Backend, pages: list[PrintedPage], tmp_path: Path
) -> None:
    page = PrintedPage(pages[0].png, pages[0].lines[:2], [])
    expected, _ = edits_on(server, 8, page)
    head = Head(("a",), np.zeros((120, 2), np.float32), np.zeros(2, np.float32), model="another")
    LearnedStore(tmp_path, 7).save(LearnedState(heads={"Label1": head}))
    assert edits_on(server, 7, page)[0] == expected
    server.says("belongs to another model")


def test_a_head_without_its_file_is_logged_and_boxes_are_read_without_it(
    server: Backend, pages: list[PrintedPage], tmp_path: Path
) -> None:
    page = PrintedPage(pages[0].png, pages[0].lines[:2], [])
    head = Head(("a",), np.zeros((120, 2), np.float32), np.zeros(2, np.float32))
    LearnedStore(tmp_path, 7).save(LearnedState(heads={"Label1": head}))
    (file,) = tmp_path.rglob("head-*.npz")
    file.unlink()
    assert edits_on(server, 7, page)[1] == {None}
    server.says("Learned version 1 of project 7 cannot be read: FileNotFoundError.")
