"""Readings and layouts of whole pages, computed once and cached."""

from boxocr.caching import SingleFlightCache
from boxocr.pages.page import Page, PageAddress
from boxocr.pages.store import PageStore
from boxocr.reading.pool.jobs import Priority
from boxocr.reading.pool.pool import ReaderPool
from boxocr.reading.types import ReadingOptions
from boxocr.reading.whole_page import Line, PageReading, ReadPage

BYTES_PER_MB = 1_000_000

# Approximate memory of a word with its place. A page without words takes about as much.
_WORD_BYTES = 700


class PageReadings:
    """Reads whole pages and finds their layouts, each once for all callers. Thread-safe.

    Args:
        pages: lends the pages.
        readers: read them.
        megabytes: size of the caches.
    """

    def __init__(self, pages: PageStore, readers: ReaderPool, megabytes: float) -> None:
        self._pages = pages
        self._readers = readers
        max_bytes = megabytes / 2 * BYTES_PER_MB
        self._readings: SingleFlightCache[PageReading] = SingleFlightCache(max_bytes, lambda one: _size_of(one.lines))
        self._layouts: SingleFlightCache[tuple[Line, ...]] = SingleFlightCache(max_bytes, _size_of)

    def read(self, address: PageAddress, options: ReadingOptions, *, priority: Priority) -> ReadPage:
        """The text of the page at an address.

        Raises:
            PageError: the page is not available.
            ReadingError: it could not be read.
        """
        with self._pages.borrow(address) as page:
            reading = self._readings.get(
                (page.digest, options), lambda: self._readers.read_page(page.pixels, options, priority=priority)
            )
            return ReadPage(page.width, page.height, reading, page.missing)

    def layout(self, page: Page) -> tuple[Line, ...]:
        """The places of a page's words, lines and blocks. The first click on a page waits for them to be found.

        Raises:
            ReadingError: the layout could not be found.
        """
        return self._layouts.get(page.digest, lambda: self._readers.find_layout(page.pixels))


def _size_of(lines: tuple[Line, ...]) -> int:
    return _WORD_BYTES * (1 + len(lines) + sum(len(line.words) for line in lines))
