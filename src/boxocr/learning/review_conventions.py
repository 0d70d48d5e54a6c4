"""The conventions of a project: how its annotators write and draw, seen from its submitted regions. No I/O."""

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from unicodedata import combining, normalize

from boxocr.learning.alignment import Edit, edits
from boxocr.learning.evidence import Evidence
from boxocr.learning.rules import AppliedRules, Value, learn_rules
from boxocr.learning.shapes import shape_of
from boxocr.reading.calibration import similarity
from boxocr.reading.text import folded

# Engines can judge a label if its readings are usually at least this similar to the submitted texts.
_LEGIBLE = 0.9

# A text is suspicious if both readings are less similar to it than for this share of its label's regions, by at least
# the second number. This limit on similarity is kept within the last two numbers.
_LEAST_ALIKE_SHARE = 0.1
_LESS_ALIKE = 0.1
_LEAST_ALIKE, _MOST_ALIKE = 0.5, 0.85

# Boxes of a label are often tight if more than this share of them cut through letters.
_CUT_SHARE = 0.05

# If engines read at most two letters or digits of a text with at least eight, its box is probably wrong, except in
# labels with a larger share of such regions.
_LONG_TEXT, _HARDLY_READ = 8, 2
_FAINT_SHARE = 0.05

# A difference is a convention if it is in at least this number of regions, and in at least this share of the regions
# whose text has its characters.
_CONVENTION_COUNT = 3
_CONVENTION_SHARE = 0.2

# The shapes of a label are a rule if it has at least this number of values, and this share of them has a frequent
# shape.
_SHAPE_VALUES = 20
_SHAPE_SHARE = 0.9

# Nested labels are a convention if more than this share of one label's regions contains regions with the other label.
_NESTED_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Compared:
    """A region's text compared with its readings.

    Attributes:
        readings: as annotators of the project would submit them.
        common: the edits of the text that all readings share, apart from spaces, quotes and dashes.
    """

    readings: tuple[str, ...]
    common: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Conventions:
    """The conventions of a project.

    Attributes:
        differences: frequent ones between texts and readings: label, submitted part and read part.
        least_alike: how similar readings at least are to the submitted texts, 0 to 1, for labels that the engines
            usually read.
        shapes: of the values, for labels with a rule.
        nested: pairs of labels: regions with the first often contain regions with the second.
        tight: labels whose boxes often cut through letters.
        faint: labels in whose boxes engines often read hardly anything.
    """

    differences: frozenset[tuple[str, str, str]]
    least_alike: Mapping[str, float]
    shapes: Mapping[str, frozenset[str]]
    nested: frozenset[tuple[str, str]]
    tight: frozenset[str]
    faint: frozenset[str]


def compare(evidence: Sequence[Evidence]) -> tuple[list[Compared], Conventions]:
    """Compare all regions of a project with their readings.

    Args:
        evidence: of all regions.

    Returns:
        The comparison of each region, and the conventions that follow.
    """
    rules = _rules(evidence)
    readings = [_as_submitted(one, rules) for one in evidence]
    compared = [
        Compared(texts, tuple(_common_edits(one.text, texts))) for one, texts in zip(evidence, readings, strict=True)
    ]
    conventions = Conventions(
        differences=frozenset(_conventions(evidence, [one.common for one in compared])),
        least_alike=_least_alike(evidence, readings),
        shapes=_shapes(evidence),
        nested=frozenset(_nested_labels(evidence)),
        tight=frozenset(_tight_labels(evidence)),
        faint=frozenset(_faint_labels(evidence, readings)),
    )
    return compared, conventions


def _rules(evidence: Iterable[Evidence]) -> AppliedRules:
    """How annotators write the values of each label, learned from regions in which both engines agree."""
    values = []
    for one in evidence:
        texts = {reading.text for reading in one.readings}
        if len(one.readings) > 1 and len(texts) == 1 and one.text:
            values.append(Value(one.text, str(one.task), texts.pop(), one.label))
    return AppliedRules({label: learned.rule for label, learned in learn_rules(values).items()})


def _as_submitted(one: Evidence, rules: AppliedRules) -> tuple[str, ...]:
    """The readings as annotators of this project would submit them."""
    return tuple(rules.apply(one.label, reading.text) for reading in one.readings)


def _common_edits(text: str, readings: Sequence[str]) -> list[Edit]:
    """The edits of a text that all readings share, apart from spaces, quotes and dashes."""
    if len(readings) < 2 or not text.strip() or not all(readings):  # noqa: PLR2004 - engines that can agree
        return []
    same = _shared_edits(folded(text), [folded(reading) for reading in readings])
    # If engines differ in an accent, they can still agree on the letters next to it.
    plain = _shared_edits(*_plain(text, readings))
    seen = {place for edit in same for place in range(edit.place - 1, edit.place + len(edit.before) + 1)}
    return [*same, *(edit for edit in plain if edit.place not in seen)]


