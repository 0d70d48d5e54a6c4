"""The labeling config of a task."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from boxocr.errors import PageAddressError
from boxocr.labeling import attributes, repeaters
from boxocr.labeling.controls import Controls
from boxocr.labeling.markup import normalize
from boxocr.labeling.parsing import parse
from boxocr.labeling.preannotation import Preannotation, preannotation
from boxocr.labeling.tag import Tag
from boxocr.labeling.task_data import TaskData, resolve
from boxocr.labeling.unused_attributes import unused_attributes
from boxocr.reading.types import ReadingOptions
from boxocr.reading.whole_page import Level

_SPLIT: Mapping[str, Level | None] = {"": None, "lines": "line", "words": "word"}
_CLICK: Mapping[str, Level] = {"word": "word", "line": "line", "block": "block"}


@dataclass(frozen=True, slots=True)
class Handling:
    """How a region's shape changes when it is read.

    Attributes:
        fit: whether a drawn rectangle shrinks to the ink of its text.
        split: the parts that a drawn rectangle is split into; None to keep it whole.
        click: the part of the page that a click puts a box around.
    """

    fit: bool
    split: Level | None
    click: Level


@dataclass(frozen=True, slots=True)
class LabelingConfig:
    """The parts of a labeling config that BoxOCR uses, for one task.

    Attributes:
        objects: the tags that show data, by name; Repeaters expanded.
        controls: the control tags.
        markup: the config's normalized XML, Repeaters not expanded.
    """

    objects: Mapping[str, Tag]
    controls: Controls
    markup: str

    @staticmethod
    def parse(label_config: str, data: TaskData) -> "LabelingConfig":
        """Parse a config for a task.

        Args:
            label_config: XML as in the request.
            data: the task's data, which contains the lists of Repeaters.

        Raises:
            LabelingConfigError: it is not a valid config.
        """
        markup = normalize(label_config)
        parsed = parse(repeaters.expand(markup.text, data) if markup.repeats else markup.text)
        return LabelingConfig(parsed.objects, parsed.controls, markup.text)

    @staticmethod
    def as_written(label_config: str) -> "LabelingConfig":
        """Parse a config without a task, as if each Repeater had one entry.

        Args:
            label_config: XML as in the request.

        Raises:
            LabelingConfigError: it is not a valid config.
        """
        markup = normalize(label_config).text
        parsed = parse(markup)
        return LabelingConfig(parsed.objects, parsed.controls, markup)

    def warnings(self) -> tuple[str, ...]:
        """Sentences about ``model_*`` attributes without effect; see :mod:`~boxocr.labeling.unused_attributes`."""
        return tuple(unused.sentence for unused in unused_attributes(self.markup))

    def images(self) -> list[str]:
        """Names of the Image tags, in the order of the config."""
        return [name for name, tag in self.objects.items() if tag.kind == "image"]

    def is_multi_page(self, image: str) -> bool:
        """Whether an Image shows a list of pages (``valueList``), so that its results include a page index."""
        return bool(self.objects[image].attributes.get("valueList"))

    def page_urls(self, image: str, data: TaskData) -> list[str]:
        """URLs of an Image's pages: one for ``value``, any number for ``valueList``.

        Raises:
            PageAddressError: the task's data does not contain them.
        """
        tag = self.objects.get(image)
        if tag is None:
            raise PageAddressError(
                f'The labeling config has no Image with the name "{image}".', "Reload the page in Label Studio."
            )
        variable = tag.attributes.get("valueList") or tag.attributes.get("value") or ""
        found = resolve(variable, data)
        if found is None:
            # Label Studio's name for the column of a task that was imported without column names.
            found = data.get("$undefined$")
        urls = found if isinstance(found, list) else [found]
        if not urls or not all(isinstance(url, str) and url.strip() for url in urls):
            raise PageAddressError(f'The task has no image address under "{variable}", the value of the Image tag.')
        return urls

    def has_transcription(self) -> bool:
        """Whether some Image has a per-region TextArea, which takes the texts of regions."""
        images = set(self.images())
        return any(images.intersection(one.tag.images) for one in self.controls.text_areas)

    def text_area(self, image: str, control: str, labels: Sequence[str]) -> str | None:
        """Name of the TextArea that takes a region's text; None if there is none. See :class:`Controls`."""
        return self.controls.text_area(image, control, labels)

    def rectangle_control(self, image: str) -> Tag | None:
        """The tag that draws rectangles on an Image, preferably one with labels; None if there is none."""
        return self.controls.rectangle_tag(image)

    def reading_options(
        self, data: TaskData, *, default: ReadingOptions, text_area: str | None, control: str, labels: Sequence[str]
    ) -> ReadingOptions:
        """The options for reading a region, from ``model_*`` attributes. See :meth:`Controls.attributes`.

        Args:
            data: the task's data, for values such as ``model_lang="$language"``.
            default: the server's options, for missing attributes.
            text_area: name of the region's TextArea.
            control: name of the tag that it was drawn with.
            labels: its labels.

        Raises:
            LabelingConfigError: an attribute has an invalid value.
        """
        found = self.controls.attributes(data, ("lang", "psm", "charset", "engine"), text_area, control, labels)
        return ReadingOptions(
            languages=found.get("lang", default.languages).replace(" ", ""),
            psm=attributes.page_segmentation_mode(found["psm"]) if "psm" in found else default.psm,
            charset=found.get("charset", default.charset),
            engine=attributes.engine(found["engine"], default.engine) if "engine" in found else default.engine,
        )

    def handling(self, data: TaskData, *, text_area: str | None, control: str, labels: Sequence[str]) -> Handling:
        """How a region's shape changes: ``model_fit``, ``model_split``, ``model_click``.

        Args:
            data: the task's data.
            text_area: name of the region's TextArea.
            control: name of the tag that it was drawn with.
            labels: its labels.

        Raises:
            LabelingConfigError: an attribute has an invalid value.
        """
        found = self.controls.attributes(data, ("fit", "split", "click"), text_area, control, labels)
        return Handling(
            attributes.one_of("fit", found.get("fit", ""), {"": False, "text": True}),
            attributes.one_of("split", found.get("split", ""), _SPLIT),
            attributes.one_of("click", found.get("click", "line"), _CLICK),
        )

    def preannotation(self, image: str, data: TaskData) -> Preannotation | None:
        """How an Image's pages are pre-annotated; None if the config does not request it.

        Raises:
            LabelingConfigError: the request is invalid.
        """
        return preannotation(self.controls, image, data)
