"""What runs inside a reader process."""

import contextlib
import dataclasses
import logging
import math
import multiprocessing
import os
import signal
import threading
from collections import OrderedDict
from multiprocessing.connection import wait
from multiprocessing.synchronize import Semaphore

from boxocr.errors import BoxOCRError, EngineUnavailable, ReadingError
from boxocr.reading import engines
from boxocr.reading.engine import Engine, Pixels, Reading, ReadingOptions
from boxocr.reading.engine_settings import EngineSettings
from boxocr.reading.lines import Box
from boxocr.reading.text import clean

_log = logging.getLogger(__name__)

# The pool's engine and a few that single projects ask for; PP-OCR alone takes 200 MB.
_KEPT_ENGINES = 4


class Reader:
    """The engines of one reader process, each made once."""

    def __init__(self, engine: str, settings: EngineSettings) -> None:
        self._default = engine
        self._settings = settings
        self._engines: OrderedDict[str, Engine] = OrderedDict()

    def engine(self, name: str) -> Engine:
        """Return the engine called ``name``, or the pool's for an empty name."""
        name = name or self._default
        if name not in self._engines:
            self._engines[name] = engines.make(name, self._settings)
            if len(self._engines) > _KEPT_ENGINES:
                oldest = next(kept for kept in self._engines if kept != self._default)
                del self._engines[oldest]
        self._engines.move_to_end(name)
        return self._engines[name]

    def read(self, crop: Pixels, options: ReadingOptions) -> Reading:
        """Read ``crop`` and mend what engines can get wrong."""
        engine = self.engine(options.engine)
        try:
            reading = engine.read(crop, options)
            confidence = float(reading.confidence)
            text = clean(reading.text)
        except BoxOCRError:
            raise
        except Exception as error:
            # Whatever it is stays here: its traceback goes to the log, and it may not even survive pickling.
            _log.exception("engine %s failed on a crop of %s", engine.name, getattr(crop, "shape", None))
            raise ReadingError from error
        confidence = min(max(confidence, 0.0), 1.0) if text and math.isfinite(confidence) else 0.0
        return dataclasses.replace(reading, text=text, confidence=confidence)


_reader: Reader | None = None


def start(engine: str, settings: EngineSettings, ready: Semaphore) -> None:
    """Begin the life of a reader process: load the engine, then say so."""
    # Pebble's handler runs only between two Python instructions, so an engine deep in C code would outlive its deadline
    # by seconds, in which no other reader gets a box.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _end_with_parent()
    global _reader  # noqa: PLW0603 - a reader process has one reader, which its tasks cannot carry along
    _reader = Reader(engine, settings)
    # A reader that ended here would take the pool with it; the error is raised again by whoever asks for the engine.
    with contextlib.suppress(BoxOCRError):
        _reader.engine("")
    ready.release()


def read(crop: Pixels, options: ReadingOptions) -> Reading:
    """Read ``crop`` in this process."""
    return reader().read(crop, options)


def text_lines(page: Pixels) -> list[Box]:
    """Return the boxes of the text lines that Tesseract's layout analysis finds on a grey page.

    Raises:
        EngineUnavailable: when tesserocr cannot be imported.
    """
    try:
        from boxocr.reading import tesseract  # noqa: PLC0415 - only where it is used: it can be missing
    except ImportError as error:
        raise EngineUnavailable("Finding lines needs tesserocr, which is not installed.") from error
    return tesseract.text_lines(page)


def introduce(name: str) -> tuple[str, str, list[str]]:
    """Return the engine's name, version and languages."""
    engine = reader().engine(name)
    return engine.name, engine.version, list(engine.languages())


def reader() -> Reader:
    """Return this process's reader."""
    if _reader is None:
        message = "this process is no reader"
        raise RuntimeError(message)
    return _reader


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch(sentinel: int) -> None:
        wait([sentinel])
        os._exit(0)

    # A reader that is busy or hangs would not notice that nobody waits for it any more.
    threading.Thread(target=watch, args=(parent.sentinel,), name="parent-watch", daemon=True).start()
