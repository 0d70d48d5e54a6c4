"""The history of a project: its runs of learning, and which versions were rolled back. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

_FIRST = 16


@dataclass(frozen=True)
class Event:
    """The outcome of one run.

    Attributes:
        at: when, in ISO format.
        sentence: for people, without texts of pages.
        ok: False if it failed, or a version was rolled back.
    """

    at: str
    sentence: str
    ok: bool


@dataclass(frozen=True)
class History:
    """The runs of ``boxocr learn`` on a project.

    Attributes:
        corrections: accepted or corrected boxes at the last training.
        last: the last run; None before the first.
        rolled_back: why versions were rolled back, by number.
        conflicts: sentences about annotators who write the same thing in different ways, as the last run found them.
        accuracy: figures of all boxes by the names of the report, as the last run or report found them; empty before.
        accuracy_at: when, in ISO format.
    """

    corrections: int = 0
    last: Event | None = None
    rolled_back: Mapping[int, str] = field(default_factory=dict)
    conflicts: tuple[str, ...] = ()
    accuracy: Mapping[str, float | None] = field(default_factory=dict)
    accuracy_at: str = ""

    def begun(self) -> "History":
        """The history while a run lasts. It stays if the run is killed."""
        return self.with_event("The run was interrupted.", ok=False)

    @property
    def next_corrections(self) -> int:
        """How many accepted or corrected boxes the next training needs: 16, 32, 64 and so on."""
        needed = _FIRST
        while needed <= self.corrections:
            needed *= 2
        return needed

    def with_event(self, sentence: str, *, ok: bool = True) -> "History":
        """The history after a run that ended now."""
        return replace(self, last=Event(_now(), sentence, ok))

    def with_accuracy(self, figures: Mapping[str, float | None]) -> "History":
        """The history with the figures of all boxes, as they are now."""
        return replace(self, accuracy=dict(figures), accuracy_at=_now())

    def as_json(self) -> dict[str, Any]:
        """For a file; :meth:`from_json` reads it."""
        last = self.last
        return {
            "corrections": self.corrections,
            "last": {"at": last.at, "sentence": last.sentence, "ok": last.ok} if last else None,
            "rolled_back": {str(number): sentence for number, sentence in self.rolled_back.items()},
            "conflicts": list(self.conflicts),
            "accuracy": dict(self.accuracy),
            "accuracy_at": self.accuracy_at,
        }

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> "History":
        """The history in a file.

        Raises:
            ValueError, KeyError, TypeError, AttributeError: it holds something else.
        """
        last = found["last"]
        return cls(
            int(found["corrections"]),
            Event(str(last["at"]), str(last["sentence"]), bool(last["ok"])) if last else None,
            {int(number): str(sentence) for number, sentence in found["rolled_back"].items()},
            tuple(map(str, found["conflicts"])),
            {str(name): None if value is None else float(value) for name, value in found["accuracy"].items()},
            str(found["accuracy_at"]),
        )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
