"""The texts of documents, without their pages: plain text in reading order, and tables."""

import csv
import itertools
from pathlib import Path

from boxocr.documents.annotated import AnnotatedPage
from boxocr.documents.layout import PlacedRegion, placed
from boxocr.documents.writer import NO_TEXT, Writer
from boxocr.reading.types import Pixels

_WITHOUT_LABEL = "without label"

_COLUMNS = ("task", "page", "label", "text", "left", "top", "right", "bottom", "rotation", "region")


class PlainText(Writer):
    """``NAME.txt`` for each task, in reading order.

    Regions side by side are in one line, and blocks of regions are separated by an empty line, pages by a form feed.
    """

    def add(self, page: AnnotatedPage, pixels: Pixels) -> None:
        """Add a page to the text of its task."""
        regions = placed(page, pixels)
        with_text = [one for one in regions if one.region.text]
        self.written += len(with_text)
        self.left_out[NO_TEXT] += len(regions) - len(with_text)
        path = self.folder / f"task-{page.task}.txt"
        separator = "\f" if path.exists() else ""
        with path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(separator + _text(with_text))


class Tables(Writer):
    """CSV: ``regions.csv`` with a row for each region, and ``documents.csv`` with a row for each task.

    ``documents.csv`` has a column for each label. Several texts with one label are joined by line ends.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._file = (folder / "regions.csv").open("w", encoding="utf-8", newline="")
        self._rows = csv.writer(self._file)
        self._rows.writerow(_COLUMNS)
        self._documents: dict[int, dict[str, list[str]]] = {}

    def add(self, page: AnnotatedPage, pixels: Pixels) -> None:
        """Write the rows of a page."""
        document = self._documents.setdefault(page.task, {})
        for one in placed(page, pixels):
            region = one.region
            place = (*page.bounds(region.outline), f"{region.angle:g}")
            self._rows.writerow([page.task, page.number, region.label, region.text, *place, region.identity])
            self.written += 1
            if region.text:
                document.setdefault(region.label or _WITHOUT_LABEL, []).append(region.text)

    def close(self) -> None:
        """Write the table of documents."""
        self._file.close()
        labels = sorted({label for document in self._documents.values() for label in document})
        with (self.folder / "documents.csv").open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["task", *labels])
            for task, document in self._documents.items():
                rows.writerow([task, *("\n".join(document.get(label, ())) for label in labels)])


def _text(regions: list[PlacedRegion]) -> str:
    """The text of a page."""
    blocks = []
    for _, block in itertools.groupby(regions, key=lambda one: one.block):
        rows = itertools.groupby(block, key=lambda one: one.row)
        blocks.append("\n".join(" ".join(one.region.text for one in row) for _, row in rows))
    return "\n\n".join(blocks) + "\n"
