"""Log-likelihoods of texts at one edit: each is that of the text aligned by itself."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from boxocr.learning.alignment import Edit
from boxocr.learning.likelihood import Alignment
from boxocr.learning.text_fit import text_fit
from boxocr.reading.types import LineProbabilities

CLASSES = 4
IMPOSSIBLE = -1e8


def total(logs: NDArray[np.float32], text: list[int]) -> float:
    return max(Alignment(logs, np.array(text, np.intp)).total, IMPOSSIBLE)


@given(
    text=st.lists(st.integers(1, CLASSES - 1), min_size=2, max_size=5),
    steps=st.integers(4, 12),
    seed=st.integers(0, 1_000),
)
def test_texts_at_one_edit_are_scored_as_by_themselves(text: list[int], steps: int, seed: int) -> None:
    chance = np.random.default_rng(seed)
    logs = np.log(chance.dirichlet([0.5] * CLASSES, steps) + 1e-4).astype(np.float32)
    alignment = Alignment(logs, np.array(text, np.intp))
    assume(alignment.total > IMPOSSIBLE)
    candidates = [*range(1, CLASSES)]
    edited = alignment.edited(np.array(candidates, np.intp))
    places = [*enumerate(text)]
    others: dict[str, list[list[int]]] = {
        "replaced": [[*text[:at], one, *text[at + 1 :]] for at, _ in places for one in candidates],
        "inserted": [[*text[:at], one, *text[at:]] for at in range(len(text) + 1) for one in candidates],
        "removed": [[*text[:at], *text[at + 1 :]] for at, _ in places],
        "swapped": [[*text[:at], text[at + 1], text[at], *text[at + 2 :]] for at, _ in places[:-1]],
    }
    for name, texts in others.items():
        # Scores are differences from that of the text.
        scores = getattr(edited, name).ravel() + alignment.total
        assert np.maximum(scores, IMPOSSIBLE) == pytest.approx([total(logs, one) for one in texts], abs=1e-3)


def line(text: str, expected: str = "") -> LineProbabilities:
    """A line with a step for each character and a gap after it, for a recognizer that has an expected text's too."""
    characters = tuple(sorted({*text, *expected} - {" ", "\n"}))
    steps = np.full((2 * len(text), 1 + len(characters)), 0.01)
    for place, character in enumerate(text):
        steps[2 * place, 1 + characters.index(character)] = 0.9
        steps[2 * place + 1, 0] = 0.95
    return LineProbabilities(characters, steps.astype(np.float16))


def test_the_better_text_is_found_in_the_line_that_has_it() -> None:
    swapped, right = (
        text_fit(text, [line(part, text) for part in ("Total", "No248", "Sum")]) for text in ("No 284", "No 248")
    )
    assert swapped is not None
    assert swapped.better[0].edit == Edit(4, "84", "48")
    assert right is not None
    assert right.surprise == pytest.approx(0, abs=0.01)
    assert not right.better


def test_a_text_of_several_lines_is_compared_with_all_of_them() -> None:
    found = text_fit("Total\n248", [line("Total"), line("248")])
    assert found is not None
    assert found.surprise == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("text", ["", " ", "\u05e9\u05dc\u05d5\u05dd"])
def test_texts_that_cannot_be_aligned_have_no_fit(text: str) -> None:
    assert text_fit(text, [line("Total")]) is None


def test_long_texts_are_not_compared() -> None:
    assert text_fit("ab" * 200, [line("ab" * 200)]) is None
    assert text_fit("ab" * 100, [line("ab" * 100)]) is not None


def test_a_line_that_is_too_short_for_a_text_has_no_better_one() -> None:
    found = text_fit("a much longer text", [line("ab")])
    assert found is not None
    assert found.surprise == float("inf")
    assert not found.better


def test_a_character_that_the_recognizer_lacks_fits_any() -> None:
    lacking, other = text_fit("Wa\u00b6ser", [line("Wafser")]), text_fit("Walser", [line("Wafser", "Walser")])
    assert lacking is not None
    assert other is not None
    assert lacking.surprise < other.surprise
