"""A time limit for something that takes several steps."""

import time


class Deadline:
    """So many seconds from now, on the clock that nobody sets.

    Args:
        seconds: at least 0.
    """

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """The seconds that are left, more than 0.

        Raises:
            TimeoutError: none are.
        """
        seconds = self._end - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        return seconds
