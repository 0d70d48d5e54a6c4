"""The page "From a folder of PDFs to a trained model": its commands, in its order, with a real Label Studio."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from e2e import commands, pages
from e2e.label_studio import LabelStudioServer, Project
from e2e.process import REPOSITORY
from e2e.storage import WebServer
from tests.pdfs import PdfPage, pdf, text_page

TYPED = ("Minutes of the meeting in March", "The chairman opened the session", "Seventeen members were present")
SCANNED = ("Invoice number 20417", "Total due 678.90", "Berlin Germany")

_SECONDS = 100

_PAGE = REPOSITORY / "docs" / "from-pdfs-to-a-model.md"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

Json = dict[str, Any]


class Desk:
    """A folder in which the page's commands run.

    Args:
        folder: the working folder.
        label_studio: in which the project is.
        web: not used by the pages.
    """

    def __init__(self, folder: Path, label_studio: LabelStudioServer, web: WebServer) -> None:
        self.folder = folder
        self.label_studio = label_studio
        self.blocks = _BLOCK.findall(_PAGE.read_text(encoding="utf-8"))
        ((_, config),) = (block for block in self.blocks if block[0] == "xml")
        self.project = label_studio.new_project("From PDFs to a model", config)
        self._environment = commands.environment(label_studio, web) | {"OCR_WORKERS": "2", "OCR_ENGINE": "tesseract"}
        program = folder / "bin" / "boxocr"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -m boxocr "$@"\n')
        program.chmod(0o755)
        self._environment["PATH"] = f"{program.parent}:/usr/bin:/bin"

    def run(self, containing: str) -> str:
        """Run the block that contains a text; gives its output."""
        ((language, block),) = (found for found in self.blocks if containing in found[1])
        block = block.replace("project 12", f"project {self.project.id}").replace(
            "project=12", f"project={self.project.id}"
        )
        command = [sys.executable, "-c", block] if language == "python" else ["/bin/bash", "-ec", block]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        said = " ".join((done.stdout + done.stderr).split())
        assert done.returncode == 0, said
        return said

    def tasks(self) -> list[Json]:
        """The tasks of the project with their annotations."""
        query = {"project": self.project.id, "fields": "all", "resolve_uri": "false", "page_size": 100}
        return list(self.label_studio.get("/api/tasks", **query)["tasks"])


@pytest.fixture
def desk(label_studio: LabelStudioServer, web: WebServer, tmp_path: Path) -> Desk:
    """A desk with two documents: one with a text layer, one that is a scan."""
    desk = Desk(tmp_path, label_studio, web)
    scans = tmp_path / "scans"
    scans.mkdir()
    (scans / "minutes.pdf").write_bytes(pdf(text_page(*TYPED)))
    scan = Image.open(pages.upright(tmp_path / "invoice.png", *SCANNED).path)
    (scans / "invoice.pdf").write_bytes(pdf(PdfPage(image=scan)))
    return desk


def _correct(project: Project, task: int, wrong: str, right: str) -> None:
    """Change a text in the only annotation of a task."""
    (annotation,) = project.label_studio.api.annotations.list(id=task)
    result: Any = [
        {**one, "value": {**one["value"], "text": [right]}} if one["value"].get("text") == [wrong] else one
        for one in annotation.result or ()
    ]
    project.label_studio.api.annotations.update(annotation.id or 0, result=result)


def test_the_pages_commands_lead_from_pdfs_to_a_model(desk: Desk) -> None:
    assert "Imported 2 files with 2 pages" in desk.run("boxocr import")
    desk.run("annotations.create")
    scan, typed = sorted(desk.tasks(), key=lambda task: str(task["data"]["source_file"]))
    # A typing error in a number.
    _correct(desk.project, scan["id"], SCANNED[0], "Invoice number 20471")

    assert "6 regions of 2 tasks; 1 are suspicious" in desk.run("boxocr report")
    assert "Invoice number 20471" in (desk.folder / "review.html").read_text(encoding="utf-8")
    assert (desk.folder / "report.html").exists()
    # The data manager sorts and filters by the score.
    above = {"filter": "filter:tasks:data.boxocr_review", "operator": "greater", "type": "Number", "value": 0.5}
    query = json.dumps({"filters": {"conjunction": "and", "items": [above]}, "ordering": ["-tasks:data.boxocr_review"]})
    found = desk.label_studio.get("/api/tasks", project=desk.project.id, query=query)["tasks"]
    assert [task["id"] for task in found] == [scan["id"]]
    ordering = json.dumps({"ordering": ["-tasks:data.boxocr_review"]})
    found = desk.label_studio.get("/api/tasks", project=desk.project.id, query=ordering)["tasks"]
    assert [task["id"] for task in found] == [scan["id"], typed["id"]]

    _correct(desk.project, scan["id"], "Invoice number 20471", SCANNED[0])
    desk.run("boxocr export")
    texts = {path: path.read_text(encoding="utf-8").strip() for path in (desk.folder / "lines").rglob("*.gt.txt")}
    assert sorted(texts.values()) == sorted((*TYPED, *SCANNED))
    assert {path.parent.name for path in texts} == {"train", "val"}
    desk.run("WordStr")
    assert "wrote checkpoint" in desk.run("lstmtraining")
    assert list((desk.folder / "lines" / "train").glob("model*checkpoint"))
