"""``boxocr import`` on real documents, as a process, with real readers, beside a Label Studio stand-in."""

import io
import shutil
import signal
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont, ImageOps

from boxocr import MODEL_VERSION
from tests.backend import ROOT
from tests.commands.conftest import Outcome, Run
from tests.commands.import_api import ImportStandIn, import_api
from tests.commands.preannotating import LINES, PAGES_OF_A_TASK, Command
from tests.pdfs import PdfPage, pdf, text_page

DOCUMENTS = ROOT / "tests" / "data" / "documents"

REPORT = (
    "Minutes of the meeting in March",
    "The chairman opened the session at noon",
    "Seventeen members were present",
    "Signed by the secretary, Vienna",
)

# Before files that are skipped, and remarks.
MARK = "\N{EN DASH} "

WITHOUT_READING = LINES.replace(' model_preannotate="lines"', "")


@pytest.fixture
def studio() -> Iterator[ImportStandIn]:
    with import_api() as server:
        yield server


@pytest.fixture
def imports(boxocr: Run) -> Run:
    """Imports in this process; loading the command takes longer than most imports here."""

    def run(*arguments: object, **variables: str) -> Outcome:
        try:
            return boxocr("import", *arguments, **{"OCR_ENGINE": "tesseract", **variables})
        except SystemExit as ended:
            return Outcome(int(ended.code or 0), "", "")

    return run


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    folder = tmp_path / "scans"
    folder.mkdir()
    return folder


def drawn(*texts: str) -> Image.Image:
    image = Image.new("L", (1050, 1480), 255)
    for row, text in enumerate(texts):
        ImageDraw.Draw(image).text((90, 120 + 90 * row), text, 0, ImageFont.load_default(44))
    return image


def tiff(*images: Image.Image) -> bytes:
    file = io.BytesIO()
    images[0].save(file, "TIFF", save_all=True, append_images=images[1:])
    return file.getvalue()


def data_of(studio: ImportStandIn) -> list[dict[str, Any]]:
    return [task["data"] for task in studio.tasks[1]]


def page_of(studio: ImportStandIn, address: str) -> Image.Image:
    return Image.open(io.BytesIO(studio.uploads[address.removeprefix("/data/upload/")]))


def regions(studio: ImportStandIn, task: int) -> list[str]:
    (prediction,) = [one for one in studio.predictions if one["task"] == task]
    return [result["value"]["text"][0] for result in prediction["result"] if result["type"] == "textarea"]


def test_each_page_becomes_a_task_that_says_where_it_is_from(imports: Run, studio: ImportStandIn, scans: Path) -> None:
    studio.add_project(LINES)
    document = pdf(text_page(*REPORT), text_page(*REPORT[::-1], rotate=90))
    (scans / "März").mkdir()
    (scans / "März" / "report 1.pdf").write_bytes(document)

    done = imports("--project", "1", "scans")

    assert (done.code, done.errors) == (0, ""), done
    assert done.output.startswith("Imported 1 file with 2 pages in ")
    assert done.output.endswith("2 pages got regions from text layers. They are in project 1.")
    origin = {"source_file": "März/report 1.pdf", "source_sha256": sha256(document).hexdigest()}
    assert data_of(studio) == [
        {"image": "/data/upload/1/00881500-report_1-0001.png", **origin, "source_page": 1},
        {"image": "/data/upload/1/00881501-report_1-0002.png", **origin, "source_page": 2},
    ]
    # A5 at 300 dpi, the second page on its side.
    assert [page_of(studio, data["image"]).size for data in data_of(studio)] == [(1750, 2480), (2480, 1750)]
    assert [regions(studio, task) for task in (1, 2)] == [list(REPORT), list(REPORT[::-1])]
    first = studio.predictions[0]["result"][0]
    assert (first["original_width"], first["original_height"]) == (1750, 2480)
    # Its rectangle is that of the ink.
    ink = ImageOps.invert(page_of(studio, data_of(studio)[0]["image"])).crop((0, 0, 1750, 280)).getbbox()
    assert ink is not None
    x, y, width, height = (first["value"][name] / 100 for name in ("x", "y", "width", "height"))
    edges = (x * 1750, y * 2480, (x + width) * 1750, (y + height) * 2480)
    assert max(abs(edge - there) for edge, there in zip(edges, ink, strict=True)) < 2
    assert {one["model_version"] for one in studio.predictions} == {MODEL_VERSION}
    assert {result["value"]["rotation"] for result in studio.predictions[1]["result"]} == {90}


