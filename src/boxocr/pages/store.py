"""Fetch → decode → keep: one fetch and one decoding per page, however many ask for it at once."""

import contextlib
import logging
import queue
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from cachetools import LRUCache

from boxocr.errors import PageCertificate, PageError, PageTimeout, PageUnreachable, let_go
from boxocr.pages.http.deadline import Deadline
from boxocr.pages.image.decode import Decoder
from boxocr.pages.page import Page, PageAddress
from boxocr.pages.sources.routing import Route, Sources
from boxocr.pages.sources.source import BYTES_PER_MB, Validator
from boxocr.process.memory_budget import MemoryBudget
from boxocr.process.stages import Stage, stage
from boxocr.settings.environment import Settings, available_cores

logger = logging.getLogger(__name__)

# Addresses whose page and validator are remembered; a signed one takes a kilobyte or two.
_ADDRESSES = 2_000

# Pages that wait to be fetched ahead. A task that is opened adds one for each of its pages, and what does not fit is
# fetched when it is asked for.
_PREFETCH_QUEUE = 64


# Decoded pages that boxes are being read on, beside those that are kept.
_PAGES_IN_USE_BYTES = 500_000_000

# Each holds a file of up to MAX_PAGE_MB.
_FETCHES_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was found at an address the last time."""

    digest: str
    validator: Validator | None
    checked: float  # on the monotonic clock


class PageStore:
    """Gives decoded pages, fetched and decoded once and kept as long as there is room.

    Pages are kept by the digest of their files, so one file behind several addresses, or behind a signed address that
    is new each time, is decoded and kept once. A failure is shared by those who were waiting, and not kept: the next
    one who asks tries again.

    Args:
        settings: ``page_*``, ``max_page_*``, and what says where pages may come from.
    """

    def __init__(self, settings: Settings) -> None:
        self._sources = Sources(settings)
        # A decoding keeps a core busy and needs the page's size twice.
        room = MemoryBudget(settings.page_cache_mb * BYTES_PER_MB + _PAGES_IN_USE_BYTES)
        self._decoder = Decoder(settings.max_page_megapixels, available_cores(), room)
        self._fetches = threading.BoundedSemaphore(_FETCHES_AT_ONCE)
        self._timeout = settings.page_timeout
        self._lock = threading.Lock()
        self._pages: LRUCache[str, Page] = LRUCache(settings.page_cache_mb * BYTES_PER_MB, getsizeof=_bytes)
        self._seen: LRUCache[str, _Seen] = LRUCache(_ADDRESSES)
        self._flights: dict[str, Future[Page]] = {}
        self._ahead: queue.Queue[PageAddress | None] = queue.Queue(_PREFETCH_QUEUE)
        self._prefetcher: threading.Thread | None = None
        self._closed = False

    def get(self, address: PageAddress) -> Page:
        """The page at the address.

        Within ``PAGE_FRESH_SECONDS`` a kept page is given at once; after that its source is asked whether it changed.
        A file on this machine's disk is looked at every time.

        Raises:
            PageError: the subclass says what is wrong.
        """
        route = self._sources.route(address)
        with self._lock:
            seen = self._seen.get(route.key)
            kept = self._pages.get(seen.digest) if seen else None
            if kept and seen and time.monotonic() - seen.checked < route.fresh_seconds:
                return kept
            flight = self._flights.get(route.key)
            if flight is None:
                own = self._flights[route.key] = Future()
        if flight is not None:
            return _landed(flight)
        try:
            with self._fetches:
                page = self._fetched(route, seen, kept)
        except BaseException as error:
            self._end_flight(route)
            own.set_exception(error)
            raise
        self._end_flight(route)
        own.set_result(page)
        return page

    @property
    def kept_bytes(self) -> int:
        """Size of the decoded pages that are kept."""
        return int(self._pages.currsize)

    def prefetch(self, address: PageAddress) -> None:
        """Fetch and decode the page in the background, so that the first box is as quick as the second.

        Returns at once. One thread does this, page by page; when too many wait, the page is left for :meth:`get`.
        """
        with self._lock:
            if self._closed:
                return
            if self._prefetcher is None:
                # Not before it is needed: a thread does not survive the fork of a web server's worker.
                self._prefetcher = threading.Thread(target=self._fetch_ahead, name="page-prefetch", daemon=True)
                self._prefetcher.start()
        with contextlib.suppress(queue.Full):
            self._ahead.put_nowait(address)

    def close(self) -> None:
        """Stop fetching ahead, and forget all pages."""
        with self._lock:
            self._closed = True
            self._pages.clear()
            self._seen.clear()
        with contextlib.suppress(queue.Empty):
            while True:
                self._ahead.get_nowait()
        with contextlib.suppress(queue.Full):
            self._ahead.put_nowait(None)

    def _fetched(self, route: Route, seen: _Seen | None, kept: Page | None) -> Page:
        """Ask the source; decode what it sends unless a page of the same digest is kept."""
        validator = seen.validator if seen and kept else None
        try:
            with stage(Stage.FETCH):
                found = route.source.fetch(route.address, validator, Deadline(self._timeout))
        except TimeoutError:
            raise PageTimeout from None
        except PageCertificate as error:
            # For whoever runs the server: an annotator can do nothing about it.
            logger.warning("%s", error.sentence)
            raise
        if found.data is None:
            if kept is None:
                raise PageUnreachable("The page's server says that the page has not changed, but never sent it.")
            return self._keep(route, kept, found.validator or validator)
        digest = sha256(found.data).hexdigest()
        with self._lock:
            page = self._pages.get(digest)
        return self._keep(route, page or Page(self._decoded(found.data), digest), found.validator)

    def _decoded(self, data: bytes) -> np.ndarray:
        with stage(Stage.DECODE):
            return self._decoder.decode(data)

    def _keep(self, route: Route, page: Page, validator: Validator | None) -> Page:
        with self._lock:
            if not self._closed and _bytes(page) <= self._pages.maxsize:
                self._pages[page.digest] = page
                self._seen[route.key] = _Seen(page.digest, validator, time.monotonic())
        return page

    def _end_flight(self, route: Route) -> None:
        with self._lock:
            del self._flights[route.key]

    def _fetch_ahead(self) -> None:
        while (address := self._ahead.get()) is not None:
            try:
                self.get(address)
            except PageError as error:
                # The code alone: the message names the host, and the address can be signed.
                logger.debug("A page could not be fetched ahead: %s", error.code)
                let_go(error)
            except Exception as error:  # noqa: BLE001 - the thread must live on for the next page
                logger.debug("A page could not be fetched ahead: %s", type(error).__name__)
                let_go(error)


def _bytes(page: Page) -> int:
    return page.pixels.nbytes


def _landed(flight: Future[Page]) -> Page:
    """What the thread that leads the flight got; an error anew, since each thread writes its own traceback into it."""
    with stage(Stage.FETCH):
        error = flight.exception()
    if isinstance(error, PageError):
        raise type(error)(error.message, error.remedy)
    return flight.result()
