"""Tesseract divides Chinese, Japanese, Korean and Thai after every character or two; the words come out whole."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from boxocr.reading.engines import make
from boxocr.reading.page_frame import PageFrame
from boxocr.reading.pipeline import Pipeline
from boxocr.reading.recognition.divided_scripts import lines_of
from boxocr.reading.recognition.engine_settings import EngineSettings
from boxocr.reading.types import ReadingOptions
from boxocr.reading.whole_page import Piece
from tests.reading import program

# Drawn with Noto Sans CJK.
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
        (["我", "々", "、", "\u3007", "\u3007"], "我々、\u3007\u3007", ["我々、\u3007\u3007"]),
        (["ｱ", "ｲ", "\U00020bb7", "(", "株", ")"], "ｱｲ \U00020bb7(株)", ["ｱｲ", "\U00020bb7(株)"]),
        # What the text lacks does not move the spaces of the rest.
        (["見", "?", "積", "書"], "見 積書", ["見", "?", "積書"]),
        (["Invoice", "2024"], "Invoice2024", ["Invoice", "2024"]),
    ],
)
def test_parts_without_a_space_between_them_are_one_word(parts: list[str], text: str, words: list[str]) -> None:
    pieces = [Piece(part, 0.9, 10.0 * at, 0, 9, 20) for at, part in enumerate(parts)]
    (line,) = lines_of([(pieces, 3)], lambda: text, "kor")
    assert [word.text for word in line.words] == words
    assert (line.text, line.block) == (" ".join(words), 3)


def test_a_word_is_as_sure_as_its_weakest_part_and_its_line_as_all_of_them() -> None:
    parts = [Piece("見", 0.9, 5, 3, 10, 20), Piece("積", 0.4, 17, 2, 10, 22), Piece("書", 0.8, 40, 3, 10, 20)]
    below = [Piece("額", 0.7, 5, 40, 10, 20)]
    line, other = lines_of([(parts, 0), (below, 1)], lambda: "見積 書\n額\n", "jpn")
    word, last = line.words
    assert (word.text, word.confidence, word.x, word.y, word.width, word.height) == ("見積", 0.4, 5, 2, 22, 22)
    assert line.confidence == pytest.approx((0.9 + 0.4 + 0.8) / 3)
    assert (last.text, other.text, other.confidence) == ("書", "額", 0.7)
