"""Repeaters: parts of a labeling config that are repeated for each entry of a list in the task."""

import copy
from collections.abc import Iterable
from typing import Any

from lxml import etree

from boxocr.errors import LabelingConfigError
from boxocr.labeling.markup import xml_parser
from boxocr.labeling.task_data import TaskData, resolve

# Bounds on the expanded config, since tasks determine the number of entries. No one annotates longer tasks by hand.
_MAX_REPETITIONS = 2000
_MAX_TAGS = 20_000


def expand(markup: str, data: TaskData) -> str:
    """The config with each ``<Repeater>`` replaced by one copy of its content per entry of its list.

    Args:
        markup: as returned by :func:`boxocr.labeling.markup.normalize`.
        data: the task's data, which contains the lists.

    Raises:
        LabelingConfigError: the result would be too long.
    """
    root = etree.fromstring(markup, xml_parser())
    if root.tag == "Repeater":
        view = etree.Element("View")
        view.append(root)
        root = view
    tags = 0
    # Nested Repeaters are expanded in the next round, once the indices of the outer Repeaters are inserted.
    while outermost := [tag for tag in root.iter("Repeater") if next(tag.iterancestors("Repeater"), None) is None]:
        for repeater in outermost:
            parent = repeater.getparent()
            entries = resolve(repeater.get("on", ""), data)
            flag = repeater.get("indexFlag") or "{{idx}}"
            count = len(entries) if isinstance(entries, list) else 0
            tags += count * sum(1 for _ in repeater.iterdescendants())
            if count > _MAX_REPETITIONS or tags > _MAX_TAGS:
                raise LabelingConfigError("The task has too many pages for a Repeater.", "Split it into several tasks.")
            for index in range(count):
                for child in repeater:
                    repeater.addprevious(_indexed(child, flag, str(index)))
            parent.remove(repeater)
    return etree.tostring(root, encoding="unicode")


def _indexed(element: Any, flag: str, index: str) -> Any:
    """A copy of an element in which the index replaces the flag in all attributes."""
    duplicate = copy.deepcopy(element)
    tags: Iterable[Any] = duplicate.iter(etree.Element)
    for tag in tags:
        for name, value in tag.attrib.items():
            tag.set(name, value.replace(flag, index))
    return duplicate
