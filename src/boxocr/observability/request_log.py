"""The log line of a request, with the outcome of each region that it asked for."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from boxocr.observability.attempts import Attempt

# Regions that a request's line tells of; of the others, their number.
_MAX_REGIONS = 20

# Requests whose regions are remembered until they are answered; more than any server has under way.
_REQUESTS = 2_000

# Of the names that callers give.
_LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class RegionOutcome:
    """What the log tells of a region."""

    task: int | None
    region: str
    outcome: str
    seconds: float
    stages: dict[str, float]

    @classmethod
    def of(cls, attempt: Attempt) -> "RegionOutcome":
        """What is to be told of an attempt."""
        return cls(
            attempt.task_id,
            attempt.region_id[:_LONGEST_NAME],
            outcome_of(attempt),
            attempt.seconds,
            {stage.value: seconds for stage, seconds in attempt.stages.items()},
        )

    def as_fields(self) -> dict[str, Any]:
        """For JSON; times in seconds."""
        stages = {name: round(seconds, 4) for name, seconds in self.stages.items()}
        named = {"task": self.task, "region": self.region, "outcome": self.outcome}
        return named | {"seconds": round(self.seconds, 4), "stages": stages}

    def __str__(self) -> str:
        """For people; times in milliseconds."""
        stages = ", ".join(f"{name} {seconds * 1000:.0f}" for name, seconds in self.stages.items())
        return f"task {self.task}, region {self.region}: {self.outcome}{f' ({stages})' if stages else ''}"


def outcome_of(attempt: Attempt) -> str:
    """``text``, or the code of the error that a region got instead."""
    return attempt.error.code if attempt.error else "text"


@dataclass
class RegionsOfRequests:
    """Collects what became of each request's regions, for the request's own line. Safe to use from any thread."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _told: OrderedDict[str, list[RegionOutcome]] = field(default_factory=OrderedDict)

    def add(self, attempt: Attempt) -> None:
        """An observer of attempts."""
        if not attempt.request_id:
            return
        with self._lock:
            self._told.setdefault(attempt.request_id, []).append(RegionOutcome.of(attempt))
            while len(self._told) > _REQUESTS:
                self._told.popitem(last=False)

    def take(self, request_id: str) -> list[RegionOutcome]:
        """What became of the regions of a request that is answered now."""
        with self._lock:
            return self._told.pop(request_id, [])


def request_line(line: str, fields: dict[str, Any], regions: list[RegionOutcome]) -> tuple[str, dict[str, Any]]:
    """A request's line, in words and as fields.

    Args:
        line: what there is to say of the request itself.
        fields: the same.
        regions: that it asked for.
    """
    told = regions[:_MAX_REGIONS]
    if regions:
        fields = fields | {"number_of_regions": len(regions), "regions": [each.as_fields() for each in told]}
    more = [f"{len(regions) - len(told)} more"] if len(regions) > len(told) else []
    return "; ".join([line, *map(str, told), *more]), fields
