"""``model_*`` attributes without effect: misspelt attributes, and attributes on the wrong tag.

Label Studio ignores unknown attributes, so without these warnings a spelling mistake would go unnoticed.
"""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cachetools import LRUCache, cached
from lxml import etree

from boxocr.labeling.attributes import ATTRIBUTES, DRAWING, Attribute, TagType, drawing_type
from boxocr.labeling.markup import xml_parser
from boxocr.labeling.parsing import Parsed, parse
from boxocr.labeling.preannotation import text_areas_for_pages
from boxocr.labeling.spelling import guess, may_be_ours
from boxocr.labeling.tag import Tag
from boxocr.labeling.text_areas import is_per_region

# Bounds for configs with thousands of attributes: distinct names that are examined, warnings that are returned,
# characters of a quoted name, and combinations of drawing tag, TextArea and label. With more combinations, a known
# attribute is assumed to have an effect.
_MAX_NAMES = 200
_MAX_WARNINGS = 20
_MAX_QUOTED = 40
_MAX_COMBINATIONS = 200_000


@dataclass(frozen=True, slots=True)
class UnusedAttribute:
    """An attribute without effect.

    Attributes:
        message: one sentence that says which attribute, on which tag.
        remedy: one sentence.
        foreign: whether it is probably meant for another ML backend.
    """

    message: str
    remedy: str
    foreign: bool = False

    @property
    def sentence(self) -> str:
        """Message and remedy."""
        return f"{self.message} {self.remedy}"


# The cache holds four megabytes, in which a warning counts as a kilobyte.
@cached(LRUCache(4_000_000, getsizeof=lambda found: 1000 * (1 + len(found))), lock=threading.Lock())
def unused_attributes(markup: str) -> tuple[UnusedAttribute, ...]:
    """All attributes without effect, in the order of the config; cached.

    An attribute on several tags of the same kind is reported once.

    Args:
        markup: as returned by :func:`boxocr.labeling.markup.normalize`.

    Raises:
        LabelingConfigError: it is not a valid config.
    """
    root = etree.fromstring(markup, xml_parser())
    effects = _Effects(parse(markup), frozenset(name for tag in root.iter() for name in tag.attrib))
    # The elements to which the same finding about the same attribute applies.
    found: dict[tuple[str, str, _Finding], list[Any]] = {}
    names: set[str] = set()
    for element in root.iter():
        for name in element.attrib:
            names.update([name] if len(names) < _MAX_NAMES and may_be_ours(name) else [])
            finding = effects.finding(element, name) if name in names else None
            if finding is not None:
                found.setdefault((name, str(element.tag), finding), []).append(element)
    return tuple(
        UnusedAttribute(f"{_shown(name)} on {_listed(tags)} {finding.predicate}", finding.remedy, finding.foreign)
        for (name, _, finding), tags in list(found.items())[:_MAX_WARNINGS]
    )


@dataclass(frozen=True, slots=True)
class _Finding:
    """The part of a warning that follows the attribute and its tag."""

    predicate: str
    remedy: str
    foreign: bool = False


