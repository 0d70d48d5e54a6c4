"""Print in which all letters take the same room: Tesseract is told to measure that for layouts, and not for reading."""

from boxocr.reading.recognition.tesseract import layout
from boxocr.reading.types import Engine, ReadingOptions
from tests.reading import drawn

LINES = ("Receipt from the corner shop", "for milk and bread and fruit", "paid in full with thanks")
TILL = drawn.of_one_width(*LINES)
AUTO = 3


def test_print_of_one_width_is_read_with_its_spaces(tesseract: Engine) -> None:
    assert tesseract.read(TILL, ReadingOptions()).text == "\n".join(LINES)


def test_a_layout_tells_the_words_of_print_of_one_width_apart_whatever_was_read_before(tesseract: Engine) -> None:
    tesseract.read(TILL, ReadingOptions())
    found = layout(drawn.grey(TILL), AUTO)
    assert [len(line.words) for line in found] == [len(line.split()) for line in LINES]
