"""Lines of a box: which ink they hold, which are whole, and which are text."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw

from boxocr.reading import line_image
from boxocr.reading.detection import projection
from boxocr.reading.detection.leftover import uncovered
from boxocr.reading.line_selection import at_edges, is_credible, joined, without_drawings
from boxocr.reading.ordering import in_reading_order
from boxocr.reading.recognition import RecognizedLine
from boxocr.reading.result import Result, preferred
from boxocr.reading.scoring import scored
from boxocr.reading.types import Pixels
from boxocr.reading.whole_page import Line, Piece, line_of
from tests.reading import drawn


def line(*words: Piece) -> Line:
    return line_of(words, 0)


def bars(*rectangles: tuple[int, int, int, int], size: tuple[int, int]) -> Pixels:
    """Ink in rectangles: left, top, right, bottom."""
    image = Image.new("L", size, 250)
    draw = ImageDraw.Draw(image)
    for left, top, right, bottom in rectangles:
        draw.rectangle((left, top, right - 1, bottom - 1), fill=20)
    return np.asarray(image)


LARGE = [(left, 9, left + 16, 31) for left in range(30, 180, 24)]
DESCENDER = (8, 9, 16, 46)
SMALL = [(left, 40, left + 4, 46) for left in range(24, 70, 8)]


def test_a_descender_does_not_make_one_line_of_two() -> None:
    assert projection.find(bars(DESCENDER, *LARGE, size=(220, 60))).is_one_clear_line()
    found = projection.find(bars(DESCENDER, *LARGE, *SMALL, size=(220, 60)))
    assert len(found.lines) == 1
    assert not found.is_one_clear_line()


def test_a_line_of_letters_a_quarter_as_high_is_not_dirt() -> None:
    large = Line("", 0.9, 0, 4, 200, 32)
    found = projection.find(bars(*LARGE, *SMALL, size=(220, 60)))
    assert len(uncovered(found, [large])) == 1
    speck = projection.find(bars(*LARGE, SMALL[0], size=(220, 60)))
    assert not uncovered(speck, [large])


def test_a_lone_figure_right_below_a_line_is_of_another_line_and_a_comma_is_not() -> None:
    above = Line("", 0.9, 8, 4, 180, 32)
    figure, comma = (140, 33, 150, 49), (140, 36, 144, 42)
    (lone,) = uncovered(projection.find(bars(*LARGE, figure, size=(220, 60))), [above])
    assert (lone.x, lone.width) == (137, 16)
    assert not uncovered(projection.find(bars(*LARGE, comma, size=(220, 60))), [above])


def test_rectangles_of_one_number_are_a_line_and_cells_are_not() -> None:
    below, four, two = (Line("", 1.0, *box) for box in ((42, 44, 36, 18), (35, -1, 44, 46), (5, -1, 40, 41)))
    assert [(line.x, line.y, line.width, line.height) for line in joined([below, four, two])] == [
        (42, 44, 36, 18),
        (5, -1, 74, 46),
    ]
    cells = [Line("", 1.0, 0, 0, 60, 30), Line("", 1.0, 58, 0, 60, 30)]
    assert joined(cells) == cells
    recognized = [replace(line, words=(Piece("7", 0.9, line.x, 0, 9, 9),)) for line in (four, two)]
    assert joined(recognized) == recognized


@pytest.mark.parametrize(
    ("text", "probability", "empty", "longer", "expected"),
    [
        ("B42", 0.97, 0, 0.02, "B42"),
        ("B42", 0.5, 0, 0.02, "three more words"),
        ("B42", 0.97, 1, 0.02, "three more words"),
        ("three more", 0.97, 0, 0.6, "three more words"),
        ("three more", 0.97, 0, 0.4, "three more"),
    ],
)
def test_a_longer_reading_is_better_if_it_is_text_or_the_other_one_is_doubtful(
    text: str, probability: float, empty: int, longer: float, expected: str
) -> None:
    def result(text: str, probability: float, empty: int = 0) -> Result:
        return Result([[Line(text, probability, 0, 0, 90, 30)]], empty, 0, frozenset())

    short, long = result(text, probability, empty), result("three more words", longer)
    assert preferred(short, long).text == preferred(long, short).text == expected


@pytest.mark.parametrize("top", [0, 10, 16])
def test_a_large_price_does_not_move_the_lines_beside_it(top: int) -> None:
    texts = ["Free delivery", "No contract", "Cancel any time", "Support included"]
    lines = [Line(text, 0.9, 0, 22 * row, 120, 20) for row, text in enumerate(texts)]
    rows = in_reading_order([*lines, Line("$49", 0.9, 160, top, 100, 86 - top)], 0)
    assert [row[0].text for row in rows if row[0].text != "$49"] == texts


@pytest.mark.parametrize(
    ("texts", "languages", "kept"),
    [
        (["口", "Name"], "eng+deu", ["Name"]),
        (["口", "Name"], "eng+jpn", ["口", "Name"]),
        (["东", "Yuyuan Rd.", "愚园路"], "eng", ["东", "Yuyuan Rd.", "愚园路"]),
    ],
)
def test_a_checkbox_on_a_page_is_no_chinese_character(texts: list[str], languages: str, kept: list[str]) -> None:
    lines = [replace(line(Piece(text, 0.9, 0, 40 * row, 30, 30)), engine="ppocr") for row, text in enumerate(texts)]
    assert [one.text for one in without_drawings(lines, languages)] == kept


def test_a_part_of_a_frame_is_no_lost_line_and_a_large_figure_is() -> None:
    lines = [Line("", 0.9, 20, top, 180, 32) for top in (4, 60)]
    second = [(left, top + 56, right, bottom + 56) for left, top, right, bottom in LARGE]
    frame = [(2, 2, 10, 98), (2, 90, 210, 98)]
    assert not uncovered(projection.find(bars(*LARGE, *second, *frame, size=(220, 100))), lines)
    seven = [(4, 30, 26, 33), (23, 33, 26, 76)]
    letters = [(left + 30, top, right + 30, bottom) for left, top, right, bottom in (*LARGE, *second)]
    moved = [replace(one, x=50) for one in lines]
    assert len(uncovered(projection.find(bars(*letters, *seven, size=(250, 100))), moved)) == 1


def test_the_frame_of_a_tilted_cell_is_around_its_line_and_no_other_one() -> None:
    image = Image.new("L", (300, 90), 250)
    draw = ImageDraw.Draw(image)
    for top in (20, 66):
        draw.rectangle((0, top, 299, top), fill=20)
    for left in (30, 262):
        draw.rectangle((left, 0, left, 89), fill=20)
    for left in range(44, 120, 14):
        draw.rectangle((left, 34, left + 8, 54), fill=20)
    tilted = np.asarray(image.rotate(-3, Image.Resampling.BICUBIC, fillcolor=250))[16:74, 24:272]
    line = Line("", 0.9, 14, 8, 92, 38, 3)
    assert not uncovered(projection.find(np.ascontiguousarray(tilted)), [line])


@pytest.mark.parametrize(
    ("height", "one_lower", "whole", "perhaps"),
    [
        (12, 0, 2, 0),
        # Handwriting that the edge cuts off.
        (10, 3, 1, 1),
        (5, 0, 1, 0),
    ],
)
def test_a_line_at_the_edge_is_whole_or_perhaps_whole_or_left_out(
    height: int, one_lower: int, whole: int, perhaps: int
) -> None:
    letters = [(left, 0, left + 8, height - (one_lower if left == 16 else 0)) for left in range(4, 44, 12)]
    others = [(left, 32, left + 8, 44) for left in range(4, 44, 12)]
    found = projection.find(bars(*letters, *others, size=(50, 49)))
    kept, cut = at_edges([Line("", 0.9, -3, 25, 49, 26), Line("", 0.9, -1, -1, 50, height + 5)], found)
    assert (len(kept), len(cut)) == (whole, perhaps)


@pytest.mark.parametrize(
    ("text", "is_text"), [("Ae xo", False), ("the harvest was broght to tke captoin befare noon", True)]
)
def test_a_long_line_of_which_the_engine_is_unsure_is_text(text: str, is_text: bool) -> None:
    words = tuple(Piece(word, 0.35, 60.0 * at, 0, 50, 20) for at, word in enumerate(text.split()))
    assert scored(RecognizedLine(words, 0.35, "tesseract")).is_text == is_text


def test_letters_are_ink_and_a_dark_panel_is_not() -> None:
    crop = drawn.text("Sender kidney", size=28, ink=drawn.BLACK)
    half = crop.shape[1] // 2
    crop[:, half:] = 255 - crop[:, half:]
    assert 0.05 < line_image.ink_of(crop).mean() < 0.3


@pytest.mark.parametrize(
    ("text", "height", "confidence", "kept"),
    [
        # Ditto marks of a register, read as figures or an H.
        ("11", 10, 0.6, False),
        ("H", 10, 0.6, False),
        # A footnote's number, and one that is hard to read in a line of its own.
        ("11", 10, 0.8, True),
        ("11", 24, 0.6, True),
        ("11a", 10, 0.6, True),
    ],
)
def test_low_marks_of_which_the_engine_is_unsure_are_not_text(
    text: str, height: int, confidence: float, *, kept: bool
) -> None:
    detected = Line("", 0.9, 10, 10, 30, height)
    recognized = replace(line(Piece(text, confidence, 10, 10, 20, height)), confidence=confidence)
    assert is_credible(recognized, detected, usual=24, is_page=True) == kept
