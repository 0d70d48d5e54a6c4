"""Numbers and currency signs in scripts that PP-OCR does not read, and that Tesseract's data lack signs for."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from boxocr.reading import numbers
from boxocr.reading.engines import make
from boxocr.reading.page_frame import PageFrame
from boxocr.reading.pipeline import Pipeline
from boxocr.reading.recognition import RecognizedLine
from boxocr.reading.recognition.engine_settings import EngineSettings
from boxocr.reading.types import ReadingOptions
from boxocr.reading.whole_page import Piece

# Drawn with Noto Sans.
EURO = Path(__file__).parents[1] / "data" / "pages" / "euro.png"
TEXT = "Total €8,643.50\nSum 2.884,50 €"


@pytest.fixture
def auto(tmp_path: Path) -> Pipeline:
    """An engine for a language that PP-OCR does not know: the Japanese data lack the euro sign as well."""
    shutil.copy(Path(sys.prefix) / "share" / "tessdata" / "jpn.traineddata", tmp_path / "xyz.traineddata")
    engine = make("auto", EngineSettings("xyz", str(tmp_path), str(tmp_path / "links"), 20))
    assert isinstance(engine, Pipeline)
    return engine


@pytest.mark.parametrize("rows", [slice(None), slice(58), slice(58, None)])
def test_a_box_has_the_numbers_that_ppocr_reads(auto: Pipeline, rows: slice) -> None:
    crop = np.asarray(Image.open(EURO).convert("RGB"))[rows]
    expected = TEXT if rows == slice(None) else TEXT.split("\n")[rows.start is not None]
    assert auto.read(crop, ReadingOptions(languages="xyz")).text == expected


def test_a_page_has_them_where_they_are(auto: Pipeline) -> None:
    page = np.asarray(Image.open(EURO).convert("L"))
    words = auto.read_page(page, PageFrame(), ReadingOptions(languages="xyz")).words()
    assert [word.text for word in words] == ["Total", "€8,643.50", "Sum", "2.884,50", "€"]
    places = [place for word in words for place in (word.x, word.x + word.width)]
    assert places == pytest.approx([20, 94, 107, 261, 21, 89, 102, 234, 243, 263], abs=4)


def test_a_charset_is_kept(auto: Pipeline) -> None:
    crop = np.asarray(Image.open(EURO).convert("RGB"))[:58]
    assert "€" not in auto.read(crop, ReadingOptions(languages="xyz", charset="0123456789.,")).text


def line(*texts: str, step: float = 100.0, start: float = 0.0, confidence: float = 0.9) -> RecognizedLine:
    """A line with words as wide as a step, nearly; a negative step is one from right to left."""
    words = [Piece(text, confidence, start + step * at, 0.0, 0.9 * abs(step), 30.0) for at, text in enumerate(texts)]
    return RecognizedLine(tuple(words), confidence, "tesseract")


@pytest.mark.parametrize(
    ("tesseract", "ppocr", "expected"),
    [
        # A sign read as a figure or a letter, alone or at the number.
        (["ยูโร", "69,629.50"], ["¿Īs", "€9,629.50"], ["ยูโร", "€9,629.50"]),
        (["евро", "7", "545,50", "="], ["epo", "7", "545,50", "€"], ["евро", "7", "545,50", "€"]),
        (["Ευρώ", "766,50ε"], ["E", "766,50€"], ["Ευρώ", "766,50€"]),
        # A point for a comma.
        (["Сумма", "5.53450"], ["CyMMa", "5.534,50"], ["Сумма", "5.534,50"]),
        # An abbreviation, a figure of its own script, a letter like a figure, a word with figures in it.
        (["16.05.2013д."], ["16.05.2013"], ["16.05.2013д."]),
        (["\u0665\u0660", "5\u0660"], ["0.", "50"], ["\u0665\u0660", "5\u0660"]),
        (["\u0417", "5"], ["3", "5"], ["\u0417", "5"]),
        (["유로*7,784.50"], ["7,784.50"], ["유로*7,784.50"]),
        (["дом", "слово"], ["10", "20"], ["дом", "слово"]),
    ],
)
def test_only_numbers_are_replaced(tesseract: list[str], ppocr: list[str], expected: list[str]) -> None:
    corrected = numbers.corrected(line(*tesseract), line(*ppocr, confidence=0.99).words)
    assert [word.text for word in corrected.words] == expected


def test_a_number_of_which_ppocr_is_unsure_is_not_replaced() -> None:
    assert numbers.corrected(line("69,629.50"), line("€9,629.50", confidence=0.9).words) == line("69,629.50")


def test_a_number_and_its_sign_come_in_the_order_of_the_script() -> None:
    sign, number = line("€", "8,499.50", step=45).words
    others = [Piece("€", 0.99, 0, 0, 20, 30), Piece("8,499.50", 0.99, 25, 0, 65, 30)]
    (first, second) = numbers.corrected(line("8,499.508"), others).words
    assert [(first.text, first.x), (second.text, second.x)] == [(sign.text, 0), (number.text, 25)]
    hebrew = line("אירו", "8,499.508", start=100, step=-100)
    assert [word.text for word in numbers.corrected(hebrew, others).words] == ["אירו", "8,499.50", "€"]


def test_sure_numbers_do_not_make_the_letters_surer() -> None:
    read = RecognizedLine((*line("ยูไร", confidence=0.5).words, *line("69,629.50", start=100).words), 0.7, "tesseract")
    corrected = numbers.corrected(read, line("€9,629.50", start=100, confidence=0.99).words)
    assert (corrected.mean, corrected.weakest) == (0.5, 0.5)


def test_slanted_lines_are_left_as_they_are() -> None:
    slanted = RecognizedLine((Piece("69,629.50", 0.9, 0, 0, 90, 30, rotation=20.0),), 0.9, "tesseract")
    assert numbers.corrected(slanted, line("€9,629.50", confidence=0.99).words) == slanted
