"""Trainings that Label Studio's events start, in the background of a server."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from boxocr.learning.store import LearnedState, LearnedStore
from boxocr.reading.recognition.head import Head
from tests.backend import PYTHONPATH, Backend, clean_environment, one_reader, refused, running
from tests.commands.conftest import Run
from tests.commands.label_studio_api import ApiStandIn
from tests.learning.engines import READING
from tests.learning.projects import Server, dates
from tests.payloads import payload
from tests.servers.web import Reply, Request

_SECONDS = 60

# Trainings only use cores that would be idle.
_TRAINING_SECONDS = 200


def wait_for(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + _TRAINING_SECONDS
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.fixture
def server(tmp_path: Path, page_server: str, studio: ApiStandIn) -> Iterator[Server]:
    folder = tmp_path / "server"
    folder.mkdir()
    variables = {
        "LABEL_STUDIO_URL": studio.url,
        "LABEL_STUDIO_ACCESS_TOKEN": studio.token,
        "MODEL_DIR": str(tmp_path / "models"),
        "LEARN": "auto",
        "STATUS_PAGE": "true",
    }
    with running(folder, one_reader(page_server, "tests.learning.engines:Captioned", **variables)) as backend:
        yield Server(backend, page_server)


def accuracy(server: Server) -> dict[str, Any]:
    """The accuracy section of the status page, as soon as it is known."""
    wait_for(lambda: server.backend.get("/status/accuracy").json()["note"] != "Looking …")
    return dict(server.backend.get("/status/accuracy").json())


def submit(server: Server, project: int, suggestions: int) -> None:
    """Send an event as Label Studio does, with this many suggestions in the annotation."""
    body = payload("webhook-annotation-created", "")
    result = dates(1)[0]["annotations"][0]["result"]
    body["project"]["id"] = project
    body["annotation"]["result"] = result * suggestions
    assert server.backend.post("/webhook", body).status_code == 201


def test_a_server_learns_by_itself_and_when_it_is_asked_and_forged_events_teach_nothing(
    server: Server, studio: ApiStandIn, tmp_path: Path
) -> None:
    forged, project = studio.add_project(), studio.add_project()
    store = LearnedStore(tmp_path / "models", project)
    studio.tasks[forged], studio.tasks[project] = dates(5), dates(16)
    submit(server, forged, 100)
    submit(server, project, 15)
    submit(server, project, 1)
    # One run at a time, in the order of the events.
    wait_for(lambda: store.current() == 1)
    server.backend.says(f"Project {project}: Version 1 was learned from 16 corrections.")
    server.expect(project, "30/12/2017")
    assert server.answer(project)["model_version"] == "boxocr-learned-1-0.1.0"
    setup = payload("setup", "") | {"project": f"{project}.1790000000"}
    assert server.backend.post("/setup", setup).json()["model_version"] == "boxocr-learned-1-0.1.0"
    assert LearnedStore(tmp_path / "models", forged).versions() == []
    server.expect(forged, READING)

    (row,) = [row for row in accuracy(server)["projects"] if row["project"] == project]
    assert row["figures"] | {"boxes": 16, "corrected": 16, "accepted_share": 0, "edits": 12 * 16} == row["figures"]
    assert (row["version"], row["sentences"][0].partition(" (")[0]) == (1, "Label1: the first part like 99/99/9999")

    start = payload("webhook-start-training", "")
    start["project"]["id"] = project
    assert server.backend.post("/webhook", start).status_code == 201
    wait_for(lambda: store.current() == 2)
    server.backend.says("Version 2 was learned from 16 corrections.")
    assert "03/2017" not in server.backend.log.read_text()


def test_without_model_dir_label_studio_gets_the_reason(backend: Backend) -> None:
    answer = backend.post("/webhook", payload("webhook-start-training", ""))
    assert answer.status_code == 409
    assert answer.reason.startswith("This server cannot learn from corrections. Set MODEL_DIR")
    assert backend.post("/train", {"project": "1.1"}).status_code == 409


def test_a_server_that_learns_by_itself_needs_a_folder_and_label_studio(tmp_path: Path) -> None:
    code, output = refused(tmp_path, {"LEARN": "auto", "OCR_ENGINE": "tests.learning.engines:Captioned"})
    assert code != 0
    assert "LEARN=auto needs MODEL_DIR, LABEL_STUDIO_HOST, LABEL_STUDIO_ACCESS_TOKEN" in output


def test_a_killed_run_changes_nothing_and_doctor_reports_it(boxocr: Run, studio: ApiStandIn, tmp_path: Path) -> None:
    project = studio.add_project()
    studio.tasks[project] = dates(16)
    boxocr("learn", "--project", project, MODEL_DIR=str(tmp_path))
    asked, go_on = threading.Event(), threading.Event()

    def slow(request: Request) -> Reply:
        if request.path.endswith("/api/tasks"):
            asked.set()
            go_on.wait(_SECONDS)
        return studio.dated_answer(request)

    studio.web.routes[""] = slow
    variables = {"LABEL_STUDIO_URL": studio.url, "LABEL_STUDIO_ACCESS_TOKEN": studio.token, "MODEL_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "boxocr", "learn", "--project", str(project)]
    environment = clean_environment(PYTHONPATH=PYTHONPATH, **variables)
    with subprocess.Popen(command, env=environment, cwd=tmp_path) as process:  # noqa: S603 - our own command
        assert asked.wait(_SECONDS)
        busy = boxocr("learn", "--project", project)
        os.kill(process.pid, signal.SIGKILL)
    go_on.set()
    studio.web.routes[""] = studio.dated_answer
    assert "Another process is learning from this project." in busy.errors
    store = LearnedStore(tmp_path, project)
    assert (store.current(), store.versions()) == (1, [1])
    doctor = boxocr("doctor")
    assert doctor.says(f"Project {project} is read with version 1")
    assert doctor.says("The run was interrupted.")
    boxocr("learn", "--project", project)
    assert not boxocr("doctor").says("interrupted")


def test_doctor_reports_a_version_that_is_broken_or_of_another_model(
    boxocr: Run, studio: ApiStandIn, tmp_path: Path
) -> None:
    project = studio.add_project()
    studio.tasks[project] = dates(16)
    boxocr("learn", "--project", project, MODEL_DIR=str(tmp_path))
    (state,) = tmp_path.rglob("state.json")
    state.write_text("{")
    doctor = boxocr("doctor")
    assert doctor.says(f"✗ learning: Learned version 1 of project {project} cannot be read")
    assert doctor.code == 1

    head = Head(("a",), np.zeros((120, 2), np.float32), np.zeros(2, np.float32), model="another")
    LearnedStore(tmp_path, project).save(LearnedState(heads={"Label1": head}))
    doctor = boxocr("doctor")
    assert doctor.says(f"✗ learning: Version 2 of project {project} has a recognizer head of another model.")
