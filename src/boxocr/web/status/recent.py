"""The last readings, in memory only, bounded in number and bytes."""

import itertools
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

from boxocr.observability.attempts import Attempt
from boxocr.process.stages import Stage
from boxocr.reading.types import Pixels, Reading, ReadingOptions

_BYTES_PER_CHARACTER = 4

# A larger crop than this share of the room would drive out what is there for something that nobody sees whole.
_LARGEST_SHARE = 4


@dataclass(frozen=True, slots=True)
class RecentReading:
    """What is kept of an attempt: no exception, whose traceback would keep the page.

    Attributes:
        number: goes up with each, also beyond a new start of the server.
        began: when, in seconds since 1970.
        task_id, region_id, request_id: as the log has them.
        stages: seconds in each.
        seconds: in all.
        options: how it was to be read; ``None`` when it failed before that was known.
        reading: ``None`` when it failed.
        crop: as drawn; ``None`` when there is none, or it is too large to be kept.
        failure: message and remedy; ``None`` when there is a text.
    """

    number: int
    began: float
    task_id: int | None
    region_id: str
    request_id: str
    stages: dict[Stage, float]
    seconds: float
    options: ReadingOptions | None
    reading: Reading | None
    crop: Pixels | None
    failure: tuple[str, str] | None

    @property
    def bytes(self) -> int:
        """About how much memory it takes."""
        texts = (
            self.region_id,
            self.reading.text if self.reading else "",
            self.options.charset if self.options else "",
            *(self.failure or ()),
        )
        return sum(map(len, texts)) * _BYTES_PER_CHARACTER + (self.crop.nbytes if self.crop is not None else 0)

    def as_json(self) -> dict[str, Any]:
        """For the page's script."""
        options, reading = self.options, self.reading
        return {
            "number": self.number,
            "began": self.began,
            "task": self.task_id,
            "region": self.region_id,
            "request": self.request_id,
            "milliseconds": {stage.value: round(1000 * seconds, 1) for stage, seconds in self.stages.items()},
            "total_milliseconds": round(1000 * self.seconds, 1),
            "engine": reading.engine if reading else options.engine if options else "",
            "languages": options.languages if options else "",
            "psm": options.psm if options else None,
            "charset": options.charset if options else "",
            "look": reading.look if reading else "",
            "turned": reading.turned if reading else 0,
            "text": reading.text if reading else "",
            "confidence": round(reading.confidence, 4) if reading and reading.text else None,
            "failure": {"message": self.failure[0], "remedy": self.failure[1]} if self.failure else None,
        }


class RecentReadings:
    """The last readings. Safe to use from any thread.

    Args:
        most: how many are kept.
        most_bytes: how much memory they may take together.
    """

    def __init__(self, most: int, most_bytes: int) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._kept: deque[RecentReading] = deque()
        self._bytes = 0
        # So that a page that was open before a new start of the server knows the new readings from the old ones.
        self._numbers = itertools.count(int(time.time() * 1000))

    def add(self, attempt: Attempt) -> None:
        """Keep an attempt, unless its reading was at hand and is shown already; an observer of readings."""
        crop, error = attempt.crop, attempt.error
        if crop is None and attempt.reading is not None and Stage.READ not in attempt.stages:
            return
        if crop is not None and crop.nbytes > self._most_bytes / _LARGEST_SHARE:
            crop = None
        with self._lock:
            kept = RecentReading(
                number=next(self._numbers),
                began=attempt.began,
                task_id=attempt.task_id,
                region_id=attempt.region_id,
                request_id=attempt.request_id,
                stages=dict(attempt.stages),
                seconds=attempt.seconds,
                options=attempt.options,
                reading=attempt.reading,
                crop=crop,
                failure=(error.message, error.remedy) if error else None,
            )
            self._kept.append(kept)
            self._bytes += kept.bytes
            while len(self._kept) > self._most or self._bytes > self._most_bytes:
                self._bytes -= self._kept.popleft().bytes

    def after(self, number: int) -> list[RecentReading]:
        """Those with higher numbers, the newest first."""
        with self._lock:
            return [kept for kept in reversed(self._kept) if kept.number > number]

    def get(self, number: int) -> RecentReading | None:
        """The one with this number, if it is still there."""
        with self._lock:
            return next((kept for kept in self._kept if kept.number == number), None)
