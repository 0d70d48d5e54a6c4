"""Tasks of an import, stored in batches."""

import json
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from boxocr.label_studio.imports import ProjectImports

# Tasks per request: several, since Label Studio updates counters of the project each time, but not more, since a killed
# run has uploaded this many pages for nothing.
_MOST_TASKS = 20
_MOST_CHARACTERS = 5_000_000


class TaskBatch:
    """Collects tasks, and creates many with one request.

    Args:
        imports: of the project.
    """

    def __init__(self, imports: ProjectImports) -> None:
        self._imports = imports
        self._tasks: list[Mapping[str, Any]] = []
        self._characters = 0

    def __enter__(self) -> Self:
        """Return the batch."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """Create the remaining tasks, even if the run is interrupted, since their pages are already stored."""
        if error is None or not isinstance(error, Exception):
            self.flush()

    def add(self, task: Mapping[str, Any]) -> None:
        """Add a task.

        Raises:
            CommandFailed: as :meth:`flush`.
        """
        self._tasks.append(task)
        self._characters += len(json.dumps(task))
        if len(self._tasks) >= _MOST_TASKS or self._characters >= _MOST_CHARACTERS:
            self.flush()

    def flush(self) -> None:
        """Create all tasks that were added.

        Raises:
            CommandFailed: Label Studio does not answer, or refuses.
        """
        if self._tasks:
            tasks, self._tasks, self._characters = self._tasks, [], 0
            self._imports.create_tasks(tasks)
