"""Parsing of ``OCR_ENGINE``: a built-in engine in any usual spelling, or a class of the operator's own."""

import difflib
import re

BUILT_IN = ("auto", "tesseract", "pytesseract", "ppocr")

# Other common names of built-in engines, in lower case, without spaces and hyphens.
_ALSO_CALLED = {
    "paddle": "ppocr",
    "paddleocr": "ppocr",
    "rapidocr": "ppocr",
    "tesseractocr": "tesseract",
    "tesserocr": "tesseract",
}

_OMITTED = re.compile(r"[\s_.-]+")
_AROUND = " \t\r\n\"'"

_LONGEST_SHOWN = 60


def parse(written: str) -> str:
    """Return the engine's name for :func:`boxocr.reading.engines.make`.

    Raises:
        ValueError: it is neither a built-in engine nor ``package.module:Class``. The message lists the engines.
    """
    name = written.strip(_AROUND)
    if ":" in name:
        return _import_path(name)
    plain = _OMITTED.sub("", name).lower()
    found = _ALSO_CALLED.get(plain, plain)
    if found not in BUILT_IN:
        raise ValueError(_unknown(name, plain))
    return found


def is_own(name: str) -> bool:
    """Whether an engine is a class of the operator's own."""
    return ":" in name


def _import_path(name: str) -> str:
    module, _, kind = (part.strip() for part in name.partition(":"))
    if not all(part.isidentifier() for part in [*module.split("."), kind]):
        raise ValueError(
            f'"{_shown(name)}" is not a class; write package.module:Class, as Python imports it, for an engine of '
            "your own"
        )
    return f"{module}:{kind}"


def _unknown(name: str, plain: str) -> str:
    module, _, kind = name.rpartition(".")
    if module and all(part.isidentifier() for part in [*module.split("."), kind]):
        return f'there is no engine "{_shown(name)}"; a class of your own is written {_shown(f"{module}:{kind}")}'
    near = difflib.get_close_matches(plain, BUILT_IN, 1)
    meant = f" (did you mean {near[0]}?)" if near else ""
    known = f"{', '.join(BUILT_IN[:-1])} or {BUILT_IN[-1]}"
    return f'there is no engine "{_shown(name)}"{meant}; use {known}, or package.module:Class for one of your own'


def _shown(name: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in name)[:_LONGEST_SHOWN]
