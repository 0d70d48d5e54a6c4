"""The services that live as long as the process: page store, readers and caches.

label-studio-ml creates a model for every request, so the model cannot own them. The application calls :func:`start`
once; for a model in label-studio-ml's own server, :func:`current` starts them from the environment.
"""

import logging
import os
import threading
import time
from collections.abc import Callable

from boxocr.answering.asked_regions import AskedRegions
from boxocr.answering.batches import Batches
from boxocr.answering.handlers import AreaReader
from boxocr.answering.page_readings import BYTES_PER_MB, PageReadings
from boxocr.answering.trainings import Trainings
from boxocr.caching import SingleFlightCache
from boxocr.errors import BoxOCRError, EngineNotUsable, EngineUnavailable, LanguageMissing
from boxocr.learning.applied import LearnedProjects
from boxocr.pages.store import PageStore
from boxocr.process.memory_budget import MemoryBudget
from boxocr.reading.pool.pool import ReaderPool
from boxocr.reading.types import Reading, ReadingOptions
from boxocr.settings.environment import Settings

logger = logging.getLogger("boxocr.answering.services")


# How long the result of a probe is reused, since orchestrators probe often.
_PROBE_SECONDS = 10.0


class Services:
    """The services that models share.

    Args:
        settings: of this server.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.process = os.getpid()
        self._at_close: list[Callable[[], object]] = []
        self.problem: BoxOCRError | None = None
        self._probed = threading.Lock()
        self._probed_at = -_PROBE_SECONDS
        self._last_problem: BoxOCRError | None = None
        self.default_options = ReadingOptions(languages=settings.ocr_lang, engine=settings.ocr_engine)
        self.pages = PageStore(settings)
        self.asked_regions = AskedRegions(settings.model_dir)
        self.learned = LearnedProjects(settings.model_dir)
        self.trainings = Trainings(settings)
        self.crop_budget = MemoryBudget(settings.crops_mb * BYTES_PER_MB)
        self.readings: SingleFlightCache[Reading] = SingleFlightCache(settings.reading_cache)
        self.readers = ReaderPool(
            workers=settings.ocr_workers,
            timeout=settings.ocr_timeout,
            engine=settings.ocr_engine,
            languages=settings.ocr_lang,
            tessdata=str(settings.tessdata_prefix) if settings.tessdata_prefix else None,
            models=str(settings.ppocr_models) if settings.ppocr_models else None,
        )
        self.page_readings = PageReadings(self.pages, self.readers, settings.page_readings_mb)
        self.areas = AreaReader(self.readers, self.readings, self.page_readings, self.crop_budget)
        # One task more than readers, so that its pages are fetched while all readers are busy.
        self.batches = Batches(self, seconds=settings.batch_seconds, at_once=settings.ocr_workers + 1)

    def start(self) -> None:
        """Start the readers; a failure is stored as ``problem``, for :meth:`probe` and for the caller."""
        self.pages.start()
        try:
            self.readers.start()
        except BoxOCRError as error:
            self.problem = error

    @property
    def refusal(self) -> BoxOCRError | None:
        """The problem, if only a change of settings or an installation can solve it."""
        return self.problem if isinstance(self.problem, LanguageMissing | EngineNotUsable) else None

    def probe(self) -> None:
        """Check that boxes can be read with the configured languages. The result is reused for some seconds.

        Raises:
            EngineUnavailable: they cannot; the message says why.
        """
        with self._probed:
            if time.monotonic() - self._probed_at >= _PROBE_SECONDS:
                self._last_problem = self._find_problem()
                self._probed_at = time.monotonic()
            problem = self._last_problem
        if problem is not None:
            raise EngineUnavailable(problem.message, problem.remedy)

    def _find_problem(self) -> BoxOCRError | None:
        if self.problem is not None:
            return self.problem
        try:
            self.readers.probe()
        except BoxOCRError as error:
            return error
        return None

    def at_close(self, action: Callable[[], object]) -> None:
        """Register a function that :meth:`close` calls."""
        self._at_close.append(action)

    def close(self) -> None:
        """Stop the readers and the background fetches."""
        while self._at_close:
            self._at_close.pop()()
        self.trainings.close()
        self.batches.close()
        self.readers.close()
        self.pages.close()
        self.asked_regions.close()


_lock = threading.RLock()
_running: Services | None = None


def start(settings: Settings) -> Services:
    """Start the services with these settings, and stop those that run."""
    global _running  # noqa: PLW0603 - see the module's docstring
    with _lock:
        if _running is not None and _running.process == os.getpid():
            _running.close()
        _running = Services(settings)
        _running.start()
        return _running


def current() -> Services:
    """The running services; without any they are started from the environment.

    Raises:
        SettingsError: the environment has invalid values.
    """
    # A forked process does not have its parent's threads, and must not share the pipes to its readers.
    running = _running
    if running is not None and running.process == os.getpid():
        return running
    with _lock:
        # Another thread may have started them.
        running = _running
        if running is not None and running.process == os.getpid():
            return running
        running = start(Settings.load())
        if running.problem is not None:
            logger.error("The readers did not start: %s", running.problem.sentence)
        return running


def stop() -> None:
    """Stop the services of this process, if they run."""
    global _running  # noqa: PLW0603 - see the module's docstring
    with _lock:
        if _running is not None and _running.process == os.getpid():
            _running.close()
        _running = None
