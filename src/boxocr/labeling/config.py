"""A labeling config, asked about one task."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from boxocr.errors import PageAddressError
from boxocr.labeling import attributes, repeaters
from boxocr.labeling.controls import Controls
from boxocr.labeling.markup import read
from boxocr.labeling.notices import notices
from boxocr.labeling.parsing import parse
from boxocr.labeling.preannotation import Preannotation, preannotation
from boxocr.labeling.tag import Tag
from boxocr.labeling.task_data import TaskData, resolve
from boxocr.reading.page.whole_page import Level
from boxocr.reading.types import ReadingOptions

# Where the value lies when a task was imported without column names.
_NAMELESS_COLUMN = "$undefined$"

# What model_split may say.
_SPLIT: Mapping[str, Level | None] = {"": None, "lines": "line", "words": "word"}

# What model_click may say.
_CLICK: Mapping[str, Level] = {"word": "word", "line": "line", "block": "block"}


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
class LabelingConfig:
    """What BoxOCR needs of a labeling config, for one task.

    Attributes:
        objects: what is labeled, by name; Repeaters written out.
        controls: what labels it.
        markup: the config's XML, Repeaters as written.
    """

    objects: Mapping[str, Tag]
    controls: Controls
    markup: str

    @staticmethod
    def parse(label_config: str, data: TaskData) -> "LabelingConfig":
        """Read a config for a task.

        Args:
            label_config: XML as the request carries it, Repeaters as written.
            data: the task's data, which says how often a Repeater repeats.

        Raises:
            LabelingConfigError: it is not a valid config.
        """
        markup = read(label_config)
        parsed = parse(repeaters.write_out(markup.text, data) if markup.repeats else markup.text)
        return LabelingConfig(parsed.objects, parsed.controls, markup.text)

    @staticmethod
    def as_written(label_config: str) -> "LabelingConfig":
        """Read a config as if its Repeaters had one entry each: what it says before there is a task.

        Args:
            label_config: XML as the request carries it.

        Raises:
            LabelingConfigError: it is not a valid config.
        """
        markup = read(label_config).text
        parsed = parse(markup)
        return LabelingConfig(parsed.objects, parsed.controls, markup)

    def warnings(self) -> tuple[str, ...]:
        """``model_*`` attributes without effect, and what to do about each; see :mod:`~boxocr.labeling.notices`."""
        return tuple(notice.sentence for notice in notices(self.markup))

    def images(self) -> list[str]:
        """Names of the Image tags, in the order of the config."""
        return [name for name, tag in self.objects.items() if tag.kind == "image"]

    def is_multi_page(self, image: str) -> bool:
        """Whether an Image shows a list of pages (``valueList``), so that results say which one they lie on."""
        return bool(self.objects[image].attributes.get("valueList"))

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
        found = resolve(written, data)
        if found is None:
            found = data.get(_NAMELESS_COLUMN)
        urls = found if isinstance(found, list) else [found]
        if not urls or not all(isinstance(url, str) and url.strip() for url in urls):
            raise PageAddressError(f'The task has no image address under "{written}", which the Image tag asks for.')
        return urls

    def has_transcription(self) -> bool:
        """Whether some Image has a per-region TextArea, which is where the text of a region goes."""
        images = set(self.images())
        return any(images.intersection(field.tag.images) for field in self.controls.fields)

    def text_area(self, image: str, control: str, labels: Sequence[str]) -> str | None:
        """Name of the TextArea that takes a region's text, or None when there is none; see :class:`Controls`."""
        return self.controls.text_area(image, control, labels)

    def rectangle_control(self, image: str) -> Tag | None:
        """The tag that draws rectangles on an Image, one with labels first; None when there is none."""
        return self.controls.rectangle(image)

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
        asked = self.controls.asked(data, ("lang", "psm", "charset", "engine"), text_area, control, labels)
        return ReadingOptions(
            languages=asked.get("lang", default.languages).replace(" ", ""),
            psm=attributes.page_segmentation_mode(asked["psm"]) if "psm" in asked else default.psm,
            charset=asked.get("charset", default.charset),
            engine=attributes.engine(asked["engine"], default.engine) if "engine" in asked else default.engine,
        )

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
        asked = self.controls.asked(data, ("fit", "split", "click"), text_area, control, labels)
        return Handling(
            attributes.one_of("fit", asked.get("fit", ""), {"": False, "text": True}),
            attributes.one_of("split", asked.get("split", ""), _SPLIT),
            attributes.one_of("click", asked.get("click", "line"), _CLICK),
        )

    def preannotation(self, image: str, data: TaskData) -> Preannotation | None:
        """How the pages of an Image are read as a whole; None when the config does not ask for it.

        Raises:
            LabelingConfigError: it asks for something that cannot be.
        """
        return preannotation(self.controls, image, data)
