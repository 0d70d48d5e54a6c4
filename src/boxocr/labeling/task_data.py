"""Variables of a labeling config, replaced by the data of a task: ``$ocr``, ``$page.url``, ``$images[1].url``."""

import re
from collections.abc import Mapping
from typing import Any

TaskData = Mapping[str, Any]

_VARIABLE = re.compile(r"\$[\w\[\].]+\$?")


def resolve(value: str, data: TaskData) -> Any:
    """The value of an attribute, with its variables replaced by the task's data.

    Args:
        value: as written.
        data: of the task.

    Returns:
        For a single variable, the task's value of any type, or None if there is none. Otherwise text, in which
        variables without a value are empty.
    """
    whole = _VARIABLE.fullmatch(value.strip())
    if whole:
        return _lookup(whole.group()[1:], data)
    return _VARIABLE.sub(lambda match: str(_lookup(match.group()[1:], data) or ""), value)


def is_small_number(value: str) -> bool:
    """Whether text is a number of at most nine digits. Python refuses to parse numbers of thousands of digits."""
    return value.isdecimal() and len(value) < 10  # noqa: PLR2004 - digits


def _lookup(path: str, data: TaskData) -> Any:
    for column in (path, path.rstrip("$")):
        if column in data:
            return data[column]
    found: Any = data
    for step in re.findall(r"[^.\[\]]+", path):
        if isinstance(found, Mapping) and step in found:
            found = found[step]
        elif isinstance(found, list) and is_small_number(step) and int(step) < len(found):
            found = found[int(step)]
        else:
            return None
    return found
