"""Progress while documents become pages: a line that changes on a terminal, otherwise a line per minute."""

import time
from typing import Self, TextIO

from tqdm import tqdm

from boxocr.commands.page_rate import PageRate

_SECONDS_BETWEEN_LINES = 60.0


class ImportProgress(PageRate):
    """Reports the progress of documents.

    Args:
        out: a terminal or a log.

    Attributes:
        files: number of files that were examined.
        pages: number of pages that were stored.
    """

    def __init__(self, out: TextIO) -> None:
        super().__init__()
        self.files = 0
        self._out = out
        self._last_line = time.monotonic()
        # A bar without a total, since the number of pages is unknown until all files were opened.
        self._bar = tqdm(file=out, bar_format="{desc}", mininterval=0.5) if out.isatty() else None

    def __enter__(self) -> Self:
        """Return the progress."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the line on the terminal."""
        if self._bar is not None:
            self._bar.close()

    def page(self) -> None:
        """Count a page that was stored."""
        self.pages += 1
        self._report()

    def ended(self) -> None:
        """Count a file."""
        self.files += 1
        self._report()

    def _report(self) -> None:
        line = f"{self.files} files, {self.pages} pages, {self.rate:.2f} pages/s"
        if self._bar is not None:
            self._bar.set_description_str(line, refresh=False)
            self._bar.update()
        elif time.monotonic() - self._last_line > _SECONDS_BETWEEN_LINES:
            self._last_line = time.monotonic()
            print(line, file=self._out, flush=True)
