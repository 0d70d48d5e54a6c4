"""Errors that show in how well submitted texts fit their boxes, for texts that no engine reads. No I/O.

A recognizer that cannot read a handwriting still sees which of two digits is more likely. The thresholds were chosen on
466 lines of handwriting and 534 of print with planted errors, see docs/reviewing.md. A gain is the logarithm of how
many times as likely the other text is.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from boxocr.learning.alignment import Edit
from boxocr.learning.evidence import Better, Evidence
from boxocr.learning.findings import Finding, Kind
from boxocr.learning.review_conventions import is_convention, is_style

# With these gains, swapped digits pass in none of the correct lines of handwriting, another digit in 0.4 % of them, and
# one character more in none.
_SWAPPED, _OTHER_FIGURE, _ONE_MORE = 1.0, 4.0, 6.0

# With this gain, a word of other regions passes in 0.8 % of these lines, if the submitted word is in no other region.
_OTHER_WORD = 5.0
_WORD = re.compile(r"[^\W\d_]{3,}")

# Texts with at least this number of letters and digits that fit worse than this, in nats per character, belong to
# another place. That is 0.8 % of the correct lines of handwriting, none of print, and a third of the moved boxes. A
# text that is too long for the line that is read says nothing: engines often read only a part of a line of handwriting.
_LEAST_LETTERS, _SURPRISING = 6, 4.0

# A label is not judged by this if more than this share of its regions fits that badly.
_USUAL_SHARE = 0.05


class FitReviewer:
    """Finds errors from the fits of all regions of a project.

    Args:
        evidence: of all regions.
    """

    def __init__(self, evidence: Sequence[Evidence]) -> None:
        self._words = Counter((one.label, word) for one in evidence for word in _words(one.text))
        regions = Counter(one.label for one in evidence)
        surprising = Counter(one.label for one in evidence if _is_surprising(one))
        self._blind = {label for label, count in surprising.items() if count > max(_USUAL_SHARE * regions[label], 1)}
        texts: defaultdict[str, list[str]] = defaultdict(list)
        for one in evidence:
            texts[one.label].append(one.text)
        edits = Counter(
            (one.label, edit.before, edit.after)
            for one in evidence
            for edit in {better.edit for better, _, _ in self._slips(one)}
        )
        self._conventions = {
            (label, before, after)
            for (label, before, after), count in edits.items()
            if is_convention(before, count, texts[label])
        }

    def findings(self, one: Evidence) -> list[Finding]:
        """The most probable error of a text that its fit shows, if any."""
        found = [
            Finding(Kind.TEXT, _sentence(one.text, better.edit, reason), score)
            for better, reason, score in self._slips(one)
            if (one.label, better.edit.before, better.edit.after) not in self._conventions
        ]
        if not found and _is_surprising(one) and one.label not in self._blind:
            found.append(Finding(Kind.UNLIKE, "The text does not fit the box.", 0.5))
        return sorted(found, key=lambda finding: -finding.score)[:1]

    def _slips(self, one: Evidence) -> Iterator[tuple[Better, str, float]]:
        """Slips of the annotator: the better text, a reason in addition to its fit, and the slip's probability."""
        for better in one.fit.better if one.fit else ():
            edit, gain = better.edit, better.gain
            if is_style(edit):
                continue
            if len(edit.before) == 2 and edit.before.isdigit():  # noqa: PLR2004 - the figures that are swapped
                if gain > _SWAPPED:
                    yield better, "", 0.8
            elif edit.before.isdigit() and edit.after.isdigit():
                if gain > _OTHER_FIGURE:
                    yield better, "", 0.6
            elif not edit.before and gain > _ONE_MORE and any(map(str.isalnum, one.text)):
                yield better, "", 0.6
            elif gain > _OTHER_WORD and (word := self._other_word(one, edit)):
                yield better, f", and other regions have “{word}”", 0.55

    def _other_word(self, one: Evidence, edit: Edit) -> str:
        """The word of other regions into which an edit turns a word that they do not have; empty if there is none."""
        own = _words(one.text)
        old, new = _word_at(one.text, edit), _word_at(_edited(one.text, edit), edit)
        if not old or not new or old == new or self._words[one.label, old] > 1:
            return ""
        return new if self._words[one.label, new] > (new in own) else ""


def _is_surprising(one: Evidence) -> bool:
    if one.fit is None or sum(map(str.isalnum, one.text)) < _LEAST_LETTERS:
        return False
    return _SURPRISING < one.fit.surprise < float("inf")


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text))


def _edited(text: str, edit: Edit) -> str:
    return text[: edit.place] + edit.after + text[edit.place + len(edit.before) :]


def _word_at(text: str, edit: Edit) -> str:
    """The word at the place of an edit."""
    return next((found[0] for found in _WORD.finditer(text) if found.start() <= edit.place <= found.end()), "")


def _sentence(text: str, edit: Edit, reason: str) -> str:
    """The better text, or the part of it around the edit."""
    first = text.rfind(" ", 0, edit.place) + 1
    last = text.find(" ", edit.place + len(edit.before))
    part = text[first : last if last >= 0 else len(text)]
    better = _edited(part, Edit(edit.place - first, edit.before, edit.after))
    return f"The image fits “{better}” better than “{part}”{reason}."
