"""Tasks from a file in Label Studio's import format."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from boxocr import MODEL_VERSION
from boxocr.commands.preannotate.items import Item
from boxocr.label_studio.errors import CommandFailed


class TasksFile:
    """A JSON file with a list of ``{"data": {…}}``, as Label Studio imports and exports it.

    Args:
        path: of the file.

    Raises:
        CommandFailed: the content is invalid.
    """

    def __init__(self, path: Path) -> None:
        try:
            found = json.loads(path.read_bytes())
        except OSError as error:
            raise CommandFailed(f"{path.name} cannot be read: {error.strerror}.", "Check --input.") from None
        except ValueError:
            raise CommandFailed(f"{path.name} is not JSON.", "Export the tasks from Label Studio as JSON.") from None
        if not isinstance(found, list) or not all(map(_is_task, found)):
            raise CommandFailed(
                f"{path.name} is not a list of tasks.", 'Write it like [{"data": {"image": "s3://bucket/page.png"}}].'
            )
        self._tasks: list[dict[str, Any]] = found

    def items(self) -> Iterator[Item]:
        """Yield the tasks without a prediction of this version."""
        for number, task in enumerate(self._tasks, start=1):
            if not _is_predicted(task):
                yield Item(f"Task {task['id']}" if "id" in task else f"Task no. {number}", task)

    def count(self) -> int:
        """Number of tasks without a prediction of this version."""
        return sum(not _is_predicted(task) for task in self._tasks)

    def entries(self) -> Iterator[Item]:
        """Yield all tasks, for the output."""
        for task in self._tasks:
            yield Item("", task)


def _is_task(found: object) -> bool:
    return (
        isinstance(found, dict)
        and isinstance(found.get("data"), dict)
        and isinstance(found.get("predictions", []), list)
    )


def _is_predicted(task: dict[str, Any]) -> bool:
    predictions = (one for one in task.get("predictions", []) if isinstance(one, dict))
    return any(one.get("model_version") == MODEL_VERSION for one in predictions)
