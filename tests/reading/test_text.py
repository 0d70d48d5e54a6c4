"""Text comes out clean, whatever an engine gives."""

from hypothesis import given
from hypothesis import strategies as st

from boxocr.reading.recognition.confidence import mean_confidence
from boxocr.reading.recognition.text import clean, join_unspaced


@given(st.text(st.characters(exclude_categories=[])) | st.binary())
def test_any_text_becomes_lines_of_valid_unicode(text: str | bytes) -> None:
    cleaned = clean(text)
    cleaned.encode("utf-8")
    assert clean(cleaned) == cleaned
    for line in cleaned.split("\n"):
        assert line == line.rstrip()
        assert all(ord(char) >= 32 and not 127 <= ord(char) < 160 for char in line)


def test_blank_lines_and_trailing_spaces_go_and_indents_stay() -> None:
    assert clean("one \n\n  two\t\r\nthree\x0c") == "one\n  two\nthree"


def test_lone_surrogates_and_control_characters_go() -> None:
    assert clean("a\ud800b\x00c\x7fd\x9be") == "abcde"


def test_chinese_is_written_without_spaces_and_latin_keeps_them() -> None:
    assert (
        join_unspaced("\u4eca \u5929 \u5f88\u597d \uff0c go to \u5317 \u4eac")
        == "\u4eca\u5929\u5f88\u597d\uff0c go to \u5317\u4eac"
    )


def test_long_words_count_more() -> None:
    assert mean_confidence(["word", "|"], [90.0, 40.0]) == (4 * 90 + 40) / 500
    assert mean_confidence([], []) == 0
    assert mean_confidence([" "], [95.0]) == 0
    assert mean_confidence(["a"], [-1.0]) == 0
