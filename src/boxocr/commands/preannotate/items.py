"""What is read: tasks, with names for people and keys for the journal; and what is kept of them."""

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
"""The ``model_version`` of predictions in which pages are missing.

Label Studio's filter looks for a part of the name, so the whole version's must not be found in it.
"""

Prediction = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Item:
    """A task to be read.

    Attributes:
        name: what people know it by.
        task: with ``data`` and, where Label Studio has it, its ``id``.
    """

    name: str
    task: Task

    def key(self) -> bytes:
        """The same for tasks that say the same, and for no others: 16 bytes of a digest."""
        said = json.dumps([self.task.get("id"), self.task["data"]], sort_keys=True, default=str)
        return blake2b(said.encode(errors="surrogatepass"), digest_size=KEY_BYTES).digest()


@dataclass(frozen=True, slots=True)
class Kept:
    """What was read of a task.

    Attributes:
        prediction: as Label Studio takes it.
        missing: pages that could not be read.
    """

    prediction: Prediction
    missing: tuple[Place, ...] = ()


class Source(Protocol):
    """Where tasks come from."""

    def items(self) -> Iterator[Item]:
        """The tasks to be read, one after the other: there can be more than memory holds.

        Raises:
            CommandFailed: they cannot be had.
        """
        ...

    def count(self) -> int:
        """How many :meth:`items` gives.

        Raises:
            CommandFailed: that cannot be told.
        """
        ...
