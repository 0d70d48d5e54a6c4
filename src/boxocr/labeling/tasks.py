"""Label Studio's tasks, as its requests contain them."""

from collections.abc import Mapping
from typing import Any, TypeAlias

Task: TypeAlias = Mapping[str, Any]
"""``id``, ``data`` (addresses of the pages and other columns), and many fields that are not used here."""


def id_of(task: Task) -> int | None:
    """The task's number, which becomes part of a URL of Label Studio; None for anything else."""
    return _number(task.get("id"))


def project_of(task: Task) -> int | None:
    """The number of the task's project; None for anything else."""
    return _number(task.get("project"))


def _number(number: object) -> int | None:
    return number if isinstance(number, int) and type(number) is int and number > 0 else None
