"""Pre-annotation: whether the pages of an Image are read as a whole, and which of their parts become regions."""

from contextlib import suppress
from dataclasses import dataclass

from boxocr.errors import LabelingConfigError
from boxocr.labeling.attributes import fraction, one_of
from boxocr.labeling.controls import Controls
from boxocr.labeling.tag import Tag
from boxocr.labeling.task_data import TaskData
from boxocr.reading.whole_page import Level

_LEVELS: dict[str, Level | None] = {"": None, "words": "word", "lines": "line", "blocks": "block"}


@dataclass(frozen=True, slots=True)
class Preannotation:
    """How the pages of an Image are pre-annotated.

    Attributes:
        control: the tag that the regions belong to.
        labels_tag: a separate Labels tag that contains the label; None if ``control`` contains it, or without labels.
        label: of each region; None in a config without labels.
        text_area: name of the TextArea that takes the text.
        level: the part of a page that becomes a region.
        min_confidence: from 0 to 1; regions below it are left out.
    """

    control: Tag
    labels_tag: Tag | None
    label: str | None
    text_area: str
    level: Level
    min_confidence: float


def preannotation(controls: Controls, image: str, data: TaskData) -> Preannotation | None:
    """How the pages of an Image are pre-annotated; None if the config does not request it.

    ``model_preannotate`` is an attribute of a drawing tag or of the TextArea. For the TextArea, the Image's drawing tag
    is selected: one with labels if possible, and a rectangle if possible.

    Args:
        controls: of the config.
        image: name of the Image.
        data: the task's data.

    Raises:
        LabelingConfigError: the request is invalid.
    """
    drawing = sorted(controls.drawing_tags(image), key=lambda tag: (not _has_labels(tag), "polygon" in tag.kind))
    for tag in sorted(drawing, key=lambda tag: "model_preannotate" not in tag.attributes):
        label = _label(controls, tag, image, data)
        labels = [label] if label else []
        text_area = controls.text_area(image, tag.name, labels)
        attributes = controls.attributes(data, ("preannotate", "min_confidence"), text_area, tag.name, labels)
        level = one_of("preannotate", attributes.get("preannotate", ""), _LEVELS)
        if level is None:
            continue
        if text_area is None:
            raise LabelingConfigError
        labels_tag = None if _has_labels(tag) else controls.labels_tag(image)
        confidence = fraction("min_confidence", attributes.get("min_confidence", "0"))
        return Preannotation(tag, labels_tag, label, text_area, level, confidence)
    if not drawing and any("model_preannotate" in tag.attributes for tag in controls):
        raise LabelingConfigError(
            f'model_preannotate needs a tag that draws on the Image "{image}".',
            "Add RectangleLabels, Rectangle or PolygonLabels to the labeling config.",
        )
    return None


def text_areas_for_pages(controls: Controls, image: str) -> frozenset[str]:
    """Names of the TextAreas that pre-annotation of an Image can fill: on them ``model_preannotate`` has an effect.

    These are all TextAreas of the Image if no tag draws on it, or if the label comes from the task.

    Args:
        controls: of the config.
        image: name of the Image.
    """
    drawing = controls.drawing_tags(image)
    if not drawing or any("$" in tag.attributes.get("model_label", "") for tag in controls):
        return frozenset(one.tag.name for one in controls.text_areas if image in one.tag.images)
    found = set()
    for tag in drawing:
        with suppress(LabelingConfigError):
            label = _label(controls, tag, image, {})
            found.add(controls.text_area(image, tag.name, [label] if label else []))
    return frozenset(name for name in found if name is not None)


def _label(controls: Controls, tag: Tag, image: str, data: TaskData) -> str | None:
    """The label of all regions: ``model_label``, or the config's first; None in a config without labels."""
    holder = tag if _has_labels(tag) else controls.labels_tag(image)
    if holder is None or not holder.labels:
        return None
    text_area = controls.text_area(image, tag.name, ())
    label = controls.attributes(data, ("label",), text_area, tag.name, ()).get("label")
    if label is None:
        # A Label tag with model_preannotate requests its own label.
        requesting = (label for label, attributes in holder.labels.items() if "model_preannotate" in attributes)
        return next(requesting, next(iter(holder.labels)))
    if label not in holder.labels:
        raise LabelingConfigError(
            f'model_label="{label[:40]}" is not a label of "{holder.name}".',
            f"Use one of its labels, such as {next(iter(holder.labels))}, or leave it out.",
        )
    return label


def _has_labels(tag: Tag) -> bool:
    return tag.kind.endswith("labels")
