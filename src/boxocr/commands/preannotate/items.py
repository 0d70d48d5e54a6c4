"""Tasks to read, with names for people and keys for the journal, and their results."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Protocol

from boxocr import __version__
from boxocr.answering.whole_tasks import Place
from boxocr.labeling.tasks import Task

KEY_BYTES = 16

PARTIAL_VERSION = f"boxocr-incomplete-{__version__}"
"""The ``model_version`` of predictions with missing pages.

It must not contain the complete version's name, since Label Studio's filter matches substrings.
"""

Prediction = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Item:
    """A task to be read.

    Attributes:
        name: for messages.
        task: with ``data`` and, where Label Studio has it, its ``id``.
    """

    name: str
    task: Task

    def key(self) -> bytes:
        """A digest of 16 bytes, equal for tasks with equal ids and data."""
        said = json.dumps([self.task.get("id"), self.task["data"]], sort_keys=True, default=str)
        return blake2b(said.encode(errors="surrogatepass"), digest_size=KEY_BYTES).digest()


@dataclass(frozen=True, slots=True)
class Kept:
    """The result of a task.

    Attributes:
        prediction: in Label Studio's format.
        missing: pages that could not be read.
    """

    prediction: Prediction
    missing: tuple[Place, ...] = ()


class Source(Protocol):
    """A source of tasks."""

    def items(self) -> Iterator[Item]:
        """Yield the tasks to read. There can be more than fit into memory.

        Raises:
            CommandFailed: the source cannot be read.
        """
        ...

    def count(self) -> int:
        """Number of tasks in :meth:`items`.

        Raises:
            CommandFailed: the source cannot be read.
        """
        ...
