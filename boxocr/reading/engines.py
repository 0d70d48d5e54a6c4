"""From an engine's name to the engine."""

import importlib
import importlib.util
import logging

from boxocr.errors import BoxOCRError, EngineUnavailable
from boxocr.reading.engine import Engine
from boxocr.reading.engine_settings import EngineSettings
from boxocr.reading.reader import Ladder

_log = logging.getLogger(__name__)

NAMES = ("auto", "tesseract", "pytesseract", "ppocr")


def make(name: str, settings: EngineSettings) -> Engine:
    """Make the engine called ``name``, ready to read with the languages of ``settings``.

    Raises:
        EngineUnavailable: when there is no such engine, or it does not start.
        LanguageMissing: when one of the languages is not installed.
    """
    if ":" in name:
        return _by_import_path(name)
    if name in ("auto", "tesseract"):
        return _tesseract(settings)
    raise EngineUnavailable(
        f'There is no OCR engine called "{name[:60]}".', f"Use {', '.join(NAMES)}, or package.module:Class."
    )


def _tesseract(settings: EngineSettings) -> Ladder:
    from boxocr.reading.tesseract import Tesseract  # noqa: PLC0415 - only where it is used: it can be missing

    recognizer = Tesseract(settings)
    recognizer.warm(settings.languages)
    return Ladder(recognizer)


def _by_import_path(path: str) -> Engine:
    """Make the user's own engine. Its module runs at import, but its class only if it looks like an engine."""
    module_name, _, class_name = path.partition(":")
    remedy = "Write it as package.module:Class, and put the package where Python finds it (PYTHONPATH)."
    try:
        kind = getattr(importlib.import_module(module_name), class_name)
    except (ImportError, AttributeError, ValueError) as error:
        _log.warning("engine %s cannot be imported: %s", path, error)
        raise EngineUnavailable(f'The OCR engine "{path[:100]}" cannot be imported.', remedy) from error
    if not (isinstance(kind, type) and callable(getattr(kind, "read", None)) and callable(getattr(kind, "languages", None))):
        raise EngineUnavailable(f'"{path[:100]}" is not an OCR engine.', "Give it the methods read and languages.")
    try:
        engine = kind()
        engine.name, engine.version  # noqa: B018 - both are part of the protocol, and asked for later
    except BoxOCRError:
        raise
    except Exception as error:
        _log.exception("engine %s does not start", path)
        raise EngineUnavailable(f'The OCR engine "{path[:100]}" does not start.', "Its error is in the log.") from error
    return engine
