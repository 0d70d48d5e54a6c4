"""``boxocr preannotate --project`` against the real Label Studio."""

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

from boxocr import MODEL_VERSION
from e2e.configs import BOXES
from e2e.conftest import NewProject
from e2e.label_studio import LabelStudioServer, Project
from e2e.pages import upright
from e2e.process import REPOSITORY, until
from e2e.storage import WebServer

PAGES = 12

_LINES = BOXES.replace("<TextArea ", '<TextArea model_preannotate="lines" ')


def test_a_run_that_is_killed_half_way_is_finished_by_the_next(
    new_project: NewProject, label_studio: LabelStudioServer, web: WebServer, page_folder: Path, tmp_path: Path
) -> None:
    pages = [
        upright(
            page_folder / f"bulk-{number}.png", "Minutes of the meeting", f"Page number {number}", "Signed and sealed"
        )
        for number in range(100, 100 + PAGES)
    ]
    project = new_project(_LINES, *({"image": page} for page in pages), connect=False)
    journal = tmp_path / f"boxocr-project-{project.id}.journal"

    def start() -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "boxocr", "preannotate", "--project", str(project.id)],
            cwd=tmp_path,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(REPOSITORY),
                "LABEL_STUDIO_URL": label_studio.url,
                "LABEL_STUDIO_ACCESS_TOKEN": label_studio.personal_token,
                "ALLOWED_IMAGE_HOSTS": web.host,
                "OCR_ENGINE": "tesseract",
                "OCR_WORKERS": "1",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    with start() as first:
        until(lambda: _read(journal) >= PAGES // 2, "half of the pages are read", seconds=120, pause=0.01)
        first.send_signal(signal.SIGKILL)
        first.communicate()
    before = _read(journal)
    assert PAGES // 2 <= before < PAGES

    with start() as second:
        output, _ = second.communicate(timeout=180)
    assert second.returncode == 0, output
    assert output.startswith(f"Read {PAGES - before} tasks, {PAGES - before} pages in ")
    assert _stored(project) == dict.fromkeys(project.tasks(), 1)
    for task, number in zip(project.tasks(), range(100, 100 + PAGES), strict=True):
        (prediction,) = project.predictions(task)
        assert prediction["model_version"] == MODEL_VERSION
        assert [one["value"]["text"][0] for one in prediction["result"] if one["type"] == "textarea"] == [
            "Minutes of the meeting",
            f"Page number {number}",
            "Signed and sealed",
        ]

    with start() as third:
        output, _ = third.communicate(timeout=180)
    assert output.startswith("Read 0 tasks")
    assert _stored(project) == dict.fromkeys(project.tasks(), 1)


def _read(journal: Path) -> int:
    """How many tasks it holds."""
    lines = journal.read_text().splitlines(keepends=True)[1:] if journal.exists() else []
    return sum(line.endswith("\n") for line in lines)


def _stored(project: Project) -> Counter[int]:
    return Counter({task: len(project.predictions(task)) for task in project.tasks()})
