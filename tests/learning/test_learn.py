"""``boxocr learn``: rules from the corrections in a project, and what they do to its answers."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.backend import one_reader, running
from tests.commands.conftest import Run
from tests.commands.label_studio_api import ApiStandIn
from tests.learning.engines import READING
from tests.learning.projects import Server, corrected, dates


@pytest.fixture
def project(studio: ApiStandIn) -> int:
    """A project in which annotators cut the captions off dates."""
    number = studio.add_project()
    studio.tasks[number] = dates(12)
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
    missing = boxocr("learn", "--project", project, "--use", 5)
    assert missing.code == 1
    assert missing.errors == "✗ There is no version 5. → boxocr learn --show lists the versions that there are."
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


# --- The version in use, checked on the boxes that followed it


def followed(number: int, submitted: str, *, day: int) -> dict[str, Any]:
    """A box that got a date without its caption, after the version was learned."""
    reading, date = f"Date: {day:02}/04/2017 10:15", f"{day:02}/04/2017"
    task = corrected(number, date, submitted or reading, created_at="2035-01-01T00:00:00Z")
    (text,) = (one for one in task["annotations"][0]["result"] if one["type"] == "textarea")
    text["meta"]["suggestion"] |= {"reading": reading, "learned": 1}
    return task


def test_a_version_that_does_worse_on_fifty_boxes_is_rolled_back(
    boxocr: Run, project: int, model_dir: Path, studio: ApiStandIn
) -> None:
    studio.tasks[project] = dates(64)
    boxocr("learn", "--project", project, MODEL_DIR=str(model_dir))
    # Annotators now want the captions.
    studio.tasks[project] += [followed(number, "", day=number % 28 + 1) for number in range(101, 150)]
    assert boxocr("learn", "--project", project, "--if-due").code == 0
    assert boxocr("learn", "--project", project, "--show").says("In use: 1.")

    studio.tasks[project].append(followed(150, "", day=1))
    sentence = "Version 1 is not used any more: on 50 boxes annotators made 600 edits, and without it they would have"
    assert boxocr("learn", "--project", project, "--if-due").says(sentence)
    shown = boxocr("learn", "--project", project, "--show")
    assert shown.says(sentence)
    assert shown.says("In use: none.")
    doctor = boxocr("doctor")
    assert doctor.says(f"learning: Project {project}: {sentence}")


def test_a_version_that_does_well_stays(boxocr: Run, project: int, model_dir: Path, studio: ApiStandIn) -> None:
    boxocr("learn", "--project", project, MODEL_DIR=str(model_dir))
    studio.tasks[project] += [
        followed(number, f"{number % 28 + 1:02}/04/2017", day=number % 28 + 1) for number in range(20, 75)
    ]
    done = boxocr("learn", "--project", project, "--if-due")
    assert done.says("Version 1 on boxes that were submitted since: right 0 → 55 of 55")
    # Now there are more than 32.
    assert done.says("Version 2 is in use.")


# --- Annotators


def test_annotators_who_write_the_same_thing_differently_are_reported(
    boxocr: Run, model_dir: Path, studio: ApiStandIn
) -> None:
    number = studio.add_project()
    studio.tasks[number] = [
        corrected(
            page,
            f"pages {page}\u201310",
            f"pages {page}{'-' if page % 2 else chr(0x2013)}10",
            completed_by=page % 2 + 7,
        )
        for page in range(1, 21)
    ]
    done = boxocr("learn", "--project", number, "--dry-run", MODEL_DIR=str(model_dir))
    assert done.says("In “Label1”, annotator 8 (10 of 10) writes hyphens for dashes; annotator 7 (0 of 10) does not.")
    assert done.says("Nothing was saved.")
    assert boxocr("report", "--project", number).says("annotator 7 (0 of 10) does not.")


# --- The server


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
    assert server.answer(project)["model_version"] == "boxocr-learned-1-0.1.0"
    after = server.text(project)
    suggestion = after["meta"]["suggestion"]
    assert (suggestion["text"], suggestion["reading"], suggestion["learned"]) == ("30/12/2017", READING, 1)
    assert (suggestion["version"], suggestion["attempt"]) == ("boxocr-0.1.0", 1)
    assert after["value"]["x"] == before["value"]["x"]
    server.expect(project + 1, READING)
    assert server.answer(project + 1)["model_version"] == "boxocr-0.1.0"
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
