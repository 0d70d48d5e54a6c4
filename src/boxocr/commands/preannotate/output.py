"""The output file for Label Studio's import: all tasks of the input, with their predictions."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from boxocr.commands.preannotate.items import PARTIAL_VERSION, Item
from boxocr.commands.preannotate.journal import Journal
from boxocr.label_studio.errors import CommandFailed


class Listed(Protocol):
    """A source that can be iterated again."""

    def entries(self) -> Iterator[Item]:
        """Yield all tasks in order."""
        ...


def write(path: Path, source: Listed, journal: Journal) -> None:
    """Write the tasks with their predictions in the source's order. The file is replaced atomically.

    Raises:
        CommandFailed: the file cannot be written.
    """
    partial = path.with_name(f"{path.name}.partial")
    try:
        with partial.open("w", encoding="utf-8", errors="backslashreplace") as file:
            separator = "[\n"
            for item in source.entries():
                kept = journal.get(item.key())
                found = item.task.get("predictions", [])
                if kept is not None:
                    found = [*(one for one in found if not _is_partial(one)), kept.prediction]
                task = {**item.task, "predictions": found}
                file.write(separator + json.dumps(task, ensure_ascii=False))
                separator = ",\n"
            file.write("\n]\n" if separator == ",\n" else "[]\n")
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise CommandFailed(
            f"{path.name} cannot be written: {error.strerror}.", "Check the folder, and the free space on its disk."
        ) from None


def _is_partial(prediction: Any) -> bool:
    return isinstance(prediction, dict) and prediction.get("model_version") == PARTIAL_VERSION
