"""Log formats: text for people, or a JSON object per line. Entries are bounded in length and never span lines.

The log contains values from callers, such as paths and ids of regions. A line break in such a value must not look like
the start of another entry.
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

# In characters.
LONGEST_MESSAGE = 4_000
LONGEST_TRACEBACK = 16_000

# Control characters, separators that some viewers treat as line breaks, marks that reorder text, and lone surrogates.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

# At DEBUG and INFO level these log headers and signed URLs, tokens included.
_CHATTY = ("botocore", "boto3", "urllib3", "httpx", "httpcore", "s3transfer")


class TextLines(logging.Formatter):
    """Text: time, level, logger and message, with a traceback below."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the base class's name
        """Format the entry's line, without a traceback."""
        record.message = _one_line(record.message, LONGEST_MESSAGE)
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the base class's name
        """Format the traceback; the beginning of a long one is cut off."""
        return super().formatException(ei)[-LONGEST_TRACEBACK:]


class JSONLines(logging.Formatter):
    """JSON: an object with time, level, logger, message, and the items of ``extra={"fields": …}``."""

    def format(self, record: logging.LogRecord) -> str:
        """Format the entry as an object on one line."""
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
    """Configuration for :func:`logging.config.dictConfig` and for gunicorn's ``logconfig_dict``."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": {"()": JSONLines if log_format == "json" else TextLines}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"level": level, "handlers": ["console"]},
        "loggers": {
            **{name: {"level": "WARNING" if level in ("DEBUG", "INFO") else level} for name in _CHATTY},
            # At INFO gunicorn reports each start and stop of its processes, which is redundant with the banner.
            "gunicorn.error": {"level": "WARNING", "handlers": [], "propagate": True},
            # Pillow logs some damaged files as errors, but the region's note and the decoder's entry report them too.
            "PIL": {"level": "CRITICAL"},
            # Its warnings are advice for developers, such as to rebuild PDFium for XFA forms.
            "pypdfium2": {"level": "ERROR"},
        },
    }


_settings: Settings = ("WARNING", "text")


def configure(level: str, log_format: LogFormat) -> None:
    """Configure logging for this process and for the readers that it starts."""
    global _settings  # noqa: PLW0603 - logging is configured per process
    _settings = level, log_format
    logging.config.dictConfig(configuration(level, log_format))


def configured() -> Settings:
    """The arguments of the last :func:`configure`; before that, only warnings are logged."""
    return _settings


def _one_line(message: str, longest: int) -> str:
    if len(message) > longest:
        message = f"{message[:longest]}… ({len(message)} characters)"
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", message)
