"""Pages as files of their own, each with its image."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from boxocr.documents import hocr
from boxocr.documents.annotated import AnnotatedPage
from boxocr.documents.layout import PlacedRegion, as_read, placed
from boxocr.documents.recognition_formats import NO_TEXT, save
from boxocr.reading.types import Pixels

AsText = Callable[[AnnotatedPage, Sequence[PlacedRegion]], str]


class PageFiles:
    """Writes each page as an image and a file.

    Args:
        folder: an existing, empty one.
        suffix: of the files, with a dot.
        as_text: the content of a page's file.
        with_empty: whether the format has a place for regions without text.
    """

    def __init__(self, folder: Path, suffix: str, as_text: AsText, *, with_empty: bool) -> None:
        self.folder = folder
        self.written = 0
        self.left_out: Counter[str] = Counter()
        self._suffix = suffix
        self._as_text = as_text
        self._with_empty = with_empty

    def add(self, page: AnnotatedPage, pixels: Pixels) -> None:
        """Write a page."""
        save(pixels, self.folder / f"{page.name}.png")
        regions = placed(page, pixels)
        kept = [one for one in regions if one.lines or self._with_empty]
        self.left_out[NO_TEXT] += len(regions) - len(kept)
        self.written += len(kept)
        path = self.folder / f"{page.name}{self._suffix}"
        path.write_text(self._as_text(page, kept), encoding="utf-8", newline="\n")

    def close(self) -> None:
        """Nothing is open."""


def as_hocr(page: AnnotatedPage, regions: Sequence[PlacedRegion]) -> str:
    """The file of a page as hOCR. Each region is an ``ocr_carea``."""
    return hocr.document([(f"{page.name}.png", as_read(page, regions))])
