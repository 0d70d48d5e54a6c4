"""``boxocr preannotate`` on PDFs, frames and other documents in a folder."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.commands.preannotating import LINES, Command, page, texts
from tests.pdfs import pdf, text_page

TO_FILES = ("--output", "out.json", "--config", "config.xml")


@pytest.fixture
def rooted(tmp_path: Path) -> Command:
    """The command in a folder with Label Studio's document root."""
    (tmp_path / "config.xml").write_text(LINES)
    (tmp_path / "root").mkdir()
    return Command(tmp_path, {"LOCAL_FILES_DOCUMENT_ROOT": str(tmp_path / "root")})


def written(folder: Path) -> Any:
    return json.loads((folder / "out.json").read_text())


def test_documents_are_rendered_to_a_place_that_label_studio_serves(rooted: Command, tmp_path: Path) -> None:
    scans = tmp_path / "root" / "scans"
    scans.mkdir(parents=True)
    (scans / "a.pdf").write_bytes(pdf(text_page("Page of a PDF"), text_page("And another")))
    frames = [Image.open(io.BytesIO(page(text))) for text in ("First frame", "Second frame")]
    frames[0].save(scans / "b.tif", save_all=True, append_images=frames[1:])
    (scans / "c.png").write_bytes(page("An image"))
    (scans / "broken.pdf").write_bytes(b"%PDF-1.7 and no more")
    (scans / "._c.png").write_bytes(b"x")
    (scans / "notes.txt").write_text("no page")
    arguments = ("--folder", "root/scans", *TO_FILES)

    without = rooted(*arguments)
    assert without.code == 1
    assert without.output.startswith("._c.png: hidden file, skipped. notes.txt: neither a PDF nor an image, skipped. ")
    assert "Read 1 tasks, 1 pages in " in without.output
    assert "✗ a.pdf: Label Studio does not show PDF files there. Name a place for images of its pages with --to" in (
        without.errors
    )
    assert "✗ b.tif: It has several frames, of which only the first would be read. Name a place" in without.errors
    assert [texts(task["predictions"][0]) for task in written(tmp_path)] == [["An image"]]

    done = rooted(*arguments, "--to", "root/pages")
    assert done.code == 1
    assert (
        done.errors == "✗ broken.pdf: The PDF is damaged, or cut off. Open it in a viewer, and print it to a new PDF."
    )
    assert "Read 4 tasks, 4 pages in " in done.output
    found = [(task["data"].get("source_file"), task["data"].get("source_page")) for task in written(tmp_path)]
    assert found == [("a.pdf", 1), ("a.pdf", 2), ("b.tif", 1), ("b.tif", 2), (None, None)]
    expected = [["Page of a PDF"], ["And another"], ["First frame"], ["Second frame"], ["An image"]]
    assert [texts(task["predictions"][0]) for task in written(tmp_path)] == expected

    # Rendered pages are kept.
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "root" / "pages").rglob("*.png")}
    assert len(times) == 4
    (scans / "broken.pdf").unlink()
    again = rooted(*arguments, "--to", "root/pages")
    assert again.code == 0, again
    assert "Read 0 tasks, 0 pages in " in again.output
    assert {path: path.stat().st_mtime_ns for path in times} == times
    assert [texts(task["predictions"][0]) for task in written(tmp_path)] == expected


def test_nothing_to_read_is_a_failure(rooted: Command, tmp_path: Path) -> None:
    (tmp_path / "root" / "empty").mkdir(parents=True)
    (tmp_path / "root" / "empty" / ".DS_Store").write_bytes(b"x")
    nothing = rooted("--folder", "root/empty", *TO_FILES)
    assert nothing.code == 1
    assert nothing.output == ".DS_Store: hidden file, skipped."
    assert "No documents or tasks were found." in nothing.errors
    (tmp_path / "tasks.json").write_text("[]")
    assert "No documents or tasks were found." in rooted("--input", "tasks.json", *TO_FILES).errors
    assert "--folder does not exist." in rooted("--folder", "root/nowhere", *TO_FILES).errors