def test_a_second_run_finds_the_documents_in_the_project(imports: Run, studio: ImportStandIn, scans: Path) -> None:
    studio.add_project(WITHOUT_READING)
    (scans / "a.pdf").write_bytes(pdf(text_page("One"), text_page("Two"), text_page("Three")))
    (scans / "copy of a.pdf").write_bytes((scans / "a.pdf").read_bytes())
    first = imports("--project", "1", "scans")
    assert (first.code, studio.predictions) == (0, []), first
    assert MARK + "copy of a.pdf: same content as a.pdf, skipped" in first.output
    # As after a run that was killed.
    del studio.tasks[1][1]
    (scans / "b.png").write_bytes(page_bytes("Four"))

    again = imports("--project", "1", "scans")

    assert again.code == 0
    assert again.output.startswith("Imported 2 files with 2 pages in ")
    assert [(data["source_file"], data["source_page"]) for data in data_of(studio)] == [
        ("a.pdf", 1),
        ("a.pdf", 3),
        ("a.pdf", 2),
        ("b.png", 1),
    ]
    last = imports("--project", "1", "scans")
    assert last.code == 0
    assert last.output.startswith("Imported 0 files with 0 pages in ")
    assert "2 files had been imported before." in last.output
    assert len(data_of(studio)) == 4


