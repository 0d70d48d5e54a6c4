"""Crops with their texts, for training recognizers: PaddleOCR, tesstrain, Hugging Face, and LMDB."""

import io
import json
from abc import abstractmethod
from pathlib import Path
from typing import Any

from PIL import Image

from boxocr.documents.annotated import AnnotatedPage, AnnotatedRegion
from boxocr.documents.writer import NO_TEXT, NOT_ON_PAGE, SEVERAL_LINES, Writer, on_one_line, save_image, save_text
from boxocr.errors import RegionError
from boxocr.pages.crop import cut
from boxocr.pages.page import Page
from boxocr.reading.types import Pixels

# An LMDB's map is only address space; the file on the disk grows as it is filled.
_LMDB_BYTES = 1 << 40
_LMDB_CROPS_AT_ONCE = 1_000


class Crops(Writer):
    """Cuts regions out of pages as they were drawn: rotated ones upright, with paper outside an outline."""

    takes_several_lines = False

    def add(self, page: AnnotatedPage, pixels: Pixels) -> None:
        """Write the crops of a page."""
        whole = Page(pixels, "")
        for number, region in enumerate(page.regions, 1):
            if not region.text.strip():
                self.left_out[NO_TEXT] += 1
            elif len(region.lines) > 1 and not self.takes_several_lines:
                self.left_out[SEVERAL_LINES] += 1
            else:
                try:
                    crop = cut(whole, region.area)
                except RegionError:
                    self.left_out[NOT_ON_PAGE] += 1
                    continue
                self.write(f"{page.name}-region-{number}", crop, page, region)
                self.written += 1

    @abstractmethod
    def write(self, name: str, crop: Pixels, page: AnnotatedPage, region: AnnotatedRegion) -> None:
        """Write a crop; ``name`` is unique in the export."""


class PaddleRecognition(Crops):
    """PaddleOCR's ``rec_gt.txt``, with the crops in ``crop_img``, as PPOCRLabel writes them."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        (folder / "crop_img").mkdir()
        self._list = (folder / "rec_gt.txt").open("w", encoding="utf-8", newline="\n")

    def write(self, name: str, crop: Pixels, page: AnnotatedPage, region: AnnotatedRegion) -> None:  # noqa: ARG002 - the line has no more fields
        """Write a crop and its line."""
        path = f"crop_img/{name}.png"
        save_image(crop, self.folder / path)
        self._list.write(f"{path}\t{on_one_line(region.text)}\n")

    def close(self) -> None:
        """Close the list."""
        self._list.close()


class Tesstrain(Crops):
    """Tesseract's ground truth for tesstrain: ``NAME.png`` and ``NAME.gt.txt``."""

    def write(self, name: str, crop: Pixels, page: AnnotatedPage, region: AnnotatedRegion) -> None:  # noqa: ARG002 - the files have no more
        """Write a crop and its text."""
        save_image(crop, self.folder / f"{name}.png")
        save_text(f"{on_one_line(region.text)}\n", self.folder / f"{name}.gt.txt")


class ImageFolder(Crops):
    """Hugging Face's image folder: crops, and ``metadata.jsonl`` with the text, label and origin of each."""

    takes_several_lines = True

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._metadata = (folder / "metadata.jsonl").open("w", encoding="utf-8", newline="\n")

    def write(self, name: str, crop: Pixels, page: AnnotatedPage, region: AnnotatedRegion) -> None:
        """Write a crop and its row."""
        save_image(crop, self.folder / f"{name}.png")
        row: dict[str, Any] = {
            "file_name": f"{name}.png",
            "text": region.text,
            "label": region.label,
            "task": page.task,
            "page": page.number,
            "annotation": page.annotation,
            "region": region.identity,
        }
        self._metadata.write(f"{json.dumps(row, ensure_ascii=False)}\n")

    def close(self) -> None:
        """Close the metadata."""
        self._metadata.close()


class Lmdb(Crops):
    """LMDB in the layout of deep-text-recognition-benchmark.

    Its keys are ``image-000000001`` and ``label-000000001`` for the first crop, and ``num-samples``.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        import lmdb  # noqa: PLC0415 - a library in C, for this format only

        self._database = lmdb.open(str(folder), map_size=_LMDB_BYTES)
        self._waiting: list[tuple[bytes, bytes]] = []

    def write(self, name: str, crop: Pixels, page: AnnotatedPage, region: AnnotatedRegion) -> None:  # noqa: ARG002 - numbers instead of names
        """Add a crop and its text."""
        file = io.BytesIO()
        Image.fromarray(crop).save(file, "PNG")
        number = self.written + 1
        self._waiting += [
            (f"image-{number:09}".encode(), file.getvalue()),
            (f"label-{number:09}".encode(), on_one_line(region.text).encode()),
        ]
        if len(self._waiting) >= _LMDB_CROPS_AT_ONCE:
            self._store()

    def close(self) -> None:
        """Store the number of crops."""
        self._waiting.append((b"num-samples", str(self.written).encode()))
        self._store()
        self._database.close()

    def _store(self) -> None:
        with self._database.begin(write=True) as transaction:
            for key, value in self._waiting:
                transaction.put(key, value)
        self._waiting.clear()
