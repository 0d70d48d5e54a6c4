"""How the log is written: lines for people, or one JSON object a line; each of bounded length, and never more than one.

What callers send (names of regions, paths) stands in the log, so a line end in it must not look like a new entry.
"""

import json
import logging
import logging.config
import re
from datetime import UTC, datetime
from typing import Any, Literal

LogFormat = Literal["text", "json"]

Settings = tuple[str, LogFormat]
"""Level and format."""

# Characters of a message, and of a traceback.
LONGEST_MESSAGE = 4_000
LONGEST_TRACEBACK = 16_000

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


def _one_line(message: str, longest: int) -> str:
    if len(message) > longest:
        message = f"{message[:longest]}… ({len(message)} characters)"
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", message)
