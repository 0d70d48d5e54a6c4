"""Label Studio's tasks, as its requests contain them."""

from collections.abc import Mapping
from typing import Any, TypeAlias

Task: TypeAlias = Mapping[str, Any]
"""``id``, ``data`` (addresses of the pages and other columns), and many fields that are not used here."""


def id_of(task: Task) -> int | None:
    """The task's number, which becomes part of a URL of Label Studio; None for anything else."""
    number = task.get("id")
    return number if type(number) is int and number > 0 else None
