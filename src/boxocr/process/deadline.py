"""A time limit for an operation of several steps."""

import time


class Deadline:
    """A point in time, on the monotonic clock.

    Args:
        seconds: from now, at least 0.
    """

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def has_passed(self) -> bool:
        """Whether no time is left."""
        return time.monotonic() >= self._end

    def left(self) -> float:
        """The remaining seconds, more than 0.

        Raises:
            TimeoutError: the deadline has passed.
        """
        seconds = self._end - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        return seconds
