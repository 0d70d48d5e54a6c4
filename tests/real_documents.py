"""Real documents in ``tests/data/documents/real``, and damaged, encrypted, empty, huge and long ones made of them."""

import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pikepdf
from PIL import Image

from tests.pdfs import PdfPage, pdf

FOLDER = Path(__file__).parent / "data" / "documents" / "real"
_SCANS = Path(__file__).parents[1] / "bench" / "data" / "documents"

# Pages are rendered at this resolution, so that scans keep their pixels.
_DPI = 300
_POINTS_PER_INCH = 72

# The largest page that Acrobat makes.
_HUGE_INCHES = 200

_STAMP_POINTS = 9.0


# What the import says of each document that it cannot import, in the order of their names.
_SAID = {
    "broken.pdf": "The PDF is damaged, or cut off. → Open it in a viewer, and print it to a new PDF.",
    "dynamic-form.pdf": "The PDF is a dynamic XFA form, which PDFium cannot draw. → Print it to a new PDF.",
    "empty.pdf": "The file is empty. → Copy it again.",
    "encrypted.pdf": "The PDF is encrypted. → Give its password with --password.",
}


def copy_whole(folder: Path, names: str = "*.pdf") -> None:
    """Copy the documents whose names match this pattern, by default all, into a folder without changes."""
    for path in sorted(FOLDER.glob(names)):
        shutil.copy(path, folder)


def remove_faulty(folder: Path) -> None:
    """Remove the documents that cannot be imported from a folder."""
    for name in _SAID:
        (folder / name).unlink()


def said_of_faulty() -> str:
    """The import's list of the documents that it cannot import, with a space for each line break."""
    return " ".join(f"✗ {name}: {sentence}" for name, sentence in _SAID.items())


def add_faulty(folder: Path) -> None:
    """Add documents that cannot be imported to a folder: see ``_SAID``."""
    whole = (FOLDER / "message-1871.pdf").read_bytes()
    (folder / "broken.pdf").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.pdf").write_bytes(b"")
    with pikepdf.open(FOLDER / "form-dd0293.pdf") as document:
        # The viewer makes the pages of such a form.
        document.Root.NeedsRendering = True
        document.save(folder / "dynamic-form.pdf")
    with pikepdf.open(FOLDER / "stock-list.pdf") as document:
        document.save(folder / "encrypted.pdf", encryption=pikepdf.Encryption(user="geheim", owner="geheimer"))


def add_huge(folder: Path) -> None:
    """Add ``huge.pdf``, a page of 200 inches square with a form on it, to a folder."""
    side = _HUGE_INCHES * _POINTS_PER_INCH
    with pikepdf.new() as document, pikepdf.open(FOLDER / "form-dd0293.pdf") as form:
        page = document.add_blank_page(page_size=(side, side))
        page.add_overlay(form.pages[0], pikepdf.Rectangle(0, 0, side, side))
        document.save(folder / "huge.pdf")


def stamp(number: int) -> str:
    """The stamp on a page of the long document."""
    return f"Exhibit {number:04}"


def add_long(path: Path, pages: int, *, first: int = 1) -> None:
    """Write a document of many pages: those of the real documents and the benchmarks' real scans, again and again.

    Each page has its own stamp, which is text, like the exhibits of a court.

    Args:
        path: of the file.
        pages: how many.
        first: number in the first page's stamp.
    """
    with pikepdf.new() as document:
        for source in _sources():
            with source:
                document.add_pages_from(source)
        originals = len(document.pages)
        for place in range(pages):
            original = document.pages[place % originals]
            width, height = (float(side) for side in original.mediabox[2:])
            band = 2 * _STAMP_POINTS
            page = document.add_blank_page(page_size=(width, height + band))
            page.add_overlay(original, pikepdf.Rectangle(0, band, width, height + band))
            line = (4.0, height + band / 2, _STAMP_POINTS, stamp(first + place))
            with pikepdf.open(io.BytesIO(pdf(PdfPage([line], paper=(width, height + band))))) as stamped:
                page.add_overlay(stamped.pages[0], None)
        del document.pages[:originals]
        document.save(path)


def _sources() -> Iterator[pikepdf.Pdf]:
    for path in sorted(FOLDER.glob("*.pdf")):
        yield pikepdf.open(path)
    for entry in json.loads((_SCANS / "pages.json").read_text(encoding="utf-8")):
        file = io.BytesIO()
        with Image.open(_SCANS / entry["page"]) as image:
            image.convert("L").save(file, "PDF", resolution=_DPI)
        yield pikepdf.open(file)
