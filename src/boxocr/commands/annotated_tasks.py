"""A project's annotated tasks, fetched batch by batch, with a display of the progress."""

import time
from collections.abc import Iterator
from typing import Any, Self, TextIO

from tqdm import tqdm

from boxocr.label_studio.client import LabelStudioAPI

_SECONDS_BETWEEN_LINES = 10.0
_BAR = "{percentage:3.0f}%|{bar}| {n_fmt} of {total_fmt} {unit}, {remaining} left"


def batches_of_tasks(
    api: LabelStudioAPI, project: int, progress: TextIO, *, after: int = 0, most: int
) -> Iterator[tuple[list[dict[str, Any]], bool]]:
    """The tasks of a project that have annotations, in the order of their numbers, and whether more follow.

    Args:
        api: Label Studio.
        project: its number.
        progress: a terminal or a log.
        after: only tasks with higher numbers.
        most: maximum number of tasks in a batch.

    Raises:
        CommandFailed: Label Studio does not answer or refuses.
    """
    with TaskProgress(progress) as shown:
        while True:
            tasks, left = api.annotated_tasks(project, after=after, most=most)
            shown.found(left)
            more = len(tasks) < left
            yield tasks, more
            if not more:
                return
            after = tasks[-1]["id"]
            shown.done(len(tasks))


class TaskProgress:
    """Shows progress: a bar on a terminal, and a line now and then in a log.

    Args:
        out: a terminal or a log.
        unit: plural of the things that are counted.
    """

    def __init__(self, out: TextIO, unit: str = "annotated tasks") -> None:
        self._out = out
        self._unit = unit
        self._total = self._done = 0
        self._last_line = time.monotonic()
        self._bar = tqdm(file=out, bar_format=_BAR, total=0, unit=unit) if out.isatty() else None

    def __enter__(self) -> Self:
        """Return the progress. Nothing is shown yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the line on the terminal."""
        if self._bar is not None:
            self._bar.close()

    def found(self, left: int) -> None:
        """Set the number of tasks that are left."""
        self._total = self._done + left
        if self._bar is not None:
            self._bar.total = self._total
            self._bar.refresh()

    def done(self, tasks: int) -> None:
        """Count this many tasks as done."""
        self._done += tasks
        if self._bar is not None:
            self._bar.update(tasks)
        elif time.monotonic() - self._last_line > _SECONDS_BETWEEN_LINES:
            self._last_line = time.monotonic()
            print(f"{self._done} of {self._total} {self._unit}", file=self._out, flush=True)
