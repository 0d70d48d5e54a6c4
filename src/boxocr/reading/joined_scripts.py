"""Scripts whose letters are joined by level strokes, which look like rules: Arabic, Bengali, Devanagari, Gurmukhi."""

import re

# Tesseract's codes.
_CODES = """
    ara asm ben fas hin kur_ara mar nep pan pus san snd uig urd
    script/Arabic script/Bengali script/Devanagari script/Gurmukhi
"""
_LANGUAGES = frozenset(_CODES.split())
_LETTER = re.compile("[\u0600-\u06ff\u0750-\u077f\u0900-\u0a7f]")


def can_be_in(languages: str) -> bool:
    """Say whether one of some languages, joined by ``+``, is written in such a script."""
    return not _LANGUAGES.isdisjoint(languages.split("+"))


def are_in(text: str) -> bool:
    """Say whether a text has letters of such a script."""
    return _LETTER.search(text) is not None
