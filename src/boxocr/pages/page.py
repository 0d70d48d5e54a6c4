"""What goes in and what comes out: the address of a page, and the page."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class PageAddress:
    """Where a page's image is, as the task says it.

    Attributes:
        url: as it stands in the task's data: relative to Label Studio, ``http(s):``, ``s3:``, ``gs:``,
            ``azure-blob:`` or ``data:``.
        task_id: the task that holds the url. Label Studio opens cloud storage on behalf of a task, so the addresses of
            cloud storage need it where this server has no keys of its own.
    """

    url: str
    task_id: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """A decoded page, upright as its EXIF orientation wants it.

    Attributes:
        pixels: uint8, ``(height, width)`` when the page has no colour, else ``(height, width, 3)`` in RGB. C-contiguous
            and read-only, since all boxes of a page share it.
        digest: of the file's bytes. The same digest means the same pixels.
    """

    pixels: np.ndarray
    digest: str

    @property
    def width(self) -> int:
        """In pixels."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """In pixels."""
        return int(self.pixels.shape[0])
