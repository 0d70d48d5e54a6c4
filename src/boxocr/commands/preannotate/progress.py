"""Progress of a run: a bar on a terminal, otherwise a line per minute."""

import time
from typing import TextIO

from tqdm import tqdm

from boxocr.commands.page_rate import PageRate

_SECONDS_BETWEEN_LINES = 60.0
_UNCOUNTED = "{n_fmt} tasks, {postfix}"
_COUNTED = "{percentage:3.0f}%|{bar}| {n_fmt} of {total_fmt} tasks, {postfix}, {remaining} left"


class Progress(PageRate):
    """Reports the progress of a run.

    Args:
        out: a terminal or a log.

    Attributes:
        pages: number of pages read in this run.
    """

    def __init__(self, out: TextIO) -> None:
        super().__init__()
        self._out = out
        self._last_line = time.monotonic()
        self._total: int | None = None
        self._known = self._done = 0
        # Without smoothing: the remaining time would depend on the last few tasks, and tasks differ.
        self._bar = tqdm(file=out, smoothing=0, bar_format=_UNCOUNTED, mininterval=0.5) if out.isatty() else None

    def counted(self, total: int) -> None:
        """Set the total number of tasks."""
        self._total = total
        if self._bar is not None:
            self._bar.total = total
            self._bar.bar_format = _COUNTED

    def known(self) -> None:
        """Count a task that was read in an earlier run."""
        self._known += 1
        if self._bar is not None:
            # tqdm excludes initial items from the rate.
            self._bar.initial += 1
        self._report()

    def ended(self, pages: int) -> None:
        """Count a task that was read, or that failed.

        Args:
            pages: number of pages read.
        """
        self.pages += pages
        self._done += 1
        self._report()

    def close(self) -> None:
        """End the bar's line on the terminal."""
        if self._bar is not None:
            self._bar.close()

    def _report(self) -> None:
        if self._bar is not None:
            self._bar.set_postfix_str(f"{self.rate:.2f} pages/s", refresh=False)
            self._bar.update()
        elif time.monotonic() - self._last_line > _SECONDS_BETWEEN_LINES:
            self._last_line = time.monotonic()
            print(self._line(), file=self._out, flush=True)

    def _line(self) -> str:
        ended = self._known + self._done
        if self._total is None:
            return f"{ended} tasks, {self.rate:.2f} pages/s"
        left = tqdm.format_interval((self._total - ended) * self.seconds / max(self._done, 1))
        return f"{ended} of {self._total} tasks, {self.rate:.2f} pages/s, {left} left"
