"""The score of a line: how sure the engines are, and whether Tesseract's word list has its words."""

from pathlib import Path

import pytest

from boxocr.reading.engines import make
from boxocr.reading.recognition.engine_settings import EngineSettings
from boxocr.reading.types import Engine, ReadingOptions
from tests.reading import drawn, program
from tests.reading.test_tessdata import english, with_letters

WORDS = "The invoice for twelve wooden chairs"
NOT_WORDS = "The inwoice far twelwe woaden chairs"


def scores(engine: Engine, languages: str = "eng") -> tuple[float, float]:
    """Of a line of words and one with some that are none, both read as they are drawn."""
    known, unknown = (engine.read(drawn.text(text), ReadingOptions(languages=languages)) for text in (WORDS, NOT_WORDS))
    assert (known.text, unknown.text) == (WORDS, NOT_WORDS)
    return known.confidence, unknown.confidence


def test_words_that_the_word_list_lacks_lower_the_score(tesseract: Engine) -> None:
    known, unknown = scores(tesseract)
    assert known > 0.94
    assert unknown < 0.75


def test_a_second_engine_that_reads_the_same_makes_up_for_words_that_the_list_lacks(settings: EngineSettings) -> None:
    known, unknown = scores(make("auto", settings))
    assert known > 0.94
    assert unknown > 0.85


def test_data_without_a_word_list_say_nothing_about_words(tmp_path: Path) -> None:
    (tmp_path / "own.traineddata").write_bytes(with_letters(english().read_bytes(), {}))
    known, unknown = scores(make("tesseract", EngineSettings("own", str(tmp_path), str(tmp_path / "links"), 20)), "own")
    assert known == pytest.approx(unknown, abs=0.05)
    assert unknown > 0.7


def test_the_program_does_not_say_which_words_its_list_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: EngineSettings
) -> None:
    program.install(tmp_path, monkeypatch)
    known, unknown = scores(make("pytesseract", settings))
    assert known > 0.9
    assert unknown > 0.78
