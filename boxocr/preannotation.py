"""Reading tasks as a whole: all text of all their pages, for those whose labeling config asks for it."""

import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

from boxocr import MODEL_VERSION, predictions
from boxocr.errors import BoxOCRError, LabelingConfigError
from boxocr.labeling import LabelingConfig, Preannotation
from boxocr.page_readings import PageReadings, ReadPage
from boxocr.pages import PageAddress
from boxocr.reading import ReadingOptions
from boxocr.reading.jobs import Priority
from boxocr.regions import Result
from boxocr.tasks import Task, id_of

logger = logging.getLogger("boxocr.preannotation")

# Pages of one task that are fetched and read side by side: memory grows with it.
_PAGES_AT_ONCE = 4


def is_asked_for(labeling: LabelingConfig, data: Mapping[str, Any]) -> bool:
    """Whether the labeling config asks for a task with these data to be read as a whole.

    Raises:
        LabelingConfigError: it asks for something that cannot be.
    """
    return bool(_wanted(labeling, data))


class Services(Protocol):
    """What reading a task takes; :class:`boxocr.runtime.Runtime` has it."""

    page_readings: PageReadings
    default_options: ReadingOptions


def read_task(task: Task, label_config: str, services: Services, *, priority: Priority) -> dict[str, Any]:
    """Read all pages of a task that its labeling config asks to be read.

    Args:
        task: as Label Studio sends it.
        label_config: of its project, XML.
        services: read the pages, and say how where the config says nothing.
        priority: who waits for it.

    Returns:
        Label Studio's prediction: ``result``, ``model_version`` and, when there are regions, ``score``. A page that
        fails costs nothing but itself.

    Raises:
        LabelingConfigError: the config asks for nothing, or for something that cannot be.
        BoxOCRError: no page could be read; what the first one failed with.
    """
    data = task["data"]
    labeling = LabelingConfig.parse(label_config, data)
    wanted = _wanted(labeling, data)
    if not wanted:
        raise LabelingConfigError(
            "The labeling config does not ask for whole pages to be read.",
            'Add model_preannotate="lines" to its TextArea.',
        )
    pages: list[_WantedPage] = []
    for image, preannotation in wanted.items():
        control, text_area = preannotation.control.name, preannotation.text_area
        labels = [preannotation.label] if preannotation.label else []
        options = labeling.reading_options(
            data, default=services.default_options, text_area=text_area, control=control, labels=labels
        )
        for index, url in enumerate(labeling.page_urls(image, data)):
            item_index = index if labeling.is_multi_page(image) else None
            pages.append(_WantedPage(image, item_index, PageAddress(url, id_of(task)), preannotation, options))

    def read(page: _WantedPage) -> list[Result] | BoxOCRError:
        try:
            found: ReadPage = services.page_readings.read(page.address, page.options, priority=priority)
        except BoxOCRError as error:
            where = f"page {page.item_index + 1}" if page.item_index is not None else page.image
            logger.warning("Task %s, %s: %s (%s)", task.get("id"), where, error.message, error.code)
            return error
        return predictions.found(page.preannotation, page.image, found, page.item_index)

    with ThreadPoolExecutor(_PAGES_AT_ONCE) as side_by_side:
        answers = list((side_by_side.map if len(pages) > 1 else map)(read, pages))
    errors = [answer for answer in answers if isinstance(answer, BoxOCRError)]
    if len(errors) == len(answers):
        raise errors[0]
    results = [result for answer in answers if isinstance(answer, list) for result in answer]
    return {"result": results, "model_version": MODEL_VERSION} | predictions.score_of(results)


@dataclass(frozen=True, slots=True)
class _WantedPage:
    image: str
    item_index: int | None
    address: PageAddress
    preannotation: Preannotation
    options: ReadingOptions


def _wanted(labeling: LabelingConfig, data: Mapping[str, Any]) -> dict[str, Preannotation]:
    """How each Image is to be read, by its name."""
    wanted = {image: labeling.preannotation(image, data) for image in labeling.images()}
    return {image: preannotation for image, preannotation in wanted.items() if preannotation is not None}
