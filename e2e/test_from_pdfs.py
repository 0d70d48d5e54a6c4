"""The page "From a folder of PDFs to a trained model": its commands, in its order, with a real Label Studio."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from e2e import pages
from e2e.desk import Desk, texts
from e2e.label_studio import LabelStudioServer, Project
from e2e.storage import WebServer
from tests import real_documents
from tests.pdfs import PdfPage, pdf, text_page

TYPED = ("Minutes of the meeting in March", "The chairman opened the session", "Seventeen members were present")
SCANNED = ("Invoice number 20417", "Total due 678.90", "Berlin Germany")


@pytest.fixture
def desk(label_studio: LabelStudioServer, web: WebServer, tmp_path: Path) -> Desk:
    """A desk with two documents: one with a text layer, one that is a scan."""
    desk = Desk(tmp_path, label_studio, web)
    (desk.scans / "minutes.pdf").write_bytes(pdf(text_page(*TYPED)))
    scan = Image.open(pages.upright(tmp_path / "invoice.png", *SCANNED).path)
    (desk.scans / "invoice.pdf").write_bytes(pdf(PdfPage(image=scan)))
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


def test_a_real_page_is_read_and_files_that_cannot_be_imported_are_listed(
    label_studio: LabelStudioServer, web: WebServer, tmp_path: Path
) -> None:
    desk = Desk(tmp_path, label_studio, web)
    real_documents.copy_whole(desk.scans, "huckleberry-finn-1884.pdf")
    real_documents.add_faulty(desk.scans)

    said = desk.boxocr("import", "scans", code=1)
    assert said.startswith("Imported 1 file with 1 page in "), said
    assert said.endswith(f" {real_documents.said_of_faulty()}"), said
    desk.boxocr("preannotate")
    (task,) = desk.tasks()
    assert {
        "she took me in the closet and prayed, but",
        "nothing come of it. She told me to pray",
        "I set down, one time, back in the woods, and had a long think about it. I",
        "other people, and do everything I could for other people, and look out for them",
    } <= set(texts(task))
