"""Repeaters: parts of a labeling config that stand there once for each entry of a list in the task."""

import copy
from collections.abc import Iterable
from typing import Any

from lxml import etree

from boxocr.errors import LabelingConfigError
from boxocr.labeling.markup import parser
from boxocr.labeling.task_data import TaskData, resolve

# A task with more entries than this is not drawn on by hand; the bounds keep a hostile task from growing the config.
_MOST_REPETITIONS = 2000
_MOST_TAGS_OF_REPEATERS = 20_000


def write_out(markup: str, data: TaskData) -> str:
    """The config with each ``<Repeater>`` replaced by as many copies of its content as the task has entries.

    Args:
        markup: as :func:`boxocr.labeling.markup.read` gives it.
        data: the task's data, where ``on`` finds its list.

    Raises:
        LabelingConfigError: it would grow too long.
    """
    root = etree.fromstring(markup, parser())
    if root.tag == "Repeater":
        view = etree.Element("View")
        view.append(root)
        root = view
    tags = 0
    # Those inside others come in the next round, once the others' numbers stand in them.
    while outermost := [tag for tag in root.iter("Repeater") if next(tag.iterancestors("Repeater"), None) is None]:
        for repeater in outermost:
            parent = repeater.getparent()
            entries = resolve(repeater.get("on", ""), data)
            flag = repeater.get("indexFlag") or "{{idx}}"
            count = len(entries) if isinstance(entries, list) else 0
            tags += count * sum(1 for _ in repeater.iterdescendants())
            if count > _MOST_REPETITIONS or tags > _MOST_TAGS_OF_REPEATERS:
                raise LabelingConfigError("The task has too many pages for a Repeater.", "Split it into several tasks.")
            for index in range(count):
                for child in repeater:
                    repeater.addprevious(_numbered(child, flag, str(index)))
            parent.remove(repeater)
    return etree.tostring(root, encoding="unicode")


def _numbered(element: Any, flag: str, index: str) -> Any:
    twin = copy.deepcopy(element)
    tags: Iterable[Any] = twin.iter(etree.Element)
    for tag in tags:
        for name, value in tag.attrib.items():
            tag.set(name, value.replace(flag, index))
    return twin
