"""Where the text of regions goes: for each tag that draws, and each label that its regions can have, a TextArea."""

from boxocr.labeling.controls import Controls
from boxocr.labeling.tag import Tag


def labels_of(controls: Controls, tag: Tag) -> tuple[str, ...]:
    """The labels that regions of a tag can have: its own, and those of the Labels beside it; each once, in order."""
    beside = (other for other in controls if other.kind == "labels" and not set(other.images).isdisjoint(tag.images))
    return tuple(dict.fromkeys(label for holder in (tag, *beside) for label in holder.labels))


def can_lack_label(controls: Controls, tag: Tag) -> bool:
    """Whether a region of a tag can be without a label, as far as the config says."""
    return not tag.kind.endswith("labels") or not labels_of(controls, tag)


def destinations(controls: Controls, image: str, tag: Tag) -> dict[str | None, str | None]:
    """Which TextArea takes the text of a tag's regions.

    Args:
        controls: of the config.
        image: name of the Image that they lie on.
        tag: that they are drawn with.

    Returns:
        Names of TextAreas by label, in the order of the config; None is a region without label, and no TextArea.
    """
    found: dict[str | None, str | None] = {
        label: controls.text_area(image, tag.name, [label]) for label in labels_of(controls, tag)
    }
    if can_lack_label(controls, tag):
        found[None] = controls.text_area(image, tag.name, [])
    return found
