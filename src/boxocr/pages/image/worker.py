"""The code that runs in a process that decodes image files.

For each file the process reports three steps. After the first two it waits until the parent tells it to continue, so
that the parent can reserve memory in between.
"""

import contextlib
import pickle
from dataclasses import dataclass
from multiprocessing import reduction
from multiprocessing.connection import Connection

import numpy as np

from boxocr.errors import PageError
from boxocr.pages.image import file
from boxocr.pages.image.incomplete import Box
from boxocr.pages.image.window import Window
from boxocr.process import child, logs, scheduling

# Address space that a file may take in addition to the estimate, for the libraries' own buffers.
_MARGIN_BYTES = 64_000_000

# Freed memory that malloc keeps for reuse: about what a page of 24 megapixels in colour takes while it is decoded.
_RETAINED_BYTES = 128_000_000

# Memory per pixel for the conversion: four bytes of the rotated image, and the page both in grey and in colour.
_BYTES_TO_CONVERT = 8


# No slots, since they would slow down pickling.
@dataclass(frozen=True)
class Job:
    """A file to decode, which follows through the window.

    Attributes:
        nbytes: of the file.
        max_megapixels: a page with more is refused.
    """

    nbytes: int
    max_megapixels: float


@dataclass(frozen=True)
class Opened:
    """The file was opened.

    Attributes:
        bytes_to_decode: see :class:`~boxocr.pages.image.file.ImageFileReader`.
        seconds_to_decode: the same.
        pixels: of the page.
    """

    bytes_to_decode: int
    seconds_to_decode: float
    pixels: int


@dataclass(frozen=True)
class Decoded:
    """The file was decoded.

    Attributes:
        pixels: of the page.
    """

    pixels: int


@dataclass(frozen=True)
class Converted:
    """The page, which follows through the window.

    Attributes:
        shape: of its pixels.
        missing: the area that the file does not contain.
    """

    shape: tuple[int, ...]
    missing: Box | None


GO_ON, ABANDON = b"", b"abandon"

Step = Opened | Decoded | Converted | PageError


def serve(connection: Connection, log: logs.Settings) -> None:
    """Decode files until the pipe is closed.

    Args:
        connection: the process receives the window's descriptor, then pickled jobs, and ``GO_ON`` or ``ABANDON`` after
            each step but the last. It sends an empty message, then pickled steps; a page's error ends a file's steps.
        log: how the process logs.
    """
    child.silence_libraries()
    child.prepare(log)
    scheduling.retain_freed_memory(_RETAINED_BYTES)
    with contextlib.suppress(EOFError, OSError):
        connection.send_bytes(b"")
        window = Window(reduction.recv_handle(connection))
        while True:
            # Safe to unpickle, since only the parent process sends jobs.
            job: Job = pickle.loads(connection.recv_bytes())  # noqa: S301 # nosec B301
            _Task(connection, window, job).run()


class _Abandoned(Exception):
    """The parent does not want the file decoded now."""


class _Task:
    """The decoding of one file in this process."""

    def __init__(self, connection: Connection, window: Window, job: Job) -> None:
        self._connection = connection
        self._window = window
        self._job = job

    def run(self) -> None:
        data = np.empty(self._job.nbytes, np.uint8)
        self._window.receive(data, self._connection.recv_bytes, self._acknowledge)
        try:
            pixels, missing = self._decoded(data.tobytes())
        except _Abandoned:
            return
        except PageError as error:
            self._connection.send_bytes(pickle.dumps(error))
            return
        self._connection.send_bytes(pickle.dumps(Converted(pixels.shape, missing)))
        self._window.send(pixels.reshape(-1), self._acknowledge, self._connection.recv_bytes)

    def _decoded(self, data: bytes) -> tuple[np.ndarray, Box | None]:
        margin = _MARGIN_BYTES + len(data)
        file.limit_pillow(self._job.max_megapixels)
        with child.limited_memory(margin):
            reader = file.ImageFileReader(data, self._job.max_megapixels)
        self._report(Opened(reader.bytes_to_decode, reader.seconds_to_decode, reader.pixels))
        with child.limited_memory(margin + reader.bytes_to_decode + reader.pixels * _BYTES_TO_CONVERT):
            reader.load()
            self._report(Decoded(reader.pixels))
            return reader.convert()

    def _report(self, step: Step) -> None:
        """Send a step, and wait until the parent tells this process to go on."""
        self._connection.send_bytes(pickle.dumps(step))
        if self._connection.recv_bytes() == ABANDON:
            raise _Abandoned

    def _acknowledge(self) -> None:
        self._connection.send_bytes(b"")