def page_bytes(*texts: str, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    drawn(*texts).save(file, kind)
    return file.getvalue()


def test_what_cannot_be_imported_is_named_with_its_reason_and_the_rest_is_imported(
    imports: Run, studio: ImportStandIn, scans: Path
) -> None:
    studio.add_project(WITHOUT_READING)
    good = pdf(text_page("Good"))
    (scans / "broken.pdf").write_bytes(good[:300])
    (scans / "empty.pdf").write_bytes(b"")
    (scans / "renamed.pdf").write_bytes(b"just some words")
    (scans / "cut.png").write_bytes(page_bytes("Cut off")[:2000])
    (scans / "good.pdf").write_bytes(good)
    (scans / "huge.pdf").write_bytes(pdf(text_page("Huge", size=900, top=9000, paper=(14000.0, 14000.0))))
    Image.new("1", (12000, 12000)).save(scans / "large.tif", compression="group4")
    shutil.copy(DOCUMENTS / "encrypted.pdf", scans)
    for name in ("._good.pdf", "Thumbs.db", "notes.txt"):
        (scans / name).write_bytes(b"x")
    (scans / "loop").symlink_to(scans)
    (scans / "__MACOSX").mkdir()
    (scans / "__MACOSX" / "good.pdf").write_bytes(good)

    done = imports("--project", "1", "scans", MAX_DOCUMENT_MB="1")

    assert done.code == 1
    assert done.output.startswith("Imported 2 files with 2 pages in ")
    assert [data["source_file"] for data in data_of(studio)] == ["good.pdf", "huge.pdf"]
    for line in (
        MARK + "__MACOSX/: hidden folder, skipped",
        MARK + "._good.pdf: hidden file, skipped",
        MARK + "Thumbs.db: hidden file, skipped",
        MARK + "loop/: link to a folder, skipped",
        MARK + "notes.txt: neither a PDF nor an image, skipped",
        MARK + "huge.pdf, page 1: It is rendered at 36 dpi, because of its size.",
    ):
        assert line in done.output
    for line in (
        "✗ broken.pdf: The PDF is damaged, or cut off.",
        "✗ empty.pdf: The file is empty.",
        "✗ renamed.pdf: The file is not a PDF file, as its name says.",
        "✗ cut.png, page 1: The image is damaged or cut off.",
        "✗ large.tif, page 1: The page has more than 100 megapixels.",
        "✗ encrypted.pdf: The PDF is encrypted. → Give its password with --password.",
    ):
        assert line in done.errors


def test_every_kind_of_image_becomes_one_that_browsers_show(imports: Run, studio: ImportStandIn, scans: Path) -> None:
    studio.add_project(WITHOUT_READING)
    (scans / "a.tif").write_bytes(tiff(drawn("First frame"), drawn("Second frame"), drawn("Third frame")))
    drawn("AVIF").convert("RGB").save(scans / "b.avif")
    shutil.copy(DOCUMENTS / "photo.heic", scans / "c.heic")
    drawn("JPEG 2000").save(scans / "d.jp2")
    untouched = page_bytes("JPEG", kind="JPEG")
    (scans / "e.JPG").write_bytes(untouched)
    Image.effect_noise((800, 600), 80).save(scans / "f.tiff")

    done = imports("--project", "1", "scans")

    assert (done.code, done.errors) == (0, ""), done
    shown = [(data["source_file"], data["source_page"], page_of(studio, data["image"])) for data in data_of(studio)]
    assert [(name, page, image.format, image.size) for name, page, image in shown] == [
        ("a.tif", 1, "PNG", (1050, 1480)),
        ("a.tif", 2, "PNG", (1050, 1480)),
        ("a.tif", 3, "PNG", (1050, 1480)),
        ("b.avif", 1, "PNG", (1050, 1480)),
        ("c.heic", 1, "PNG", (600, 200)),
        ("d.jp2", 1, "PNG", (1050, 1480)),
        ("e.JPG", 1, "JPEG", (1050, 1480)),
        # Noise is a photograph.
        ("f.tiff", 1, "JPEG", (800, 600)),
    ]
    assert shown[1][2].tobytes() == drawn("Second frame").tobytes()
    (jpeg,) = (data for data in data_of(studio) if data["source_file"] == "e.JPG")
    assert studio.uploads[jpeg["image"].removeprefix("/data/upload/")] == untouched


def test_archives_are_opened_and_nothing_leaves_them(imports: Run, studio: ImportStandIn, scans: Path) -> None:
    studio.add_project(WITHOUT_READING)
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("deep.png", page_bytes("Deep"))
    with zipfile.ZipFile(scans / "all.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("2024/report.pdf", pdf(text_page("Report")))
        archive.writestr("2024/scan.png", page_bytes("Scan"))
        archive.writestr("../outside.png", page_bytes("Outside"))
        archive.writestr("/root.png", page_bytes("Root"))
        archive.writestr("__MACOSX/2024/._scan.png", b"x")
        archive.writestr("inner.zip", inner.getvalue())
        archive.writestr("bomb.bmp", b"BM" + bytes(3_000_000))
        archive.writestr("notes.txt", b"some words")
    (scans / "broken.zip").write_bytes((scans / "all.zip").read_bytes()[:1000])

    done = imports("--project", "1", "scans", MAX_DOCUMENT_MB="2")

    assert done.code == 1
    assert [data["source_file"] for data in data_of(studio)] == ["all.zip/2024/report.pdf", "all.zip/2024/scan.png"]
    for line in (
        MARK + "all.zip/__MACOSX/2024/._scan.png: hidden file, skipped",
        MARK + "all.zip/inner.zip: an archive inside an archive, skipped",
        MARK + "all.zip/notes.txt: neither a PDF nor an image, skipped",
    ):
        assert line in done.output
    for line in (
        "✗ all.zip/../outside.png: Its name leads out of the archive.",
        "✗ all.zip//root.png: Its name leads out of the archive.",
        "✗ all.zip/bomb.bmp: The file has 3 MB, more than 2.",
        "✗ broken.zip: The archive is damaged, or cut off.",
    ):
        assert line in done.errors
    assert not (scans.parent / "outside.png").exists()


def test_a_password_opens_what_is_encrypted(imports: Run, studio: ImportStandIn) -> None:
    studio.add_project(LINES)
    document = DOCUMENTS / "encrypted.pdf"
    wrong = imports("--project", "1", document, "--password", "guess")
    assert wrong.code == 1
    assert "✗ encrypted.pdf: The PDF is encrypted, with another password than those given." in wrong.errors
    assert wrong.output == "Imported 0 files with 0 pages in " + wrong.output.partition("pages in ")[2]
    right = imports("--project", "1", document, "--password", "guess", "--password", "geheim")
    assert (right.code, regions(studio, 1)) == (0, ["Sealed tender of the harbour"])


def test_a_document_becomes_one_task_where_the_config_shows_a_list(
    imports: Run, studio: ImportStandIn, scans: Path
) -> None:
    studio.add_project(PAGES_OF_A_TASK)
    (scans / "a.pdf").write_bytes(pdf(text_page(*REPORT), PdfPage(), text_page(*REPORT[::-1])))
    (scans / "b.tif").write_bytes(tiff(drawn("First frame"), drawn("Second frame")))
    # The second page of this one has only a picture of text.
    (scans / "c.pdf").write_bytes(pdf(text_page(*REPORT), PdfPage(image=drawn("A scan"))))

    done = imports("--project", "1", "scans")

    assert (done.code, done.errors) == (0, ""), done
    assert [(data["source_file"], len(data["pages"])) for data in data_of(studio)] == [
        ("a.pdf", 3),
        ("b.tif", 2),
        ("c.pdf", 2),
    ]
    assert not any("source_page" in data for data in data_of(studio))
    # The empty page does not stand in the way, the scanned one does.
    (prediction,) = studio.predictions
    assert prediction["task"] == 1
    indexes = [result["item_index"] for result in prediction["result"] if result["type"] == "textarea"]
    assert indexes == [0] * 4 + [2] * 4
    assert MARK + "c.pdf: Its text layer is not used, since 1 of its 2 pages has none that can be used." in done.output
    assert "3 files had been imported before." in imports("--project", "1", "scans").output


def test_a_text_layer_that_is_not_the_text_of_the_page_is_not_used(
    imports: Run, studio: ImportStandIn, scans: Path
) -> None:
    studio.add_project(LINES)
    scan = drawn(*REPORT)
    elsewhere = [(60.0, 400.0 + 24 * row, 12.0, text) for row, text in enumerate(REPORT)]
    (scans / "a letters.pdf").write_bytes(pdf(text_page(*REPORT, shifted=True)))
    (scans / "b place.pdf").write_bytes(pdf(PdfPage(elsewhere, image=scan, visible=False)))
    (scans / "c stamp.pdf").write_bytes(pdf(text_page("Exhibit 7, page 12", top=580, image=scan)))
    (scans / "d right.pdf").write_bytes(pdf(text_page(*REPORT)))
    rows = [(30.0, 42.0 + 24 * row, 380.0, 42.0 + 24 * row) for row in range(5)]
    columns = [(x, 42.0, x, 138.0) for x in (30.0, 290.0, 335.0, 380.0)]
    (scans / "e table.pdf").write_bytes(pdf(text_page(*REPORT, negative=True, rules=[*rows, *columns])))

    done = imports("--project", "1", "scans")

    assert (done.code, done.errors) == (0, ""), done
    assert [one["task"] for one in studio.predictions] == [4, 5]
    assert regions(studio, 5) == list(REPORT)
    assert {result["value"]["rotation"] for result in studio.predictions[1]["result"]} == {0}
    assert MARK + "a letters.pdf, page 1: Only 2% of its text layer agrees with the text that is read" in done.output
    assert (
        MARK + "b place.pdf, page 1: Its text layer has 0% of the words on the page, so it is not used." in done.output
    )
    assert MARK + "c stamp.pdf, page 1: Its text layer has " in done.output
    studio.tasks[1].clear()
    never = imports("--project", "1", "scans", "--text-layer", "never")
    assert (never.code, len(data_of(studio)), len(studio.predictions)) == (0, 5, 2)
    assert "text layer" not in never.output


def test_pages_can_be_stored_in_a_folder_that_label_studio_serves(
    imports: Run, studio: ImportStandIn, scans: Path, tmp_path: Path
) -> None:
    studio.add_project(WITHOUT_READING)
    (scans / "a report.pdf").write_bytes(pdf(text_page("One")))
    served = tmp_path / "root" / "pages ü"
    served.parent.mkdir()
    arguments = ("--project", "1", "scans", "--to", "root/pages ü")

    assert "Set LOCAL_FILES_DOCUMENT_ROOT" in imports(*arguments).errors
    outside = imports(*arguments, LOCAL_FILES_DOCUMENT_ROOT=str(scans))
    assert "The folder for the pages is not below LOCAL_FILES_DOCUMENT_ROOT" in outside.errors
    among = imports("--project", "1", "scans", "--to", "scans/pages", LOCAL_FILES_DOCUMENT_ROOT=str(tmp_path))
    assert "The place for the pages is among the documents" in among.errors
    done = imports(*arguments, LOCAL_FILES_DOCUMENT_ROOT=str(served.parent))

    assert (done.code, done.errors) == (0, ""), done
    (page,) = (path for path in served.rglob("*") if path.is_file())
    checksum = sha256((scans / "a report.pdf").read_bytes()).hexdigest()
    assert page == served / f"a_report-{checksum[:12]}" / "0001.png"
    (data,) = data_of(studio)
    assert data["image"] == f"/data/local-files/?d=pages%20%C3%BC/a_report-{checksum[:12]}/0001.png"
    assert studio.folders == [str(served)]


def test_an_interrupted_run_keeps_what_it_has(studio: ImportStandIn, scans: Path) -> None:
    variables = {"LABEL_STUDIO_URL": studio.url, "LABEL_STUDIO_ACCESS_TOKEN": studio.token}
    command, arguments = Command(scans, variables, "import"), ("--project", "1", "a.pdf")
    studio.add_project(WITHOUT_READING)
    pages = (text_page(f"Page {number}", left=10, top=40, paper=(100.0, 80.0)) for number in range(30))
    (scans / "a.pdf").write_bytes(pdf(*pages))
    with command.until(lambda: len(studio.pages) > 5, signal.SIGTERM, *arguments) as done:
        pass
    kept = len(data_of(studio))
    assert (done.code, done.errors) == (143, ""), done
    # One page may have been on its way.
    assert kept in (len(studio.pages), len(studio.pages) - 1)
    with command.until(lambda: len(data_of(studio)) > kept, signal.SIGKILL, *arguments) as killed:
        pass
    assert killed.code == -9
    assert command(*arguments).code == 0
    assert [data["source_page"] for data in data_of(studio)] == list(range(1, 31))


def test_a_busy_label_studio_is_waited_for(imports: Run, studio: ImportStandIn, scans: Path) -> None:
    studio.add_project(WITHOUT_READING)
    (scans / "a.png").write_bytes(page_bytes("Page"))
    studio.failing = "file-upload"
    done = imports("--project", "1", "scans")
    assert (done.code, done.errors, studio.failing) == (0, "", ""), done
    assert len(data_of(studio)) == 1


@pytest.mark.parametrize("arguments", [["scans"], ["--project", "1"], ["--project", "1", "--dpi", "5", "scans"]])
def test_wrong_arguments_end_with_2(imports: Run, arguments: list[str]) -> None:
    assert imports(*arguments).code == 2


def test_nothing_is_a_failure(imports: Run, studio: ImportStandIn, scans: Path) -> None:
    studio.add_project(WITHOUT_READING)
    assert imports("--project", "1", "scans") == Outcome(1, "No documents were found.", "")
    missing = imports("--project", "1", "nowhere")
    assert missing.code == 1
    assert "✗ nowhere: It cannot be read: No such file or directory." in missing.errors
    assert "Label Studio has no such project" in imports("--project", "2", "scans").errors
    studio.columns = 2
    (scans / "a.png").write_bytes(page_bytes("Page"))
    refused = imports("--project", "1", "scans")
    assert refused.code == 1
    assert "Label Studio accepts uploads only for labeling configs with one data column." in refused.errors
