"""Fetches pages in the background, a few at a time, with turns for each host and project."""

import threading
from collections.abc import Callable

from boxocr.pages.page import PageAddress
from boxocr.process.fair_places import Occupancy, Requester, Shares

_THREADS = 4

# A slow host or a project with many pages must leave threads for the others.
_SHARES = Shares(_THREADS, _THREADS - 1, 2)

# Waiting pages, of all projects and of one. An opened task adds all of its pages; further pages are fetched on demand.
_MAX_WAITING = 256
_MAX_WAITING_OF_PROJECT = 64


class Prefetcher:
    """A queue of pages, and the threads that fetch them. Thread-safe.

    Args:
        fetch: fetches a page; must not raise.
    """

    def __init__(self, fetch: Callable[[PageAddress], None]) -> None:
        self._fetch = fetch
        self._changed = threading.Condition()
        self._occupancy = Occupancy(_SHARES)
        self._waiting: list[tuple[Requester, PageAddress]] = []
        self._threads: list[threading.Thread] = []
        self._closed = False

    def add(self, address: PageAddress, requester: Requester) -> None:
        """Add a page, unless too many wait. Returns at once."""
        with self._changed:
            of_project = sum(waiting.project == requester.project for waiting, _ in self._waiting)
            if self._closed or len(self._waiting) >= _MAX_WAITING or of_project >= _MAX_WAITING_OF_PROJECT:
                return
            self._waiting.append((requester, address))
            # Threads are started on demand, since they do not survive the fork of a web server's worker.
            if len(self._threads) < _THREADS:
                number = len(self._threads)
                thread = threading.Thread(target=self._run, name=f"page-prefetch-{number}", daemon=True)
                self._threads.append(thread)
                thread.start()
            self._changed.notify()

    def close(self) -> None:
        """Forget the pages that wait, and end the threads once they have fetched theirs."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify_all()

    def _run(self) -> None:
        while (taken := self._take()) is not None:
            requester, address = taken
            try:
                self._fetch(address)
            finally:
                with self._changed:
                    self._occupancy.give_back(requester)
                    self._changed.notify_all()

    def _take(self) -> tuple[Requester, PageAddress] | None:
        """Wait for the next page; None once the prefetcher is closed."""
        with self._changed:
            while not self._closed:
                following = self._occupancy.next(requester for requester, _ in self._waiting)
                for number, (requester, _) in enumerate(self._waiting):
                    if requester == following:
                        self._occupancy.take(requester)
                        return self._waiting.pop(number)
                self._changed.wait()
        return None
