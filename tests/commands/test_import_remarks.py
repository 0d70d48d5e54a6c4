"""Remarks of ``boxocr import``: one sentence for all pages that it is about."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from boxocr.commands.import_remarks import Remark, grouped
from tests.commands.conftest import Run
from tests.commands.import_api import ImportStandIn, import_api
from tests.commands.preannotating import LINES
from tests.pdfs import pdf, text_page


@pytest.fixture
def studio() -> Iterator[ImportStandIn]:
    with import_api() as server:
        yield server


def test_stamped_scans_are_recognized_without_reading_them(boxocr: Run, studio: ImportStandIn, tmp_path: Path) -> None:
    studio.add_project(LINES)
    scan = Image.fromarray(np.random.default_rng(1).integers(0, 255, (300, 200), np.uint8))
    (tmp_path / "exhibits.pdf").write_bytes(
        pdf(*(text_page(f"Exhibit 7, page {number}", top=580, image=scan) for number in range(1, 4)))
    )
    # Readers would not start with this language.
    done = boxocr("import", "--project", "1", "exhibits.pdf", OCR_LANG="tlh", OCR_ENGINE="tesseract")
    assert (done.code, done.errors) == (0, ""), done
    remark = "exhibits.pdf, pages 1-3: Its text layer has 0% of the ink on the page, so it is not used."
    assert done.output.count("exhibits.pdf") == 1
    assert remark in done.output
    assert not studio.predictions


@pytest.mark.parametrize(
    ("pages", "listed"),
    [
        ([7], "page 7"),
        ([1, 2], "pages 1-2"),
        ([1, 2, 3, 7], "pages 1-3 and 7"),
        ([1, 3, 4, 5, 9], "pages 1, 3-5 and 9"),
        ([1, 3, 5, 7, 9, 11], "6 pages between 1 and 11"),
    ],
)
def test_pages_are_listed_in_runs(pages: list[int], listed: str) -> None:
    assert grouped(Remark("a.pdf", page, "Said.") for page in pages) == [(f"a.pdf, {listed}", "Said.")]


def test_documents_and_sentences_are_kept_apart() -> None:
    remarks = [
        Remark("a.pdf", 1, "Has {}.", 0.034),
        Remark("a.pdf", 2, "Agrees by {}.", 0.71),
        Remark("a.pdf", 3, "Has {}.", 0.02),
        Remark("a.pdf", None, "Is not used."),
        Remark("b.pdf", 1, "Has {}.", 0.05),
        Remark("b.pdf", 2, "Says {name}."),
    ]
    assert grouped(remarks) == [
        ("a.pdf, pages 1 and 3", "Has 2% to 3%."),
        ("a.pdf, page 2", "Agrees by 71%."),
        ("a.pdf", "Is not used."),
        ("b.pdf, page 1", "Has 5%."),
        ("b.pdf, page 2", "Says {name}."),
    ]
