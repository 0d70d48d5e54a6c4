"""The recent readings, in memory, bounded in number and bytes."""

import itertools
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

from boxocr.answering.attempts import Attempt
from boxocr.process.stages import Stage
from boxocr.reading.types import Pixels, Reading, ReadingOptions


@dataclass(frozen=True, slots=True)
class RecentReading:
    """A finished attempt, without its exception, whose traceback would keep the page in memory.

    Attributes:
        number: increases with each reading, also across restarts of the server.
        began: start time in seconds since 1970.
        task_id, region_id, request_id: as the log has them.
        stages: seconds in each.
        seconds: total.
        options: for the engine; ``None`` when the attempt failed before they were known.
        reading: ``None`` when it failed.
        crop: as drawn; ``None`` when there is none, or it is too large.
        failure: message and remedy; ``None`` when there is text.
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
        """Estimated size in memory."""
        texts = (
            self.region_id,
            self.reading.text if self.reading else "",
            self.options.charset if self.options else "",
            *(self.failure or ()),
        )
        return sum(map(len, texts)) * 4 + (self.crop.nbytes if self.crop is not None else 0)

    def as_json(self) -> dict[str, Any]:
        """The reading for the page's script."""
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
            "preparation": reading.preparation if reading else "",
            "turned": reading.turned if reading else 0,
            "text": reading.text if reading else "",
            "confidence": round(reading.confidence, 4) if reading and reading.text else None,
            "failure": {"message": self.failure[0], "remedy": self.failure[1]} if self.failure else None,
        }


class RecentReadings:
    """The recent readings. Thread-safe.

    Args:
        most: maximum number.
        most_bytes: maximum total size.
    """

    def __init__(self, most: int, most_bytes: int) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._readings: deque[RecentReading] = deque()
        self._bytes = 0
        # Starts at the current time, so that numbers increase across restarts while the page stays open in a browser.
        self._numbers = itertools.count(int(time.time() * 1000))

    def add(self, attempt: Attempt) -> None:
        """Add an attempt, unless its reading came from the cache and so is shown already. An observer of attempts."""
        crop, error = attempt.crop, attempt.error
        if crop is None and attempt.reading is not None and Stage.READ not in attempt.stages:
            return
        # A larger crop would evict most other readings.
        if crop is not None and crop.nbytes > self._most_bytes / 4:
            crop = None
        with self._lock:
            reading = RecentReading(
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
            self._readings.append(reading)
            self._bytes += reading.bytes
            while len(self._readings) > self._most or self._bytes > self._most_bytes:
                self._bytes -= self._readings.popleft().bytes

    def after(self, number: int) -> list[RecentReading]:
        """Readings with higher numbers, newest first."""
        with self._lock:
            return [reading for reading in reversed(self._readings) if reading.number > number]

    def get(self, number: int) -> RecentReading | None:
        """The reading with this number, unless it was evicted."""
        with self._lock:
            return next((reading for reading in self._readings if reading.number == number), None)