class _Effects:
    """Decides which attributes of a config have an effect.

    Args:
        parsed: the config.
        written: names of all attributes in it.
    """

    def __init__(self, parsed: Parsed, written: frozenset[str]) -> None:
        self._controls = parsed.controls
        self._written = written
        self._drawing = [tag for tag in parsed.controls if drawing_type(tag.kind)]
        text_areas = parsed.controls.text_areas
        self._bound_labels = frozenset(
            label for one in text_areas for label in one.conditions.get("whenLabelValue", ())
        )
        combinations = len(self._drawing) * len(text_areas) * (1 + len(self._bound_labels))
        self._is_too_large = combinations > _MAX_COMBINATIONS
        self._label_effects: dict[tuple[str, str, str | None], bool] = {}
        self._filled = self._filled_by_regions()
        images = [name for name, tag in parsed.objects.items() if tag.kind == "image"]
        self._filled_by_pages = (
            set(self._filled)
            if self._is_too_large
            else {name for image in images for name in text_areas_for_pages(parsed.controls, image)}
        )

    def finding(self, element: Any, name: str) -> _Finding | None:
        """The reason why an attribute has no effect; None if it has one."""
        attribute = ATTRIBUTES.get(name)
        if attribute is None:
            return _unknown(name)
        if attribute.needs and attribute.needs not in self._written:
            return _Finding(f"has no effect without {attribute.needs}.", f"Add {attribute.needs}, or remove it.")
        kind = str(element.tag).lower()
        if kind == "textarea":
            return self._on_text_area(element.get("name", ""), attribute)
        has_effect = self._has_effect_on_label if kind == "label" else self._has_effect_on_drawing_tag
        if self._is_too_large or has_effect(element, attribute):
            return None
        return _Finding("has no effect there.", f"Valid places are: {attribute.placement}.")

    def _on_text_area(self, name: str, attribute: Attribute) -> _Finding | None:
        if attribute.name == "model_fill":
            tag = self._controls.by_name.get(name)
            if tag is not None and is_per_region(tag):
                return None
            return _Finding("has no effect, since the TextArea is for the page.", 'Add perRegion="true", or remove it.')
        by_pages = attribute.name in ("model_preannotate", "model_min_confidence")
        filled = self._filled_by_pages if by_pages else set(self._filled)
        if name not in filled:
            others = ", ".join(map(_quoted, sorted(filled)[:_MAX_WARNINGS]))
            remedy = f"Move it to a TextArea that is filled: {others}." if others else ""
            return _Finding(
                "has no effect, since no text is written there.", remedy or f"Valid places are: {attribute.placement}."
            )
        if self._filled.get(name, DRAWING).isdisjoint(attribute.tags) and attribute.tags & DRAWING:
            return _Finding("has no effect, since no such shape is drawn for it.", "Remove it.")
        return None

    def _has_effect_on_drawing_tag(self, element: Any, attribute: Attribute) -> bool:
        tag = self._controls.by_name.get(element.get("name", ""))
        return tag is not None and self._applies(attribute, tag, self._label_choices(tag))

    def _has_effect_on_label(self, element: Any, attribute: Attribute) -> bool:
        parent = next((up for up in element.iterancestors() if up.get("name", "") in self._controls.by_name), None)
        if parent is None or TagType.LABEL not in attribute.tags:
            return False
        label = element.get("alias") or element.get("value", "")
        # Labels that no TextArea is bound to all have the same result, so they share a key.
        key = parent.get("name"), attribute.name, label if label in self._bound_labels else None
        if key not in self._label_effects:
            tag = self._controls.by_name[parent.get("name")]
            drawing = self._drawing if tag.kind == "labels" else [tag]
            self._label_effects[key] = any(
                self._applies(attribute, one, [[label]])
                for one in drawing
                if not set(one.images).isdisjoint(tag.images)
            )
        return self._label_effects[key]

    def _applies(self, attribute: Attribute, tag: Tag, choices: Iterable[list[str]]) -> bool:
        """Whether an attribute applies to regions that a tag draws with one of these choices of labels."""
        return drawing_type(tag.kind) in attribute.tags and any(
            self._controls.text_area(image, tag.name, labels) for image in tag.images for labels in choices
        )

    def _filled_by_regions(self) -> Mapping[str, frozenset[TagType]]:
        """For each TextArea that is filled, by name, the types of tags that draw regions for it."""
        drawn_on = {image for tag in self._drawing for image in tag.images}
        found: dict[str, frozenset[TagType]] = {
            one.tag.name: DRAWING
            for one in self._controls.text_areas
            # On an Image without a drawing tag, regions come from a program and may have any shape.
            if self._is_too_large or not drawn_on.issuperset(one.tag.images)
        }
        for tag in () if self._is_too_large else self._drawing:
            for image in tag.images:
                for labels in self._label_choices(tag):
                    name, shape = self._controls.text_area(image, tag.name, labels), drawing_type(tag.kind)
                    if name is not None and shape is not None:
                        found[name] = found.get(name, frozenset()) | {shape}
        return found

    def _label_choices(self, tag: Tag) -> list[list[str]]:
        """The labels that a tag's region may have, as far as they affect which TextArea takes its text."""
        known = self._controls.labels_of(tag)
        holders = [tag, *(other for other in self._controls if other.kind == "labels")]
        # <Labels value="$labels"> takes its labels from the task.
        if any(holder.attributes.get("value", "").startswith("$") for holder in holders):
            return [[], *([label] for label in sorted(self._bound_labels))]
        choices = [[label] for label in known if label in self._bound_labels]
        return choices if len(choices) == len(known) and not self._controls.can_lack_label(tag) else [[], *choices]


def _unknown(name: str) -> _Finding | None:
    guessed = guess(name)
    if guessed is None:
        return None
    if guessed.is_likely:
        return _Finding("is not an attribute of BoxOCR, so it has no effect.", f"Write {guessed.nearest}.")
    return _Finding(
        "is not an attribute of BoxOCR, so it has no effect here.",
        f"Keep it if another ML backend uses it; the nearest attribute of BoxOCR is {guessed.nearest}.",
        foreign=True,
    )


def _listed(elements: list[Any]) -> str:
    """The first of several tags for a message, and how many others there are."""
    first = elements[0]
    name = first.get("name") or first.get("value") or ""
    others = f" and {len(elements) - 1} more" if len(elements) > 1 else ""
    return f"the {_shown(str(first.tag))} {_quoted(name)}".rstrip() + others


def _quoted(name: str) -> str:
    return f'"{_shown(name)}"' if name else ""


def _shown(name: str) -> str:
    """A name for a message: on one line, and shortened."""
    line = " ".join(name.split())
    return line if len(line) <= _MAX_QUOTED else f"{line[: _MAX_QUOTED - 1]}…"
