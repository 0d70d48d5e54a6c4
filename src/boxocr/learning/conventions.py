"""Annotators who write the same thing in different ways, such as hyphens for dashes. No I/O.

A convention is a function of a text. It says something about a box if it would change the box's reading: then the
annotator follows the convention if it leaves the submitted text as it is. So corrections of other errors in the same
box do not matter, and neither does what was in the boxes that an annotator got.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from boxocr.learning.boxes import Box
from boxocr.learning.styles import STYLES

_LIGATURES = {0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB06: "st"}

_UMLAUTS = {
    ord(umlaut): written
    for umlaut, written in {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"}.items()
}

CONVENTIONS: Mapping[str, Callable[[str], str]] = {
    **STYLES,
    "ss for ß": lambda text: text.replace("ß", "ss"),
    "s for long s": lambda text: text.replace("\u017f", "s"),
    "ae, oe and ue for umlauts": lambda text: text.translate(_UMLAUTS),
    "letters for ligatures": lambda text: text.translate(_LIGATURES),
    "one hyphen for ⸗": lambda text: text.replace("⸗", "-"),
    "no hyphens at line ends": lambda text: text.replace("-\n", "").replace("⸗\n", "").replace("¬\n", ""),
}
"""The conventions by name."""

# Fewer boxes than this may be slips. Two annotators differ if one nearly always and the other hardly ever follows a
# convention.
_LEAST_BOXES, _NEARLY_ALWAYS, _HARDLY_EVER = 5, 0.8, 0.2


@dataclass(frozen=True, slots=True)
class Conflict:
    """A convention that some annotators follow and others do not.

    Attributes:
        project: its number.
        label: of the boxes.
        convention: its name.
        following, others: how many boxes of each annotator follow it, and out of how many, by the annotator's number.
    """

    project: int
    label: str
    convention: str
    following: Mapping[int, tuple[int, int]]
    others: Mapping[int, tuple[int, int]]

    def sentence(self) -> str:
        """For people."""
        where = f"“{self.label}”" if self.label else "boxes without label"
        return (
            f"In {where}, {_annotators(self.following)} writes {self.convention}; {_annotators(self.others)} does not."
            if len(self.following) == len(self.others) == 1
            else f"In {where}, these write {self.convention}: {_annotators(self.following)}. These do not: "
            f"{_annotators(self.others)}."
        )


def conflicts(boxes: Iterable[Box]) -> list[Conflict]:
    """The conventions on which annotators of a project differ, by label.

    Args:
        boxes: those that were neither accepted nor corrected do not count.
    """
    counts: dict[tuple[int, str, str], dict[int, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for box in boxes:
        if not box.outcome.is_compared:
            continue
        for name, apply in CONVENTIONS.items():
            if apply(box.reading) != box.reading:
                counts[box.project, box.label, name][box.annotator].append(apply(box.submitted) == box.submitted)
    found = []
    for (project, label, name), by_annotator in sorted(counts.items()):
        shares = {
            annotator: (sum(follows), len(follows))
            for annotator, follows in sorted(by_annotator.items())
            if len(follows) >= _LEAST_BOXES
        }
        following = {one: share for one, share in shares.items() if share[0] >= _NEARLY_ALWAYS * share[1]}
        others = {one: share for one, share in shares.items() if share[0] <= _HARDLY_EVER * share[1]}
        if following and others:
            found.append(Conflict(project, label, name, following, others))
    return found


def _annotators(shares: Mapping[int, tuple[int, int]]) -> str:
    return ", ".join(f"annotator {number} ({follows} of {boxes})" for number, (follows, boxes) in shares.items())
