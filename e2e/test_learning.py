"""The report counts as an independent script does, and what was learned changes the next suggestion."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from boxocr import MODEL_VERSION
from e2e import commands
from e2e.annotator import Annotator
from e2e.backend import Backend
from e2e.configs import BOXES, PREANNOTATED
from e2e.conftest import NewProject, StartBackend
from e2e.label_studio import LabelStudioServer, Project
from e2e.pages import Box, Page
from e2e.process import until
from e2e.storage import WebServer
from tests.learning import independent

FIRST, SECOND, THIRD = "Invoice 12345", "Total due 678.90", "Berlin Germany"

LEARNED_VERSION = "boxocr-learned-1-0.1.0"

# Where the page is white.
NOTHING = Box(60, 70, 30, 10)

Run = Callable[..., str]
Report = Callable[[Project], dict[str, Any]]


@pytest.fixture
def boxocr(label_studio: LabelStudioServer, web: WebServer, tmp_path: Path) -> Run:
    """Runs a command of ours; gives its output on one line."""

    def run(*arguments: object, **variables: str) -> str:
        environment = commands.environment(label_studio, web) | variables
        done = commands.run(*arguments, variables=environment, folder=tmp_path)
        assert done.returncode == 0, done
        return " ".join(done.stdout.split())

    return run


@pytest.fixture
def report(boxocr: Run, tmp_path: Path) -> Report:
    """Runs ``boxocr report``; returns the content of its JSON, and leaves the page in report.html."""

    def run(project: Project) -> dict[str, Any]:
        boxocr("report", "--project", project.id, "--json", "report.json", "--html", "report.html")
        return dict(json.loads((tmp_path / "report.json").read_text(encoding="utf-8")))

    return run


def suggestion_in(annotation: dict[str, Any]) -> dict[str, Any]:
    """The suggestion behind the only text of an annotation or a draft."""
    (text,) = (result for result in annotation["result"] if result["type"] == "textarea")
    return dict(text["meta"]["suggestion"])


def exported(project: Project) -> Any:
    """The project in Label Studio's JSON export."""
    return project.label_studio.get(f"/api/projects/{project.id}/export", exportType="JSON")


def test_the_reports_figures_are_those_of_an_independent_script(
    annotator: Annotator, new_project: NewProject, invoice: Page, report: Report, tmp_path: Path
) -> None:
    first, second = invoice.box(FIRST), invoice.box(SECOND)
    project = new_project(BOXES, {"image": invoice}, {"image": invoice})
    task, other = project.tasks()
    annotator.open(project, task)
    annotator.read(first)
    annotator.read(second, "Number")
    annotator.write(1, "Total due 679.90")
    annotator.read(invoice.box(THIRD))
    annotator.write(2, "")
    annotator.draw_by_hand(NOTHING)
    annotator.write(3, "By hand")
    annotator.submit()
    annotator.open(project, task)
    annotator.correct(FIRST, "Invoice 54321")
    annotator.update()
    annotator.open(project, task)
    annotator.duplicate()
    annotator.write(0, FIRST)
    annotator.submit()
    annotator.open(project, other)
    annotator.read(first)
    annotator.move_region(first, right=second.x - first.x, down=second.y - first.y)
    annotator.draw(invoice.box(THIRD))
    annotator.type_before_acceptance(1, "My own words")
    annotator.submit()

    found = report(project)
    export = exported(project)
    assert found["total"] == pytest.approx(independent.figures(export))
    assert found["calibration"]["error"] == pytest.approx(independent.calibration_error(export))
    outcomes = ("accepted_unchanged", "corrected", "emptied", "moved", "typed_by_hand")
    assert [found["total"][outcome] for outcome in outcomes] == [1, 2, 1, 1, 2]
    assert (tmp_path / "report.html").read_text(encoding="utf-8").count("data:image/jpeg;base64,") == 2


