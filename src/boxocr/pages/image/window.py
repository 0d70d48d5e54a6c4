"""A window of memory that two processes share, to send megabytes from one to the other.

The window stays mapped, since the system takes four times as long to provide new shared memory as to copy the same
number of bytes four times. A page larger than the window is sent in parts.
"""

import mmap
import os
import tempfile
from collections.abc import Callable

import numpy as np

WINDOW_BYTES = 16_777_216


class Window:
    """A shared window. Not thread-safe.

    Args:
        descriptor: of another process's window, and closed once the window is mapped; None for a new window.
    """

    def __init__(self, descriptor: int | None = None) -> None:
        self._descriptor = _new_memory() if descriptor is None else descriptor
        try:
            self._memory = np.frombuffer(mmap.mmap(self._descriptor, WINDOW_BYTES), np.uint8)
        finally:
            if descriptor is not None:
                self.close()

    @property
    def descriptor(self) -> int:
        """The window's file descriptor, to be sent to the other process."""
        return self._descriptor

    def close(self) -> None:
        """Close the descriptor. The memory is freed when neither process uses it any more."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def send(self, data: np.ndarray, sent: Callable[[], object], received: Callable[[], object]) -> None:
        """Send bytes.

        Args:
            data: uint8, one dimension.
            sent: notifies the other process that a part is in the window.
            received: waits until the other process has taken a part. Not called for the last part.
        """
        for start in range(0, len(data), WINDOW_BYTES):
            if start:
                received()
            part = data[start : start + WINDOW_BYTES]
            self._memory[: len(part)] = part
            sent()

    def receive(self, data: np.ndarray, sent: Callable[[], object], received: Callable[[], object]) -> None:
        """Receive bytes; the arguments are those of :meth:`send`, with their roles exchanged."""
        for start in range(0, len(data), WINDOW_BYTES):
            if start:
                received()
            sent()
            part = data[start : start + WINDOW_BYTES]
            part[:] = self._memory[: len(part)]


def _new_memory() -> int:
    if hasattr(os, "memfd_create"):
        # Unlike multiprocessing's shared memory, this does not use /dev/shm, which only has 64 MB in containers.
        descriptor = os.memfd_create("boxocr-pages")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, WINDOW_BYTES)
    return descriptor
