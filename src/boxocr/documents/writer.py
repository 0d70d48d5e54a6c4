"""Writers of annotated pages, and the parts that several formats share."""

from abc import ABC, abstractmethod
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

from boxocr.documents.annotated import AnnotatedPage
from boxocr.documents.layout import PlacedRegion, placed
from boxocr.reading.types import Pixels

NO_TEXT = "regions without text"
SEVERAL_LINES = "regions with several lines"
NOT_ON_PAGE = "regions outside their page or smaller than 3 pixels"

# The default level takes two to four times as long to make files a tenth smaller.
_COMPRESSION = 1


class Writer(ABC):
    """Writes annotated pages in one format, into one folder.

    Args:
        folder: an existing, empty one.

    Attributes:
        folder: the same.
        written: how many regions were written.
        left_out: how many regions the format has no place for, by reason.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.written = 0
        self.left_out: Counter[str] = Counter()

    @abstractmethod
    def add(self, page: AnnotatedPage, pixels: Pixels) -> None:
        """Write a page. The pages of a task come one after the other.

        Args:
            page: with its regions.
            pixels: of the page.

        Raises:
            OSError: the disk refuses.
        """

    def close(self) -> None:  # noqa: B027 - formats without open files need not override it
        """Finish all files.

        Raises:
            OSError: the disk refuses.
        """

    def with_lines(self, page: AnnotatedPage, pixels: Pixels) -> list[PlacedRegion]:
        """The regions of a page that have lines, in reading order. The others are counted as left out, by reason."""
        found = []
        for one in placed(page, pixels):
            if one.lines:
                found.append(one)
            else:
                self.left_out[NOT_ON_PAGE if one.region.text.strip() else NO_TEXT] += 1
        self.written += len(found)
        return found


def save_image(pixels: Pixels, path: Path) -> None:
    """Save pixels as PNG."""
    Image.fromarray(np.ascontiguousarray(pixels)).save(path, "PNG", compress_level=_COMPRESSION)


def save_text(text: str, path: Path) -> None:
    r"""Save a text as UTF-8, with ``\n`` as line end on all systems."""
    path.write_text(text, encoding="utf-8", newline="\n")


def on_one_line(text: str) -> str:
    """A text on one line, for formats in which tabs and line ends separate fields and rows: they become spaces."""
    return " ".join(part for part in text.replace("\t", " ").splitlines() if part)
