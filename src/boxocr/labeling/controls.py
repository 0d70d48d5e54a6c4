"""The tags of a labeling config that label something, and what their ``model_*`` attributes say of a region."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from boxocr.labeling.fields import Field
from boxocr.labeling.places import ATTRIBUTES
from boxocr.labeling.tag import Tag
from boxocr.labeling.task_data import TaskData, resolve

# Tags whose regions can be made for what is found on a page.
_DRAWING = ("rectangle", "rectanglelabels", "polygon", "polygonlabels")


@dataclass(frozen=True, slots=True)
class Controls:
    """All of them, to be gone through in the order of the config.

    Attributes:
        by_name: Repeaters written out.
        fields: TextAreas for the texts of regions, the one to fill first.
    """

    by_name: Mapping[str, Tag]
    fields: tuple[Field, ...]

    def __iter__(self) -> Iterator[Tag]:
        return iter(self.by_name.values())

    def text_area(self, image: str, control: str, labels: Sequence[str]) -> str | None:
        """Name of the TextArea that takes the text of a region, or None when none shows for it.

        Args:
            image: name of the Image that the region lies on.
            control: name of the tag that it was drawn with.
            labels: its labels.
        """
        return next((field.tag.name for field in self.fields if field.shows(image, control, labels)), None)

    def drawing(self, image: str) -> list[Tag]:
        """Tags that draw rectangles or polygons on an Image."""
        return [tag for tag in self if tag.kind in _DRAWING and image in tag.images]

    def rectangle(self, image: str) -> Tag | None:
        """The tag that draws rectangles on an Image, one with labels first; None when there is none."""
        found = [tag for tag in self.drawing(image) if tag.kind in ("rectangle", "rectanglelabels")]
        return max(found, key=lambda tag: tag.kind == "rectanglelabels", default=None)

    def labels_beside(self, image: str) -> Tag | None:
        """The Labels that stand beside the drawing tags of an Image; None when there are none."""
        return next((tag for tag in self if tag.kind == "labels" and image in tag.images), None)

    def asked(
        self, data: TaskData, names: Iterable[str], text_area: str | None, control: str, labels: Sequence[str]
    ) -> dict[str, str]:
        """What ``model_*`` attributes say of a region, the innermost wins (Label, drawing tag, TextArea).

        Args:
            data: the task's data; an attribute such as ``model_lang="$language"`` takes its value from there.
            names: of the attributes, after ``model_``.
            text_area: name of the region's TextArea.
            control: name of the tag that it was drawn with.
            labels: its labels.

        Returns:
            Values by name, without those that say nothing.
        """
        asked: dict[str, str] = {}
        for attributes in self._attributes_outside_in(text_area, control, labels):
            for name in names:
                written = attributes.get(ATTRIBUTES[f"model_{name}"].name)
                value = None if written is None else resolve(written, data)
                if isinstance(value, str | int | float) and str(value).strip():
                    asked[name] = str(value).strip()
        return asked

    def _attributes_outside_in(
        self, text_area: str | None, control: str, labels: Sequence[str]
    ) -> Iterator[Mapping[str, str]]:
        for name in (text_area, control):
            if name is not None and name in self.by_name:
                yield self.by_name[name].attributes
        for tag in self:
            # Labels can belong to the drawing tag (RectangleLabels) or stand beside it (Labels + Rectangle).
            if tag.name == control or tag.kind == "labels":
                yield from (tag.labels[label] for label in labels if label in tag.labels)
