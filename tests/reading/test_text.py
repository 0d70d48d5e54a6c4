"""Text comes out clean, whatever an engine gives."""

from hypothesis import given
from hypothesis import strategies as st

from boxocr.reading.text import clean, folded, join_unspaced


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


def test_texts_are_compared_without_spaces_and_kinds_of_quotes() -> None:
    assert folded("\u201eA\u201c \u2013 b") == folded('"A"-b') != folded("'A'-b")
