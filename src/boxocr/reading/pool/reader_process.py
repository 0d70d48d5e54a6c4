"""One reader process and the pipe to it."""

import time

from boxocr.process import logs
from boxocr.process.killable import KillableProcess
from boxocr.reading.pool import worker
from boxocr.reading.recognition.engine_settings import EngineSettings

# Loading three languages and PP-OCR takes two seconds on an idle machine, and much longer while a machine boots.
START_SECONDS = 120

# A patient wait ends after this many timeouts: on a machine that is busy with other things, a page takes many times as
# long.
_MOST_TIMEOUTS = 10
_LEAST_WAIT = 0.1


class ReaderProcess(KillableProcess):
    """A process with loaded engines. Not thread-safe, except for :meth:`kill`.

    Args:
        engine: name of the engine to load first.
        settings: for its engines.

    Raises:
        ProcessGone: from the constructor, if the process dies or is not ready within ``START_SECONDS``.
    """

    def __init__(self, engine: str, settings: EngineSettings) -> None:
        args = (engine, settings, logs.configured())
        super().__init__(worker.serve, args, name="boxocr-reader", start_seconds=START_SECONDS)

    def answer(self, timeout: float, *, patient: bool = False) -> bytes:
        """Wait for the job to end, and return its pickled answer.

        Args:
            timeout: seconds until the process is killed.
            patient: whether the time in which the process waits for a processor does not count. The process is killed
                after ten times ``timeout`` all the same.

        Raises:
            TimeoutError: the time is over; the process was killed.
            ProcessGone: the process died.
        """
        if patient:
            began, starved = time.monotonic(), self.starved_seconds()
            left = timeout
            while left > 0 and not self.has_answered(max(left, _LEAST_WAIT)):
                passed = time.monotonic() - began
                left = min(timeout - passed + self.starved_seconds() - starved, _MOST_TIMEOUTS * timeout - passed)
            timeout = 0.0
        return self.receive(timeout)
