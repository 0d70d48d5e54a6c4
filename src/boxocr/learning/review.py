"""Annotation errors: regions whose submitted text or place is probably wrong. No I/O.

Two engines that read the same text, which is not the submitted one, are usually right. They are often wrong in the same
way where a project has a convention (a currency that is left out, an old letter): such differences occur again and
again, and count little.
"""

import itertools
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from boxocr.learning.alignment import Edit, edits, matches
from boxocr.learning.evidence import Evidence
from boxocr.learning.review_conventions import Compared, Conventions, compare
from boxocr.learning.shapes import shape_of
from boxocr.reading.scoring import similarity
from boxocr.reading.text import folded

# Regions with at least this score are reported.
REPORTED = 0.5

# So many characters in a row that no engine reads, or that all of them read in addition, are not mistakes of engines.
_LOST = 4

# Confidence from which one engine alone is believed.
_SURE = 0.95

# A difference that is a convention counts this much.
_REPEATED = 0.2


class Kind(StrEnum):
    """The kind of a finding."""

    TEXT = "text"
    """The engines agree on another text."""

    UNLIKE = "another text"
    """The engines read something else altogether."""

    MISSING = "text outside the box"
    """A part of the text is not in the box."""

    ADDED = "more text in the box"
    """The box contains text that was not submitted."""

    NO_INK = "no text in the box"
    """Nothing is legible in the box."""

    EMPTY = "without text"
    """The region was submitted without text."""

    MOVED = "moved"
    """The region was moved after its text was read."""

    CUT = "cut letters"
    """An edge of the box cuts through letters."""

    TWO_LABELS = "two labels"
    """The box contains a region with another label."""

    SHAPE = "unusual value"
    """The value does not have the shape of its label's values."""

    DISAGREEMENT = "disagreement"
    """Annotators submitted different things."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A reason to look at a region.

    Attributes:
        kind: of the reason.
        sentence: for people.
        score: probability that something is wrong, 0 to 1.
    """

    kind: Kind
    sentence: str
    score: float


@dataclass(frozen=True, slots=True)
class Suspect:
    """A region with all that was found.

    Attributes:
        evidence: about it.
        findings: the most probable first; none if nothing is wrong.
        suggestion: the text that the engines agree on, or the better one of theirs.
    """

    evidence: Evidence
    findings: tuple[Finding, ...]
    suggestion: str

    @property
    def score(self) -> float:
        """Probability that something is wrong, as if the findings were independent."""
        right = 1.0
        for finding in self.findings:
            right *= 1 - finding.score
        return 1 - right


def review(evidence: Sequence[Evidence]) -> list[Suspect]:
    """All regions with their findings, in the order given.

    Args:
        evidence: of all regions of a project: conventions follow from all of them.
    """
    compared, conventions = compare(evidence)
    return [_suspect(one, texts, conventions) for one, texts in zip(evidence, compared, strict=True)]


def _suspect(one: Evidence, compared: Compared, conventions: Conventions) -> Suspect:
    found = [
        *_text_findings(one, compared, conventions),
        *_place_findings(one, compared, conventions),
        *_shape_findings(one, conventions),
        *_rival_findings(one),
    ]
    found.sort(key=lambda finding: -finding.score)
    return Suspect(one, tuple(found), _suggestion(one, compared.readings))


def _text_findings(one: Evidence, compared: Compared, conventions: Conventions) -> list[Finding]:
    """Errors of the text."""
    readings, common = compared.readings, compared.common
    # None where the engines cannot judge it.
    least_alike = conventions.least_alike.get(one.label)
    if not one.readings:
        return []
    if not one.text.strip():
        if any(readings):
            return [Finding(Kind.EMPTY, "The region has no text, and there is some in the box.", 0.7)]
        return [Finding(Kind.EMPTY, "The region has no text.", 0.3)]
    if not any(readings):
        return [Finding(Kind.NO_INK, "Nothing is legible in the box.", 0.3 if least_alike is None else 0.6)]
    certain = statistics.fmean(reading.confidence for reading in one.readings)
    found = []
    if common:
        worst = max(
            _edit_score(edit) * (_REPEATED if (one.label, edit.before, edit.after) in conventions.differences else 1)
            for edit in common
        )
        found.append(
            Finding(Kind.TEXT, _sentence(common), worst * (certain if least_alike is None else (1 + certain) / 2))
        )
    if least_alike is not None and any(char.isalnum() for char in one.text):
        found += _alone(one, *readings) if len(readings) == 1 else _different_places(one.text, readings, least_alike)
    return found


