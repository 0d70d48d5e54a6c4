"""How the log is written: lines for people, or one JSON object a line; each of bounded length, and never more than one.

What callers send (names of regions, paths) stands in the log, so a line end in it must not look like a new entry.
"""

import json
import logging
import logging.config
import re
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from boxocr.timing import Attempt

LogFormat = Literal["text", "json"]

Settings = tuple[str, LogFormat]
"""Level and format."""

# Characters of a message, and of a traceback.
LONGEST_MESSAGE = 4_000
LONGEST_TRACEBACK = 16_000

# Regions that a request's line tells of; of the others, their number.
_TOLD_REGIONS = 20

# Requests whose regions are remembered until they are answered; more than any server has under way.
_REQUESTS = 2_000

# Of the names that callers give.
_LONGEST_NAME = 64

# Control characters, and what some terminals and viewers take for line ends or turn text around with.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

# These print headers and signed addresses at DEBUG and INFO level, tokens among them.
_CHATTY = ("botocore", "boto3", "urllib3", "httpx", "httpcore", "s3transfer")


class TextLines(logging.Formatter):
    """For people: time, level, where it comes from, message; a traceback below it."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the base class's name
        """The line, without the traceback."""
        record.message = _one_line(record.message, LONGEST_MESSAGE)
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the base class's name
        """The traceback, its beginning cut off when it is long."""
        return super().formatException(ei)[-LONGEST_TRACEBACK:]


class JSONLines(logging.Formatter):
    """For programs: an object with time, level, logger, message, and whatever ``extra={"fields": …}`` holds."""

    def format(self, record: logging.LogRecord) -> str:
        """The object, on one line."""
        found = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": _one_line(record.getMessage(), LONGEST_MESSAGE),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            found["traceback"] = self.formatException(record.exc_info)[-LONGEST_TRACEBACK:]
        return json.dumps(found)


def configuration(level: str, log_format: LogFormat) -> dict[str, Any]:
    """What :func:`logging.config.dictConfig` takes, and gunicorn as ``logconfig_dict``."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": {"()": JSONLines if log_format == "json" else TextLines}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"level": level, "handlers": ["console"]},
        "loggers": {
            **{name: {"level": "WARNING" if level in ("DEBUG", "INFO") else level} for name in _CHATTY},
            # Its word at every start and stop is for developers of gunicorn.
            "gunicorn.error": {"level": "WARNING", "handlers": [], "propagate": True},
        },
    }


_settings: Settings = ("WARNING", "text")


def configure(level: str, log_format: LogFormat) -> None:
    """Have this process log so, and the processes that it starts."""
    global _settings  # noqa: PLW0603 - the log is the process's, as logging's own state
    _settings = level, log_format
    logging.config.dictConfig(configuration(level, log_format))


def configured() -> Settings:
    """How this process logs, if :func:`configure` was called; else only what is wrong."""
    return _settings


@dataclass(frozen=True, slots=True)
class Told:
    """What the log tells of a region."""

    task: int | None
    region: str
    outcome: str
    seconds: float
    stages: dict[str, float]

    @classmethod
    def of(cls, attempt: Attempt) -> "Told":
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
    _told: OrderedDict[str, list[Told]] = field(default_factory=OrderedDict)

    def add(self, attempt: Attempt) -> None:
        """An observer of attempts."""
        if not attempt.request_id:
            return
        with self._lock:
            self._told.setdefault(attempt.request_id, []).append(Told.of(attempt))
            while len(self._told) > _REQUESTS:
                self._told.popitem(last=False)

    def take(self, request_id: str) -> list[Told]:
        """What became of the regions of a request that is answered now."""
        with self._lock:
            return self._told.pop(request_id, [])


def request_line(line: str, fields: dict[str, Any], regions: list[Told]) -> tuple[str, dict[str, Any]]:
    """A request's line, in words and as fields.

    Args:
        line: what there is to say of the request itself.
        fields: the same.
        regions: that it asked for.
    """
    told = regions[:_TOLD_REGIONS]
    if regions:
        fields = fields | {"number_of_regions": len(regions), "regions": [each.as_fields() for each in told]}
    more = [f"{len(regions) - len(told)} more"] if len(regions) > len(told) else []
    return "; ".join([line, *map(str, told), *more]), fields


def _one_line(message: str, longest: int) -> str:
    if len(message) > longest:
        message = f"{message[:longest]}… ({len(message)} characters)"
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", message)
