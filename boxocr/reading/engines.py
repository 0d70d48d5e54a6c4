"""From an engine's name to the engine."""

import importlib
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from boxocr.errors import BoxOCRError, EngineUnavailable, LanguageMissing
from boxocr.reading.engine import Engine, ReadingOptions
from boxocr.reading.engine_settings import EngineSettings
from boxocr.reading.reader import FastFirst, Ladder

if TYPE_CHECKING:
    from boxocr.reading.ppocr import PPOCR

_log = logging.getLogger(__name__)


def make(name: str, settings: EngineSettings) -> Engine:
    """Make the engine called ``name``, ready to read with the languages of ``settings``.

    Raises:
        EngineUnavailable: when there is no such engine, or it does not start.
        LanguageMissing: when one of the languages is not installed.
    """
    try:
        if ":" in name:
            return _by_import_path(name)
        if name in _ENGINES:
            return _ENGINES[name](settings)
    except BoxOCRError:
        raise
    except Exception as error:
        # Engines load models and libraries, which fail in ways of their own.
        _log.exception("engine %s does not start", name)
        raise EngineUnavailable(f'The OCR engine "{name[:100]}" does not start.', "Its error is in the log.") from error
    raise EngineUnavailable(
        f'There is no OCR engine called "{name[:60]}".', f"Use {', '.join(_ENGINES)}, or package.module:Class."
    )


# The engines are imported where they are made: each can be missing, and none is needed by all.
# ruff: noqa: PLC0415


def _auto(settings: EngineSettings) -> Engine:
    try:
        fast = _ppocr(settings)
    except EngineUnavailable as error:
        _log.info("PP-OCR is left out: %s", error.message)
        return _tesseract(settings)
    try:
        return FastFirst(fast, _tesseract(settings))
    except LanguageMissing:
        if not fast.knows(ReadingOptions(languages=settings.languages)):
            raise
        # PP-OCR needs no data for the language; Tesseract helps with the others.
        return FastFirst(fast, _tesseract(replace(settings, languages="")))


def _tesseract(settings: EngineSettings) -> Ladder:
    try:
        from boxocr.reading.tesseract import Tesseract
    except ImportError as error:
        # No wheel for this machine, or a library missing: a Tesseract program does as well, only slower.
        _log.warning("tesserocr cannot be imported, so the tesseract program is used: %s", error)
        return _program(settings)
    recognizer = Tesseract(settings)
    if settings.languages:
        recognizer.warm(settings.languages)
    return Ladder(recognizer)


def _program(settings: EngineSettings) -> Ladder:
    from boxocr.reading.pytesseract import Program

    return Ladder(Program(settings))


def _ppocr(settings: EngineSettings) -> "PPOCR":
    try:
        from boxocr.reading.ppocr import PPOCR
    except ImportError as error:
        raise EngineUnavailable(
            "PP-OCR needs onnxruntime, which is not installed.", "Install it with make run EXTRAS=ppocr."
        ) from error
    return PPOCR(settings)


def _by_import_path(path: str) -> Engine:
    """Make the user's own engine. Its module runs at import, but its class only if it looks like an engine."""
    module_name, _, class_name = path.partition(":")
    remedy = "Write it as package.module:Class, and put the package where Python finds it (PYTHONPATH)."
    try:
        kind = getattr(importlib.import_module(module_name), class_name)
    except (ImportError, AttributeError, ValueError) as error:
        _log.warning("engine %s cannot be imported: %s", path, error)
        raise EngineUnavailable(f'The OCR engine "{path[:100]}" cannot be imported.', remedy) from error
    if not (
        isinstance(kind, type) and callable(getattr(kind, "read", None)) and callable(getattr(kind, "languages", None))
    ):
        raise EngineUnavailable(f'"{path[:100]}" is not an OCR engine.', "Give it the methods read and languages.")
    engine: Engine = kind()
    if not isinstance(engine, Engine):
        raise EngineUnavailable(f'"{path[:100]}" is not an OCR engine.', "Give it a name and a version.")
    return engine


_ENGINES: dict[str, Callable[[EngineSettings], Engine]] = {
    "auto": _auto,
    "tesseract": _tesseract,
    "pytesseract": _program,
    "ppocr": _ppocr,
}
