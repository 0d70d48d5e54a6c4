"""Tesseract divides Chinese, Japanese, Korean and Thai after every character or two; the words come out whole."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from boxocr.reading.engines import make
from boxocr.reading.page_frame import PageFrame
from boxocr.reading.pipeline import Pipeline
from boxocr.reading.recognition.divided_scripts import undivided
from boxocr.reading.recognition.engine_settings import EngineSettings
from boxocr.reading.types import ReadingOptions
from boxocr.reading.whole_page import Piece
from tests.reading import program

# Drawn with Noto Sans CJK, as enclosures.png is.
JAPANESE = Path(__file__).parents[1] / "data" / "pages" / "japanese.png"


@pytest.mark.parametrize("name", ["tesseract", "pytesseract", "auto"])
def test_a_japanese_box_has_spaces_only_where_there_are_some(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: EngineSettings
) -> None:
    program.install(tmp_path, monkeypatch)
    crop = np.asarray(Image.open(JAPANESE).convert("RGB"))
    reading = make(name, settings).read(crop, ReadingOptions(languages="jpn"))
    assert reading.text == "第3章 見積書\n東京都新宿区 2024年4月1日"


@pytest.mark.parametrize("name", ["tesseract", "auto"])
def test_the_words_of_a_japanese_page_are_whole(name: str, settings: EngineSettings) -> None:
    page = np.asarray(Image.open(JAPANESE).convert("L"))
    engine = make(name, settings)
    assert isinstance(engine, Pipeline)
    words = engine.read_page(page, PageFrame(), ReadingOptions(languages="jpn")).words()
    assert [word.text for word in words] == ["第3章", "見積書", "東京都新宿区", "2024年4月1日"]
    # Where they are drawn, px; Tesseract gives a word a part of the space next to it.
    places = [place for word in words for place in (word.x, word.x + word.width)]
    assert places == pytest.approx([33, 112, 123, 214, 34, 222, 232, 428], abs=11)


@pytest.mark.parametrize(
    ("parts", "text", "words"),
    [
        (["발", "행", "일", "2020", "년"], "발행일 2020년\n", ["발행일", "2020년"]),
        (["코", "로", "나", "-19", "관련"], "코로나-19   관련\n", ["코로나-19", "관련"]),
        (["ก", "รุ", "ง", "ไทย"], "กรุง ไทย", ["กรุง", "ไทย"]),
        # Parts in other scripts are words of their own, whatever the text looks like.
        (["見", "積", "A", "B"], "見積AB", ["見積A", "B"]),
        # What the text lacks does not move the spaces of the rest.
        (["見", "?", "積", "書"], "見 積書", ["見", "?", "積書"]),
        (["Invoice", "2024"], "Invoice2024", ["Invoice", "2024"]),
    ],
)
def test_parts_without_a_space_between_them_are_one_word(parts: list[str], text: str, words: list[str]) -> None:
    pieces = [Piece(part, 0.9, 10.0 * at, 0, 9, 20) for at, part in enumerate(parts)]
    assert [word.text for word in undivided([pieces], lambda: text)[0]] == words


def test_a_word_is_as_sure_as_its_weakest_part_and_lies_around_all() -> None:
    parts = [Piece("見", 0.9, 5, 3, 10, 20), Piece("積", 0.4, 17, 2, 10, 22), Piece("書", 0.8, 40, 3, 10, 20)]
    (word, other), (below,) = undivided([parts, [Piece("額", 0.7, 5, 40, 10, 20)]], lambda: "見積 書\n額\n")
    assert (word.text, word.confidence, word.x, word.y, word.width, word.height) == ("見積", 0.4, 5, 2, 22, 22)
    assert (other.text, below.text) == ("書", "額")


@pytest.mark.parametrize("name", ["tesseract", "auto"])
def test_characters_like_checkboxes_keep_their_frames(name: str, settings: EngineSettings) -> None:
    crop = np.asarray(Image.open(JAPANESE.with_name("enclosures.png")).convert("RGB"))
    assert make(name, settings).read(crop, ReadingOptions(languages="jpn")).text.replace(" ", "") == "外国人図4"
