"""The code that runs in a reader process."""

import contextlib
import dataclasses
import logging
import math
import pickle
import traceback
from functools import lru_cache
from multiprocessing.connection import Connection
from pathlib import Path

import cv2
import numpy as np

from boxocr.errors import BoxOCRError, ReadingError
from boxocr.process import child, logs
from boxocr.reading import engines
from boxocr.reading.custom_engine import page_reader
from boxocr.reading.page_frame import PageFrame
from boxocr.reading.recognition.engine_settings import EngineSettings
from boxocr.reading.text import clean
from boxocr.reading.types import Engine, Pixels, Reading, ReadingOptions
from boxocr.reading.whole_page import Line, PageReading

_log = logging.getLogger(__name__)

# The pool's engine, and one for each built-in engine, which other projects may use. The least recently used is dropped.
# PP-OCR takes 200 MB.
_KEPT_ENGINES = 5


class Reader:
    """The engines of a reader process, each created once. Its public methods are the jobs that a reader does.

    Attributes:
        engine_name: name of the engine that does the current job; "" before it is known.
    """

    def __init__(self, engine: str, settings: EngineSettings) -> None:
        self.engine_name = ""
        self._default = engine
        self._made = lru_cache(_KEPT_ENGINES)(lambda name: engines.make(name, settings))
        # Boxes are small: sharing one among threads takes a millisecond more of processor time than it saves.
        cv2.setNumThreads(1)
        # Loads the pool's engine before the first job. Its errors are left to that job, which raises and logs them.
        with contextlib.suppress(BoxOCRError):
            self._made(engine)

    def read(self, crop: Pixels, options: ReadingOptions) -> Reading:
        """Read ``crop``, and sanitize the engine's text and confidence."""
        reading = self._engine(options.engine).read(crop, options)
        confidence = float(reading.confidence)
        text = clean(reading.text)
        confidence = min(max(confidence, 0.0), 1.0) if text and math.isfinite(confidence) else 0.0
        return dataclasses.replace(reading, text=text, confidence=confidence)

    def read_page(self, image: Pixels, frame: PageFrame, options: ReadingOptions) -> PageReading:
        """Read a whole page; see :class:`~boxocr.reading.pipeline.Pipeline`."""
        return page_reader(self._engine(options.engine)).read_page(image, frame, options)

    def find_layout(self, image: Pixels, frame: PageFrame, options: ReadingOptions) -> tuple[Line, ...]:
        """Find where the text of a page is; see :class:`~boxocr.reading.pipeline.Pipeline`."""
        return page_reader(self._engine(options.engine)).find_layout(image, frame, options)

    def describe(self, name: str) -> tuple[str, list[str]]:
        """The name and version of the engine called ``name``, and its languages, loading it first if need be."""
        engine = self._engine(name)
        return f"{engine.name} {engine.version}".strip(), list(engine.languages())

    def _engine(self, name: str) -> Engine:
        """The engine called ``name``, or the pool's for an empty name."""
        name = name or self._default
        try:
            found = self._made(name)
        except BoxOCRError as error:
            if error.__cause__ is not None:
                in_full = error.__cause__ if _log.isEnabledFor(logging.DEBUG) else None
                _log.error("engine %s: %s", name, _summary(error.__cause__), exc_info=in_full)
            raise
        self.engine_name = found.name
        return found


def serve(connection: Connection, engine: str, settings: EngineSettings, log: logs.Settings) -> None:
    """Run a reader process: load the engine, report that, then run jobs until the pipe is closed.

    Args:
        connection: receives pickled ``(method of Reader, args)`` and is sent ``(True, result)`` or
            ``(False, exception)``.
        engine: name of the engine to load first.
        settings: for all engines.
        log: how the process logs.
    """
    child.prepare(log)
    reader = Reader(engine, settings)
    with contextlib.suppress(EOFError, OSError):
        connection.send_bytes(pickle.dumps((True, None)))
        while True:
            connection.send_bytes(_run(reader, connection.recv_bytes()))


def _run(reader: Reader, job: bytes) -> bytes:
    """Run a pickled job; returns its pickled result."""
    reader.engine_name, shape = "", ""
    try:
        method, args = pickle.loads(job)  # noqa: S301 - from the process that started this one # nosec B301
        shape = f" on an image of {args[0].shape}" if isinstance(args[0], np.ndarray) else ""
        return pickle.dumps((True, method(reader, *args)), protocol=5)
    except BoxOCRError as error:
        return pickle.dumps((False, error))
    except Exception:  # noqa: BLE001 - logged here, since it may not be picklable
        _log.exception("engine %s failed%s", reader.engine_name or "of this server", shape)
        return pickle.dumps((False, ReadingError()))


def _summary(error: BaseException) -> str:
    """The exception and its place in the source on one line, for the engine's author."""
    said = traceback.format_exception_only(error)[-1].strip()
    if isinstance(error, SyntaxError):
        return f"{said} ({Path(error.filename or '').name}, line {error.lineno})"
    frames = traceback.extract_tb(error.__traceback__)
    return f"{said} ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else said
