"""``boxocr preannotate --project``, beside a Label Studio stand-in."""

import signal
from collections import Counter
from pathlib import Path

import pytest

from boxocr import MODEL_VERSION
from boxocr.commands.preannotate.items import PARTIAL_VERSION
from tests.commands.conftest import Run
from tests.commands.label_studio_api import ApiStandIn
from tests.commands.preannotating import LINES, PAGES_OF_A_TASK, Command, lines_of, page, texts
from tests.servers.web import Request

PAGES = 10


@pytest.fixture
def preannotate(tmp_path: Path, studio: ApiStandIn) -> Command:
    """With a project of pages that were uploaded to Label Studio."""
    names = [f"1/{number:08}-page.png" for number in range(1, PAGES + 1)]
    for number, name in enumerate(names, start=1):
        studio.uploads[name] = page(f"Task number {number}")
    studio.add_project(LINES, *({"image": f"/data/upload/{name}"} for name in names))
    return Command(tmp_path, {"LABEL_STUDIO_URL": studio.url, "LABEL_STUDIO_ACCESS_TOKEN": studio.token})


def uploads_asked(studio: ApiStandIn) -> Counter[str]:
    return Counter(one.path for one in studio.web.requests if one.path.startswith("/data/upload/"))


def test_tasks_without_prediction_get_one(preannotate: Command, studio: ApiStandIn) -> None:
    studio.predictions += [
        {"task": 3, "model_version": MODEL_VERSION, "result": []},
        {"task": 4, "model_version": "another", "result": []},
    ]
    done = preannotate("--project", 1)
    assert done.code == 0, done
    assert done.output.startswith(f"Read {PAGES - 1} tasks, {PAGES - 1} pages in ")
    assert done.output.endswith("The predictions are in project 1.")
    stored = studio.predictions[2:]
    assert {row["model_version"] for row in stored} == {MODEL_VERSION}
    assert {row["task"]: texts(row) for row in stored} == {
        number: [f"Task number {number}"] for number in range(1, PAGES + 1) if number != 3
    }
    assert len(stored) == PAGES - 1
    assert not list(preannotate.folder.iterdir())

    studio.web.requests.clear()
    again = preannotate("--project", 1)
    assert again.output.startswith("Read 0 tasks")
    assert not uploads_asked(studio)
    assert len(studio.predictions) == PAGES + 1


def test_many_tasks_are_asked_for_a_hundred_at_a_time(preannotate: Command, studio: ApiStandIn) -> None:
    studio.tasks[1] += [{"id": number, "data": {}} for number in range(PAGES + 1, 251)]
    studio.predictions += [
        {"task": number, "model_version": MODEL_VERSION, "result": []} for number in range(PAGES + 1, 241)
    ]
    done = preannotate("--project", 1)
    assert done.code == 1
    assert "10 failed" in done.output
    assert 'Task 250: The task has no image address under "$image"' in done.errors
    sizes = [int(one.query["page_size"]) for one in studio.web.requests if one.path.rstrip("/") == "/api/tasks"]
    assert max(sizes) == 100
    assert Counter(row["task"] for row in studio.predictions) == dict.fromkeys(range(1, 241), 1)


def test_a_run_that_was_killed_is_finished_by_the_next(preannotate: Command, studio: ApiStandIn) -> None:
    journal = preannotate.folder / "boxocr-project-1.journal"
    with preannotate.until(lambda: len(lines_of(journal)) > PAGES // 2, signal.SIGKILL, "--project", 1) as ended:
        assert ended.code == -signal.SIGKILL
    read = len(lines_of(journal)) - 1
    assert PAGES // 2 <= read < PAGES
    stored = len(studio.predictions)
    studio.web.requests.clear()

    done = preannotate("--project", 1)
    assert done.code == 0, done
    assert f"{read - stored} had been read before." in done.output or read == stored
    assert sum(uploads_asked(studio).values()) == PAGES - read
    assert Counter(row["task"] for row in studio.predictions) == dict.fromkeys(range(1, PAGES + 1), 1)
    assert not journal.exists()


def test_ctrl_c_stores_what_was_read(preannotate: Command, studio: ApiStandIn) -> None:
    journal = preannotate.folder / "boxocr-project-1.journal"
    with preannotate.until(lambda: len(lines_of(journal)) > PAGES // 2, signal.SIGINT, "--project", 1) as ended:
        assert ended.code == 130
    assert len(studio.predictions) == len(lines_of(journal)) - 1 >= PAGES // 2
    assert preannotate("--project", 1).code == 0
    assert Counter(row["task"] for row in studio.predictions) == dict.fromkeys(range(1, PAGES + 1), 1)


def test_one_prediction_that_is_refused_costs_no_other(
    preannotate: Command, studio: ApiStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = studio._tasks

    def with_one_that_is_deleted_meanwhile(request: Request, project: int) -> object:
        studio.tasks[1].append({"id": 99, "data": studio.tasks[1][0]["data"]})
        try:
            return listed(request, project)
        finally:
            studio.tasks[1].pop()

    monkeypatch.setattr(studio, "_tasks", with_one_that_is_deleted_meanwhile)
    done = preannotate("--project", 1)
    assert done.code == 1
    assert "Task 99: Label Studio answered with HTTP 400: Prediction 0: Invalid task ID 99" in done.errors
    assert Counter(row["task"] for row in studio.predictions) == dict.fromkeys(range(1, PAGES + 1), 1)


@pytest.mark.usefixtures("preannotate")
def test_what_is_in_the_way_is_said(boxocr: Run, studio: ApiStandIn) -> None:
    assert "Label Studio has no such project" in boxocr("preannotate", "--project", 5).errors
    assert boxocr("preannotate", "--project", 1, LABEL_STUDIO_URL="").errors.endswith("Set LABEL_STUDIO_HOST.")
    studio.projects[1]["label_config"] = LINES.replace('model_preannotate="lines"', "")
    refused = boxocr("preannotate", "--project", 1)
    assert refused.code == 1
    assert "The labeling config does not ask for whole pages to be read." in refused.errors


def test_a_page_that_failed_is_added_to_what_is_stored_of_its_task(preannotate: Command, studio: ApiStandIn) -> None:
    names = [f"1/{number:08}-page.png" for number in (1, 2, 3)]
    number = studio.add_project(PAGES_OF_A_TASK, {"pages": [f"/data/upload/{name}" for name in names]})
    good = studio.uploads.pop(names[1])
    for _ in range(2):
        done = preannotate("--project", number)
        assert done.code == 1
        assert "Task 1, page 2: " in done.errors
        (stored,) = studio.predictions
        assert (stored["task"], stored["model_version"]) == (1, PARTIAL_VERSION)
        assert texts(stored) == ["Task number 1", "Task number 3"]

    studio.uploads[names[1]] = good
    studio.web.requests.clear()
    mended = preannotate("--project", number)
    assert (mended.code, mended.errors) == (0, "")
    assert uploads_asked(studio) == {f"/data/upload/{names[1]}": 1}
    (stored,) = studio.predictions
    assert (stored["task"], stored["model_version"]) == (1, MODEL_VERSION)
    assert texts(stored) == ["Task number 1", "Task number 2", "Task number 3"]
    assert not list(preannotate.folder.iterdir())
