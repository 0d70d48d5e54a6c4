"""The address of a page, and the decoded page on loan from the store."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, slots=True)
class PageAddress:
    """The address of a page's image, from the task's data.

    Attributes:
        url: as written in the data: relative to Label Studio, ``http(s):``, ``s3:``, ``gs:``, ``azure-blob:`` or
            ``data:``.
        task_id: the task that holds the url. Label Studio opens cloud storage on behalf of a task, so the addresses of
            cloud storage need it where this server has no keys of its own.
        project: the project of the task, for sharing the server fairly between projects; None if it is unknown.
    """

    url: str
    task_id: int | None = None
    project: int | None = field(default=None, compare=False)


class Lease:
    """Pixels on loan. The lease drops them when the loan ends, even if other references to the lease exist.

    Args:
        pixels: uint8, ``(height, width)`` without colour, otherwise ``(height, width, 3)`` in RGB.
    """

    __slots__ = ("_pixels",)

    def __init__(self, pixels: np.ndarray) -> None:
        self._pixels: np.ndarray | None = pixels

    @property
    def pixels(self) -> np.ndarray:
        """The pixels, in the format of the class's argument.

        Raises:
            ValueError: the loan has ended.
        """
        if self._pixels is None:
            message = "These pixels were returned."
            raise ValueError(message)
        return self._pixels

    def close(self) -> None:
        """End the loan."""
        self._pixels = None


class Page(Lease):
    """A decoded page on loan from the store, upright according to its EXIF orientation.

    Args:
        pixels: C-contiguous and read-only, since all borrowers of a page share them.
        digest: of the file's bytes. The same digest means the same pixels.
        missing: left, top, right and bottom of the area that a damaged file does not contain; None for a whole page.

    Attributes:
        width: px.
        height: px.
        nbytes: size of the pixels in memory.
    """

    __slots__ = ("digest", "height", "missing", "nbytes", "width")

    def __init__(self, pixels: np.ndarray, digest: str, missing: tuple[int, int, int, int] | None = None) -> None:
        super().__init__(pixels)
        self.missing = missing
        self.digest = digest
        self.height, self.width = int(pixels.shape[0]), int(pixels.shape[1])
        self.nbytes = pixels.nbytes
