"""Reads whole tasks: all text on all their pages, if the labeling config requests it."""

import copy
import logging
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from boxocr import MODEL_VERSION
from boxocr.answering import config_warnings
from boxocr.answering.attempts import Attempt, note, observed
from boxocr.answering.page_readings import PageReadings
from boxocr.errors import BoxOCRError, LabelingConfigError
from boxocr.labeling import results
from boxocr.labeling.config import LabelingConfig
from boxocr.labeling.marks import Result
from boxocr.labeling.preannotation import Preannotation
from boxocr.labeling.results import Prediction
from boxocr.labeling.tasks import Task, id_of, project_of
from boxocr.learning.applied import NOTHING, ProjectLearning
from boxocr.pages.page import PageAddress
from boxocr.reading.pool.jobs import Priority
from boxocr.reading.types import ReadingOptions
from boxocr.reading.whole_page import ReadPage

logger = logging.getLogger("boxocr.answering.whole_tasks")

# Pages of one task that are read at the same time; each takes memory.
_CONCURRENT_PAGES = 4

MISSING_PART = "A part of this page is missing in its file, which is damaged or cut off. Upload the page again."

Place: TypeAlias = tuple[str, int]
"""A page of a task: the name of the Image that shows it, and the index of the page in that Image."""


@dataclass(frozen=True, slots=True)
class PageOutcome:
    """The result of reading a page.

    Attributes:
        place: identifies the page.
        name: for messages: ``page 3``, or the name of an Image with a single page.
        results: its regions; none if it failed.
        error: the failure, or None.
        warning: a sentence about the page, which the note of its first region contains too; empty if there is none.
    """

    place: Place
    name: str
    results: Sequence[Result] = ()
    error: BoxOCRError | None = None
    warning: str = ""


def is_asked_for(labeling: LabelingConfig, data: Mapping[str, Any]) -> bool:
    """Whether the labeling config requests that the pages of a task with this data are read as a whole.

    Raises:
        LabelingConfigError: an attribute is invalid.
    """
    return bool(_wanted(labeling, data))


class PageServices(Protocol):
    """The part of :class:`boxocr.answering.services.Services` that reading a task needs."""

    page_readings: PageReadings
    default_options: ReadingOptions


def read_task(
    task: Task, label_config: str, services: PageServices, *, priority: Priority, learned: ProjectLearning = NOTHING
) -> Prediction:
    """Read all pages of a task for which its labeling config requests it.

    Args:
        task: as Label Studio sends it.
        label_config: of its project, XML.
        services: read the pages, and have the defaults for the config's attributes.
        priority: of the reading.
        learned: of the project.

    Returns:
        Label Studio's prediction: ``result``, ``model_version`` and, if there are regions, ``score``. Pages that failed
        are left out.

    Raises:
        LabelingConfigError: the config does not ask for whole pages, or an attribute is invalid.
        BoxOCRError: no page could be read; the error of the first page.
    """
    outcomes = read_pages(task, label_config, services, priority=priority, learned=learned)
    errors = [outcome.error for outcome in outcomes if outcome.error is not None]
    if len(errors) == len(outcomes):
        raise errors[0]
    regions = [result for outcome in outcomes for result in outcome.results]
    return prediction_of(results.with_warnings(regions, config_warnings.warnings_of(label_config)))


def prediction_of(regions: Sequence[Result]) -> Prediction:
    """Label Studio's prediction with these results."""
    return results.prediction(regions, MODEL_VERSION)


def read_pages(  # noqa: PLR0913 - two of them are seldom given
    task: Task,
    label_config: str,
    services: PageServices,
    *,
    priority: Priority,
    only: Collection[Place] | None = None,
    learned: ProjectLearning = NOTHING,
) -> list[PageOutcome]:
    """Read pages of a task for which its labeling config requests it.

    Args:
        task: as Label Studio sends it.
        label_config: of its project, XML.
        services: read the pages, and have the defaults for the config's attributes.
        priority: of the reading.
        learned: of the project.
        only: the pages to read; None for all.

    Returns:
        The outcome of each page, in order.

    Raises:
        LabelingConfigError: the config does not ask for whole pages, or an attribute is invalid.
        BoxOCRError: the task's data contains no addresses of pages.
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
        options = learned.options(options, preannotation.label or "")
        for index, url in enumerate(labeling.page_urls(image, data)):
            if only is None or (image, index) in only:
                item_index = index if labeling.is_multi_page(image) else None
                pages.append(
                    _WantedPage(
                        image, item_index, PageAddress(url, id_of(task), project_of(task)), preannotation, options
                    )
                )

    def read(page: _WantedPage) -> PageOutcome:
        place = page.image, page.item_index or 0
        name = f"page {page.item_index + 1}" if page.item_index is not None else page.image
        try:
            with observed(Attempt(id_of(task), name)):
                note(options=page.options)
                found: ReadPage = services.page_readings.read(page.address, page.options, priority=priority)
                note(reading=found.reading.as_one())
        except BoxOCRError as error:
            logger.warning("Task %s, %s: %s (%s)", task.get("id"), name, error.message, error.code)
            return PageOutcome(place, name, error=copy.copy(error))
        regions = results.found(page.preannotation, page.image, found, page.item_index)
        if found.missing is None:
            return PageOutcome(place, name, regions)
        logger.warning("Task %s, %s: %s", task.get("id"), name, MISSING_PART)
        return PageOutcome(place, name, results.with_warnings(regions, [MISSING_PART]), warning=MISSING_PART)

    with ThreadPoolExecutor(_CONCURRENT_PAGES) as executor:
        return list((executor.map if len(pages) > 1 else map)(read, pages))


@dataclass(frozen=True, slots=True)
class _WantedPage:
    image: str
    item_index: int | None
    address: PageAddress
    preannotation: Preannotation
    options: ReadingOptions


def _wanted(labeling: LabelingConfig, data: Mapping[str, Any]) -> dict[str, Preannotation]:
    """How to read each Image, by its name."""
    wanted = {image: labeling.preannotation(image, data) for image in labeling.images()}
    return {image: preannotation for image, preannotation in wanted.items() if preannotation is not None}
