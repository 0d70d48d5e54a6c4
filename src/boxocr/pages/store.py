"""Fetch → decode → keep: one fetch and one decoding per page, however many threads ask for it."""

import contextlib
import copy
import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from traceback import clear_frames

import numpy as np
from cachetools import LRUCache, TTLCache

from boxocr.caching import BoundedCache, SingleFlight
from boxocr.errors import PageCertificate, PageError, PageTimeout, PageTooCostly, PageUnreachable
from boxocr.pages.decode import BYTES_PER_PIXEL, Decoder
from boxocr.pages.image.incomplete import Box
from boxocr.pages.image.processes import DecoderProcesses
from boxocr.pages.page import Page, PageAddress
from boxocr.pages.prefetching import Prefetcher
from boxocr.pages.sources.routing import Route, Sources
from boxocr.pages.sources.source import BYTES_PER_MB, Validator
from boxocr.process.deadline import Deadline
from boxocr.process.fair_places import FairPlaces, Requester, Shares
from boxocr.process.memory_budget import MemoryBudget
from boxocr.process.stages import Stage, stage
from boxocr.settings.environment import Settings, available_cores

logger = logging.getLogger(__name__)

# Addresses whose digest and validator are kept. A signed address takes a kilobyte or two.
_ADDRESSES = 2_000

# Files, by digest, that are remembered because they take too much time or memory to decode.
_COSTLY_FILES = 1_000

# How long such a file is refused without another attempt.
_COSTLY_SECONDS = 600.0

# Fetches at the same time. Each holds a file of up to MAX_PAGE_MB in memory.
_CONCURRENT_FETCHES = 32

# A host or project whose fetches never end must leave places for the others.
_FETCHES_OF_GROUP, _FETCHES_OF_PAIR = 24, 16


@dataclass(frozen=True, slots=True)
class _Seen:
    """The last answer for an address."""

    digest: str
    validator: Validator | None
    checked: float  # on the monotonic clock


@dataclass(slots=True, eq=False)
class _SharedPage:
    """A decoded page and the number of its holders: the cache and every borrower. The store's lock guards both."""

    pixels: np.ndarray
    digest: str
    nbytes: int
    missing: Box | None = None
    holders: int = 1


@dataclass(frozen=True, slots=True)
class _Known:
    """A page in the cache, and the validator with which its source is asked whether the page has changed."""

    page: _SharedPage | None = None
    validator: Validator | None = None


_NO_PIXELS = np.empty(0, np.uint8)


