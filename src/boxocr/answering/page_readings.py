"""What is written on whole pages, and where: read once, and kept as long as there is room."""

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

from cachetools import LRUCache

from boxocr.pages.page import Page, PageAddress
from boxocr.pages.store import PageStore
from boxocr.reading.page.whole_page import PageLayout, PageReading, ReadPage
from boxocr.reading.pool.jobs import Priority
from boxocr.reading.pool.pool import ReaderPool
from boxocr.reading.types import ReadingOptions

T = TypeVar("T")

BYTES_PER_MB = 1_000_000

# A word with its place takes about this much memory, and a page that has none takes this much too.
_WORD_BYTES = 700


class PageReadings:
    """Reads whole pages and finds their layout, each once for all who ask. Safe to use from any thread.

    Args:
        pages: gives the pages.
        readers: read them.
        megabytes: how much may be kept.
    """

    def __init__(self, pages: PageStore, readers: ReaderPool, megabytes: float) -> None:
        self._pages = pages
        self._readers = readers
        self._readings: _Kept[PageReading] = _Kept(megabytes / 2 * BYTES_PER_MB)
        self._layouts: _Kept[PageLayout] = _Kept(megabytes / 2 * BYTES_PER_MB)

    def read(self, address: PageAddress, options: ReadingOptions, *, priority: Priority) -> ReadPage:
        """What is written on the page at an address.

        Raises:
            PageError: there is no page to read.
            ReadingError: it could not be read.
        """
        page = self._pages.get(address)
        key = page.digest, options
        reading = self._readings.get(key, lambda: self._readers.read_page(page.pixels, options, priority=priority))
        return ReadPage(page.width, page.height, reading)

    def layout(self, page: Page) -> PageLayout:
        """Where a page's words, lines and blocks are; the first click on a page waits for it.

        Raises:
            ReadingError: it could not be found.
        """
        return self._layouts.get(page.digest, lambda: self._readers.find_layout(page.pixels))


class _Kept(Generic[T]):
    """Results by what decides them, each worked out once. A failure reaches all who wait for it, and is not kept."""

    def __init__(self, most_bytes: float) -> None:
        self._lock = threading.Lock()
        self._kept: LRUCache[Hashable, T] = LRUCache(most_bytes, getsizeof=_bytes_of)
        self._flights: dict[Hashable, Future[T]] = {}

    def get(self, key: Hashable, work_out: Callable[[], T]) -> T:
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None:
                return kept
            flight = self._flights.get(key)
            is_mine = flight is None
            flight = flight or self._flights.setdefault(key, Future())
        if is_mine:
            self._land(key, flight, work_out)
        return flight.result()

    def _land(self, key: Hashable, flight: Future[T], work_out: Callable[[], T]) -> None:
        try:
            result = work_out()
        except BaseException as error:
            with self._lock:
                del self._flights[key]
            flight.set_exception(error)
            raise
        with self._lock:
            del self._flights[key]
            if _bytes_of(result) <= self._kept.maxsize:
                self._kept[key] = result
        flight.set_result(result)


def _bytes_of(kept: Any) -> int:
    return _WORD_BYTES * (1 + len(kept.lines) + sum(len(line.words) for line in kept.lines))
