"""Edit distances and replaced parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxocr.learning.alignment import distance, matches, replacements
from tests.learning.independent import edits

TEXTS = st.text("abc \n", max_size=14)


@given(TEXTS, TEXTS)
def test_a_distance_is_that_of_the_whole_table(source: str, target: str) -> None:
    assert distance(source, target) == edits(source, target)


@given(TEXTS, TEXTS)
def test_what_matches_leaves_as_many_edits_as_the_distance(source: str, target: str) -> None:
    left, last = 0, (-1, -1)
    for here in [*matches(source, target), (len(source), len(target))]:
        left += max(here[0] - last[0], here[1] - last[1]) - 1
        last = here
    assert left == distance(source, target)


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("Invoice l2345", "Invoice 12345", [("l", "1")]),
        ("rnore", "more", [("rn", "m")]),
        ("Total: 5", "Total 5", [(":", "")]),
        ("Muller", "Müller", [("u", "ü")]),
        ("", "new", [("", "new")]),
        ("same", "same", []),
    ],
)
def test_replacements(source: str, target: str, expected: list[tuple[str, str]]) -> None:
    assert replacements(source, target) == expected
