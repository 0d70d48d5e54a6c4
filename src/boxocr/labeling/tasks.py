"""Label Studio's tasks, as its requests carry them."""

from collections.abc import Mapping
from typing import Any, TypeAlias

Task: TypeAlias = Mapping[str, Any]
"""``id``, ``data`` (addresses of the pages, and whatever else the columns hold), and much that nobody needs here."""


def id_of(task: Task) -> int | None:
    """The task's number, which becomes part of an address on Label Studio; None for anything that is no number."""
    number = task.get("id")
    return number if type(number) is int and number > 0 else None
