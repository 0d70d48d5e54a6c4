"""Places and memory for decodings. Large pages have a lane of their own, so that small pages need not wait for them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from boxocr.process.deadline import Deadline
from boxocr.process.fair_places import FairPlaces, Requester, Shares
from boxocr.process.memory_budget import MemoryBudget


class Lane:
    """Places and memory for decodings. Thread-safe.

    Args:
        places: number of decodings at the same time.
        nbytes: memory for all decodings, in addition to files and pages. A single decoding may need more.
    """

    def __init__(self, places: int, nbytes: float) -> None:
        # There are no limits per requester: a requester that is alone may use all places.
        self._places = FairPlaces(Shares(places, places, places))
        self._memory = MemoryBudget(nbytes)
        self._lock = threading.Lock()
        self._waiting_for_memory = 0

    @property
    def is_wanted(self) -> bool:
        """Whether a decoding waits for a place or for memory."""
        return self._places.waiting > 0 or self._waiting_for_memory > 0

    @contextmanager
    def place(self, requester: Requester, deadline: Deadline) -> Iterator[None]:
        """Wait for a place, and hold it while the context lasts.

        Raises:
            TimeoutError: the deadline has passed.
        """
        with self._places.taken(requester, deadline.left()):
            yield

    @contextmanager
    def memory(self, nbytes: int, deadline: Deadline) -> Iterator[None]:
        """Wait for memory, and hold it while the context lasts.

        Raises:
            TimeoutError: the deadline has passed.
        """
        self._count_waiting(1)
        try:
            self._memory.acquire(nbytes, deadline.left())
        finally:
            self._count_waiting(-1)
        try:
            yield
        finally:
            self._memory.release(nbytes)

    def _count_waiting(self, more: int) -> None:
        with self._lock:
            self._waiting_for_memory += more
