"""The speed of a run."""

import time


class PageRate:
    """Counts the pages of a run, from its start.

    Attributes:
        pages: number of pages that were stored or read in this run.
    """

    def __init__(self) -> None:
        self.pages = 0
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds since the start of the run."""
        return time.monotonic() - self._began

    @property
    def rate(self) -> float:
        """Pages per second."""
        return self.pages / max(self.seconds, 0.001)
