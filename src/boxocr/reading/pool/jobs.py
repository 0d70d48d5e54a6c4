"""The queue of jobs for the readers. Interactive jobs and checks come before background work."""

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from boxocr.errors import BoxOCRError

# If an annotator has drawn a box within this time, background work leaves one reader free: a page takes seconds to
# read, and the next box should not wait for it.
INTERACTIVE_IDLE_SECONDS = 60.0


class Priority(Enum):
    """Who waits for a job."""

    INTERACTIVE = "an annotator"
    CHECK = "a health check"
    BACKGROUND = "a bulk job, or the preparation of a page"


@dataclass(slots=True)
class Job:
    """Something to do in a reader process, and the future for its result.

    Attributes:
        method: of :class:`~boxocr.reading.pool.worker.Reader`.
        args: its arguments.
        timeout: seconds that it may run, without the time in the queue.
        priority: who waits for it.
        future: gets the result, or a :class:`~boxocr.errors.BoxOCRError`.
        taken: time on the monotonic clock at which a reader took it; None before.
    """

    method: Callable[..., Any]
    args: tuple[object, ...]
    timeout: float
    priority: Priority = Priority.INTERACTIVE
    future: Future[Any] = field(default_factory=Future)
    taken: float | None = None


class JobQueue:
    """Orders jobs by priority, then by age. Thread-safe.

    Args:
        readers: number of readers that take jobs from this queue.
    """

    def __init__(self, readers: int) -> None:
        self._readers = readers
        self._changed = threading.Condition()
        self._prompt: deque[Job] = deque()
        self._background: deque[Job] = deque()
        self._in_background = 0
        self._last_interactive = -INTERACTIVE_IDLE_SECONDS
        self._closed: BoxOCRError | None = None

    def put(self, job: Job) -> None:
        """Add a job. After :meth:`close`, its future gets the error that was passed there."""
        with self._changed:
            if self._closed is None:
                if job.priority is Priority.INTERACTIVE:
                    self._last_interactive = time.monotonic()
                (self._background if job.priority is Priority.BACKGROUND else self._prompt).append(job)
                self._changed.notify()
                return
        job.future.set_exception(self._closed)

    def take(self, *, wait: bool = True) -> Job | None:
        """Take the next job; ``None`` once the queue is closed. Call :meth:`done` for each job taken.

        Args:
            wait: block until there is a job. Otherwise an empty queue returns ``None``.
        """
        with self._changed:
            while self._closed is None:
                if job := self._next():
                    job.taken = time.monotonic()
                    self._in_background += job.priority is Priority.BACKGROUND
                    return job
                if not wait:
                    return None
                self._changed.wait(self._seconds_until_background())
        return None

    def done(self, job: Job) -> None:
        """Report that the reader of this job is free again."""
        if job.priority is Priority.BACKGROUND:
            with self._changed:
                self._in_background -= 1
                self._changed.notify()

    @property
    def waiting(self) -> int:
        """Number of jobs in the queue."""
        return len(self._prompt) + len(self._background)

    def fail_waiting(self, error: BoxOCRError) -> None:
        """Fail all jobs in the queue."""
        with self._changed:
            waiting = [*self._prompt, *self._background]
            self._prompt.clear()
            self._background.clear()
        for job in waiting:
            job.future.set_exception(error)

    def close(self, error: BoxOCRError) -> None:
        """Fail all jobs in the queue, and every job added later."""
        with self._changed:
            self._closed = error
            self._changed.notify_all()
        self.fail_waiting(error)

    def _next(self) -> Job | None:
        if self._prompt:
            return self._prompt.popleft()
        return self._background.popleft() if self._background and self._may_run_background() else None

    def _may_run_background(self) -> bool:
        in_use = time.monotonic() - self._last_interactive < INTERACTIVE_IDLE_SECONDS
        return self._in_background < (max(self._readers - 1, 1) if in_use else self._readers)

    def _seconds_until_background(self) -> float | None:
        """Seconds after which waiting work may run without any job being added or done; None if no work waits."""
        idle_in = self._last_interactive + INTERACTIVE_IDLE_SECONDS - time.monotonic()
        return max(idle_in, 0.01) if self._background else None