def without_accents(text: str) -> str:
    """A text of the same length whose letters have no accents."""
    return "".join(_base(char) for char in text)


def _base(char: str) -> str:
    parts = normalize("NFD", char)
    return parts[0] if all(map(combining, parts[1:])) else char


def is_style(edit: Edit) -> bool:
    """Whether only the case of letters differs, or accents that engines lose or confuse."""
    if without_accents(edit.before).casefold() != without_accents(edit.after).casefold():
        return False
    return without_accents(edit.before) != edit.before or without_accents(edit.after) == edit.after


def _plain(text: str, readings: Sequence[str]) -> tuple[str, list[str]]:
    return without_accents(folded(text)), [without_accents(folded(reading)) for reading in readings]


def _shared_edits(source: str, readings: Sequence[str]) -> list[Edit]:
    first, *others = (edits(source, reading) for reading in readings)
    return [edit for edit in first if all(edit in other for other in others)]


def _conventions(evidence: Sequence[Evidence], compared: Sequence[Sequence[Edit]]) -> set[tuple[str, str, str]]:
    """Differences that occur again and again: label, submitted part and read part."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for one, common in zip(evidence, compared, strict=True):
        counts.update({(one.label, edit.before, edit.after) for edit in common})
    texts: defaultdict[str, list[str]] = defaultdict(list)
    for one in evidence:
        texts[one.label].append(folded(one.text))
    return {
        (label, before, after)
        for (label, before, after), count in counts.items()
        if is_convention(before, count, texts[label])
    }


def is_convention(before: str, count: int, texts: Sequence[str]) -> bool:
    """Whether a difference from the submitted texts is a convention, or a weakness of the engines.

    Args:
        before: the part of the texts that differs.
        count: how many regions of a label have the difference.
        texts: of all regions of the label.
    """
    return count >= _CONVENTION_COUNT and count >= _CONVENTION_SHARE * sum(before in text for text in texts)


def _least_alike(evidence: Sequence[Evidence], readings: Sequence[Sequence[str]]) -> dict[str, float]:
    """How similar readings at least are to the submitted texts, 0 to 1, for labels that engines usually read."""
    alike: defaultdict[str, list[float]] = defaultdict(list)
    for one, texts in zip(evidence, readings, strict=True):
        if one.text.strip() and texts:
            alike[one.label].append(max(similarity(one.text, text) for text in texts))
    found = {}
    for label, values in alike.items():
        values.sort()
        if statistics.median(values) >= _LEGIBLE:
            least = values[int(_LEAST_ALIKE_SHARE * len(values))] - _LESS_ALIKE
            found[label] = min(max(least, _LEAST_ALIKE), _MOST_ALIKE)
    return found


def _tight_labels(evidence: Sequence[Evidence]) -> set[str]:
    """Labels whose boxes often cut through letters."""
    regions = Counter(one.label for one in evidence)
    cut = Counter(one.label for one in evidence if one.cut)
    return {label for label, count in cut.items() if count > max(_CUT_SHARE * regions[label], 1)}


def is_hardly_read(text: str, readings: Iterable[str]) -> bool:
    """Whether none of the engines reads more than a letter or two of a long text."""
    return _letters(text) >= _LONG_TEXT and all(_letters(reading) <= _HARDLY_READ for reading in readings)


def _letters(text: str) -> int:
    return sum(map(str.isalnum, text))


def _faint_labels(evidence: Sequence[Evidence], readings: Sequence[Sequence[str]]) -> set[str]:
    """Labels in whose boxes engines often read hardly anything."""
    regions = Counter(one.label for one in evidence)
    pairs = zip(evidence, readings, strict=True)
    faint = Counter(one.label for one, texts in pairs if texts and is_hardly_read(one.text, texts))
    return {label for label, count in faint.items() if count > max(_FAINT_SHARE * regions[label], 1)}


def _nested_labels(evidence: Sequence[Evidence]) -> set[tuple[str, str]]:
    """Pairs of labels: regions with the first often contain regions with the second."""
    regions = Counter(one.label for one in evidence)
    pairs = Counter((one.label, label) for one in evidence for label in set(one.other_labels))
    return {pair for pair, count in pairs.items() if count > _NESTED_SHARE * regions[pair[0]]}


def _shapes(evidence: Sequence[Evidence]) -> Mapping[str, frozenset[str]]:
    """The frequent shapes of each label's values, for labels in which nearly all values have one of them."""
    values: defaultdict[str, list[str]] = defaultdict(list)
    for one in evidence:
        if one.text.strip():
            values[one.label].append(shape_of(one.text, exact=False))
    found = {}
    for label, own in values.items():
        frequent = frozenset(shape for shape, count in Counter(own).items() if count > 1)
        if len(own) >= _SHAPE_VALUES and sum(shape in frequent for shape in own) >= _SHAPE_SHARE * len(own):
            found[label] = frequent
    return found
