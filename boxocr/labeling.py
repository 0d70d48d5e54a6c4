"""A project's labeling config: which TextArea transcribes which shapes on which Image, and how to read them.

Parsed by label-studio-sdk's ``LabelInterface``, the parser that Label Studio validates predictions with. Only what a
``<Repeater>`` stands for is worked out here, since that depends on the task (``contract.md`` calls it "Repeater").
"""

import copy
import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from cachetools import LRUCache, cached
from label_studio_sdk.label_interface.interface import LabelInterface
from lxml import etree

from boxocr.errors import LabelingConfigError, PageAddressError
from boxocr.reading import ReadingOptions
from boxocr.reading.engine import PAGE_SEGMENTATION_MODES
from boxocr.reading.whole_page import Level

# What model_preannotate may say.
_PREANNOTATED: Mapping[str, Level | None] = {"": None, "words": "word", "lines": "line", "blocks": "block"}

# What model_split may say.
_SPLIT: Mapping[str, Level | None] = {"": None, "lines": "line", "words": "word"}

# Where the value lies when a task was imported without column names.
_NAMELESS_COLUMN = "$undefined$"

# A whole attribute or a part of it that stands for something in the task's data: $ocr, $page.url, $images[1].url
_VARIABLE = re.compile(r"\$[\w\[\].]+\$?")

# A task with more entries than this is not drawn on by hand; the bounds keep a hostile task from growing the config.
_MOST_REPETITIONS = 2000
_MOST_TAGS_OF_REPEATERS = 20_000

# Characters. Thousands of labels fit; parsed, a config takes up to sixty times its size.
_LONGEST_CONFIG = 1_000_000

# Parsing takes milliseconds and every request brings its config along, so parsed ones are kept: so many characters.
_KEPT_CONFIGS = 2_000_000

# Tags whose regions can be made for what is found on a page.
_DRAWING = ("rectangle", "rectanglelabels", "polygon", "polygonlabels")

