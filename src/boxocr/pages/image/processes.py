"""The processes that decode image files, started on demand and reused."""

import contextlib
import threading

from boxocr.pages.image import worker
from boxocr.pages.image.window import Window
from boxocr.process import logs
from boxocr.process.killable import KillableProcess, ProcessGone

# Importing the libraries takes half a second on an idle machine.
_START_SECONDS = 60


class DecoderProcess(KillableProcess):
    """A process that decodes image files, with a window to it. Not thread-safe, except for :meth:`kill`.

    Raises:
        ProcessGone: from the constructor, if it does not start.
    """

    def __init__(self) -> None:
        super().__init__(worker.serve, (logs.configured(),), name="boxocr-decoder", start_seconds=_START_SECONDS)
        self.window = Window()
        self.send_file(self.window.descriptor)
        self.window.close()


class DecoderProcesses:
    """Idle decoder processes. Thread-safe.

    Args:
        max_idle: further ones end when they become idle.
    """

    def __init__(self, max_idle: int) -> None:
        self._max_idle = max_idle
        self._lock = threading.Lock()
        self._idle: list[DecoderProcess] = []
        self._closed = False

    def start(self) -> None:
        """Start a process in the background, so that the next file need not wait for it."""
        threading.Thread(target=self._start, name="decoder-start", daemon=True).start()

    def acquire(self) -> DecoderProcess:
        """An idle process, or a new one. Return it with :meth:`release`, or kill it.

        Raises:
            ProcessGone: it does not start.
        """
        while True:
            with self._lock:
                process = self._idle.pop() if self._idle else None
            if process is None:
                return DecoderProcess()
            # An idle process has nothing to say: the pipe was closed by its death.
            if not process.has_answered(0):
                return process
            process.kill()

    def release(self, process: DecoderProcess) -> None:
        """Keep a process that has finished its file."""
        with self._lock:
            keep = len(self._idle) < self._max_idle and not self._closed
            if keep:
                self._idle.append(process)
        if not keep:
            process.kill()

    def close(self) -> None:
        """End the idle processes, and those in use when they are released."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for process in idle:
            process.kill()

    def _start(self) -> None:
        # A file that needs a process reports the error.
        with contextlib.suppress(ProcessGone, OSError):
            self.release(DecoderProcess())