def test_a_corrected_prediction_of_a_whole_page_counts_for_its_version(
    annotator: Annotator, new_project: NewProject, invoice: Page, report: Report
) -> None:
    project = new_project(PREANNOTATED, {"image": invoice})
    annotator.open(project, project.task(), auto_annotation=False)
    annotator.expect_text(FIRST)
    annotator.write(0, "Invoice 99999")
    annotator.submit()

    found = report(project)
    assert found["total"] == pytest.approx(independent.figures(exported(project)))
    ((version, figures),) = found["by"]["version"].items()
    assert version.startswith("boxocr-")
    assert (figures["accepted_unchanged"], figures["corrected"], figures["edits"]) == (2, 1, 5)


@pytest.fixture
def learning_backend(start_backend: StartBackend, tmp_path: Path) -> Backend:
    """A backend that stores what it learns in ``tmp_path``."""
    return start_backend(MODEL_DIR=str(tmp_path))


@pytest.fixture
def learning_project(new_project: NewProject, learning_backend: Backend, invoice: Page) -> Project:
    """A project with fourteen tasks, which is connected to that backend."""
    project = new_project(BOXES, *[{"image": invoice}] * 14, connect=False)
    project.connect(learning_backend.url)
    return project


def wait_for_version(backend: Backend, project: Project, version: str) -> None:
    """Wait until the backend answers with this version for a project. It looks for a new one every five seconds."""
    body = {"project": f"{project.id}.1", "schema": BOXES}

    def answered() -> bool:
        found = requests.post(f"{backend.url}/setup", json=body, timeout=30).json()["model_version"]
        return bool(found == version)

    until(answered, f"the backend uses {version}")


def test_a_box_is_right_after_learning_and_as_before_after_a_rollback(  # noqa: PLR0913, PLR0917 - fixtures
    annotator: Annotator,
    learning_project: Project,
    learning_backend: Backend,
    invoice: Page,
    boxocr: Run,
    tmp_path: Path,
) -> None:
    project = learning_project
    first, *others, next_task, last_task = project.tasks()
    annotator.open(project, first)
    annotator.read(invoice.box(SECOND))
    annotator.write(0, "678.90")
    annotator.submit()
    corrected = project.saved(first).results
    for task in others:
        project.label_studio.api.annotations.create(id=task, result=corrected)

    variables = {"MODEL_DIR": str(tmp_path)}
    # The button "Start Training" on the Model page.
    (connection,) = project.label_studio.get("/api/ml", project=project.id)
    project.label_studio.api.ml.train(connection["id"])
    until(
        lambda: "In use: 1." in boxocr("learn", "--project", project.id, "--show", **variables),
        "the training has ended",
        seconds=120,
        pause=1,
    )
    said = boxocr("learn", "--project", project.id, "--show", **variables)
    assert "Text: the first part like 999.99 (right 0 → 12 of 12" in said
    wait_for_version(learning_backend, project, LEARNED_VERSION)
    annotator.open(project, next_task)
    annotator.read(invoice.box(SECOND))
    annotator.expect_text("678.90")
    annotator.write(0, "679.90")
    until(lambda: "679.90" in str(project.drafts(next_task)), "the draft is saved", pause=0.3)
    kept = [suggestion_in(draft) for draft in project.drafts(next_task)]
    annotator.submit()
    annotator.open(project, next_task)
    annotator.correct("679.90", "680.90")
    annotator.update()
    annotator.open(project, next_task)
    annotator.duplicate()
    annotator.write(0, "681.90")
    annotator.submit()
    (exported_task,) = (task for task in exported(project) if task["id"] == next_task)
    kept += [suggestion_in(annotation) for annotation in exported_task["annotations"]]
    # The suggestion is kept in a draft, in an annotation that was updated, and in its copy.
    assert kept == [kept[0]] * 3
    assert (kept[0]["text"], kept[0]["reading"], kept[0]["learned"]) == ("678.90", SECOND, 1)
    (connection,) = project.label_studio.get("/api/ml", project=project.id)
    assert connection["model_version"] == LEARNED_VERSION

    boxocr("learn", "--project", project.id, "--off", **variables)
    wait_for_version(learning_backend, project, MODEL_VERSION)
    annotator.open(project, last_task)
    annotator.read(invoice.box(SECOND))
    annotator.expect_text(SECOND)
