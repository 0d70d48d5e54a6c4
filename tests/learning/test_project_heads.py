"""Which labels of a project get a head, on lines of three letters that a model reads without errors."""

import random
from dataclasses import replace

import numpy as np

from boxocr.learning.project_heads import learn_heads
from boxocr.learning.training import Line
from boxocr.reading.recognition.head import Head

LETTERS = "abc"

# Steps of a letter and of the gap after it; large, so that small changes of weights matter.
_SIZE, _LARGE = len(LETTERS) + 1, 100.0

BASE = Head(tuple(LETTERS), np.asarray(np.eye(_SIZE) / 10, np.float32), np.zeros(_SIZE, np.float32))


def line(number: int, label: str, written: dict[str, str]) -> Line:
    """A line of six letters; annotators write some of them in another way."""
    letters = random.Random(number).choices(LETTERS, k=6)  # noqa: S311 - no secret
    steps = [place for letter in letters for place in (LETTERS.index(letter) + 1, 0)]
    text = "".join(written.get(letter, letter) for letter in letters)
    features = _LARGE * np.eye(_SIZE, dtype=np.float32)[steps]
    return Line(features, text, page=str(number // 10), label=label, baseline="".join(letters))


def lines(count: int, label: str, written: dict[str, str], first: int = 0) -> list[Line]:
    return [line(first + number, label, written) for number in range(count)]


def test_labels_that_are_written_in_opposite_ways_have_heads_of_their_own() -> None:
    ways: dict[str, dict[str, str]] = {"print": {"a": "x", "c": "z"}, "hand": {"a": "y", "c": "b"}}
    learned = learn_heads([one for label, way in ways.items() for one in lines(50, label, way)], BASE)
    assert learned.own.keys() == ways.keys()
    for label, way in ways.items():
        for one in lines(10, label, way, first=1000):
            assert learned.read(one) == one.text


def test_labels_that_are_written_in_the_same_way_share_a_head() -> None:
    learned = learn_heads([*lines(50, "print", {"a": "x"}), *lines(50, "hand", {"a": "x"}, first=100)], BASE)
    assert not learned.own
    assert learned.heads["print"] is learned.heads["hand"]
    assert all(before != after and "x" in after for _, before, after in learned.examples)
    assert {label for label, *_ in learned.examples} == {"print", "hand"}


def test_a_label_that_gets_worse_has_no_head() -> None:
    # Twenty lines are too few for a head of their own, and hold the opposite of the others.
    few = [*lines(10, "hand", {}, first=500), *lines(10, "hand", {"b": "c"}, first=600)]
    learned = learn_heads([*lines(70, "print", {"a": "x"}), *few], BASE)
    assert learned.heads.keys() == {"print"}
    assert all(learned.read(one) == one.baseline for one in few)


def test_lines_that_are_mostly_right_must_come_from_several_pages() -> None:
    # Annotators write "c" as "z"; most lines have none.
    rare = [one for one in lines(900, "print", {"c": "z"}) if "c" not in one.baseline][:60]
    rare += [one for one in lines(900, "print", {"c": "z"}) if "c" in one.baseline][:40]
    several = [replace(one, page=str(number % 8)) for number, one in enumerate(rare)]
    assert learn_heads(several, BASE).heads
    assert not learn_heads([replace(one, page=str(number % 3)) for number, one in enumerate(rare)], BASE).heads


def test_marks_for_words_that_cannot_be_read_are_not_learned() -> None:
    marks = [replace(one, text="~~~") for one in lines(60, "print", {}, first=300)]
    assert not learn_heads(marks, BASE).heads
    learned = learn_heads([*lines(50, "print", {"a": "x"}), *marks], BASE)
    for one in lines(20, "print", {"a": "x"}, first=1000):
        assert learned.read(one) == one.text
