"""Whether the pages of an Image are to be read as a whole, and what becomes of what is found on them."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from boxocr.errors import LabelingConfigError
from boxocr.labeling.attributes import one_of, share
from boxocr.labeling.controls import Controls
from boxocr.labeling.tag import Tag
from boxocr.labeling.task_data import TaskData
from boxocr.reading.page.whole_page import Level

# What model_preannotate may say.
_LEVELS: Mapping[str, Level | None] = {"": None, "words": "word", "lines": "line", "blocks": "block"}


@dataclass(frozen=True, slots=True)
class Preannotation:
    """How the pages of an Image are read as a whole.

    Attributes:
        control: the tag whose regions are made.
        labels_tag: the Labels that stand beside it and hold the label, where it has none itself.
        label: of each region, or None in a config without labels.
        text_area: name of the TextArea that takes the text.
        level: what becomes a region.
        min_confidence: 0 to 1; what was read less surely is left out.
    """

    control: Tag
    labels_tag: Tag | None
    label: str | None
    text_area: str
    level: Level
    min_confidence: float


def preannotation(controls: Controls, image: str, data: TaskData) -> Preannotation | None:
    """How the pages of an Image are read as a whole; None when the config does not ask for it.

    ``model_preannotate`` stands on a drawing tag or on the TextArea; in the second case the Image's drawing tag
    with labels is taken, rectangles first.

    Args:
        controls: of the config.
        image: name of the Image.
        data: the task's data.

    Raises:
        LabelingConfigError: it asks for something that cannot be.
    """
    drawing = sorted(controls.drawing(image), key=lambda tag: (not _has_labels(tag), "polygon" in tag.kind))
    for tag in sorted(drawing, key=lambda tag: "model_preannotate" not in tag.attributes):
        label = _label(controls, tag, image, data)
        labels = [label] if label else []
        text_area = controls.text_area(image, tag.name, labels)
        asked = controls.asked(data, ("preannotate", "min_confidence"), text_area, tag.name, labels)
        level = one_of("preannotate", asked.get("preannotate", ""), _LEVELS)
        if level is None:
            continue
        if text_area is None:
            raise LabelingConfigError
        beside = None if _has_labels(tag) else controls.labels_beside(image)
        confidence = share("min_confidence", asked.get("min_confidence", "0"))
        return Preannotation(tag, beside, label, text_area, level, confidence)
    if not drawing and any("model_preannotate" in tag.attributes for tag in controls):
        raise LabelingConfigError(
            f'model_preannotate needs something to draw on the Image "{image}" with.',
            "Add RectangleLabels, Rectangle or PolygonLabels to the labeling config.",
        )
    return None


def fields_for_pages(controls: Controls, image: str) -> frozenset[str]:
    """Names of the TextAreas that take the text of an Image's whole pages: ``model_preannotate`` can stand on these.

    Where nothing is drawn on the Image, or the label is taken from the task, these are all that show for it.

    Args:
        controls: of the config.
        image: name of the Image.
    """
    drawing = controls.drawing(image)
    if not drawing or any("$" in tag.attributes.get("model_label", "") for tag in controls):
        return frozenset(field.tag.name for field in controls.fields if image in field.tag.images)
    found = set()
    for tag in drawing:
        with suppress(LabelingConfigError):
            label = _label(controls, tag, image, {})
            found.add(controls.text_area(image, tag.name, [label] if label else []))
    return frozenset(name for name in found if name is not None)


def _label(controls: Controls, tag: Tag, image: str, data: TaskData) -> str | None:
    """The label of what is found: ``model_label``, or the first there is; None in a config without labels."""
    holder = tag if _has_labels(tag) else controls.labels_beside(image)
    if holder is None or not holder.labels:
        return None
    text_area = controls.text_area(image, tag.name, ())
    asked = controls.asked(data, ("label",), text_area, tag.name, ())
    if "label" not in asked:
        # What a Label itself asks for is about that label.
        asking = (label for label, attributes in holder.labels.items() if "model_preannotate" in attributes)
        return next(asking, next(iter(holder.labels)))
    if asked["label"] not in holder.labels:
        raise LabelingConfigError(
            f'model_label="{asked["label"][:40]}" is not a label of "{holder.name}".',
            f"Use one of its labels, such as {next(iter(holder.labels))}, or leave it out.",
        )
    return asked["label"]


def _has_labels(tag: Tag) -> bool:
    return tag.kind.endswith("labels")
