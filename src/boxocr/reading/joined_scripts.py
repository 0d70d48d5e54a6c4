"""Scripts whose letters are joined by level strokes, which look like rules: Arabic, Bengali, Devanagari, Gurmukhi."""

import re

# Tesseract's codes.
_CODES = """
    ara asm ben fas hin kur_ara mar nep pan pus san snd uig urd
    Arabic Bengali Devanagari Gurmukhi
"""
_LANGUAGES = frozenset(_CODES.split())
_LETTER = re.compile("[\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff\u0900-\u0a7f\ufb50-\ufdff\ufe70-\ufefc]")


def can_be_in(languages: str) -> bool:
    """Say whether one of some languages, joined by ``+``, is written in such a script."""
    return any(code.removeprefix("script/") in _LANGUAGES for code in languages.split("+"))


def are_in(text: str) -> bool:
    """Say whether a text has letters of such a script."""
    return _LETTER.search(text) is not None
