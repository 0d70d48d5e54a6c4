"""What lives as long as the process: the pages at hand and the readers.

Label Studio's contract makes a model object for every request, so this cannot hang on the model. :func:`start` is
called once by whoever builds the application; a model served by label-studio-ml's own server finds that nobody did, and
:func:`current` starts it from the environment.
"""

import logging
import os
import threading
from collections.abc import Callable

from boxocr.asked_regions import AskedRegions
from boxocr.batches import Batches
from boxocr.errors import BoxOCRError
from boxocr.page_readings import PageReadings
from boxocr.pages import PageStore
from boxocr.reading import ReaderPool, ReadingOptions
from boxocr.reading.cache import ReadingCache
from boxocr.room import Room
from boxocr.settings import Settings

logger = logging.getLogger("boxocr.runtime")


# Cut-out boxes that wait for a reader or are read.
_CROPS_BYTES = 500_000_000


class Runtime:
    """The services that models share.

    Args:
        settings: how this server runs.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.process = os.getpid()
        self._at_close: list[Callable[[], object]] = []
        self.problem: BoxOCRError | None = None
        self.default_options = ReadingOptions(languages=settings.ocr_lang, engine=settings.ocr_engine)
        self.pages = PageStore(settings)
        self.asked_regions = AskedRegions(settings.model_dir)
        self.room_for_crops = Room(_CROPS_BYTES)
        self.readings = ReadingCache(settings.reading_cache)
        self.readers = ReaderPool(
            workers=settings.ocr_workers,
            timeout=settings.ocr_timeout,
            engine=settings.ocr_engine,
            languages=settings.ocr_lang,
            tessdata=str(settings.tessdata_prefix) if settings.tessdata_prefix else None,
        )
        self.page_readings = PageReadings(self.pages, self.readers, settings.page_readings_mb)
        # One task more than readers is fetched meanwhile, so that no reader waits for a page.
        self.batches = Batches(self, seconds=settings.batch_seconds, at_once=settings.ocr_workers + 1)

    def start(self) -> None:
        """Start the readers; what keeps them from it is kept for :meth:`probe`, and the server runs all the same."""
        try:
            self.readers.start()
        except BoxOCRError as error:
            logger.error("The readers did not start: %s", error.sentence)  # noqa: TRY400 - the sentence says it all
            self.problem = error

    def probe(self) -> None:
        """Whether boxes can be read, with the configured languages.

        Raises:
            BoxOCRError: what is in the way.
        """
        if self.problem is not None:
            raise self.problem
        self.readers.probe()

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
_running: Runtime | None = None


def start(settings: Settings) -> Runtime:
    """Start the services with these settings, in place of those that ran before."""
    global _running  # noqa: PLW0603 - see the module's docstring
    with _lock:
        if _running is not None and _running.process == os.getpid():
            _running.close()
        _running = Runtime(settings)
        _running.start()
        return _running


def current() -> Runtime:
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
        return running if running is not None and running.process == os.getpid() else start(Settings.load())


def stop() -> None:
    """Stop the services of this process, if any run."""
    global _running  # noqa: PLW0603 - see the module's docstring
    with _lock:
        if _running is not None and _running.process == os.getpid():
            _running.close()
        _running = None
