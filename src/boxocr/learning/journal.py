"""Boxes that were read so far, in a file that outlives an interrupted run.

The first line identifies the project. Each further line holds the boxes of one request and the number of its last task.
The file holds texts of annotations, so only its owner may read it.
"""

import json
import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from boxocr.learning.boxes import Box, Outcome, Source

_FORMAT = "boxocr report 3"
_OWNER_ONLY = 0o600
_LONGEST_PAUSE_SECONDS = 3_600


class BoxJournal:
    """The boxes of one project, request by request.

    Args:
        path: of the file; made with the first request.
        belongs_to: equal for runs that can continue each other.

    Raises:
        OSError: from every method, when the disk refuses.
    """

    def __init__(self, path: Path, belongs_to: dict[str, Any]) -> None:
        self.path = path
        self._head = json.dumps({"format": _FORMAT, **belongs_to}, sort_keys=True)

    def load(self) -> tuple[int, list[Box]]:
        """The last task that was read, 0 when none was, and the boxes up to it."""
        last, boxes = 0, []
        for line in self._lines():
            last = line["last_task"]
            boxes += [_box(row) for row in line["boxes"]]
        return last, boxes

    def add(self, last_task: int, boxes: list[Box]) -> None:
        """Keep the boxes of a request.

        Args:
            last_task: number of the last task that it gave.
            boxes: of its tasks.
        """
        line = json.dumps({"last_task": last_task, "boxes": [asdict(box) for box in boxes]})
        with os.fdopen(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, _OWNER_ONLY), "w") as file:
            if not os.fstat(file.fileno()).st_size:
                file.write(f"{self._head}\n")
            file.write(f"{line}\n")

    def remove(self) -> None:
        """Delete the file."""
        self.path.unlink(missing_ok=True)

    def _lines(self) -> list[dict[str, Any]]:
        """The lines after the first. A file of other work, or an old one, is deleted: annotations change."""
        if not self.path.exists():
            return []
        content = self.path.read_bytes()
        # A line without a line end was still being written when the run ended.
        complete = content[: content.rfind(b"\n") + 1]
        head, *lines = complete.splitlines() or [b""]
        if head != self._head.encode() or time.time() - self.path.stat().st_mtime > _LONGEST_PAUSE_SECONDS:
            self.remove()
            return []
        os.truncate(self.path, len(complete))
        return [json.loads(line) for line in lines]


def _box(row: dict[str, Any]) -> Box:
    return Box(**{**row, "outcome": Outcome(row["outcome"]), "source": Source(row["source"])})
