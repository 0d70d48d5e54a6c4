"""``boxocr preannotate --project`` against a real Label Studio."""

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

from boxocr import MODEL_VERSION
from e2e import commands
from e2e.configs import BOXES
from e2e.conftest import NewProject
from e2e.label_studio import LabelStudioServer, Project
from e2e.pages import Page
from e2e.process import until
from e2e.storage import WebServer

_LINES = BOXES.replace("<TextArea ", '<TextArea model_preannotate="lines" ')


def test_a_run_that_is_killed_half_way_is_finished_by_the_next(
    new_project: NewProject, label_studio: LabelStudioServer, web: WebServer, delivery_notes: list[Page], tmp_path: Path
) -> None:
    pages = len(delivery_notes)
    project = new_project(_LINES, *({"image": page} for page in delivery_notes), connect=False)
    journal = tmp_path / f"boxocr-project-{project.id}.journal"

    def start() -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "boxocr", "preannotate", "--project", str(project.id)],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "OCR_ENGINE": "tesseract"} | commands.environment(label_studio, web),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    with start() as first:
        until(lambda: len(_read(journal)) >= pages // 2, "half of the pages are read", seconds=120, pause=0.01)
        first.send_signal(signal.SIGKILL)
        first.communicate()
    before = _read(journal)
    assert pages // 2 <= len(before) < pages
    assert len(set(before)) == len(before)
    web.asked.clear()

    with start() as second:
        output, _ = second.communicate(timeout=180)
    assert second.returncode == 0, output
    missing = pages - len(before)
    assert output.startswith(f"Read {missing} tasks, {missing} pages in ")
    assert sorted(web.asked.values()) == [1] * missing
    assert _stored(project) == dict.fromkeys(project.tasks(), 1)
    for task, page in zip(project.tasks(), delivery_notes, strict=True):
        (prediction,) = project.predictions(task)
        assert prediction["model_version"] == MODEL_VERSION
        assert [one["value"]["text"][0] for one in prediction["result"] if one["type"] == "textarea"] == list(
            page.lines
        )

    with start() as third:
        output, _ = third.communicate(timeout=180)
    assert output.startswith("Read 0 tasks")
    assert _stored(project) == dict.fromkeys(project.tasks(), 1)


def _read(journal: Path) -> list[str]:
    """Return the keys of the tasks in the journal."""
    lines = journal.read_text().splitlines(keepends=True)[1:] if journal.exists() else []
    return [line.partition(" ")[0] for line in lines if line.endswith("\n")]


def _stored(project: Project) -> Counter[int]:
    return Counter({task: len(project.predictions(task)) for task in project.tasks()})
