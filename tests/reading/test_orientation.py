"""Which way up a text is: nothing upright is turned, and other text only when that is unambiguous."""

from collections.abc import Callable, Sequence

import pytest

from boxocr.reading.orientation import is_text_lost, upright
from boxocr.reading.whole_page import Line

ROWS = [Line("", 0.9, 20, top, 300, 30) for top in (10, 60, 110)]

# As detectors give lines that run down: rectangles longer than wide, turned by a quarter.
COLUMNS = [Line("", 0.9, left, 20, 300, 30, 90) for left in (50, 100, 150)]


def reads(**probabilities: float) -> Callable[..., float]:
    """A recognizer that is this sure of lines at an angle, such as ``at_90``."""

    def probability(lines: Sequence[Line], counts: str = "all", /) -> float:
        rotation = round(lines[0].rotation) % 360
        return probabilities.get(f"{counts}_at_{rotation}", probabilities.get(f"at_{rotation}", 0.0))

    return probability


@pytest.mark.parametrize(
    ("sure", "turned"),
    [
        # Likely enough; the other way is not tried.
        ({"at_0": 0.7, "at_180": 1.0}, 0),
        ({"at_0": 0.53, "at_180": 0.82}, 180),
        # Unreadable both ways.
        ({"at_0": 0.1, "at_180": 0.3}, 0),
        ({"at_0": 0.45, "at_180": 0.79}, 0),
        ({"at_0": 0.1, "at_180": 0.9}, 180),
        # Figures are likely upside down as well.
        ({"at_0": 0.1, "at_180": 0.95, "words_at_180": 0.0}, 0),
    ],
)
def test_level_text_is_upside_down_only_where_that_is_clear(sure: dict[str, float], turned: int) -> None:
    lines, way = upright(ROWS, reads(**sure))
    assert way == turned
    assert {round(line.rotation) for line in lines} == {turned}


@pytest.mark.parametrize(("sure", "turned"), [({"at_90": 0.9}, 90), ({"at_270": 0.9}, 270), ({"at_270": 0.4}, 270)])
def test_text_that_runs_down_or_up_begins_where_it_is_likelier(sure: dict[str, float], turned: int) -> None:
    lines, way = upright(COLUMNS, reads(**sure))
    assert way == turned
    assert {round(line.rotation) for line in lines} == {turned}


def test_a_few_lines_that_run_down_do_not_turn_a_page() -> None:
    lines, way = upright([*ROWS, *COLUMNS], reads(at_0=0.9, at_90=0.9))
    assert way == 0
    assert [round(line.rotation) for line in lines[:3]] == [0, 0, 0]


@pytest.mark.parametrize(
    ("sure", "turned"),
    [
        ({"at_0": 0.7, "words_at_90": 1.0}, 0),
        # A figure alone is likely turned as well, a number is not.
        ({"at_0": 0.1, "at_90": 1.0, "texts_at_90": 0.0}, 0),
        ({"at_0": 0.1, "texts_at_90": 0.9}, 90),
        ({"at_0": 0.1, "texts_at_90": 0.85, "texts_at_270": 0.9}, 270),
    ],
)
def test_the_rectangle_of_a_figure_which_is_higher_than_wide_does_not_turn_it(
    sure: dict[str, float], turned: int
) -> None:
    (line,), way = upright([Line("", 0.9, 42, 10, 44, 20, 90)], reads(**sure))
    assert (way, round(line.rotation)) == (turned, turned)
    # The same rectangle, which is 20 wide and 44 high.
    assert (line.width, line.height) == ((44, 20) if turned else (20, 44))
    assert line.middle == pytest.approx((32, 32))


@pytest.mark.parametrize(("slant", "kept"), [(0.1, 0.0), (4.0, 4.0)])
def test_lines_have_one_slant_and_short_ones_that_of_the_long_ones(slant: float, kept: float) -> None:
    long = [Line("", 0.9, 20, top, 300, 30, slant) for top in (10, 60, 110)]
    short = Line("", 0.9, 400, 60, 60, 30, 9.0)
    lines, way = upright([*long, short], reads(at_0=0.9, at_4=0.9))
    assert way == 0
    assert [line.rotation for line in lines] == pytest.approx([kept] * 4)


def test_text_that_was_recognized_upside_down_is_lost_when_its_lines_are_turned() -> None:
    def recognized(text: str) -> list[Line]:
        return [Line(text, 0.9, 20, top, 300, 30, 180) for top in (10, 60)]

    assert is_text_lost(recognized("moon"), recognized(""))
    assert not is_text_lost(recognized("moon"), recognized("moon"))
