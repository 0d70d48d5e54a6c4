"""What stands in a labeling config for something in a task's data: ``$ocr``, ``$page.url``, ``$images[1].url``."""

import re
from collections.abc import Mapping
from typing import Any

TaskData = Mapping[str, Any]

# A whole attribute or a part of it.
_VARIABLE = re.compile(r"\$[\w\[\].]+\$?")


def resolve(written: str, data: TaskData) -> Any:
    """What an attribute stands for: text as it is, with what follows a ``$`` taken from the task's data.

    Args:
        written: the attribute's value.
        data: of the task.

    Returns:
        Whatever the task holds, where the attribute is one variable and nothing else; None when it holds nothing
        there. Else text, with nothing in the place of what the task lacks.
    """
    whole = _VARIABLE.fullmatch(written.strip())
    if whole:
        return _lookup(whole.group()[1:], data)
    return _VARIABLE.sub(lambda match: str(_lookup(match.group()[1:], data) or ""), written)


def is_small_number(written: str) -> bool:
    """Whether text is a number that may be read: Python refuses to read those of thousands of digits."""
    return written.isdecimal() and len(written) < 10  # noqa: PLR2004 - digits


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
