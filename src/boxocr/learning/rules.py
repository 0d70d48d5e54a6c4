"""Rules for the values of a label: which part of a reading is kept, and how it is written.

Rules are learned from the readings and the texts that annotators submitted. They are used if they help on held-out
pages, and explained in words.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from boxocr.learning.shapes import Pick, Shapes, shapes_of
from boxocr.learning.styles import STYLES
from boxocr.learning.validation import Read, Verdict, hold_out

_LEAST_EXAMPLES = 10


@dataclass(frozen=True)
class Value:
    """A box to learn rules from.

    Attributes:
        text: what an annotator submitted.
        page: the page that it is on.
        baseline: its reading without rules.
        label: of its box.
    """

    text: str
    page: str
    baseline: str
    label: str


@dataclass(frozen=True)
class Rule:
    """What is done with the readings of a label.

    Attributes:
        shapes: those of the part that is kept; None keeps all of a reading.
        styles: names of :data:`~boxocr.learning.styles.STYLES`.
    """

    shapes: Shapes | None = None
    styles: tuple[str, ...] = ()

    def apply(self, text: str) -> str:
        """The value in a reading, as annotators write it; not empty unless the reading is."""
        value = text
        for style in self.styles:
            value = STYLES[style](value)
        # Shapes come after styles, since they are those of submitted values.
        return (self.shapes.part_of(value) if self.shapes else value) or text

    def words(self) -> str:
        """For people: "the last part like 99/99/9999; upper case"."""
        parts = []
        if self.shapes:
            parts.append(f"the {self.shapes.pick} part like {' or '.join(self.shapes.shapes)}")
        return "; ".join([*parts, *self.styles])


@dataclass(frozen=True)
class LearnedRule:
    """A rule with its evidence."""

    rule: Rule
    verdict: Verdict


@dataclass(frozen=True)
class AppliedRules:
    """The rules of a project by label, as answers apply them."""

    rules: Mapping[str, Rule] = field(default_factory=dict)

    def apply(self, label: str, text: str) -> str:
        """A reading as annotators of this project would submit it."""
        rule = self.rules.get(label)
        return rule.apply(text) if rule else text

    def as_json(self) -> dict[str, Any]:
        """For a file; :meth:`from_json` reads it."""
        return {
            label: {
                "shapes": list(rule.shapes.shapes) if rule.shapes else [],
                "pick": rule.shapes.pick if rule.shapes else Pick.FIRST,
                "styles": list(rule.styles),
            }
            for label, rule in self.rules.items()
        }

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> "AppliedRules":
        """The rules in a file.

        Raises:
            ValueError, KeyError, TypeError: it holds something else.
        """
        return cls({str(label): _rule(row) for label, row in found.items()})


def learn_rules(values: Sequence[Value]) -> dict[str, LearnedRule]:
    """A rule for each label for which one helps on held-out pages.

    Args:
        values: of all labels.
    """
    found = {}
    for label in sorted({value.label for value in values}):
        own = [value for value in values if value.label == label]
        if len(own) < _LEAST_EXAMPLES:
            continue
        verdict = hold_out(own, lambda some: _reading_with(best_rule(some))).verdict()
        rule = best_rule(own)
        if verdict.helps and rule != Rule():
            found[label] = LearnedRule(rule, verdict)
    return found


def best_rule(values: Sequence[Value]) -> Rule:
    """The rule that makes most values right; of equally good rules the simplest.

    Args:
        values: of one label.
    """
    candidates: list[Shapes | None] = [None, *shapes_of([(value.baseline, value.text) for value in values])]
    return max((_with_styles(Rule(shapes), values) for shapes in candidates), key=lambda rule: _right(rule, values))


def _with_styles(rule: Rule, values: Sequence[Value]) -> Rule:
    """The rule with each style that makes more values right, the most helpful one first."""
    while True:
        further = [
            Rule(rule.shapes, tuple(style for style in STYLES if style in (*rule.styles, name)))
            for name in STYLES
            if name not in rule.styles
        ]
        better = max(further, key=lambda one: _right(one, values), default=rule)
        if _right(better, values) <= _right(rule, values):
            return rule
        rule = better


def _right(rule: Rule, values: Sequence[Value]) -> int:
    return sum(rule.apply(value.baseline) == value.text for value in values)


def _reading_with(rule: Rule) -> Read[Value]:
    return lambda value: rule.apply(value.baseline)


def _rule(row: Mapping[str, Any]) -> Rule:
    shapes = tuple(str(shape) for shape in row["shapes"])
    styles = tuple(str(style) for style in row["styles"])
    if not set(styles) <= STYLES.keys():
        message = f"unknown styles {styles}"
        raise ValueError(message)
    return Rule(Shapes(shapes, Pick(row["pick"])) if shapes else None, styles)
