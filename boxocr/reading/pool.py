"""Reader processes: warm, bounded in number, killed at the deadline."""

import contextlib
import multiprocessing
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, InvalidStateError
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Self, TypeVar

import pebble

from boxocr.errors import BoxOCRError, EngineUnavailable, ReaderCrashed, ReadingError, ReadingTimeout
from boxocr.reading import worker
from boxocr.reading.engine import Pixels, Reading, ReadingOptions
from boxocr.reading.engine_settings import EngineSettings
from boxocr.reading.lines import Box, Strip, nearest

T = TypeVar("T")

# Loading three languages and PP-OCR takes two seconds on an idle machine; a machine that starts everything at once
# after a power cut is slower.
_START_SECONDS = 120


class ReaderPool:
    """A fixed number of reader processes, each with warm engines, that read one crop at a time.

    Safe to use from any thread. Nothing runs before :meth:`start`, which must come after the last ``fork``.

    Args:
        workers: how many reader processes.
        timeout: seconds that reading one crop may take; then its reader is killed and replaced.
        engine: ``auto``, ``tesseract``, ``pytesseract``, ``ppocr`` or ``package.module:Class``.
        languages: codes to load before the first crop.
        tessdata: a folder with Tesseract's language data to look into first.
    """

    def __init__(
        self,
        *,
        workers: int,
        timeout: float,
        engine: str = "auto",
        languages: str = "eng",
        tessdata: str | None = None,
    ) -> None:
        self._workers = workers
        self._timeout = timeout
        self._engine = engine
        self._languages = languages
        self._tessdata = tessdata
        self._lock = threading.Lock()
        self._pool: pebble.ProcessPool | None = None
        self._unfinished: set[Future[Any]] = set()
        self._links = ""
        self._introduction = ("", "", [""])

    def __enter__(self) -> Self:
        """Start the readers."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the readers."""
        self.close()

    def start(self) -> None:
        """Start all readers, and wait until each has loaded its engine.

        Raises:
            EngineUnavailable: when the engine does not start.
            LanguageMissing: when one of the languages is not installed.
        """
        with self._lock:
            if self._pool is not None:
                return
            self._links = tempfile.mkdtemp(prefix="boxocr-tessdata-")
            self._pool, ready = self._new_pool()
            pool = self._pool
        try:
            self._wait_for(pool, ready)
            self._introduction = self._result(self._schedule(worker.introduce, self._engine))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Stop all readers, whatever they do. Crops that are not read yet get a ``ReadingError``."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.stop()
            pool.join()
            shutil.rmtree(self._links, ignore_errors=True)
        # Pebble forgets what it was asked for, and whoever waits for it would wait for ever.
        for future in tuple(self._unfinished):
            _fail(future, CancelledError())

    def read(self, crop: Pixels, options: ReadingOptions) -> Reading:
        """Read the text in ``crop``: uint8, ``(height, width)`` grey or ``(height, width, 3)`` RGB.

        Raises:
            LanguageMissing: when one of the languages is not installed.
            ReadingTimeout: when it took longer than the pool's timeout. Waiting for a free reader does not count.
            ReaderCrashed: when the reader died on it.
            EngineUnavailable: when the options name an engine that does not start.
            ReadingError: when the engine failed in another way.
        """
        return self._result(self.submit(crop, options))

    def submit(self, crop: Pixels, options: ReadingOptions) -> Future[Reading]:
        """Like :meth:`read`, without waiting: the result or the error is taken from the future.

        A crop whose future is cancelled before a reader took it is not read.
        """
        return self._schedule(worker.read, crop, options)

    def find_line(self, page: Pixels, x: float, y: float) -> Box | None:
        """Return the text line under or nearest to a point, as left, top, right, bottom in pixels of ``page``.

        ``None`` when there is no line near the point.
        """
        strip = Strip.around(page, y)
        found = nearest(
            self._result(self._schedule(worker.text_lines, strip.pixels)),
            x / strip.shrink,
            (y - strip.top) / strip.shrink,
        )
        if found is None:
            return None
        height, width = page.shape[:2]
        left, top, right, bottom = strip.on_page(found)
        return max(left, 0.0), max(top, 0.0), min(right, float(width)), min(bottom, float(height))

    def languages(self) -> list[str]:
        """Return the codes of the languages that the pool's engine had when the pool started."""
        return list(self._introduction[2])

    def describe(self) -> str:
        """Return the name and version of the pool's engine, such as ``tesseract 5.5.4``."""
        return f"{self._introduction[0]} {self._introduction[1]}".strip()

    def probe(self) -> None:
        """Read a small rendered word with the configured languages.

        Raises:
            BoxOCRError: with the reason, unless the engine reads.
        """
        from boxocr.reading import probe  # noqa: PLC0415

        probe.check(self.read, ReadingOptions(languages=self._languages))

    def _new_pool(self) -> tuple[pebble.ProcessPool, Any]:
        # Spawned, since forking a process that has threads copies locks that nobody will ever release.
        context = multiprocessing.get_context("spawn")
        ready = context.Semaphore(0)
        # More threads than cores gain nothing: readers share the cores.
        threads = max((os.cpu_count() or 1) // self._workers, 1)
        settings = EngineSettings(self._languages, self._tessdata, self._links, self._timeout, threads)
        pool = pebble.ProcessPool(
            max_workers=self._workers,
            initializer=worker.start,
            initargs=(self._engine, settings, ready),
            context=context,
        )
        return pool, ready

    def _wait_for(self, pool: pebble.ProcessPool, ready: Any) -> None:
        deadline = time.monotonic() + _START_SECONDS
        pending = self._workers
        while pending and pool.active and time.monotonic() < deadline:
            pending -= ready.acquire(timeout=0.2)
        if pending:
            raise EngineUnavailable("The OCR readers do not start.", "Their error is in the server's log.")

    def _running_pool(self) -> pebble.ProcessPool:
        with self._lock:
            if self._pool is None:
                raise EngineUnavailable("The OCR readers are not running.", "Start the server again.")
            if not self._pool.active:
                # Pebble gives up altogether when a reader dies that had nothing to do, as when the system is short of
                # memory and kills it.
                broken = self._pool
                threading.Thread(target=_bury, args=(broken,), daemon=True).start()
                self._pool, _ = self._new_pool()
            return self._pool

    def _schedule(self, function: Callable[..., T], *args: object) -> Future[T]:
        outer: Future[T] = Future()
        self._unfinished.add(outer)
        outer.add_done_callback(self._unfinished.discard)
        self._attempt(outer, function, args, attempts=2)
        return outer

    def _attempt(self, outer: Future[T], function: Callable[..., T], args: tuple[object, ...], attempts: int) -> None:
        try:
            inner = self._running_pool().schedule(function, args=args, timeout=self._timeout)
        except RuntimeError as error:  # It broke, or was closed, between the two calls.
            if attempts > 1:
                self._attempt(outer, function, args, attempts - 1)
            else:
                _fail(outer, error)
            return
        except BoxOCRError as error:
            _fail(outer, error)
            return

        def finish(done: Future[T]) -> None:
            error = CancelledError() if done.cancelled() else done.exception()
            if isinstance(error, BrokenProcessPool) and attempts > 1:
                # A reader died while this crop was still waiting: not its fault.
                self._attempt(outer, function, args, attempts - 1)
            elif error is not None:
                _fail(outer, error)
            else:
                _settle(outer, result=done.result())

        def forget(done: Future[T]) -> None:
            # Cancelling what already runs would kill a reader to save less than its start costs.
            if done.cancelled() and not inner.running():
                inner.cancel()

        inner.add_done_callback(finish)
        outer.add_done_callback(forget)

    def _result(self, future: Future[T]) -> T:
        return future.result()


def _settle(future: Future[Any], *, result: object = None, error: BaseException | None = None) -> None:
    """Give ``future`` its result or error, unless it was cancelled or settled already."""
    with contextlib.suppress(InvalidStateError):
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)


def _fail(future: Future[Any], error: BaseException) -> None:
    _settle(future, error=_mapped(error))


def _mapped(error: BaseException) -> BoxOCRError:
    """Return the error that tells people what happened to their box."""
    match error:
        case BoxOCRError():
            return error
        case TimeoutError():
            mapped: BoxOCRError = ReadingTimeout()
        case pebble.ProcessExpired() | BrokenProcessPool():
            mapped = ReaderCrashed()
        case CancelledError():
            mapped = ReadingError("The reading was given up because the server stops.", "Try again.")
        case _:
            mapped = ReadingError()
    mapped.__cause__ = error
    return mapped


def _bury(pool: pebble.ProcessPool) -> None:
    with contextlib.suppress(Exception):
        pool.stop()
        pool.join()
