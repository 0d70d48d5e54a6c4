"""One reader process and the pipe to it."""

import contextlib
import multiprocessing
import pickle
import select
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any

from boxocr.process import logs
from boxocr.reading.pool import worker
from boxocr.reading.recognition.engine_settings import EngineSettings

# Loading three languages and PP-OCR takes two seconds on an idle machine; a machine that starts everything at once
# after a power cut is slower.
START_SECONDS = 120

# How long a process that was killed may take to be gone: it may have gigabytes to give back.
_GONE_SECONDS = 5


class ReaderGone(Exception):
    """The process ended, or did not start."""

    def __init__(self) -> None:
        super().__init__("the reader process ended")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a reader process gave, as it came through the pipe."""

    packed: bytes

    def result(self) -> Any:
        """What the function returned.

        Raises:
            Exception: what the function raised.
        """
        done, result = pickle.loads(self.packed)  # noqa: S301 - from a process of our own # nosec B301
        if done:
            return result
        raise result


class ReaderProcess:
    """A process with warm engines that does one job after the other. Not safe for several threads.

    Args:
        engine: name of the engine that it loads at once.
        settings: for its engines.

    Raises:
        ReaderGone: from the constructor when it dies while it starts, or does not get ready in ``START_SECONDS``.
    """

    def __init__(self, engine: str, settings: EngineSettings) -> None:
        # Spawned, since forking a process that has threads copies locks that nobody will ever release.
        context: SpawnContext = multiprocessing.get_context("spawn")
        self._connection, other_end = context.Pipe()
        self._process: SpawnProcess = context.Process(
            target=worker.serve,
            args=(other_end, engine, settings, logs.configured()),
            name="boxocr-reader",
            daemon=True,
        )
        self._process.start()
        # With this end open here too, the process's death would not be noticed.
        other_end.close()
        # Connection.poll makes a selector for every question; this one is asked for every box.
        self._answered = select.poll()
        self._answered.register(self._connection, select.POLLIN)
        try:
            self.answer(START_SECONDS)
        except (TimeoutError, ReaderGone):
            raise ReaderGone from None

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid or 0

    def send(self, function: Callable[..., object], args: Sequence[object]) -> None:
        """Have the process run a function of :mod:`boxocr.reading.pool.worker`; :meth:`answer` waits for the end.

        Raises:
            ReaderGone: it had died before.
            Exception: the arguments could not be packed, for want of memory; the process is as it was.
        """
        job = pickle.dumps((function, args), protocol=5)
        try:
            self._connection.send_bytes(job)
        except OSError:
            self.kill()
            raise ReaderGone from None

    def answer(self, timeout: float) -> "Answer":
        """Wait for what the function gave.

        Raises:
            TimeoutError: it took longer than ``timeout`` seconds; the process was killed.
            ReaderGone: it died.
        """
        if not self._answered.poll(timeout * 1000):
            self.kill()
            raise TimeoutError
        try:
            return Answer(self._connection.recv_bytes())
        except (EOFError, ConnectionError):
            self.kill()
            raise ReaderGone from None

    def kill(self) -> None:
        """End the process, whatever it does; safe from any thread."""
        # Not asked to end: an engine deep in C code would outlive its deadline by seconds.
        with contextlib.suppress(ValueError, AttributeError):
            self._process.kill()
            self._process.join(_GONE_SECONDS)
