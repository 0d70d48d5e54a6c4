"""A project's labeling config: which TextArea transcribes which shapes on which Image, and how to read them.

Parsed by label-studio-sdk's ``LabelInterface``, the parser that Label Studio validates predictions with. Only what a
``<Repeater>`` stands for is worked out here, since that depends on the task (``contract.md`` calls it "Repeater").
"""

import copy
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from label_studio_sdk.label_interface.interface import LabelInterface
from lxml import etree

from boxocr.errors import LabelingConfigError, PageAddressError
from boxocr.reading import ReadingOptions
from boxocr.reading.engine import PAGE_SEGMENTATION_MODES

# Where the value lies when a task was imported without column names.
_NAMELESS_COLUMN = "$undefined$"

# A whole attribute or a part of it that stands for something in the task's data: $ocr, $page.url, $images[1].url
_VARIABLE = re.compile(r"\$[\w\[\].]+\$?")

# A task with more entries than this is not drawn on by hand; the bound keeps a hostile task from growing the config.
_MOST_REPETITIONS = 2000

# Parsing takes milliseconds and every request brings its config along; projects differ, but not by the hundred.
_PARSED_CONFIGS = 128

TaskData = Mapping[str, Any]


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
        return _parsed(label_config)

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
        given: dict[str, str] = {}
        for attributes in self._attributes_outside_in(text_area, control, labels):
            for name in ("lang", "psm", "charset", "engine"):
                written = attributes.get(f"model_{name}")
                value = None if written is None else _resolve(written, data)
                if isinstance(value, str | int) and str(value).strip():
                    given[name] = str(value).strip()
        return ReadingOptions(
            languages=given.get("lang", default.languages).replace(" ", ""),
            psm=_page_segmentation_mode(given["psm"]) if "psm" in given else default.psm,
            charset=given.get("charset", default.charset),
            engine=_engine(given["engine"], default.engine) if "engine" in given else default.engine,
        )

    def rectangle_control(self, image: str) -> Tag | None:
        """The tag that draws rectangles on an Image, one with labels first; None when there is none."""
        found = [
            tag
            for tag in self.controls.values()
            if tag.kind in ("rectangle", "rectanglelabels") and image in tag.images
        ]
        return max(found, key=lambda tag: tag.kind == "rectanglelabels", default=None)

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


@lru_cache(maxsize=_PARSED_CONFIGS)
def label_interface(label_config: str) -> LabelInterface:
    """label-studio-sdk's view of a labeling config, kept for the next request of the same project.

    Raises:
        LabelingConfigError: it is not a valid config.
    """
    try:
        return LabelInterface(config=label_config)
    except Exception as error:  # the SDK lets lxml's, pydantic's and its own exceptions through
        raise LabelingConfigError(
            "The labeling config cannot be understood.", "Open the project's labeling settings and save them again."
        ) from error


@lru_cache(maxsize=_PARSED_CONFIGS)
def _parsed(label_config: str) -> LabelingConfig:
    interface = label_interface(label_config)
    return LabelingConfig(_by_name(interface.objects), _by_name(interface.controls))


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
    if written.isdecimal() and int(written) in PAGE_SEGMENTATION_MODES:
        return int(written)
    raise LabelingConfigError(
        f'model_psm="{written[:20]}" is no page segmentation mode that reads text.',
        "Use 6 for a block, 7 for a line, 8 for a word, 11 for scattered text, or leave it out.",
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
        elif isinstance(found, list) and step.isdecimal() and int(step) < len(found):
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
    while (repeater := next(root.iter("Repeater"), None)) is not None:
        parent = repeater.getparent()
        if parent is None:
            raise LabelingConfigError("The labeling config starts with a Repeater.", "Put it inside a View.")
        entries = _resolve(repeater.get("on", ""), data)
        flag = repeater.get("indexFlag") or "{{idx}}"
        count = len(entries) if isinstance(entries, list) else 0
        if count * max(1, len(repeater)) > _MOST_REPETITIONS:
            raise LabelingConfigError("The task has too many pages for a Repeater.", "Split it into several tasks.")
        place = parent.index(repeater)
        parent[place : place + 1] = [_numbered(child, flag, str(index)) for index in range(count) for child in repeater]
    return etree.tostring(root, encoding="unicode")


def _numbered(element: Any, flag: str, index: str) -> Any:
    twin = copy.deepcopy(element)
    tags: Iterable[Any] = twin.iter(etree.Element)
    for tag in tags:
        for name, value in tag.attrib.items():
            tag.set(name, value.replace(flag, index))
    return twin
