"""Waits for the effect of another thread or process."""

import time
from collections.abc import Callable

from tests.backend import START_SECONDS


def until(condition: Callable[[], object]) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + START_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
