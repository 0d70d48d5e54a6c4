"""What is read: tasks, with names for people and keys for the journal."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol

from boxocr.tasks import Task

KEY_BYTES = 16


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
