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

# Loading three languages and PP-OCR takes two seconds on an idle machine, and much longer while a machine boots.
START_SECONDS = 120


class ReaderGone(Exception):
    """The process ended, or did not start."""

    def __init__(self) -> None:
        super().__init__("the reader process ended")


@dataclass(frozen=True, slots=True)
class Answer:
    """A pickled answer of a reader process."""

    packed: bytes

    def result(self) -> Any:
        """Return the function's result.

        Raises:
            Exception: raised by the function.
        """
        done, result = pickle.loads(self.packed)  # noqa: S301 - from a process of our own # nosec B301
        if done:
            return result
        raise result


class ReaderProcess:
    """A process with loaded engines that runs one job at a time. Not thread-safe, except for :meth:`kill`.

    Args:
        engine: name of the engine to load first.
        settings: for its engines.

    Raises:
        ReaderGone: from the constructor, if the process dies or is not ready within ``START_SECONDS``.
    """

    def __init__(self, engine: str, settings: EngineSettings) -> None:
        # Not forked: a fork copies locks that other threads hold, and that are never released.
        context: SpawnContext = multiprocessing.get_context("spawn")
        self._connection, other_end = context.Pipe()
        self._process: SpawnProcess = context.Process(
            target=worker.serve,
            args=(other_end, engine, settings, logs.configured()),
            name="boxocr-reader",
            daemon=True,
        )
        self._process.start()
        # While this end stays open here, the pipe does not report the death of the process.
        other_end.close()
        # Connection.poll creates a selector on each call.
        self._answered = select.poll()
        self._answered.register(self._connection, select.POLLIN)
        try:
            self.answer(START_SECONDS)
        except (TimeoutError, ReaderGone):
            raise ReaderGone from None

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid or 0

    def send(self, function: Callable[..., object], args: Sequence[object]) -> None:
        """Send a function of :mod:`boxocr.reading.pool.worker` to run. Then call :meth:`answer`.

        Raises:
            ReaderGone: the process is dead.
            Exception: the arguments could not be pickled, for instance for lack of memory; the process is unaffected.
        """
        job = pickle.dumps((function, args), protocol=5)
        try:
            self._connection.send_bytes(job)
        except OSError:
            self.kill()
            raise ReaderGone from None

    def answer(self, timeout: float) -> "Answer":
        """Wait for the function to end.

        Raises:
            TimeoutError: after ``timeout`` seconds; the process was killed.
            ReaderGone: the process died.
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
        """Kill the process. Thread-safe."""
        # SIGTERM would not do: an engine inside C code handles it seconds later.
        with contextlib.suppress(ValueError, AttributeError):
            self._process.kill()
            # Releasing gigabytes takes the kernel a while.
            self._process.join(5)
