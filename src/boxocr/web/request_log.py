"""The log line of a request, with the outcomes of its regions."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from boxocr.answering.attempts import Attempt

# Regions listed in a request's line; the rest are only counted.
_MAX_REGIONS = 20

# Requests whose regions are kept, in case some never finish. That is more than any server handles at once.
_REQUESTS = 2_000


@dataclass(frozen=True, slots=True)
class RegionOutcome:
    """A region's entry in the log."""

    task: int | None
    region: str
    outcome: str
    seconds: float
    stages: dict[str, float]

    @classmethod
    def of(cls, attempt: Attempt) -> "RegionOutcome":
        """The entry for an attempt."""
        return cls(
            attempt.task_id,
            # Shortened, since callers choose the ids of regions.
            attempt.region_id[:64],
            outcome_of(attempt),
            attempt.seconds,
            {stage.value: seconds for stage, seconds in attempt.stages.items()},
        )

    def as_fields(self) -> dict[str, Any]:
        """The entry for JSON, with times in seconds."""
        stages = {name: round(seconds, 4) for name, seconds in self.stages.items()}
        named = {"task": self.task, "region": self.region, "outcome": self.outcome}
        return named | {"seconds": round(self.seconds, 4), "stages": stages}

    def __str__(self) -> str:
        """The entry for people, with times in milliseconds."""
        stages = ", ".join(f"{name} {seconds * 1000:.0f}" for name, seconds in self.stages.items())
        return f"task {self.task}, region {self.region}: {self.outcome}{f' ({stages})' if stages else ''}"


def outcome_of(attempt: Attempt) -> str:
    """``text``, or the code of the error."""
    return attempt.error.code if attempt.error else "text"


@dataclass
class RegionsOfRequests:
    """Collects the outcomes of regions by request, for the request's log line. Thread-safe."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _outcomes: OrderedDict[str, list[RegionOutcome]] = field(default_factory=OrderedDict)

    def add(self, attempt: Attempt) -> None:
        """Record an attempt; an observer for :func:`~boxocr.answering.attempts.observe`."""
        if not attempt.request_id:
            return
        with self._lock:
            self._outcomes.setdefault(attempt.request_id, []).append(RegionOutcome.of(attempt))
            while len(self._outcomes) > _REQUESTS:
                self._outcomes.popitem(last=False)

    def take(self, request_id: str) -> list[RegionOutcome]:
        """Remove and return the outcomes of a request."""
        with self._lock:
            return self._outcomes.pop(request_id, [])


def request_line(line: str, fields: dict[str, Any], regions: list[RegionOutcome]) -> tuple[str, dict[str, Any]]:
    """Complete a request's log line and its fields with the outcomes of its regions.

    Args:
        line: the text about the request itself.
        fields: the same information as fields for JSON.
        regions: outcomes of its regions.
    """
    listed = regions[:_MAX_REGIONS]
    if regions:
        fields = fields | {"number_of_regions": len(regions), "regions": [each.as_fields() for each in listed]}
    more = [f"{len(regions) - len(listed)} more"] if len(regions) > len(listed) else []
    return "; ".join([line, *map(str, listed), *more]), fields
