"""Simulates a clock that is set while programs run. With this folder on PYTHONPATH, Python imports it at start.

The file that CLOCK names contains the number of seconds by which the clock is off.
"""

import datetime as dt
import os
import time
from pathlib import Path
from typing import Self

_clock = Path(os.environ["CLOCK"])
_time, _time_ns = time.time, time.time_ns


def _off() -> float:
    # The file is empty for a moment while it is being written.
    return float(_clock.read_text() or 0)


class _Datetime(dt.datetime):
    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> Self:
        return cls.fromtimestamp(time.time(), tz)

    @classmethod
    def utcnow(cls) -> Self:
        return cls.now(dt.UTC).replace(tzinfo=None)


time.time = lambda: _time() + _off()
time.time_ns = lambda: _time_ns() + int(_off() * 1e9)
dt.datetime = _Datetime  # type: ignore[misc]
