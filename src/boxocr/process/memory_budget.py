"""A byte budget: large allocations wait for each other instead of filling the machine."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from traceback import clear_frames


class MemoryBudget:
    """A number of bytes, shared by any number of threads.

    Args:
        size: in bytes. A larger request is granted once everything else has been released.
    """

    def __init__(self, size: float) -> None:
        self._size = size
        self._changed = threading.Condition()
        self._used = 0

    def acquire(self, size: int, timeout: float | None = None) -> None:
        """Wait until this many bytes are free, and take them.

        Raises:
            TimeoutError: not enough bytes were free within ``timeout`` seconds.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._fits(size), timeout):
                raise TimeoutError
            self._used += size

    def try_acquire(self, size: int) -> bool:
        """Take this many bytes if they are free now; returns whether they were."""
        with self._changed:
            if not self._fits(size):
                return False
            self._used += size
            return True

    def release(self, size: int) -> None:
        """Return this many bytes."""
        with self._changed:
            self._used -= size
            self._changed.notify_all()

    @contextmanager
    def reserved(self, size: int) -> Iterator[None]:
        """Hold this many bytes while the context lasts.

        If an exception leaves the context, the local variables in its traceback are cleared. A traceback that is kept
        somewhere would otherwise keep objects in memory that are no longer accounted for.
        """
        self.acquire(size)
        try:
            yield
        except BaseException as error:
            clear_frames(error.__traceback__)
            raise
        finally:
            self.release(size)

    def _fits(self, size: int) -> bool:
        return not self._used or self._used + size <= self._size
