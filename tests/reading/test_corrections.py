"""Mistakes of Tesseract's data in the scripts of India and in Arabic, and in Roman numerals."""

import pytest

from boxocr.reading.recognition.corrections import corrected
from boxocr.reading.whole_page import Piece

ZWNJ, ZWJ = "\u200c", "\u200d"


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (f"அக்டோபர்{ZWNJ},", "அக்டோபர்,"),
        (f"ఎల్{ZWNJ}", "ఎల్"),
        (f"බක්{ZWNJ}{ZWNJ}", "බක්"),
        # Malayalam has characters for letters without a vowel.
        (f"ലെബനന്{ZWJ}", "ലെബനൻ"),
        (f"മള്{ZWJ}ഡോവ", "മൾഡോവ"),
        # Between letters, and before a vowel sign or virama, joiners mean something.
        (f"می{ZWNJ}شود", f"می{ZWNJ}شود"),
        (f"ක්{ZWJ}ර", f"ක්{ZWJ}ර"),
        (f"র{ZWJ}্যাম", f"র{ZWJ}্যাম"),
        # The comma of Arabic script, but not between figures.
        ("منگل,", "منگل\u060c"),
        ("\u0661\u0662,\u0665", "\u0661\u0662,\u0665"),
        ("1,250", "1,250"),
        ("Žofín,", "Žofín,"),
    ],
)
def test_words_are_spelt_as_people_type_them(read: str, expected: str) -> None:
    line = corrected([Piece(read, 0.9, 0, 0, 90, 30), Piece("7", 0.9, 100, 0, 10, 30)], "eng")
    assert line.text == f"{expected} 7"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("Phase", "Ill"), "Phase III"),
        (("Chapter", "Il"), "Chapter II"),
        (("Ill", "today"), "Ill today"),
        (("is", "Ill"), "is Ill"),
        (("Rome.", "Ill"), "Rome. Ill"),
    ],
)
def test_roman_numerals_are_not_small_letters(words: tuple[str, ...], expected: str) -> None:
    line = corrected([Piece(word, 0.9, 100 * at, 0, 90, 30) for at, word in enumerate(words)], "eng")
    assert line.text == expected