def _alone(one: Evidence, reading: str) -> list[Finding]:
    """Errors that one engine finds alone."""
    is_sure = one.readings[0].confidence >= _SURE
    if is_sure and any(_edit_score(edit) >= REPORTED for edit in edits(folded(one.text), folded(reading))):
        return [Finding(Kind.TEXT, f"{one.readings[0].engine} reads “{reading}”.", 0.6)]
    return []


def _different_places(text: str, readings: Sequence[str], least_alike: float) -> list[Finding]:
    """Signs that the text and the box belong to different places."""
    found = []
    if max(similarity(text, reading) for reading in readings) < least_alike:
        found.append(Finding(Kind.UNLIKE, "The engines read something else in the box.", 0.7))
    missing, added = _longest_missing(text, readings), _longest_added(text, readings)
    if missing >= _LOST:
        found.append(Finding(Kind.MISSING, f"{missing} characters of the text are not in the box.", 0.7))
    if added >= _LOST:
        found.append(Finding(Kind.ADDED, f"{added} characters in the box are not in the text.", 0.8))
    return found


def _longest_missing(text: str, readings: Sequence[str]) -> int:
    """The longest part of a text that none of the readings has, in characters."""
    source = folded(text)
    read: set[int] = set()
    for reading in readings:
        read.update(place for place, _ in matches(source, folded(reading)))
    return _longest_run([place not in read for place in range(len(source))])


def _longest_added(text: str, readings: Sequence[str]) -> int:
    """The longest part of the first reading that the other ones have too, and the text does not, in characters."""
    first, *others = map(folded, readings)
    in_text = {place for place, _ in matches(first, folded(text))}
    shared = set(range(len(first)))
    for other in others:
        shared &= {place for place, _ in matches(first, other)}
    return _longest_run([place in shared and place not in in_text for place in range(len(first))])


def _longest_run(flags: Iterable[bool]) -> int:
    return max((len(list(run)) for is_set, run in itertools.groupby(flags) if is_set), default=0)


def _edit_score(edit: Edit) -> float:
    """Probability of an error where all engines differ from the submitted text in the same way."""
    parts = edit.before + edit.after
    if not any(char.isalnum() for char in parts):
        return 0.35
    if edit.before.casefold() == edit.after.casefold():
        return 0.35
    return 0.9


def _sentence(common: Sequence[Edit]) -> str:
    parts = [_difference(edit) for edit in common[:3]]
    return f"All engines read {', '.join(parts)}{' and more' if len(common) > 3 else ''}."  # noqa: PLR2004 - named above


def _difference(edit: Edit) -> str:
    if not edit.before:
        return f"“{edit.after}” in addition"
    return f"“{edit.after}” for “{edit.before}”" if edit.after else f"no “{edit.before}”"


def _place_findings(one: Evidence, compared: Compared, conventions: Conventions) -> list[Finding]:
    found = []
    if one.is_moved:
        found.append(Finding(Kind.MOVED, "The box was moved after its text was read.", 0.6))
    if one.cut:
        # A letter that every engine reads is touched rather than cut.
        is_legible = all(folded(text) == folded(one.text) for text in compared.readings)
        sides = " and ".join(one.cut)
        score = 0.2 if is_legible or one.label in conventions.tight else 0.55
        found.append(Finding(Kind.CUT, f"The {sides} edge cuts through letters.", score))
    others = [label for label in one.other_labels if (one.label, label) not in conventions.nested]
    if others:
        found.append(Finding(Kind.TWO_LABELS, f"The box contains a region with the label {others[0]}.", 0.6))
    return found


def _shape_findings(one: Evidence, conventions: Conventions) -> list[Finding]:
    expected = conventions.shapes.get(one.label)
    if expected is None or not one.text.strip() or shape_of(one.text, exact=False) in expected:
        return []
    return [Finding(Kind.SHAPE, f"No other value of {one.label or 'regions without label'} has this form.", 0.4)]


def _rival_findings(one: Evidence) -> list[Finding]:
    return [Finding(Kind.DISAGREEMENT, f"Another annotator submitted {one.rivals[0]}.", 0.6)] if one.rivals else []


def _suggestion(one: Evidence, readings: Sequence[str]) -> str:
    if not readings:
        return ""
    best = max(range(len(readings)), key=lambda place: one.readings[place].confidence)
    return readings[best]
