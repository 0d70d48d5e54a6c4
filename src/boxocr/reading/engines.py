"""From an engine's name to the engine."""

import importlib
import logging
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import TYPE_CHECKING

from boxocr.errors import BoxOCRError, EngineNotUsable, EngineUnavailable, LanguageMissing
from boxocr.reading.detection.tesseract import TesseractDetector
from boxocr.reading.pipeline import Pipeline
from boxocr.reading.recognition.engine_settings import EngineSettings
from boxocr.reading.recognition.tesseract_lines import FRAMED, TesseractLines
from boxocr.reading.recognizers import Recognizers
from boxocr.reading.types import Engine, ReadingOptions
from boxocr.settings import engine_names

if TYPE_CHECKING:
    from boxocr.reading.detection import TextDetector
    from boxocr.reading.recognition.ppocr import PPOCR
    from boxocr.reading.recognition.tesseract_lines import PageRecognizer

_log = logging.getLogger(__name__)


def make(name: str, settings: EngineSettings) -> Engine:
    """Make the engine called ``name``, ready to read with the languages of ``settings``.

    Raises:
        EngineNotUsable: when there is no such engine, or a part of it is not installed.
        EngineUnavailable: when it does not start; the engine's own exception is the cause.
        LanguageMissing: when one of the languages is not installed.
    """
    try:
        if engine_names.is_own(name):
            return _by_import_path(name)
        if name in _ENGINES:
            return _ENGINES[name](settings)
    except BoxOCRError:
        raise
    except Exception as error:
        # Engines load models and libraries, which fail with exceptions of their own.
        raise EngineUnavailable(f'The OCR engine "{name[:100]}" does not start.', "Its error is in the log.") from error
    raise EngineNotUsable(
        f'There is no OCR engine called "{name[:60]}".', f"Use {', '.join(_ENGINES)}, or package.module:Class."
    )


# Engines are imported where they are made: each can be missing, and no setup needs all of them.
# ruff: noqa: PLC0415


def _auto(settings: EngineSettings) -> Pipeline:
    try:
        ppocr, detector = _ppocr_parts(settings)
    except EngineUnavailable as error:
        if settings.models:
            # The operator wants these models to be used.
            raise
        _log.info("PP-OCR is left out: %s", error.message)
        return _tesseract(settings)
    try:
        tesseract = _runner(settings)
    except LanguageMissing:
        if not ppocr.supports(ReadingOptions(languages=settings.languages)):
            raise
        # PP-OCR reads this language, for which Tesseract has no data. Tesseract still helps with other languages.
        tesseract = _runner(replace(settings, languages=""))
    # Tesseract tries each line in one way only, because PP-OCR reads the lines of which Tesseract is unsure.
    recognizers = Recognizers(TesseractLines(tesseract, (FRAMED,)), ppocr)
    # A model for a single script may not know the digits.
    numbers = ppocr if ppocr.supports(ReadingOptions()) else None
    return Pipeline("auto", detector, recognizers, other=_of_tesseract(tesseract, numbers))


def _tesseract(settings: EngineSettings) -> Pipeline:
    return _of_tesseract(_runner(settings))


def _program(settings: EngineSettings) -> "PageRecognizer":
    from boxocr.reading.recognition.tesseract_cli import Program

    return Program(settings)


def _of_tesseract(runner: "PageRecognizer", numbers: "PPOCR | None" = None) -> Pipeline:
    recognizers = Recognizers(TesseractLines(runner), numbers=numbers)
    return Pipeline(runner.name, TesseractDetector(runner.lines), recognizers, projects=True)


def _ppocr(settings: EngineSettings) -> Pipeline:
    recognizer, detector = _ppocr_parts(settings)
    return Pipeline("ppocr", detector, Recognizers(recognizer))


def _runner(settings: EngineSettings) -> "PageRecognizer":
    """Tesseract, ready to read the languages of the settings."""
    try:
        from boxocr.reading.recognition.tesseract import Tesseract
    except ImportError as error:
        # No wheel for this machine, or a library missing: a Tesseract program does as well, only slower.
        _log.warning("tesserocr cannot be imported, so the tesseract program is used: %s", error)
        return _program(settings)
    return Tesseract(settings)


def _ppocr_parts(settings: EngineSettings) -> "tuple[PPOCR, TextDetector]":
    """PP-OCR's recognizer and its detector."""
    try:
        from boxocr.reading import ppocr_models
        from boxocr.reading.detection.ppocr import PPOCRDetector
        from boxocr.reading.recognition.ppocr import PPOCR
    except ImportError as error:
        _log.debug("onnxruntime cannot be imported: %s", error)
        raise EngineNotUsable(
            "PP-OCR needs onnxruntime, which is not installed.", "Install BoxOCR with all its dependencies."
        ) from None
    detector, recognizers = ppocr_models.load(settings.models, settings.threads)
    return PPOCR(recognizers, settings.threads), PPOCRDetector(detector)


def _by_import_path(path: str) -> Engine:
    """Make the user's own engine. Importing runs its module; its class is called only if it looks like an engine."""
    kind = _imported(path)
    if not (
        isinstance(kind, type) and callable(getattr(kind, "read", None)) and callable(getattr(kind, "languages", None))
    ):
        raise EngineNotUsable(f'"{path[:100]}" is not an OCR engine.', "Give it the methods read and languages.")
    engine: Engine = kind()
    if not isinstance(engine, Engine):
        raise EngineNotUsable(f'"{path[:100]}" is not an OCR engine.', "Give it a name and a version.")
    return engine


def _imported(path: str) -> object:
    """The object that an import path names.

    Raises:
        EngineNotUsable: with the reason; its cause is the module's exception, where that says more.
    """
    module_name, _, class_name = path.partition(":")
    problem = f'The OCR engine "{path[:100]}" cannot be imported'
    try:
        return getattr(importlib.import_module(module_name), class_name)
    except ModuleNotFoundError as error:
        missing = error.name or module_name
        if f"{module_name}.".startswith(f"{missing}."):
            raise EngineNotUsable(
                f"{problem}: there is no Python module {missing[:100]}.",
                "Write it as package.module:Class, and put the package where Python finds it (PYTHONPATH).",
            ) from None
        raise EngineNotUsable(
            f"{problem}: it needs {missing[:100]}, which is not installed.", "Install it where BoxOCR is installed."
        ) from None
    except (Exception, SystemExit) as error:
        is_absent = isinstance(error, AttributeError) and error.name == class_name and isinstance(error.obj, ModuleType)
        if is_absent:
            raise EngineNotUsable(
                f"{problem}: its module has no class {class_name[:100]}.", "Correct the name after the colon."
            ) from None
        raise EngineNotUsable(f"{problem}: its module fails.", "Its error is in the log.") from error


_ENGINES: dict[str, Callable[[EngineSettings], Engine]] = {
    "auto": _auto,
    "tesseract": _tesseract,
    "pytesseract": lambda settings: _of_tesseract(_program(settings)),
    "ppocr": _ppocr,
}
