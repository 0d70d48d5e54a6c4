"""The column of a task that takes the addresses of pages."""

import re
from dataclasses import dataclass
from typing import Any

from boxocr.errors import LabelingConfigError
from boxocr.labeling.config import LabelingConfig

_COLUMN = re.compile(r"\$(\w+)")


@dataclass(frozen=True, slots=True)
class PageColumn:
    """The column that the only Image of a labeling config shows.

    Attributes:
        image: name of the Image.
        name: of the column.
        is_list: whether it takes a list of pages (``valueList``).
    """

    image: str
    name: str
    is_list: bool

    def data(self, addresses: list[str]) -> dict[str, Any]:
        """The data of a task with these pages, of which there is only one unless ``is_list``."""
        return {self.name: addresses if self.is_list else addresses[0]}


def page_column(labeling: LabelingConfig) -> PageColumn:
    """The column for the addresses of pages.

    Raises:
        LabelingConfigError: there is not exactly one Image with such a column.
    """
    images = labeling.images()
    attributes = labeling.objects[images[0]].attributes if len(images) == 1 else {}
    is_list = bool(attributes.get("valueList"))
    column = _COLUMN.fullmatch(attributes.get("valueList") or attributes.get("value") or "")
    if column is None:
        raise LabelingConfigError(
            "The labeling config does not have exactly one Image whose value is a column, such as $image.",
            "Write the tasks into a file, and import that into Label Studio.",
        )
    return PageColumn(images[0], column[1], is_list)
