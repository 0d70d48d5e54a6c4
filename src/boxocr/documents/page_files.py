"""Pages as files of their own, each with its image."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from boxocr.documents import hocr
from boxocr.documents.annotated import AnnotatedPage
from boxocr.documents.layout import PlacedRegion, as_read, placed
from boxocr.documents.writer import Writer, save_image, save_text
from boxocr.reading.types import Pixels

AsText = Callable[[AnnotatedPage, Sequence[PlacedRegion]], str]


class PageFiles(Writer):
    """Writes each page as an image and a file.

    Args:
        folder: an existing, empty one.
        suffix: of the files, with a dot.
        as_text: the content of a page's file.
        with_empty: whether the format has a place for regions without text.
    """

    def __init__(self, folder: Path, suffix: str, as_text: AsText, *, with_empty: bool) -> None:
        super().__init__(folder)
        self._suffix = suffix
        self._as_text = as_text
        self._with_empty = with_empty

    def add(self, page: AnnotatedPage, pixels: Pixels) -> None:
        """Write a page."""
        save_image(pixels, self.folder / f"{page.name}.png")
        if self._with_empty:
            regions = placed(page, pixels)
            self.written += len(regions)
        else:
            regions = self.with_lines(page, pixels)
        save_text(self._as_text(page, regions), self.folder / f"{page.name}{self._suffix}")


class Funsd(Writer):
    """FUNSD (https://guillaumejaume.github.io/FUNSD/): ``annotations/NAME.json`` and ``images/NAME.png``.

    Label Studio's relations become links.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        for name in ("annotations", "images"):
            (folder / name).mkdir()

    def add(self, page: AnnotatedPage, pixels: Pixels) -> None:
        """Write a page."""
        save_image(pixels, self.folder / "images" / f"{page.name}.png")
        regions = placed(page, pixels)
        numbers = {one.region.identity: number for number, one in enumerate(regions)}
        links = [[numbers[source], numbers[target]] for source, target in page.links]
        form: list[dict[str, Any]] = []
        for number, one in enumerate(regions):
            words = [word for line in one.lines for word in line.words]
            form.append(
                {
                    "id": number,
                    "box": list(page.bounds(one.region.outline)),
                    "text": one.region.text,
                    "label": one.region.label or "other",
                    "words": [{"box": list(page.bounds(word.corners())), "text": word.text} for word in words],
                    "linking": [link for link in links if number in link],
                }
            )
        self.written += len(form)
        content = json.dumps({"form": form}, ensure_ascii=False, indent=1)
        save_text(f"{content}\n", self.folder / "annotations" / f"{page.name}.json")


def as_hocr(page: AnnotatedPage, regions: Sequence[PlacedRegion]) -> str:
    """The file of a page as hOCR. Each region is an ``ocr_carea``."""
    return hocr.document([(f"{page.name}.png", as_read(page, regions))])
