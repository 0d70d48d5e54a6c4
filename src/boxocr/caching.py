"""Size-bounded LRU caches that compute each value once, however many threads ask for it at the same time."""

import copy
import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Generic, TypeVar

from cachetools import LRUCache

from boxocr.errors import BoxOCRError

V = TypeVar("V")


class BoundedCache(Generic[V]):
    """The most recently used values, up to a total size. Not thread-safe: the caller holds a lock.

    Args:
        max_size: largest total size. A value that is larger on its own is not kept.
        size_of: size of a value, which must not change while the value is kept; by default each value counts as 1.
        on_removal: called with each value that leaves the cache.
    """

    def __init__(
        self,
        max_size: float,
        size_of: Callable[[V], float] = lambda _: 1,
        on_removal: Callable[[V], object] = lambda _: None,
    ) -> None:
        self._size_of = size_of
        self._on_removal = on_removal
        self._values: LRUCache[Hashable, V] = LRUCache(max_size, getsizeof=size_of)

    def __len__(self) -> int:
        return len(self._values)

    @property
    def size(self) -> float:
        """Total size of the values."""
        return float(self._values.currsize)

    def get(self, key: Hashable) -> V | None:
        """The value kept under a key, which is now the most recently used one."""
        return self._values.get(key)

    def put(self, key: Hashable, value: V) -> bool:
        """Keep a value under a key that has none yet; returns whether the value fits."""
        size = self._size_of(value)
        if size > self._values.maxsize:
            return False
        while self._values.currsize + size > self._values.maxsize:
            self._on_removal(self._values.popitem()[1])
        self._values[key] = value
        return True

    def clear(self) -> None:
        """Remove all values."""
        while self._values:
            self._on_removal(self._values.popitem()[1])


class SingleFlight(Generic[V]):
    """Runs one computation per key at a time; callers that arrive meanwhile get its result. Thread-safe.

    A failure is raised in every caller. Each gets its own copy of a BoxOCRError, since raising adds a traceback to it.

    Args:
        on_shared: called with a result and the number of additional callers that get it, before they do.
        waiting: makes a context that a caller enters while it waits for another caller's computation.
    """

    def __init__(
        self,
        on_shared: Callable[[V, int], object] = lambda _, __: None,
        waiting: Callable[[], AbstractContextManager[Any]] = nullcontext,
    ) -> None:
        self._on_shared = on_shared
        self._waiting = waiting
        self._lock = threading.Lock()
        self._flights: dict[Hashable, _Flight[V]] = {}

    def run(self, key: Hashable, compute: Callable[[], V]) -> V:
        """The result of ``compute``, or of a computation that already runs for the key.

        Raises:
            Exception: as ``compute``.
        """
        with self._lock:
            flight = self._flights.get(key)
            if flight is None:
                own = self._flights[key] = _Flight()
            else:
                flight.followers += 1
        return self._lead(key, own, compute) if flight is None else self._follow(flight)

    def _lead(self, key: Hashable, flight: "_Flight[V]", compute: Callable[[], V]) -> V:
        try:
            result = compute()
        except BaseException as error:
            if self._end(key):
                flight.future.set_exception(copy.copy(error) if isinstance(error, BoxOCRError) else error)
            raise
        followers = self._end(key)
        if followers:
            self._on_shared(result, followers)
            flight.future.set_result(result)
        return result

    def _follow(self, flight: "_Flight[V]") -> V:
        with self._waiting():
            error = flight.future.exception()
        if isinstance(error, BoxOCRError):
            raise copy.copy(error)
        return flight.future.result()

    def _end(self, key: Hashable) -> int:
        with self._lock:
            return self._flights.pop(key).followers


class _Flight(Generic[V]):
    def __init__(self) -> None:
        self.future: Future[V] = Future()
        self.followers = 0


class SingleFlightCache(Generic[V]):
    """A bounded LRU cache that computes a missing value once for all callers. Thread-safe; failures are not kept.

    Args:
        max_size: see :class:`BoundedCache`.
        size_of: see :class:`BoundedCache`.
    """

    def __init__(self, max_size: float, size_of: Callable[[V], float] = lambda _: 1) -> None:
        self._lock = threading.Lock()
        self._values: BoundedCache[V] = BoundedCache(max_size, size_of)
        self._flights: SingleFlight[V] = SingleFlight()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: Hashable, compute: Callable[[], V]) -> V:
        """The value kept under a key, otherwise the result of ``compute``, which is then kept.

        Raises:
            Exception: as ``compute``.
        """
        with self._lock:
            kept = self._values.get(key)
        return self._flights.run(key, lambda: self._computed(key, compute)) if kept is None else kept

    def _computed(self, key: Hashable, compute: Callable[[], V]) -> V:
        with self._lock:
            # Another caller's computation may have ended since get() looked.
            kept = self._values.get(key)
        if kept is not None:
            return kept
        value = compute()
        with self._lock:
            self._values.put(key, value)
        return value
