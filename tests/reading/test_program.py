"""Tesseract as a program: the machine's own when there is one, else one made of tesserocr."""

import shutil
import sys
import time
from pathlib import Path

import pytest

from boxocr.errors import EngineUnavailable, LanguageMissing, ReadingTimeout
from boxocr.reading.engines import make
from boxocr.reading.recognition.engine_settings import EngineSettings
from boxocr.reading.types import Engine, ReadingOptions
from tests.reading import drawn
from tests.reading.program import install


@pytest.fixture(params=["stand-in", *(["system"] if shutil.which("tesseract") else [])])
def engine(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: EngineSettings
) -> Engine:
    if request.param == "stand-in":
        install(tmp_path, monkeypatch)
    monkeypatch.setenv("OMP_THREAD_LIMIT", "")
    return make("pytesseract", settings)


def test_the_program_reads_as_the_library_does(engine: Engine, tesseract: Engine) -> None:
    crop = drawn.text("Delivered on Thursday", "morning, No. 4711")
    reading = engine.read(crop, ReadingOptions())
    assert reading.text == "Delivered on Thursday\nmorning, No. 4711"
    assert reading.engine == "pytesseract"
    assert reading.confidence == pytest.approx(tesseract.read(crop, ReadingOptions()).confidence, abs=0.05)


def test_charsets_reach_the_program_whole(engine: Engine) -> None:
    assert engine.read(drawn.text("IOO5l7"), ReadingOptions(charset="0123456789 '\"\\;$(x)")).text.isdigit()


def test_a_missing_language_is_said_before_the_program_starts(engine: Engine) -> None:
    assert "eng" in engine.languages()
    with pytest.raises(LanguageMissing, match="eng"):
        engine.read(drawn.text("Text"), ReadingOptions(languages="eng+tlh"))


def test_a_slow_program_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, seconds=30)
    engine = make("pytesseract", EngineSettings("eng", None, str(tmp_path / "links"), 1.0))
    started = time.monotonic()
    with pytest.raises(ReadingTimeout):
        engine.read(drawn.text("Text"), ReadingOptions())
    assert time.monotonic() - started < 3


def test_without_a_program_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, settings: EngineSettings) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(EngineUnavailable) as caught:
        make("pytesseract", settings)
    assert "tesseract-ocr" in caught.value.remedy


def test_the_program_stands_in_for_tesserocr(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: EngineSettings
) -> None:
    install(tmp_path, monkeypatch)
    monkeypatch.setitem(sys.modules, "boxocr.reading.recognition.tesseract", None)
    assert make("tesseract", settings).name == "pytesseract"
