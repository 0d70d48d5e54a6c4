"""The code that runs in a reader process."""

import contextlib
import dataclasses
import logging
import math
import pickle
import time
import traceback
from collections import OrderedDict
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import cv2

from boxocr.errors import BoxOCRError, ReadingError
from boxocr.process import child, logs
from boxocr.reading import engines
from boxocr.reading.custom_engine import page_reader
from boxocr.reading.page_frame import PageFrame
from boxocr.reading.recognition.engine_settings import EngineSettings
from boxocr.reading.text import clean
from boxocr.reading.types import Engine, Pixels, Reading, ReadingOptions
from boxocr.reading.whole_page import PageLayout, PageReading

_log = logging.getLogger(__name__)

# The pool's engine, and a few for projects with another one. PP-OCR takes 200 MB.
_KEPT_ENGINES = 4


# Without slots, which would slow down pickling.
@dataclass(frozen=True)
class EngineInfo:
    """How an engine describes itself.

    Attributes:
        name: as readings carry it.
        version: of the engine or of the library behind it.
        languages: the codes that it can be asked for.
    """

    name: str
    version: str
    languages: tuple[str, ...]


class Reader:
    """The engines of a reader process, each created once."""

    def __init__(self, engine: str, settings: EngineSettings) -> None:
        self._default = engine
        self._settings = settings
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        # Boxes are small: sharing one among threads takes a millisecond more of processor time than it saves.
        cv2.setNumThreads(1)

    def warm(self) -> None:
        """Create the pool's engine before the first job. Errors are left to that job, which raises and logs them."""
        with contextlib.suppress(BoxOCRError):
            self._engines[self._default] = engines.make(self._default, self._settings)

    def engine(self, name: str) -> Engine:
        """Return the engine called ``name``, or the pool's for an empty name."""
        name = name or self._default
        if name not in self._engines:
            self._engines[name] = self._make(name)
            if len(self._engines) > _KEPT_ENGINES:
                oldest = next(kept for kept in self._engines if kept != self._default)
                del self._engines[oldest]
        self._engines.move_to_end(name)
        return self._engines[name]

    def _make(self, name: str) -> Engine:
        try:
            return engines.make(name, self._settings)
        except BoxOCRError as error:
            if error.__cause__ is not None:
                in_full = error.__cause__ if _log.isEnabledFor(logging.DEBUG) else None
                _log.error("engine %s: %s", name, _summary(error.__cause__), exc_info=in_full)
            raise

    def read(self, crop: Pixels, options: ReadingOptions) -> Reading:
        """Read ``crop``, and sanitize the engine's text and confidence."""
        engine = self.engine(options.engine)
        began = time.perf_counter()
        try:
            reading = engine.read(crop, options)
            confidence = float(reading.confidence)
            text = clean(reading.text)
        except BoxOCRError:
            raise
        except Exception as error:
            # Not passed on: the traceback belongs in the log, and the exception may not be picklable.
            _log.exception("engine %s failed on a crop of %s", engine.name, getattr(crop, "shape", None))
            raise ReadingError from error
        confidence = min(max(confidence, 0.0), 1.0) if text and math.isfinite(confidence) else 0.0
        seconds = time.perf_counter() - began
        return dataclasses.replace(reading, text=text, confidence=confidence, seconds=seconds)

    def read_page(self, image: Pixels, frame: PageFrame, options: ReadingOptions) -> PageReading:
        """Read a whole page in grey."""
        engine = self.engine(options.engine)
        began = time.perf_counter()
        try:
            reading = page_reader(engine).read_page(image, frame, options)
        except BoxOCRError:
            raise
        except Exception as error:
            _log.exception("engine %s failed on a page of %s", engine.name, getattr(image, "shape", None))
            raise ReadingError from error
        return dataclasses.replace(reading, seconds=time.perf_counter() - began)


_reader: Reader | None = None


def serve(connection: Connection, engine: str, settings: EngineSettings, log: logs.Settings) -> None:
    """Run a reader process: load the engine, report that, then run jobs until the pipe is closed.

    Args:
        connection: receives pickled ``(function, args)`` and is sent ``(True, result)`` or ``(False, exception)``.
        engine: name of the engine to load first.
        settings: for all engines.
        log: how the process logs.
    """
    child.prepare(log)
    global _reader  # noqa: PLW0603 - one per process; jobs arrive pickled and cannot refer to it
    _reader = Reader(engine, settings)
    # An error here must not end the process: it would be restarted over and over.
    _reader.warm()
    with contextlib.suppress(EOFError, OSError):
        connection.send_bytes(pickle.dumps((True, None)))
        while True:
            connection.send_bytes(_run(connection.recv_bytes()))


def _run(job: bytes) -> bytes:
    """Run a pickled job; returns its pickled result."""
    try:
        function, args = pickle.loads(job)  # noqa: S301 - from the process that started this one # nosec B301
        return pickle.dumps((True, function(*args)), protocol=5)
    except BoxOCRError as error:
        return pickle.dumps((False, error))
    except Exception:  # noqa: BLE001 - logged here, since it may not be picklable
        _log.exception("a job failed")
        return pickle.dumps((False, ReadingError()))


def read(crop: Pixels, options: ReadingOptions) -> Reading:
    """Read ``crop`` in this process."""
    return reader().read(crop, options)


def read_page(image: Pixels, frame: PageFrame, options: ReadingOptions) -> PageReading:
    """Read a whole page in this process.

    Args:
        image: grey.
        frame: where it is on the page.
        options: how it is read.
    """
    return reader().read_page(image, frame, options)


def find_layout(image: Pixels, frame: PageFrame, options: ReadingOptions) -> PageLayout:
    """Return where the text of a reduced page is.

    Args:
        image: grey.
        frame: where it is on the page.
        options: for the lines that are read to find the orientation of a page.

    Raises:
        EngineUnavailable: when tesserocr cannot be imported.
    """
    return page_reader(reader().engine(options.engine)).find_layout(image, frame, options)


def engine_info(name: str) -> EngineInfo:
    """Describe the engine called ``name``, loading it first if need be."""
    engine = reader().engine(name)
    return EngineInfo(engine.name, engine.version, tuple(engine.languages()))


def reader() -> Reader:
    """Return this process's reader."""
    if _reader is None:
        message = "this process is not a reader"
        raise RuntimeError(message)
    return _reader


def _summary(error: BaseException) -> str:
    """The exception and its place in the source on one line, for the engine's author."""
    said = traceback.format_exception_only(error)[-1].strip()
    if isinstance(error, SyntaxError):
        return f"{said} ({Path(error.filename or '').name}, line {error.lineno})"
    frames = traceback.extract_tb(error.__traceback__)
    return f"{said} ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else said
