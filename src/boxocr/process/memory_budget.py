"""Memory that is lent out, so that many large pages at once wait for each other instead of filling the machine."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Room:
    """So many bytes, lent to any number of threads.

    Args:
        size: in bytes. What asks for more than there is at all gets it when nobody else has any.
    """

    def __init__(self, size: float) -> None:
        self._size = size
        self._changed = threading.Condition()
        self._taken = 0

    def take(self, size: int) -> None:
        """Wait until there is room for so many bytes, and take it."""
        with self._changed:
            while self._taken and self._taken + size > self._size:
                self._changed.wait()
            self._taken += size

    def try_to_take(self, size: int) -> bool:
        """Take so many bytes if there is room now; whether there was."""
        with self._changed:
            if self._taken and self._taken + size > self._size:
                return False
            self._taken += size
            return True

    def give_back(self, size: int) -> None:
        """There is room again for so many bytes."""
        with self._changed:
            self._taken -= size
            self._changed.notify_all()

    @contextmanager
    def taken(self, size: int) -> Iterator[None]:
        """Have so many bytes for as long as the context lasts."""
        self.take(size)
        try:
            yield
        finally:
            self.give_back(size)
