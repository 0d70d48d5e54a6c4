"""BoxOCR: the model that Label Studio talks to."""

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from boxocr import __version__, predictions, runtime
from boxocr.base import LabelStudioMLBase
from boxocr.errors import (
    BoxOCRError,
    LabelingConfigError,
    MalformedRequest,
    PageAddressError,
    RegionError,
)
from boxocr.labeling import LabelingConfig
from boxocr.pages import Area, Page, PageAddress, cut
from boxocr.reading import Reading, ReadingOptions
from boxocr.regions import Region, Result, area_of, box_in_percent, point_of, regions_of

logger = logging.getLogger("boxocr.model")

Task = Mapping[str, Any]

# Regions of one request are read side by side: more threads than readers, since some wait for their page.
_REGIONS_AT_ONCE = 8

NO_TEXT = "No text found."
NO_TEXT_REMEDY = "Draw the box a little larger, or type the text."


class BoxOCR(LabelStudioMLBase):
    """Reads the text in the boxes that annotators draw."""

    def setup(self) -> None:
        """Tell Label Studio which version answers."""
        self.set("model_version", f"boxocr-{__version__}")

    def predict(self, tasks: Sequence[Task], context: Mapping[str, Any] | None = None, **_: Any) -> list[Any]:
        """Answer Label Studio's ``/predict``.

        Args:
            tasks: as Label Studio sends them.
            context: ``{"result": [...]}`` with what was drawn, or None when a task is opened or predictions retrieved.

        Returns:
            One item for each task: a prediction, or ``[]``, which Label Studio passes over.

        Raises:
            MalformedRequest: the tasks or the context are not what Label Studio sends.
        """
        if not all(isinstance(task, Mapping) and isinstance(task.get("data"), Mapping) for task in tasks):
            raise MalformedRequest("The request's tasks are not objects with data.")
        if tasks and not hasattr(self, "label_interface"):
            raise MalformedRequest("The request has no labeling config.")
        if context is None:
            return [self._prepare(task) for task in tasks]
        # A drawn region belongs to the task on the screen, and Label Studio sends that one alone.
        return [self._read_drawn(task, context) if not index else [] for index, task in enumerate(tasks)]

    def _prepare(self, task: Task) -> list[Any]:
        """Fetch a task's pages in the background: it was opened, and boxes will follow."""
        try:
            labeling = LabelingConfig.parse(self.label_interface.config, task["data"])
            for image in labeling.images():
                for url in labeling.page_urls(image, task["data"]):
                    runtime.current().pages.prefetch(PageAddress(url, _id_of(task)))
        except BoxOCRError as error:
            logger.debug("Task %s: nothing to prepare: %s", task.get("id"), error.message)
        return []

    def _read_drawn(self, task: Task, context: Mapping[str, Any]) -> dict[str, Any]:
        """Answer every region that has no text yet; see docs/label-studio.md for why all of them."""
        drawing = _Drawing(task, self.label_interface.config)
        waiting = [region for region in regions_of(context.get("result")) if not drawing.is_done(region)]
        with ThreadPoolExecutor(_REGIONS_AT_ONCE) as side_by_side:
            # One region, the usual case, needs no thread of its own; the pool starts none before it is asked to.
            read = side_by_side.map if len(waiting) > 1 else map
            results = [result for answer in read(drawing.answer, waiting) for result in answer]
        scores = [result["score"] for result in results if "score" in result]
        prediction: dict[str, Any] = {"result": results, "model_version": str(self.model_version)}
        return prediction | ({"score": round(sum(scores) / len(scores), 4)} if scores else {})


def _id_of(task: Task) -> int | None:
    """The task's number, which becomes part of an address on Label Studio; None for anything that is no number."""
    number = task.get("id")
    return number if type(number) is int and number > 0 else None


class _Drawing:
    """What was drawn on one task, and how it is answered."""

    def __init__(self, task: Task, label_config: str) -> None:
        self.task_id = _id_of(task)
        self.data: Mapping[str, Any] = task["data"]
        self.services = runtime.current()
        self.labeling: LabelingConfig | None = None
        self.problem = LabelingConfigError()
        try:
            self.labeling = LabelingConfig.parse(label_config, self.data)
        except LabelingConfigError as error:
            self.problem = error

    def is_done(self, region: Region) -> bool:
        """Whether the region has its text already."""
        return region.has_text(self.text_area(region))

    def text_area(self, region: Region) -> str | None:
        """Name of the TextArea that takes the region's text."""
        if self.labeling is None:
            return None
        return self.labeling.text_area(region.image, region.control, region.labels)

    def answer(self, region: Region) -> list[Result]:
        """The region with its text, or as it was drawn with a sentence that says why there is none."""
        try:
            return self.read_region(region)
        except BoxOCRError as error:
            logger.info("Task %s, region %s: %s (%s)", self.task_id, region.id, error.message, error.code)
            return predictions.with_note(region, error.sentence)
        except Exception:
            # A defect of ours must not cost the annotator the box, nor the other boxes of the request their texts.
            logger.exception("Task %s, region %s: unexpected error", self.task_id, region.id)
            return predictions.with_note(region, BoxOCRError().sentence)

    def read_region(self, region: Region) -> list[Result]:
        """The region with its text.

        Raises:
            BoxOCRError: why there is none.
        """
        text_area = self.text_area(region)
        if self.labeling is None or text_area is None:
            raise self.problem
        options = self.labeling.reading_options(
            self.data,
            default=self.services.default_options,
            text_area=text_area,
            control=region.control,
            labels=region.labels,
        )
        page = self.page(region, self.labeling)
        if region.shape == "keypoint":
            return self.click(region, page, options, text_area, self.labeling)
        reading = self.read(page, area_of(region, page.width, page.height), options)
        return predictions.with_text(region, text_area, reading)

    def page(self, region: Region, labeling: LabelingConfig) -> Page:
        """The page that the region lies on."""
        urls = labeling.page_urls(region.image, self.data)
        if region.page_index >= len(urls):
            raise PageAddressError(
                f"The task has {len(urls)} pages, and this region lies on page {region.page_index + 1}."
            )
        return self.services.pages.get(PageAddress(urls[region.page_index], self.task_id))

    def read(self, page: Page, area: Area, options: ReadingOptions) -> Reading:
        """What is written in an area of a page.

        Raises:
            RegionError: nothing legible is there.
        """
        key = (page.digest, area.key, options)
        reading = self.services.readings.get(key, lambda: self.services.readers.read(cut(page, area), options))
        if not reading.text:
            raise RegionError(NO_TEXT, NO_TEXT_REMEDY)
        return reading

    def click(
        self, region: Region, page: Page, options: ReadingOptions, text_area: str, labeling: LabelingConfig
    ) -> list[Result]:
        """The line under a keypoint: as a new rectangle where the config draws rectangles, else as the point's text."""
        x, y = point_of(region, page.width, page.height)
        line = self.services.readers.find_line(page.pixels, x, y)
        if line is None:
            raise RegionError(NO_TEXT, "Click on the middle of a word, or draw a box around the text.")
        left, top = max(0.0, line[0]), max(0.0, line[1])
        right, bottom = min(float(page.width), line[2]), min(float(page.height), line[3])
        reading = self.read(page, Area(left, top, right - left, bottom - top), options)
        control = labeling.rectangle_control(region.image)
        if control is None:
            return predictions.with_text(region, text_area, reading)
        box = box_in_percent((left, top, right, bottom), page.width, page.height)
        return predictions.clicked(region, box, control, text_area, reading)
