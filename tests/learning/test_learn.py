"""``boxocr learn``: rules from the corrections in a project, and what they do to its answers."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.backend import Backend, one_reader, running
from tests.commands.conftest import Run
from tests.commands.label_studio_api import ApiStandIn
from tests.learning.engines import READING
from tests.learning.test_report import region, task_of
from tests.payloads import one_box

# Servers look every five seconds; machines that run tests are slow.
_NOTICED_SECONDS = 30

# The label of the recorded request.
LABEL = "Label1"


def corrected(number: int, suggested: str, submitted: str, **more: Any) -> dict[str, Any]:
    return task_of(number, region(number, submitted, suggested, label=LABEL, **more))


@pytest.fixture
def project(studio: ApiStandIn) -> int:
    """A project in which annotators cut the captions off dates."""
    number = studio.add_project()
    studio.tasks[number] = [
        corrected(day, f"Date: {day:02}/03/2017 10:15", f"{day:02}/03/2017") for day in range(1, 13)
    ]
    return number


@pytest.fixture
def model_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    folder.mkdir()
    return folder


def test_what_was_learned_is_said_in_words_saved_and_shown(boxocr: Run, project: int, model_dir: Path) -> None:
    done = boxocr("learn", "--project", project, MODEL_DIR=str(model_dir))
    assert done.code == 0, done
    assert done.says("12 suggestions that annotators accepted or corrected.")
    assert done.says("Label1: the first part like 99/99/9999 (right 0 → 12 of 12")
    assert done.says("Version 1 is in use.")
    shown = boxocr("learn", "--project", project, "--show")
    assert shown.says("Versions: 1. In use: 1.")
    assert shown.says("Label1: Date: 01/03/2017 10:15 → 01/03/2017")


def test_a_dry_run_saves_nothing(boxocr: Run, project: int, model_dir: Path) -> None:
    done = boxocr("learn", "--project", project, "--dry-run", MODEL_DIR=str(model_dir))
    assert done.says("Label1: the first part like 99/99/9999")
    assert not list(model_dir.iterdir())
    assert boxocr("learn", "--project", project, "--show").says("Nothing was learned yet.")


def test_versions_can_be_switched_off_and_forgotten(boxocr: Run, project: int, model_dir: Path) -> None:
    for _ in range(2):
        boxocr("learn", "--project", project, MODEL_DIR=str(model_dir))
    assert boxocr("learn", "--project", project, "--use", 1).says("Version 1 is in use.")
    assert boxocr("learn", "--project", project, "--show").says("Versions: 1, 2. In use: 1.")
    assert boxocr("learn", "--project", project, "--use", 5).code == 1
    assert boxocr("learn", "--project", project, "--off").code == 0
    assert boxocr("learn", "--project", project, "--show").says("In use: none.")
    assert boxocr("learn", "--project", project, "--forget").code == 0
    assert not list((model_dir / "learned").iterdir())


def test_annotations_that_were_deleted_are_forgotten(
    boxocr: Run, project: int, model_dir: Path, studio: ApiStandIn
) -> None:
    boxocr("learn", "--project", project, MODEL_DIR=str(model_dir))
    studio.tasks[project] = studio.tasks[project][:5]
    done = boxocr("learn", "--project", project)
    assert done.says("Neither a rule nor a recognizer head helps on pages that it was not learned from.")
    assert done.says("Version 2 is in use.")
    assert "03/2017" not in "".join(path.read_text() for path in model_dir.rglob("*.json"))


def test_rules_are_learned_from_the_full_readings(
    boxocr: Run, project: int, model_dir: Path, studio: ApiStandIn
) -> None:
    for task in studio.tasks[project]:
        (text,) = (one for one in task["annotations"][0]["result"] if one["type"] == "textarea")
        suggestion = text["meta"]["suggestion"]
        suggestion |= {"reading": suggestion["text"], "text": text["value"]["text"][0], "learned": 1}
    done = boxocr("learn", "--project", project, MODEL_DIR=str(model_dir))
    assert done.says("Label1: the first part like 99/99/9999 (right 0 → 12 of 12")


def test_without_model_dir_one_sentence_says_so(boxocr: Run, project: int) -> None:
    done = boxocr("learn", "--project", project)
    assert done.code == 1
    assert "There is no folder for learned versions. → Set MODEL_DIR." in done.errors


# --- The server


@dataclass(frozen=True)
class Server:
    """A running server and the pages that it may fetch."""

    backend: Backend
    pages: str

    def text(self, project: int) -> dict[str, Any]:
        """The text result for one box in a project."""
        body = one_box(self.pages) | {"project": f"{project}.1790000000"}
        (found,) = self.backend.predict(body)
        (text,) = (result for result in found["result"] if result["type"] == "textarea")
        return dict(text)

    def expect(self, project: int, text: str) -> None:
        """Wait until a box in a project has this text."""
        end = time.monotonic() + _NOTICED_SECONDS
        while self.text(project)["value"]["text"] != [text]:
            assert time.monotonic() < end, self.text(project)
            time.sleep(0.2)


@pytest.fixture
def server(tmp_path: Path, page_server: str, model_dir: Path) -> Iterator[Server]:
    folder = tmp_path / "server"
    folder.mkdir()
    variables = one_reader(page_server, "tests.learning.engines:Captioned", MODEL_DIR=str(model_dir))
    with running(folder, variables) as found:
        yield Server(found, page_server)


def test_a_running_server_applies_rules_to_their_project_and_forgets_them(
    boxocr: Run, project: int, model_dir: Path, server: Server
) -> None:
    before = server.text(project)
    assert before["value"]["text"] == [READING]
    boxocr("learn", "--project", project, MODEL_DIR=str(model_dir))
    server.expect(project, "30/12/2017")
    after = server.text(project)
    suggestion = after["meta"]["suggestion"]
    assert (suggestion["text"], suggestion["reading"], suggestion["learned"]) == ("30/12/2017", READING, 1)
    assert after["value"]["x"] == before["value"]["x"]
    server.expect(project + 1, READING)
    boxocr("learn", "--project", project, "--off")
    server.expect(project, READING)


def test_a_broken_version_is_logged_and_readings_stay_as_they_are(
    boxocr: Run, project: int, model_dir: Path, server: Server
) -> None:
    boxocr("learn", "--project", project, MODEL_DIR=str(model_dir))
    (state,) = model_dir.rglob("state.json")
    state.write_text(json.dumps({"format": "something else"}))
    server.expect(project, READING)
    server.backend.says(f"Learned version 1 of project {project} is of another release of BoxOCR.")
