"""The tags of a labeling config that draw, label and transcribe regions, and their ``model_*`` attributes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from boxocr.labeling.attributes import ATTRIBUTES
from boxocr.labeling.tag import Tag
from boxocr.labeling.task_data import TaskData, resolve
from boxocr.labeling.text_areas import TextArea


@dataclass(frozen=True, slots=True)
class Controls:
    """All control tags, iterable in the order of the config.

    Attributes:
        by_name: the tags, with Repeaters expanded.
        text_areas: the TextAreas that can take the texts of regions, best first.
    """

    by_name: Mapping[str, Tag]
    text_areas: tuple[TextArea, ...]

    def __iter__(self) -> Iterator[Tag]:
        return iter(self.by_name.values())

    def text_area(self, image: str, control: str, labels: Sequence[str]) -> str | None:
        """Name of the TextArea that takes a region's text; None if Label Studio shows no TextArea for the region.

        Args:
            image: name of the region's Image.
            control: name of the tag that it was drawn with.
            labels: its labels.
        """
        shown = (one.tag.name for one in self.text_areas if one.shows_for(image, control, labels))
        return next(shown, None)

    def text_areas_by_label(self, image: str, tag: Tag) -> dict[str | None, str | None]:
        """Name of the TextArea that takes the text of a tag's regions, for each label they can have.

        Args:
            image: name of the regions' Image.
            tag: the tag that draws them.

        Returns:
            In the order of the config. The key None is for regions without a label; the value None means no TextArea.
        """
        found: dict[str | None, str | None] = {
            label: self.text_area(image, tag.name, [label]) for label in self.labels_of(tag)
        }
        if self.can_lack_label(tag):
            found[None] = self.text_area(image, tag.name, [])
        return found

    def labels_of(self, tag: Tag) -> tuple[str, ...]:
        """The labels that a tag's regions can have: its own, then those of Labels tags for the same Image."""
        shared = (one for one in self if one.kind == "labels" and not set(one.images).isdisjoint(tag.images))
        return tuple(dict.fromkeys(label for holder in (tag, *shared) for label in holder.labels))

    def can_lack_label(self, tag: Tag) -> bool:
        """Whether a tag's regions can be without a label, according to the config."""
        return not tag.kind.endswith("labels") or not self.labels_of(tag)

    def drawing_tags(self, image: str) -> list[Tag]:
        """Tags of an Image that draw rectangles or polygons, the shapes of pre-annotated regions."""
        drawing = ("rectangle", "rectanglelabels", "polygon", "polygonlabels")
        return [tag for tag in self if tag.kind in drawing and image in tag.images]

    def rectangle_tag(self, image: str) -> Tag | None:
        """The tag that draws rectangles on an Image, preferably one with labels; None if there is none."""
        found = [tag for tag in self.drawing_tags(image) if tag.kind in ("rectangle", "rectanglelabels")]
        return max(found, key=lambda tag: tag.kind == "rectanglelabels", default=None)

    def labels_tag(self, image: str) -> Tag | None:
        """The Labels tag of an Image, which labels the regions of other tags; None if there is none."""
        return next((tag for tag in self if tag.kind == "labels" and image in tag.images), None)

    def attributes(
        self, data: TaskData, names: Iterable[str], text_area: str | None, control: str, labels: Sequence[str]
    ) -> dict[str, str]:
        """The ``model_*`` attributes that apply to a region. Label overrides drawing tag, which overrides TextArea.

        Args:
            data: the task's data, for values such as ``model_lang="$language"``.
            names: of the attributes, without ``model_``.
            text_area: name of the region's TextArea.
            control: name of the tag that it was drawn with.
            labels: its labels.

        Returns:
            Stripped values by name, without empty ones.
        """
        found: dict[str, str] = {}
        for attributes in self._outermost_first(text_area, control, labels):
            for name in names:
                written = attributes.get(ATTRIBUTES[f"model_{name}"].name)
                value = None if written is None else resolve(written, data)
                if isinstance(value, str | int | float) and str(value).strip():
                    found[name] = str(value).strip()
        return found

    def _outermost_first(
        self, text_area: str | None, control: str, labels: Sequence[str]
    ) -> Iterator[Mapping[str, str]]:
        for name in (text_area, control):
            if name is not None and name in self.by_name:
                yield self.by_name[name].attributes
        for tag in self:
            # Labels belong to the drawing tag (RectangleLabels), or to a tag of their own (Labels and Rectangle).
            if tag.name == control or tag.kind == "labels":
                yield from (tag.labels[label] for label in labels if label in tag.labels)