class PageStore:
    """Lends decoded pages, each fetched and decoded once and kept while the cache has space.

    Pages are kept by the digest of their files, so one file behind several addresses, or behind a signed address that
    is new each time, is decoded and kept once. A failure is raised in all threads that were waiting, and is not kept.
    But a file that takes too much time or memory to decode is not decoded again for ten minutes.

    The memory of a page is returned to the budget when neither the cache nor a borrower holds the page any more, even
    if other references to it exist.

    Args:
        settings: ``page_*``, ``pages_in_use_mb``, ``max_page_*``, and where pages may come from.
        processes: decode the pages; by default the store has its own.
    """

    def __init__(self, settings: Settings, processes: DecoderProcesses | None = None) -> None:
        self._sources = Sources(settings)
        # Pages in use do not evict cached pages, so the largest page must fit in memory next to a full cache.
        in_use_mb = max(settings.pages_in_use_mb, settings.max_page_megapixels * BYTES_PER_PIXEL)
        self._budget = MemoryBudget((settings.page_cache_mb + in_use_mb) * BYTES_PER_MB)
        working_bytes = settings.page_decoding_mb * BYTES_PER_MB
        self._decoder = Decoder(
            settings.max_page_megapixels,
            available_cores(),
            self._budget,
            working_bytes,
            timeout=settings.page_decode_timeout,
            processes=processes,
        )
        self._fetches = FairPlaces(Shares(_CONCURRENT_FETCHES, _FETCHES_OF_GROUP, _FETCHES_OF_PAIR))
        self._timeout = settings.page_timeout
        self._total_timeout = settings.page_timeout + settings.page_decode_timeout
        self._lock = threading.Lock()
        self._pages: BoundedCache[_SharedPage] = BoundedCache(
            settings.page_cache_mb * BYTES_PER_MB, lambda page: page.nbytes, self._drop_locked
        )
        self._seen: LRUCache[str, _Seen] = LRUCache(_ADDRESSES)
        self._costly: TTLCache[str, PageTooCostly] = TTLCache(_COSTLY_FILES, _COSTLY_SECONDS)
        self._flights: SingleFlight[_SharedPage] = SingleFlight(self._share, partial(stage, Stage.FETCH))
        self._prefetcher = Prefetcher(self._prefetched)
        self._closed = False

    @contextlib.contextmanager
    def borrow(self, address: PageAddress) -> Iterator[Page]:
        """Lend the page at an address. The page has no pixels any more once the context has ended.

        Within ``PAGE_FRESH_SECONDS`` a cached page is lent at once. After that its source is asked whether it changed.
        A file on this machine's disk is checked every time.

        If an exception leaves the context, the local variables in its traceback are cleared, since they can be views of
        the page.

        Raises:
            PageError: the subclass says why there is no page.
        """
        shared = self._held(address)
        page = Page(shared.pixels, shared.digest, shared.missing)
        try:
            yield page
        except BaseException as error:
            clear_frames(error.__traceback__)
            raise
        finally:
            page.close()
            self._drop(shared)

    @property
    def decoders(self) -> DecoderProcesses:
        """The processes that decode the pages."""
        return self._decoder.processes

    @property
    def kept_bytes(self) -> int:
        """Size of the decoded pages in the cache."""
        return int(self._pages.size)

    def start(self) -> None:
        """Prepare for the first page."""
        self._decoder.start()

    def prefetch(self, address: PageAddress) -> None:
        """Fetch and decode the page in the background, so that the first box is as fast as the second.

        Returns at once. When too many pages wait, this one is only fetched by :meth:`borrow`.
        """
        try:
            # Parsed but not routed, since routing can wait for Label Studio.
            host = self._sources.parse(address).host
        except PageError as error:
            _log_not_prefetched(error)
            return
        self._prefetcher.add(address, Requester(address.project, host))

    def close(self) -> None:
        """Stop prefetching, and forget all pages."""
        with self._lock:
            self._closed = True
            self._pages.clear()
            self._seen.clear()
        self._decoder.close()
        self._prefetcher.close()

    def _held(self, address: PageAddress) -> _SharedPage:
        """The page at an address, with one holder more."""
        route = self._sources.route(address)
        requester = Requester(address.project, route.address.host)
        return self._fresh(route) or self._flights.run(route.key, lambda: self._fetched(route, requester))

    def _fresh(self, route: Route) -> _SharedPage | None:
        """The cached page, with one holder more, if its source need not be asked again; otherwise None.

        Raises:
            PageTooCostly: the file takes too much time or memory to decode.
        """
        with self._lock:
            seen = self._seen.get(route.key)
            if seen is None or time.monotonic() - seen.checked >= route.fresh_seconds:
                return None
            self._refuse_costly(seen.digest)
            return self._kept(seen.digest)

    def _refuse_costly(self, digest: str) -> None:
        if costly := self._costly.get(digest):
            raise copy.copy(costly)

    def _kept(self, digest: str) -> _SharedPage | None:
        kept = self._pages.get(digest)
        if kept is not None:
            kept.holders += 1
        return kept

    def _share(self, page: _SharedPage, borrowers: int) -> None:
        with self._lock:
            page.holders += borrowers

    def _drop(self, page: _SharedPage) -> None:
        with self._lock:
            self._drop_locked(page)

    def _drop_locked(self, page: _SharedPage) -> None:
        page.holders -= 1
        if not page.holders:
            page.pixels = _NO_PIXELS
            self._budget.release(page.nbytes)

    def _fetched(self, route: Route, requester: Requester) -> _SharedPage:
        """Ask the source, and decode its answer unless a page with its digest is cached. The caller holds the page."""
        # Another thread may have fetched the page since this one looked.
        if fresh := self._fresh(route):
            return fresh
        with self._lock:
            seen = self._seen.get(route.key)
            kept = self._kept(seen.digest) if seen else None
        known = _Known(kept, seen.validator) if seen and kept else _Known()
        deadline = Deadline(self._total_timeout)
        try:
            with self._fetches.taken(requester, deadline.left()):
                page, validator = self._asked(route, requester, deadline, known)
        except TimeoutError:
            raise PageTimeout("The page's image waited too long for others to be fetched.", "Try again.") from None
        finally:
            if kept:
                self._drop(kept)
        self._keep(route, page, validator)
        return page

    def _asked(
        self, route: Route, requester: Requester, deadline: Deadline, known: _Known
    ) -> tuple[_SharedPage, Validator | None]:
        try:
            with stage(Stage.FETCH):
                found = route.source.fetch(
                    route.address, known.validator, Deadline(min(self._timeout, deadline.left()))
                )
        except TimeoutError:
            raise PageTimeout from None
        except PageCertificate as error:
            # Logged as well, since only the operator can fix it.
            logger.warning("%s", error.sentence)
            raise
        if found.data is None:
            if known.page is None:
                raise PageUnreachable("The page's server says that the page has not changed, but never sent it.")
            self._share(known.page, 1)
            return known.page, found.validator or known.validator
        digest = sha256(found.data).hexdigest()
        with self._lock:
            self._refuse_costly(digest)
            page = self._kept(digest)
        try:
            return page or self._decoded(found.data, digest, requester, deadline), found.validator
        except PageTooCostly as error:
            with self._lock:
                self._costly[digest] = copy.copy(error)
                self._seen[route.key] = _Seen(digest, None, time.monotonic())
            raise

    def _decoded(self, data: bytes, digest: str, requester: Requester, deadline: Deadline) -> _SharedPage:
        with stage(Stage.DECODE):
            image = self._decoder.decode_image(data, requester, deadline)
        return _SharedPage(image.pixels, digest, image.pixels.nbytes, image.missing)

    def _keep(self, route: Route, page: _SharedPage, validator: Validator | None) -> None:
        with self._lock:
            if self._closed:
                return
            if self._pages.get(page.digest) is None:
                if not self._pages.put(page.digest, page):
                    return
                page.holders += 1
            self._seen[route.key] = _Seen(page.digest, validator, time.monotonic())

    def _prefetched(self, address: PageAddress) -> None:
        try:
            with self.borrow(address):
                pass
        except PageError as error:
            _log_not_prefetched(error)
        except Exception as error:  # noqa: BLE001 - the thread must survive for the next page
            logger.debug("A page could not be fetched ahead: %s", type(error).__name__)


def _log_not_prefetched(error: PageError) -> None:
    # Only the code is logged: the message names the host, and the address can be signed.
    logger.debug("A page could not be fetched ahead: %s", error.code)
