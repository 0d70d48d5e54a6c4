"""Annotation errors: regions whose submitted text or place is probably wrong. No I/O.

If two engines read the same text, and another one was submitted, the engines are usually right. They are often wrong in
the same way where a project has a convention, such as a currency that is left out or an old letter. Such differences
occur again and again, and count little.
"""

import itertools
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from boxocr.learning.alignment import Edit, distance, edits, matches
from boxocr.learning.evidence import Evidence
from boxocr.learning.findings import Finding, Kind
from boxocr.learning.review_conventions import Compared, Conventions, compare, is_hardly_read, is_style
from boxocr.learning.review_fits import FitReviewer
from boxocr.learning.shapes import shape_of
from boxocr.reading.calibration import similarity
from boxocr.reading.text import folded

# Regions with at least this score are reported.
REPORTED = 0.5

# At least this many characters in a row that no engine reads, or that all of them read in addition, are not mistakes of
# engines.
_LOST = 4

# Confidence from which one engine alone is believed.
_SURE = 0.95

# Share of a text's characters that a reading may have wrong, apart from two that are swapped.
_MOST_MISREAD = 0.15

# A difference that is a convention counts this much.
_REPEATED = 0.2


@dataclass(frozen=True, slots=True)
class Suspect:
    """A region with all that was found.

    Attributes:
        evidence: about it.
        findings: the most probable first; none if nothing is wrong.
        suggestion: the text that the engines agree on, or the text of the surer engine.
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
        evidence: of all regions of a project, since the conventions follow from all of them.
    """
    compared, conventions = compare(evidence)
    fits = FitReviewer(evidence)
    return [_suspect(one, texts, conventions, fits) for one, texts in zip(evidence, compared, strict=True)]


def _suspect(one: Evidence, compared: Compared, conventions: Conventions, fits: FitReviewer) -> Suspect:
    found = [
        *_text_findings(one, compared, conventions),
        *_place_findings(one, compared, conventions),
        *_shape_findings(one, conventions),
        *_rival_findings(one),
    ]
    certain = {finding.kind for finding in found if finding.score >= REPORTED}
    found += [finding for finding in fits.findings(one) if finding.kind not in certain]
    found.sort(key=lambda finding: -finding.score)
    return Suspect(one, tuple(found), _suggestion(one, compared.readings))


def _text_findings(one: Evidence, compared: Compared, conventions: Conventions) -> list[Finding]:
    """Errors of the text."""
    readings, common = compared.readings, compared.common
    # None if the engines cannot judge this label.
    least_alike = conventions.least_alike.get(one.label)
    if not one.readings:
        return []
    if not one.text.strip():
        if any(readings):
            return [Finding(Kind.EMPTY, "The region has no text, and there is some in the box.", 0.7)]
        return [Finding(Kind.EMPTY, "The region has no text.", 0.3)]
    is_text = _is_text(one.text)
    if is_hardly_read(one.text, readings) and one.label not in conventions.faint:
        return [Finding(Kind.NO_INK, "Hardly anything is legible in the box.", 0.6)]
    if not any(readings) or (is_text and not any(map(_is_text, readings))):
        # Engines take a lone colon for dirt.
        is_judged = least_alike is not None and is_text
        return [Finding(Kind.NO_INK, "Nothing is legible in the box.", 0.6 if is_judged else 0.3)]
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
    found += _slips(one, readings, conventions)
    is_read = is_text and all(folded(one.text) in folded(reading) for reading in readings)
    if is_read or (least_alike is not None and is_text):
        alike = least_alike or 0.0
        found += _alone(one, *readings) if len(readings) == 1 else _different_places(one.text, readings, alike)
    return found


def _is_text(text: str) -> bool:
    return any(char.isalnum() for char in text)


def _slips(one: Evidence, readings: Sequence[str], conventions: Conventions) -> list[Finding]:
    """Slips of the annotator that one engine shows, if no engine reads the submitted text."""
    source = folded(one.text)
    found = []
    for place, reading in enumerate(readings):
        target = folded(reading)
        others = [folded(other) for number, other in enumerate(readings) if number != place]
        if not target or not others or source in (target, *others):
            continue
        engine, confidence = one.readings[place].engine, one.readings[place].confidence
        is_alone_sure = confidence >= _SURE > max(other.confidence for other in one.readings if other.engine != engine)
        if pair := _swapped(source, target):
            found.append(Finding(Kind.TEXT, f"{engine} reads “{pair[::-1]}” for “{pair}”.", 0.8))
        elif is_alone_sure:
            found += [
                Finding(Kind.TEXT, f"{engine} reads {_difference(edit)}.", 0.6)
                for edit in edits(source, target)
                if _is_slip(edit, source)
                and (one.label, edit.before, edit.after) not in conventions.differences
                and not any(_supports(other, source, edit) for other in others)
            ]
    return found[:1]


def _swapped(text: str, reading: str) -> str:
    """Two neighbouring characters of a text that are swapped in the reading; empty if there are none."""
    usual = distance(text, reading)
    for place in range(len(text) - 1):
        pair = text[place : place + 2]
        if pair[0] == pair[1] or not pair.isalnum() or pair[::-1] not in reading:
            continue
        left = distance(f"{text[:place]}{pair[::-1]}{text[place + 2 :]}", reading)
        if left <= usual - 2 and left <= _MOST_MISREAD * len(text):
            return pair
    return ""


def _is_slip(edit: Edit, text: str) -> bool:
    """Whether people make such a mistake: one character is replaced, missing or extra.

    Engines more often read letters as digits, and lose characters at the ends of a line.
    """
    before, after = edit.before, edit.after
    if max(len(before), len(after)) > 1 or not f"{before}{after}".isalnum() or is_style(edit):
        return False
    if before and after:
        return before.isdigit() == after.isdigit()
    return 0 < edit.place < len(text) - len(before)


def _supports(reading: str, text: str, edit: Edit) -> bool:
    """Whether a reading has a part of the text, with the characters next to it."""
    first, last = max(edit.place - 1, 0), min(edit.place + len(edit.before) + 1, len(text))
    return text[first:last] in reading


def _alone(one: Evidence, reading: str) -> list[Finding]:
    """Errors that the only engine finds."""
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
    """Length of the longest part of a text that none of the readings has."""
    source = folded(text)
    read: set[int] = set()
    for reading in readings:
        read.update(place for place, _ in matches(source, folded(reading)))
    return _longest_run([place not in read for place in range(len(source))])


def _longest_added(text: str, readings: Sequence[str]) -> int:
    """Length of the longest part of the first reading that the other readings have too, and the text has not."""
    first, *others = map(folded, readings)
    in_text = {place for place, _ in matches(first, folded(text))}
    shared = set(range(len(first)))
    for other in others:
        shared &= {place for place, _ in matches(first, other)}
    return _longest_run([place in shared and place not in in_text for place in range(len(first))])


def _longest_run(flags: Iterable[bool]) -> int:
    return max((len(list(run)) for is_set, run in itertools.groupby(flags) if is_set), default=0)


def _edit_score(edit: Edit) -> float:
    """Probability of an error if all engines differ from the submitted text in the same way."""
    parts = edit.before + edit.after
    if not _is_text(parts):
        return 0.35
    if is_style(edit):
        return 0.35
    # Engines mistake digits for letters, people more often letters for digits.
    return 0.5 if edit.before.isdigit() and edit.after.isalpha() else 0.9


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
        # A letter that every engine reads is only touched.
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
