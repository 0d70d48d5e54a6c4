"""The processes that decode image files, started on demand and reused."""

import contextlib
import threading

from boxocr.pages.image import worker
from boxocr.pages.image.window import Window
from boxocr.process import logs
from boxocr.process.deadline import Deadline
from boxocr.process.killable import KillableProcess, ProcessGone

# Timeout of a start in the background. Importing the libraries takes half a second on an idle machine, and longer on a
# busy one: more than a minute in a worker of Ray, whose priority is low, beside 16 other processes on two cores.
_START_SECONDS = 60


class DecoderProcess(KillableProcess):
    """A process that decodes image files, with a window shared with it. Not thread-safe, except for :meth:`kill`.

    Args:
        start_seconds: how long it may take until it is ready.

    Raises:
        ProcessGone: from the constructor, if it does not start.
    """

    def __init__(self, start_seconds: float = _START_SECONDS) -> None:
        super().__init__(worker.serve, (logs.configured(),), name="boxocr-decoder", start_seconds=start_seconds)
        self.window = Window()
        self.send_file(self.window.descriptor)
        self.window.close()


class DecoderProcesses:
    """Decoder processes, kept while they are idle. Thread-safe.

    Args:
        max_idle: maximum number of idle processes; further ones end when they become idle.
    """

    def __init__(self, max_idle: int) -> None:
        self._max_idle = max_idle
        self._lock = threading.Lock()
        self._idle: list[DecoderProcess] = []
        self._in_use = 0
        self._replaced = 0
        self._closed = False

    @property
    def alive(self) -> int:
        """Number of processes, idle or not."""
        with self._lock:
            return len(self._idle) + self._in_use

    @property
    def replaced(self) -> int:
        """Number of processes lost to a deadline or a crash."""
        return self._replaced

    def start(self) -> None:
        """Start a process in the background, so that the next file need not wait for it."""
        threading.Thread(target=self._start, name="decoder-start", daemon=True).start()

    def acquire(self, deadline: Deadline) -> DecoderProcess:
        """An idle process, or a new one. Give it back with :meth:`release` or :meth:`replace`.

        Raises:
            ProcessGone: it does not start.
            TimeoutError: the deadline has passed.
        """
        process = self._living() or _started(deadline)
        with self._lock:
            self._in_use += 1
        return process

    def release(self, process: DecoderProcess) -> None:
        """Keep a process that has finished its file."""
        with self._lock:
            self._in_use -= 1
        self._keep(process)

    def replace(self, process: DecoderProcess) -> None:
        """Kill a process, and start another one in the background."""
        process.kill()
        with self._lock:
            self._in_use -= 1
            self._replaced += 1
        self.start()

    def close(self) -> None:
        """End the idle processes, and those in use when they are released."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for process in idle:
            process.kill()

    def _living(self) -> DecoderProcess | None:
        """Take an idle process; None if there is none. Processes that died meanwhile are dropped."""
        while True:
            with self._lock:
                if not self._idle:
                    return None
                process = self._idle.pop()
            # An idle process sends nothing, so a readable pipe means that the process died.
            if not process.has_answered(0):
                return process
            process.kill()
            with self._lock:
                self._replaced += 1

    def _keep(self, process: DecoderProcess) -> None:
        with self._lock:
            is_wanted = len(self._idle) < self._max_idle and not self._closed
            if is_wanted:
                self._idle.append(process)
        if not is_wanted:
            process.kill()

    def _start(self) -> None:
        # Errors are ignored here: the next file that needs a process reports them.
        with contextlib.suppress(ProcessGone, OSError):
            self._keep(DecoderProcess())


def _started(deadline: Deadline) -> DecoderProcess:
    try:
        return DecoderProcess(deadline.left())
    except ProcessGone:
        # On a busy machine it would have started later.
        if deadline.has_passed:
            raise TimeoutError from None
        raise