TaskData = Mapping[str, Any]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag with a name, as label-studio-sdk parsed it.

    Attributes:
        name: of the tag.
        kind: which tag, in lower case: ``image``, ``rectanglelabels``, ``textarea``.
        images: names of the tags that it works on (``toName``).
        attributes: as written.
        labels: attributes of each Label inside it, by the label's value, in the order of the config.
    """

    name: str
    kind: str
    images: tuple[str, ...]
    attributes: Mapping[str, str]
    labels: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Handling:
    """What becomes of a region besides its text.

    Attributes:
        fit: whether a drawn rectangle is tightened to the ink of what was read.
        split: what a drawn rectangle is split into; None for nothing.
        click: what a click boxes.
    """

    fit: bool
    split: Level | None
    click: Level


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


@dataclass(frozen=True, slots=True)
class LabelingConfig:
    """What BoxOCR needs of a labeling config, for one task.

    Attributes:
        objects: what is labeled, by name; Repeaters written out.
        controls: what labels it, by name; Repeaters written out.
    """

    objects: Mapping[str, Tag]
    controls: Mapping[str, Tag]

    @staticmethod
    def parse(label_config: str, data: TaskData) -> "LabelingConfig":
        """Read a config for a task.

        Args:
            label_config: XML as the request carries it, Repeaters as written.
            data: the task's data, which says how often a Repeater repeats.

        Raises:
            LabelingConfigError: it is not a valid config.
        """
        if "<Repeater" in label_config:
            label_config = _write_out_repeaters(label_config, data)
        return _parsed(label_config)[1]

    def images(self) -> list[str]:
        """Names of the Image tags, in the order of the config."""
        return [name for name, tag in self.objects.items() if tag.kind == "image"]

    def has_transcription(self) -> bool:
        """Whether some Image has a per-region TextArea, which is where the text of a region goes."""
        images = set(self.images())
        return any(images.intersection(tag.images) for tag in self._text_areas())

    def text_area(self, image: str, control: str, labels: Sequence[str]) -> str | None:
        """Name of the TextArea that shows for a region, or None when there is none.

        A TextArea that is bound to certain tags or labels (``whenTagName``, ``whenLabelValue``) goes before one that
        shows for every region: that is how a config says that these regions have a field of their own.

        Args:
            image: name of the Image that the region lies on.
            control: name of the tag that it was drawn with.
            labels: its labels.
        """
        showing = [tag for tag in self._text_areas() if image in tag.images and _shows(tag, control, labels)]
        showing.sort(key=lambda tag: -len(_conditions(tag)))
        return showing[0].name if showing else None

    def page_urls(self, image: str, data: TaskData) -> list[str]:
        """Where the pages of an Image are: one for ``value``, as many as the task has for ``valueList``.

        Raises:
            PageAddressError: the task's data does not hold what the Image tag asks for.
        """
        tag = self.objects.get(image)
        if tag is None:
            raise PageAddressError(
                f'The labeling config has no Image with the name "{image}".', "Reload the page in Label Studio."
            )
        written = tag.attributes.get("valueList") or tag.attributes.get("value") or ""
        found = _resolve(written, data)
        if found is None:
            found = data.get(_NAMELESS_COLUMN)
        urls = found if isinstance(found, list) else [found]
        if not urls or not all(isinstance(url, str) and url.strip() for url in urls):
            raise PageAddressError(f'The task has no image address under "{written}", which the Image tag asks for.')
        return urls

    def reading_options(
        self, data: TaskData, *, default: ReadingOptions, text_area: str | None, control: str, labels: Sequence[str]
    ) -> ReadingOptions:
        """How a region is to be read: ``model_*`` attributes, the innermost wins (Label, drawing tag, TextArea).

        Args:
            data: the task's data; an attribute such as ``model_lang="$language"`` takes its value from there.
            default: what the server does when the config says nothing.
            text_area: name of the region's TextArea.
            control: name of the tag that it was drawn with.
            labels: its labels.

        Raises:
            LabelingConfigError: an attribute has a value that means nothing.
        """
        given = self._given(data, ("lang", "psm", "charset", "engine"), text_area, control, labels)
        return ReadingOptions(
            languages=given.get("lang", default.languages).replace(" ", ""),
            psm=_page_segmentation_mode(given["psm"]) if "psm" in given else default.psm,
            charset=given.get("charset", default.charset),
            engine=_engine(given["engine"], default.engine) if "engine" in given else default.engine,
        )

    def rectangle_control(self, image: str) -> Tag | None:
        """The tag that draws rectangles on an Image, one with labels first; None when there is none."""
        found = [tag for tag in self._drawing(image) if tag.kind in ("rectangle", "rectanglelabels")]
        return max(found, key=lambda tag: tag.kind == "rectanglelabels", default=None)

    def handling(self, data: TaskData, *, text_area: str | None, control: str, labels: Sequence[str]) -> Handling:
        """What becomes of a region besides its text: ``model_fit``, ``model_split``, ``model_click``.

        Args:
            data: the task's data.
            text_area: name of the region's TextArea.
            control: name of the tag that it was drawn with.
            labels: its labels.

        Raises:
            LabelingConfigError: an attribute has a value that means nothing.
        """
        given = self._given(data, ("fit", "split", "click"), text_area, control, labels)
        return Handling(
            _one_of("fit", given.get("fit", ""), {"": False, "text": True}),
            _one_of("split", given.get("split", ""), _SPLIT),
            _one_of("click", given.get("click", "line"), {"word": "word", "line": "line", "block": "block"}),
        )

    def preannotation(self, image: str, data: TaskData) -> "Preannotation | None":
        """How the pages of an Image are read as a whole; None when the config does not ask for it.

        ``model_preannotate`` stands on a drawing tag or on the TextArea; in the second case the Image's drawing tag
        with labels is taken, rectangles first.

        Raises:
            LabelingConfigError: it asks for something that cannot be.
        """
        drawing = sorted(self._drawing(image), key=lambda tag: (not tag.kind.endswith("labels"), "polygon" in tag.kind))
        for tag in sorted(drawing, key=lambda tag: "model_preannotate" not in tag.attributes):
            label = self._preannotation_label(tag, image, data)
            labels = [label] if label else []
            text_area = self.text_area(image, tag.name, labels)
            given = self._given(data, ("preannotate", "min_confidence"), text_area, tag.name, labels)
            level = _one_of("preannotate", given.get("preannotate", ""), _PREANNOTATED)
            if level is None:
                continue
            if text_area is None:
                raise LabelingConfigError
            beside = None if tag.kind.endswith("labels") else self._labels_tag(image)
            confidence = _share("min_confidence", given.get("min_confidence", "0"))
            return Preannotation(tag, beside, label, text_area, level, confidence)
        if not drawing and any("model_preannotate" in tag.attributes for tag in self.controls.values()):
            raise LabelingConfigError(
                f'model_preannotate needs something to draw on the Image "{image}" with.',
                "Add RectangleLabels, Rectangle or PolygonLabels to the labeling config.",
            )
        return None

    def is_multi_page(self, image: str) -> bool:
        """Whether an Image shows a list of pages (``valueList``), so that results say which one they lie on."""
        return bool(self.objects[image].attributes.get("valueList"))

    def _drawing(self, image: str) -> list[Tag]:
        """Tags that draw rectangles or polygons on an Image."""
        return [tag for tag in self.controls.values() if tag.kind in _DRAWING and image in tag.images]

    def _labels_tag(self, image: str) -> Tag | None:
        """The Labels that stand beside the drawing tags of an Image."""
        return next((tag for tag in self.controls.values() if tag.kind == "labels" and image in tag.images), None)

    def _preannotation_label(self, tag: Tag, image: str, data: TaskData) -> str | None:
        """The label of what is found: ``model_label``, or the first there is; None in a config without labels."""
        holder = tag if tag.kind.endswith("labels") else self._labels_tag(image)
        if holder is None or not holder.labels:
            return None
        text_area = self.text_area(image, tag.name, ())
        given = self._given(data, ("label",), text_area, tag.name, ())
        if "label" not in given:
            # What a Label itself asks for is about that label.
            asking = (label for label, attributes in holder.labels.items() if "model_preannotate" in attributes)
            return next(asking, next(iter(holder.labels)))
        if given["label"] not in holder.labels:
            raise LabelingConfigError(
                f'model_label="{given["label"][:40]}" is not a label of "{holder.name}".',
                f"Use one of its labels, such as {next(iter(holder.labels))}, or leave it out.",
            )
        return given["label"]

    def _given(
        self,
        data: TaskData,
        names: Iterable[str],
        text_area: str | None,
        control: str,
        labels: Sequence[str],
    ) -> dict[str, str]:
        """What the ``model_*`` attributes of these names say, the innermost wins; without those that say nothing."""
        given: dict[str, str] = {}
        for attributes in self._attributes_outside_in(text_area, control, labels):
            for name in names:
                written = attributes.get(f"model_{name}")
                value = None if written is None else _resolve(written, data)
                if isinstance(value, str | int | float) and str(value).strip():
                    given[name] = str(value).strip()
        return given

    def _text_areas(self) -> Iterator[Tag]:
        for tag in self.controls.values():
            if tag.kind == "textarea" and tag.attributes.get("perRegion", "").lower() == "true":
                yield tag

    def _attributes_outside_in(
        self, text_area: str | None, control: str, labels: Sequence[str]
    ) -> Iterator[Mapping[str, str]]:
        for name in (text_area, control):
            if name is not None and name in self.controls:
                yield self.controls[name].attributes
        for tag in self.controls.values():
            # Labels can belong to the drawing tag (RectangleLabels) or stand beside it (Labels + Rectangle).
            if tag.name == control or tag.kind == "labels":
                yield from (tag.labels[label] for label in labels if label in tag.labels)


def label_interface(label_config: str) -> LabelInterface:
    """label-studio-sdk's view of a labeling config, kept for the next request of the same project.

    Raises:
        LabelingConfigError: it is not a valid config.
    """
    return _parsed(label_config)[0]


@cached(LRUCache(_KEPT_CONFIGS, getsizeof=lambda parsed: len(parsed[0].config)), lock=threading.Lock())
def _parsed(label_config: str) -> tuple[LabelInterface, LabelingConfig]:
    if len(label_config) > _LONGEST_CONFIG:
        raise LabelingConfigError(
            f"The labeling config has more than {_LONGEST_CONFIG:,} characters.",
            "Split the project, or use fewer labels.",
        )
    try:
        interface = LabelInterface(config=label_config)
        return interface, LabelingConfig(_by_name(interface.objects), _by_name(interface.controls))
    except Exception as error:  # the SDK lets lxml's, pydantic's and its own exceptions through
        raise LabelingConfigError(
            "The labeling config cannot be understood.", "Open the project's labeling settings and save them again."
        ) from error


def _by_name(tags: Iterable[Any]) -> dict[str, Tag]:
    found = {}
    for tag in tags:
        labels = {value: label.attr or {} for value, label in (getattr(tag, "labels_attrs", None) or {}).items()}
        images = tuple(name.strip() for name in getattr(tag, "to_name", None) or ())
        found[tag.name] = Tag(tag.name, tag.tag.lower(), images, tag.attr or {}, labels)
    return found


def _shows(tag: Tag, control: str, labels: Sequence[str]) -> bool:
    conditions = _conditions(tag)
    return all(
        wanted.intersection([control] if attribute == "whenTagName" else labels)
        for attribute, wanted in conditions.items()
    )


def _conditions(tag: Tag) -> dict[str, set[str]]:
    return {
        attribute: {part.strip() for part in tag.attributes[attribute].split(",")}
        for attribute in ("whenTagName", "whenLabelValue")
        if tag.attributes.get(attribute)
    }


def _page_segmentation_mode(written: str) -> int:
    if _is_small_number(written) and int(written) in PAGE_SEGMENTATION_MODES:
        return int(written)
    raise LabelingConfigError(
        f'model_psm="{written[:20]}" is no page segmentation mode that reads text.',
        "Use 6 for a block, 7 for a line, 8 for a word, 11 for scattered text, or leave it out.",
    )


def _is_small_number(written: str) -> bool:
    # Python refuses to read numbers of thousands of digits.
    return written.isdecimal() and len(written) < 10  # noqa: PLR2004 - digits


def _one_of(name: str, written: str, meanings: Mapping[str, T]) -> T:
    if written.lower() in meanings:
        return meanings[written.lower()]
    known = " or ".join(word for word in meanings if word)
    raise LabelingConfigError(f'model_{name}="{written[:40]}" means nothing.', f"Use {known}, or leave it out.")


def _share(name: str, written: str) -> float:
    try:
        share = float(written)
    except ValueError:
        share = -1.0
    if 0 <= share <= 1:
        return share
    raise LabelingConfigError(
        f'model_{name}="{written[:40]}" is not a number from 0 to 1.', "Use one such as 0.5, or leave it out."
    )


def _engine(written: str, own: str) -> str:
    """The engine that a config asks for. A class of the operator's own only where the server runs with it anyway.

    Whoever edits a project may choose among engines, and not which code this server loads.
    """
    if written == own or written.isalnum():
        return written
    raise LabelingConfigError(
        f'model_engine="{written[:40]}" is not an engine that a project may choose.',
        "Use auto, tesseract, pytesseract or ppocr, or leave it out.",
    )


def _resolve(written: str, data: TaskData) -> Any:
    """What an attribute stands for: text as it is, with what follows a ``$`` taken from the task's data."""
    whole = _VARIABLE.fullmatch(written.strip())
    if whole:
        return _lookup(whole.group()[1:], data)
    return _VARIABLE.sub(lambda match: str(_lookup(match.group()[1:], data) or ""), written)


def _lookup(path: str, data: TaskData) -> Any:
    for column in (path, path.rstrip("$")):
        if column in data:
            return data[column]
    found: Any = data
    for step in re.findall(r"[^.\[\]]+", path):
        if isinstance(found, Mapping) and step in found:
            found = found[step]
        elif isinstance(found, list) and _is_small_number(step) and int(step) < len(found):
            found = found[int(step)]
        else:
            return None
    return found


def _write_out_repeaters(label_config: str, data: TaskData) -> str:
    """The config with each ``<Repeater>`` replaced by as many copies of its content as the task has entries."""
    # Entities and network stay off: the config comes from whoever can edit a project.
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(label_config, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise LabelingConfigError(
            "The labeling config is not valid XML.", "Open the project's labeling settings and save them again."
        ) from error
    tags = 0
    # Those inside others come in the next round, once the others' numbers stand in them.
    while outermost := [tag for tag in root.iter("Repeater") if next(tag.iterancestors("Repeater"), None) is None]:
        for repeater in outermost:
            parent = repeater.getparent()
            if parent is None:
                raise LabelingConfigError("The labeling config starts with a Repeater.", "Put it inside a View.")
            entries = _resolve(repeater.get("on", ""), data)
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
