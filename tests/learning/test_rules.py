"""Rules for the values of a label: shapes, house style, and when they may be used."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxocr.learning.rules import AppliedRules, Rule, Value, learn_rules
from boxocr.learning.shapes import Pick, Shapes, shape_of
from boxocr.learning.styles import STYLES

CHANCE = random.Random(16)  # noqa: S311 - no secret


def dates(count: int) -> list[Value]:
    found = []
    for number in range(count):
        date = f"{CHANCE.randrange(1, 29):02}/{CHANCE.randrange(1, 13):02}/20{CHANCE.randrange(10, 25)}"
        found.append(Value(date, str(number), f"Date: {date} {CHANCE.randrange(10, 24)}:15", "date"))
    return found


@pytest.mark.parametrize(
    ("value", "exact", "any_length"),
    [
        ("30/12/2017", "99/99/9999", "9+/9+/9+"),
        ("12.50", "99.99", "9+.9+"),
        ("RM 5", "AA 9", "a+ 9+"),
        ("+49 30", r"\+99 99", r"\+9+ 9+"),
        ("Straße", "Aaaaaa", "a+"),
    ],
)
def test_shapes_of_values(value: str, exact: str, any_length: str) -> None:
    assert shape_of(value) == exact
    assert shape_of(value, exact=False) == any_length


@given(st.text(min_size=1, max_size=12), st.booleans())
def test_a_value_has_its_own_shape(value: str, exact: bool) -> None:
    shapes = Shapes((shape_of(value, exact=exact),), Pick.FIRST)
    assert shapes.part_of(value) == value


@pytest.mark.parametrize(
    ("shapes", "pick", "text", "expected"),
    [
        (("99/99/9999",), Pick.FIRST, "Date: 30/12/2017 10:15", "30/12/2017"),
        (("99/99/9999",), Pick.FIRST, "no date", "no date"),
        (("9+.9+",), Pick.LAST, "Rounding 0.00 Total 15.50", "15.50"),
        (("9+.9+",), Pick.FIRST, "Rounding 0.00 Total 15.50", "0.00"),
        (("9.99", "99.99"), Pick.FIRST, "Total 15.50", "15.50"),
        # Not a part of a longer number or word.
        (("99",), Pick.FIRST, "No 1234 of 56", "56"),
        (("AA 99",), Pick.FIRST, "RM\n12", "RM\n12"),
    ],
)
def test_the_part_with_a_shape_is_kept(shapes: tuple[str, ...], pick: Pick, text: str, expected: str) -> None:
    assert Shapes(shapes, pick).part_of(text) == expected


@pytest.mark.parametrize(
    ("style", "text", "expected"),
    [
        ("upper case", "Straße 5", "STRASSE 5"),
        ("decimal points", "1.234,50 and 3,5", "1.234.50 and 3,5"),
        ("decimal commas", "12.50", "12,50"),
        ("hyphens for dashes", "a\u2013b\u2014c\u2212d", "a-b-c-d"),
        ("straight quotes", "\u201ea\u201c \u201ab\u2018 «c»", '"a" \'b\' "c"'),
        ("no spaces within numbers", "1 234. 50 RM", "1234.50 RM"),
        ("no spaces before punctuation", "Total : 5 %", "Total: 5%"),
        ("no punctuation at the end", "Berlin.,", "Berlin"),
    ],
)
def test_styles(style: str, text: str, expected: str) -> None:
    assert STYLES[style](text) == expected


def test_a_dates_caption_is_left_out_after_ten_corrections() -> None:
    learned = learn_rules(dates(10))
    assert learned["date"].rule.words() == "the first part like 99/99/9999"
    assert learned["date"].verdict.newly_right == 10
    assert learned["date"].rule.apply("Date 01/02/2019") == "01/02/2019"


def test_a_label_in_capitals_is_written_in_capitals() -> None:
    names = [f"{first} {second} Trading" for first in ("Ong", "Lim", "Tan", "Lee") for second in ("Bros", "Sons", "Co")]
    values = [Value(name.upper(), str(page), name, "company") for page, name in enumerate(names)]
    assert learn_rules(values)["company"].rule == Rule(styles=("upper case",))


def test_style_and_part_are_learned_together() -> None:
    values = [Value(f"{n}.{n}0", str(n), f"EUR {n},{n}0", "total") for n in range(1, 10)] * 2
    rule = learn_rules(values)["total"].rule
    assert rule.apply("EUR 7,40") == "7.40"


def test_nothing_is_learned_from_few_corrections_or_without_a_convention() -> None:
    assert not learn_rules(dates(9))
    words = [f"{CHANCE.choice('abcdef') * 5} {number}" for number in range(60)]
    kept = [Value(word, str(page), word, "text") for page, word in enumerate(words)]
    assert not learn_rules(kept)
    chopped = [Value(word[CHANCE.randrange(3) :], str(page), word, "text") for page, word in enumerate(words)]
    assert not learn_rules(chopped)


def test_a_convention_that_two_annotators_do_not_share_is_not_learned() -> None:
    values = [
        Value(name.upper() if page % 2 else name, str(page), name, "company")
        for page, name in enumerate(["Ong Bros", "Lim Sons", "Tan and Co", "Lee Trading"] * 10)
    ]
    assert not learn_rules(values)


def test_rules_survive_a_file_and_apply_to_their_label_only() -> None:
    rules = AppliedRules({"date": Rule(Shapes(("99/99/9999",), Pick.LAST), ("one line",)), "name": Rule(styles=())})
    again = AppliedRules.from_json(rules.as_json())
    assert again == rules
    assert again.apply("date", "on\n30/12/2017") == "30/12/2017"
    assert again.apply("other", "on 30/12/2017") == "on 30/12/2017"


@pytest.mark.parametrize("broken", [{"a": {}}, {"a": []}, {"a": {"shapes": ["9"], "pick": "x", "styles": []}}])
def test_a_file_with_something_else_is_refused(broken: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        AppliedRules.from_json(broken)
