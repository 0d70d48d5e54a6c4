"""``model_*`` attributes of a labeling config that have no effect: misspelt ones, and those on the wrong tag.

Whoever writes one expects something of it, and nothing else says that it does nothing.
"""

import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Any

from cachetools import LRUCache, cached
from lxml import etree

from boxocr.labeling.destinations import can_lack_label, labels_of
from boxocr.labeling.fields import is_per_region
from boxocr.labeling.markup import parser
from boxocr.labeling.parsing import Parsed, parse
from boxocr.labeling.places import ATTRIBUTES, DRAWING, Attribute, Place, drawing_place
from boxocr.labeling.preannotation import fields_for_pages
from boxocr.labeling.tag import Tag

# An attribute of ours, or one that may be meant as such: model_langs, model-lang, modelLang, modle_lang.
_PREFIX = "model"
_OURS = re.compile(r"model.+|m\w{2,5}[_-]\w+", re.IGNORECASE)

# How much of a name must agree for it to be a slip of the pen; others are likely meant for another ML backend.
_NEAR = 0.6
# The same, where not even "model" is spelt right.
_VERY_NEAR = 0.85

# A config can have thousands of such attributes; what is said of each kind of tag is said once.
_MOST_NAMES = 200
_MOST_NOTICES = 20
_MOST_CHARACTERS = 40
# Of tags that draw, TextAreas and labels; in a config with more, a known attribute counts as one with an effect.
_MOST_COMBINATIONS = 200_000
_KEPT_CHARACTERS = 4_000_000


@dataclass(frozen=True, slots=True)
class Notice:
    """An attribute that has no effect.

    Attributes:
        message: which, on which tag; one sentence.
        remedy: what to do about it; one sentence.
        foreign: whether it may well be meant for another ML backend.
    """

    message: str
    remedy: str
    foreign: bool = False

    @property
    def sentence(self) -> str:
        """Message and remedy."""
        return f"{self.message} {self.remedy}"


@cached(LRUCache(_KEPT_CHARACTERS, getsizeof=lambda found: 1000 * (1 + len(found))), lock=threading.Lock())
def notices(markup: str) -> tuple[Notice, ...]:
    """All attributes without effect, in the order of the config; the same ones on tags of the same kind are one notice.

    Args:
        markup: as :func:`boxocr.labeling.markup.read` gives it.

    Raises:
        LabelingConfigError: it is not a valid config.
    """
    root = etree.fromstring(markup, parser())
    effects = _Effects(parse(markup), frozenset(name for tag in root.iter() for name in tag.attrib))
    # What is said of an attribute, in halves between which the tag stands; by it, the tags it is said of.
    found: dict[tuple[str, str, _Verdict], list[Any]] = {}
    names: set[str] = set()
    for element in root.iter():
        for name in element.attrib:
            names.update([name] if len(names) < _MOST_NAMES and _OURS.fullmatch(name) else [])
            verdict = effects.verdict(element, name) if name in names else None
            if verdict is not None:
                found.setdefault((name, str(element.tag), verdict), []).append(element)
    return tuple(
        Notice(f"{_shown(name)} on {_places(tags)} {verdict.message}", verdict.remedy, verdict.foreign)
        for (name, _, verdict), tags in list(found.items())[:_MOST_NOTICES]
    )


@dataclass(frozen=True, slots=True)
class _Verdict:
    message: str
    remedy: str
    foreign: bool = False


