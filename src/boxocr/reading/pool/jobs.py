"""What waits for a reader: boxes that were drawn go before work that nobody watches."""

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeVar

from boxocr.errors import BoxOCRError

T = TypeVar("T")

# For this long after somebody drew a box, work in the background leaves one reader free for the next one: reading a
# page takes seconds, and a box should not wait for it.
_DESK_IN_USE_SECONDS = 60.0


class Priority(Enum):
    """Who waits for a job."""

    DRAWN = "an annotator who drew something"
    CHECK = "whoever asks whether the readers read"
    BACKGROUND = "nobody in front of a screen"


class JobFuture(Future[T]):
    """A future that knows when its job was taken.

    Attributes:
        taken: when a reader took the job or it was given up, on the monotonic clock; ``None`` before.
    """

    taken: float | None = None

    def set_running_or_notify_cancel(self) -> bool:
        """See :class:`~concurrent.futures.Future`; called when the job leaves the queue."""
        self.taken = time.monotonic()
        return super().set_running_or_notify_cancel()


@dataclass(frozen=True, slots=True)
class Job:
    """A function for a reader process, and the future that takes its result.

    Attributes:
        function: of :mod:`boxocr.reading.pool.worker`.
        args: for it.
        timeout: seconds that it may take, not counting the time that it waits for a reader.
        priority: who waits for it.
        future: takes the result, or a :class:`~boxocr.errors.BoxOCRError`.
    """

    function: Callable[..., Any]
    args: tuple[object, ...]
    timeout: float
    priority: Priority = Priority.DRAWN
    future: JobFuture[Any] = field(default_factory=JobFuture)


class JobQueue:
    """Jobs in the order in which they are to be done. Safe to use from any thread.

    Args:
        readers: how many take jobs from here.
    """

    def __init__(self, readers: int) -> None:
        self._readers = readers
        self._changed = threading.Condition()
        self._prompt: deque[Job] = deque()
        self._background: deque[Job] = deque()
        self._in_background = 0
        self._last_drawn = -_DESK_IN_USE_SECONDS
        self._closed: BoxOCRError | None = None

    def put(self, job: Job) -> None:
        """Add a job; its future gets the error of :meth:`close` when that was called before."""
        with self._changed:
            if self._closed is None:
                if job.priority is Priority.DRAWN:
                    self._last_drawn = time.monotonic()
                (self._background if job.priority is Priority.BACKGROUND else self._prompt).append(job)
                self._changed.notify()
                return
        job.future.set_exception(self._closed)

    def take(self, *, wait: bool = True) -> Job | None:
        """Take the next job; None when the queue was closed. Each taken job must be :meth:`done` with.

        Args:
            wait: until there is one; else None is given when there is none.
        """
        with self._changed:
            while self._closed is None:
                job = self._next()
                if job is not None and job.future.set_running_or_notify_cancel():
                    self._in_background += job.priority is Priority.BACKGROUND
                    return job
                if job is None and not wait:
                    return None
                if job is None:
                    self._changed.wait(self._until_background_may())
        return None

    def done(self, job: Job) -> None:
        """The reader that took the job is free again."""
        if job.priority is Priority.BACKGROUND:
            with self._changed:
                self._in_background -= 1
                self._changed.notify()

    @property
    def waiting(self) -> int:
        """How many jobs no reader has taken."""
        return len(self._prompt) + len(self._background)

    def fail_waiting(self, error: BoxOCRError) -> None:
        """Give up all jobs that no reader has taken."""
        with self._changed:
            waiting = [*self._prompt, *self._background]
            self._prompt.clear()
            self._background.clear()
        for job in waiting:
            if job.future.set_running_or_notify_cancel():
                job.future.set_exception(error)

    def close(self, error: BoxOCRError) -> None:
        """Give up all jobs that no reader has taken, and all that come later."""
        with self._changed:
            self._closed = error
            self._changed.notify_all()
        self.fail_waiting(error)

    def _next(self) -> Job | None:
        if self._prompt:
            return self._prompt.popleft()
        return self._background.popleft() if self._background and self._background_may() else None

    def _background_may(self) -> bool:
        in_use = time.monotonic() - self._last_drawn < _DESK_IN_USE_SECONDS
        return self._in_background < (max(self._readers - 1, 1) if in_use else self._readers)

    def _until_background_may(self) -> float | None:
        """Seconds after which waiting work may run although nothing was put or done; None when there is none."""
        return max(self._last_drawn + _DESK_IN_USE_SECONDS - time.monotonic(), 0.01) if self._background else None
