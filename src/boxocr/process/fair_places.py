"""A number of places that hosts and projects share fairly."""

import threading
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Requester:
    """Who needs a place.

    Attributes:
        project: Label Studio's id; None if it is unknown.
        host: where the work comes from; empty for this machine.
    """

    project: int | None = None
    host: str = ""


@dataclass(frozen=True, slots=True)
class Shares:
    """The most places that may be taken at the same time.

    Attributes:
        all: by everyone together.
        group: by each project, and for each host.
        pair: by each project for one host.
    """

    all: int
    group: int
    pair: int


class Occupancy:
    """Counts the places in use. Not thread-safe.

    Args:
        shares: the limits.
    """

    def __init__(self, shares: Shares) -> None:
        self._shares = shares
        self._total = 0
        self._used: Counter[Hashable] = Counter()

    def next(self, waiting: Iterable[Requester]) -> Requester | None:
        """The requester whose project, then host, has fewest places (the first of equals); None if none may."""
        return min(filter(self._may_take, waiting), key=self._in_use, default=None)

    def take(self, requester: Requester) -> None:
        """Take a place."""
        self._count(requester, 1)

    def give_back(self, requester: Requester) -> None:
        """Give a place back."""
        self._count(requester, -1)

    def _may_take(self, requester: Requester) -> bool:
        *groups, pair = _keys(requester)
        return (
            self._total < self._shares.all
            and self._used[pair] < self._shares.pair
            and all(self._used[group] < self._shares.group for group in groups)
        )

    def _in_use(self, requester: Requester) -> tuple[int, ...]:
        return tuple(self._used[key] for key in _keys(requester))

    def _count(self, requester: Requester, places: int) -> None:
        self._total += places
        for key in _keys(requester):
            self._used[key] += places
            if not self._used[key]:
                del self._used[key]


class FairPlaces:
    """Places for threads. Thread-safe.

    Args:
        shares: the limits.
    """

    def __init__(self, shares: Shares) -> None:
        self._changed = threading.Condition()
        self._occupancy = Occupancy(shares)
        self._waiting: list[_Waiter] = []

    @property
    def waiting(self) -> int:
        """Number of threads that wait for a place."""
        return len(self._waiting)

    @contextmanager
    def taken(self, requester: Requester, timeout: float | None = None) -> Iterator[None]:
        """Wait for a place, and hold it while the context lasts.

        Raises:
            TimeoutError: no place was free within ``timeout`` seconds.
        """
        self._take(requester, timeout)
        try:
            yield
        finally:
            self._give_back(requester)

    def _take(self, requester: Requester, timeout: float | None) -> None:
        waiter = _Waiter(requester)
        with self._changed:
            self._waiting.append(waiter)
            has_place = self._changed.wait_for(lambda: self._next() is waiter, timeout)
            self._waiting.remove(waiter)
            if has_place:
                self._occupancy.take(requester)
            # There may be a further place, for another waiter.
            self._changed.notify_all()
        if not has_place:
            raise TimeoutError

    def _give_back(self, requester: Requester) -> None:
        with self._changed:
            self._occupancy.give_back(requester)
            self._changed.notify_all()

    def _next(self) -> "_Waiter | None":
        following = self._occupancy.next(waiter.requester for waiter in self._waiting)
        return next((waiter for waiter in self._waiting if waiter.requester == following), None)


@dataclass(slots=True, eq=False)
class _Waiter:
    requester: Requester


def _keys(requester: Requester) -> tuple[Hashable, Hashable, Hashable]:
    return ("project", requester.project), ("host", requester.host), requester