class _Effects:
    """What has an effect in a config.

    Args:
        parsed: the config.
        written: names of all attributes that it has.
    """

    def __init__(self, parsed: Parsed, written: frozenset[str]) -> None:
        self._controls = parsed.controls
        self._written = written
        self._drawing = [tag for tag in parsed.controls if drawing_place(tag.kind)]
        self._bound_labels = frozenset(
            label for field in parsed.controls.fields for label in field.conditions.get("whenLabelValue", ())
        )
        fields, labels = len(parsed.controls.fields), 1 + len(self._bound_labels)
        self._is_too_large = len(self._drawing) * fields * labels > _MOST_COMBINATIONS
        self._label_effects: dict[tuple[str, str, str | None], bool] = {}
        self._filled = self._all_filled()
        images = [name for name, tag in parsed.objects.items() if tag.kind == "image"]
        self._filled_by_pages = (
            set(self._filled)
            if self._is_too_large
            else {name for image in images for name in fields_for_pages(parsed.controls, image)}
        )

    def verdict(self, element: Any, name: str) -> _Verdict | None:
        """Why an attribute has no effect; None when it has one."""
        attribute = ATTRIBUTES.get(name)
        if attribute is None:
            return _misspelt(name)
        if attribute.needs and attribute.needs not in self._written:
            return _Verdict(f"has no effect without {attribute.needs}.", f"Add {attribute.needs}, or remove it.")
        kind = str(element.tag).lower()
        if kind == "textarea":
            return self._on_text_area(element.get("name", ""), attribute)
        has_effect = self._has_effect_on_label if kind == "label" else self._has_effect_on_drawing_tag
        if self._is_too_large or has_effect(element, attribute):
            return None
        return _Verdict("has no effect there.", f"It can stand on: {attribute.where}.")

    def _on_text_area(self, name: str, attribute: Attribute) -> _Verdict | None:
        if attribute.name == "model_fill":
            tag = self._controls.by_name.get(name)
            if tag is not None and is_per_region(tag):
                return None
            return _Verdict("has no effect, since the TextArea is for the page.", 'Add perRegion="true", or remove it.')
        by_pages = attribute.name in ("model_preannotate", "model_min_confidence")
        filled = self._filled_by_pages if by_pages else set(self._filled)
        if name not in filled:
            others = ", ".join(map(_quoted, sorted(filled)[:_MOST_NOTICES]))
            remedy = f"Move it to a TextArea that is filled: {others}." if others else ""
            return _Verdict(
                "has no effect, since no text is written there.", remedy or f"It can stand on: {attribute.where}."
            )
        if self._filled.get(name, DRAWING).isdisjoint(attribute.places) and attribute.places & DRAWING:
            return _Verdict("has no effect, since no such shape is drawn for it.", "Remove it.")
        return None

    def _has_effect_on_drawing_tag(self, element: Any, attribute: Attribute) -> bool:
        tag = self._controls.by_name.get(element.get("name", ""))
        return tag is not None and self._tells_of(tag, attribute, self._choices(tag))

    def _has_effect_on_label(self, element: Any, attribute: Attribute) -> bool:
        holder = next((up for up in element.iterancestors() if up.get("name", "") in self._controls.by_name), None)
        if holder is None or Place.LABEL not in attribute.places:
            return False
        label = element.get("alias") or element.get("value", "")
        # Labels that no TextArea is bound to are alike.
        key = holder.get("name"), attribute.name, label if label in self._bound_labels else None
        if key not in self._label_effects:
            tag = self._controls.by_name[holder.get("name")]
            drawing = self._drawing if tag.kind == "labels" else [tag]
            self._label_effects[key] = any(
                self._tells_of(one, attribute, [[label]])
                for one in drawing
                if not set(one.images).isdisjoint(tag.images)
            )
        return self._label_effects[key]

    def _tells_of(self, tag: Tag, attribute: Attribute, choices: Iterable[list[str]]) -> bool:
        """Whether an attribute says something about regions that a tag draws with one of these choices of labels."""
        return drawing_place(tag.kind) in attribute.places and any(
            self._controls.text_area(image, tag.name, labels) for image in tag.images for labels in choices
        )

    def _all_filled(self) -> Mapping[str, frozenset[Place]]:
        """What is drawn for each TextArea that is filled, by its name."""
        drawn_on = {image for tag in self._drawing for image in tag.images}
        found: dict[str, frozenset[Place]] = {
            field.tag.name: DRAWING
            for field in self._controls.fields
            # Where nothing draws, regions come from a program, and may be of any kind.
            if self._is_too_large or not drawn_on.issuperset(field.tag.images)
        }
        for tag in () if self._is_too_large else self._drawing:
            for image in tag.images:
                for labels in self._choices(tag):
                    name, place = self._controls.text_area(image, tag.name, labels), drawing_place(tag.kind)
                    if name is not None and place is not None:
                        found[name] = found.get(name, frozenset()) | {place}
        return found

    def _choices(self, tag: Tag) -> list[list[str]]:
        """Labels that a region of a tag may have, as far as they decide where its text goes."""
        known = labels_of(self._controls, tag)
        holders = [tag, *(other for other in self._controls if other.kind == "labels")]
        # <Labels value="$labels"> takes them from the task.
        if any(holder.attributes.get("value", "").startswith("$") for holder in holders):
            return [[], *([label] for label in sorted(self._bound_labels))]
        choices = [[label] for label in known if label in self._bound_labels]
        return choices if len(choices) == len(known) and not can_lack_label(self._controls, tag) else [[], *choices]


def _misspelt(name: str) -> _Verdict | None:
    nearest, share = _nearest(name)
    starts_as_ours = name.lower().startswith(_PREFIX)
    if share >= (_NEAR if starts_as_ours else _VERY_NEAR):
        return _Verdict("is not an attribute of BoxOCR, so it has no effect.", f"Write {nearest}.")
    if not starts_as_ours:  # many attributes begin with an m
        return None
    return _Verdict(
        "is not an attribute of BoxOCR, so it has no effect here.",
        f"Leave it where another ML backend reads it; the nearest attribute of BoxOCR is {nearest}.",
        foreign=True,
    )


@lru_cache(_MOST_NAMES)
def _nearest(name: str) -> tuple[str, float]:
    """The attribute that is most like a name, and how much of it agrees, from 0 to 1; "model" only where it differs."""
    written = _bare(name[: 2 * _MOST_CHARACTERS])
    prefix = _PREFIX if written.startswith(_PREFIX) else ""
    written = written.removeprefix(prefix)
    shares = {one: SequenceMatcher(None, written, _bare(one).removeprefix(prefix)).ratio() for one in ATTRIBUTES}
    nearest = max(shares, key=lambda one: shares[one])
    return nearest, shares[nearest]


def _bare(name: str) -> str:
    """A name in lower case, without what separates its words."""
    return re.sub(r"[\W_]", "", name.lower())


def _places(elements: list[Any]) -> str:
    """The first of several tags, and how many there are more."""
    first = elements[0]
    name = first.get("name") or first.get("value") or ""
    others = f" and {len(elements) - 1} more" if len(elements) > 1 else ""
    return f"the {_shown(str(first.tag))} {_quoted(name)}".rstrip() + others


def _quoted(name: str) -> str:
    return f'"{_shown(name)}"' if name else ""


def _shown(name: str) -> str:
    """A name as it can stand in a sentence, and in one line of a log."""
    line = " ".join(name.split())
    return line if len(line) <= _MOST_CHARACTERS else f"{line[: _MOST_CHARACTERS - 1]}…"
