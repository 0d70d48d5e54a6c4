"""What lives as long as the process: the pages at hand and the readers.

Label Studio's contract makes a model object for every request, so this cannot hang on the model. :func:`start` is
called once by whoever builds the application; a model served by label-studio-ml's own server finds that nobody did, and
:func:`current` starts it from the environment.
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
from boxocr.caching import SingleFlightCache
from boxocr.errors import BoxOCRError, EngineNotUsable, EngineUnavailable, LanguageMissing
from boxocr.learning.applied import LearnedProjects
from boxocr.pages.store import PageStore
from boxocr.process.memory_budget import MemoryBudget
from boxocr.reading.pool.pool import ReaderPool
from boxocr.reading.types import Reading, ReadingOptions
from boxocr.settings.environment import Settings

logger = logging.getLogger("boxocr.answering.services")


# How long an answer of the engine's probe is believed.
_PROBE_SECONDS = 10.0


class Services:
    """The services that models share.

    Args:
        settings: how this server runs.
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
        self.crop_budget = MemoryBudget(settings.crops_mb * BYTES_PER_MB)
        self.readings: SingleFlightCache[Reading] = SingleFlightCache(settings.reading_cache)
        self.readers = ReaderPool(
            workers=settings.ocr_workers,
            timeout=settings.ocr_timeout,
            engine=settings.ocr_engine,
            languages=settings.ocr_lang,
            tessdata=str(settings.tessdata_prefix) if settings.tessdata_prefix else None,
        )
        self.page_readings = PageReadings(self.pages, self.readers, settings.page_readings_mb)
        self.areas = AreaReader(self.readers, self.readings, self.page_readings, self.crop_budget)
        # One task more than readers is fetched meanwhile, so that no reader waits for a page.
        self.batches = Batches(self, seconds=settings.batch_seconds, at_once=settings.ocr_workers + 1)

    def start(self) -> None:
        """Start the readers; what keeps them from it is kept as ``problem``, for :meth:`probe` and for the caller."""
        try:
            self.readers.start()
        except BoxOCRError as error:
            self.problem = error

    @property
    def refusal(self) -> BoxOCRError | None:
        """The problem, where only other settings or an installation can end it."""
        return self.problem if isinstance(self.problem, LanguageMissing | EngineNotUsable) else None

    def probe(self) -> None:
        """Whether boxes can be read, with the configured languages.

        The last answer is given again for a while: orchestrators ask often, and reading is work.

        Raises:
            EngineUnavailable: what is in the way.
        """
        with self._probed:
            if time.monotonic() - self._probed_at >= _PROBE_SECONDS:
                self._last_problem = self._found_problem()
                self._probed_at = time.monotonic()
            problem = self._last_problem
        if problem is not None:
            raise EngineUnavailable(problem.message, problem.remedy)

    def _found_problem(self) -> BoxOCRError | None:
        if self.problem is not None:
            return self.problem
        try:
            self.readers.probe()
        except BoxOCRError as error:
            return error
        return None

    def at_close(self, action: Callable[[], object]) -> None:
        """Have something done when these services stop."""
        self._at_close.append(action)

    def close(self) -> None:
        """Stop the readers and the background fetches."""
        while self._at_close:
            self._at_close.pop()()
        self.batches.close()
        self.readers.close()
        self.pages.close()
        self.asked_regions.close()


_lock = threading.RLock()
_running: Services | None = None


def start(settings: Settings) -> Services:
    """Start the services with these settings, in place of those that ran before."""
    global _running  # noqa: PLW0603 - see the module's docstring
    with _lock:
        if _running is not None and _running.process == os.getpid():
            _running.close()
        _running = Services(settings)
        _running.start()
        return _running


def current() -> Services:
    """The running services, started from the environment if need be.

    Raises:
        SettingsError: nothing ran yet, and the environment has bad values.
    """
    # A process forked from one with readers shares neither its threads nor its pipes, and needs its own.
    running = _running
    if running is not None and running.process == os.getpid():
        return running
    with _lock:
        # Another thread can have started them meanwhile.
        running = _running
        if running is not None and running.process == os.getpid():
            return running
        running = start(Settings.load())
        if running.problem is not None:
            logger.error("The readers did not start: %s", running.problem.sentence)
        return running


def stop() -> None:
    """Stop the services of this process, if any run."""
    global _running  # noqa: PLW0603 - see the module's docstring
    with _lock:
        if _running is not None and _running.process == os.getpid():
            _running.close()
        _running = None
