"""The regions of an interactive request, parsed once: which are to be read, and how and on which page. No I/O."""

import copy
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

from boxocr.errors import BoxOCRError, LabelingConfigError, PageAddressError, PageError
from boxocr.geometry import Area, Vector
from boxocr.labeling.config import Handling, LabelingConfig
from boxocr.labeling.region_states import AskedBefore, State, at_most, states_of
from boxocr.labeling.regions import Region, regions_of
from boxocr.labeling.shapes import area_of, point_of
from boxocr.labeling.tag import Tag
from boxocr.labeling.tasks import Task, id_of, project_of
from boxocr.pages.page import PageAddress
from boxocr.reading.types import ReadingOptions

logger = logging.getLogger("boxocr.labeling.drawn_regions")


@dataclass(frozen=True, slots=True)
class InteractiveRequest:
    """Label Studio's request about regions that an annotator drew.

    Attributes:
        task: as Label Studio sends it.
        results: ``params.context.result``: the regions drawn on the task.
        label_config: of the project, XML.
    """

    task: Task
    results: object
    label_config: str

    @property
    def task_id(self) -> int | None:
        """Number of the task."""
        return id_of(self.task)


@dataclass(frozen=True, slots=True)
class ReadingPlan:
    """How a region is to be read.

    Attributes:
        text_area: name of the TextArea that takes the region's text.
        rectangle_control: the tag that draws rectangles on the region's Image; None when there is none.
        options: for the reader.
        handling: how the shape changes. Only a pending rectangle without text is fitted or split.
        page: address of the region's page, or the error why there is none.
    """

    text_area: str
    rectangle_control: Tag | None
    options: ReadingOptions
    handling: Handling
    page: PageAddress | PageError


@dataclass(frozen=True, slots=True)
class DrawnRegion:
    """A region of an interactive request.

    Attributes:
        region: its results as received.
        state: decides whether the region is read, and whether the answer contains it.
        plan: how to read the region, or why that is impossible; None when it is not to be read.
    """

    region: Region
    state: State
    plan: ReadingPlan | BoxOCRError | None = None

    @property
    def id(self) -> str:
        """Label Studio's id of the region."""
        return self.region.id

    @property
    def upright(self) -> int:
        """0, 90, 180 or 270: degrees clockwise by which the annotator rotated the page to see it upright."""
        return self.region.upright

    def place(self, page_width: int, page_height: int) -> Area | Vector:
        """The region on a page of this size, in pixels: an area, or the point of a keypoint.

        Raises:
            RegionError: the shape is unknown, or its numbers are missing, not finite or negative.
        """
        locate = point_of if self.region.shape == "keypoint" else area_of
        return locate(self.region, page_width, page_height)


def parse_drawn_regions(
    request: InteractiveRequest, *, asked: AskedBefore, default: ReadingOptions, max_regions: int
) -> list[DrawnRegion]:
    """Parse the regions of an interactive request.

    Args:
        request: as received.
        asked: regions of the task in earlier requests.
        default: options for whatever the config does not specify.
        max_regions: maximum number of regions that are read per request.

    Raises:
        MalformedRequest: the request's results are not a list of objects.
    """
    regions = regions_of(request.results)
    planner = _Planner(request, default)
    text_areas = [planner.text_area(region) for region in regions]
    states = at_most(states_of(regions, text_areas, request.task, asked), max_regions)
    return [
        DrawnRegion(region, state, planner.plan(region, state, text_area) if state.is_read else None)
        for region, state, text_area in zip(regions, states, text_areas, strict=True)
    ]


class _Planner:
    """Looks up in the labeling config how regions are to be read."""

    def __init__(self, request: InteractiveRequest, default: ReadingOptions) -> None:
        self._task = request.task
        self._data = request.task["data"]
        self._default = default
        self._labeling: LabelingConfig | LabelingConfigError
        try:
            self._labeling = LabelingConfig.parse(request.label_config, self._data)
        except LabelingConfigError as error:
            self._labeling = copy.copy(error)

    def text_area(self, region: Region) -> str | None:
        """Name of the TextArea that takes the region's text."""
        if isinstance(self._labeling, LabelingConfigError):
            return None
        return self._labeling.text_area(region.image, region.control, region.labels)

    def plan(self, region: Region, state: State, text_area: str | None) -> ReadingPlan | BoxOCRError:
        """How to read a region, or why that is impossible."""
        if isinstance(self._labeling, LabelingConfigError):
            return self._labeling
        if text_area is None:
            return LabelingConfigError()
        try:
            return self._plan(region, state, text_area, self._labeling)
        except BoxOCRError as error:
            return copy.copy(error)
        except Exception:
            # A defect must not cost the annotator the request's other regions.
            logger.exception("Task %s, region %s: unexpected error", id_of(self._task), region.id)
            return BoxOCRError()

    def _plan(self, region: Region, state: State, text_area: str, labeling: LabelingConfig) -> ReadingPlan:
        asking: _Asking = {"text_area": text_area, "control": region.control, "labels": region.labels}
        options = labeling.reading_options(self._data, default=self._default, **asking)
        handling = labeling.handling(self._data, **asking)
        if state is not State.UNREAD or region.shape != "rectangle":
            # Only a pending rectangle without text may change its shape: an accepted region stays in its place.
            handling = Handling(fit=False, split=None, click=handling.click)
        control = labeling.rectangle_control(region.image)
        return ReadingPlan(text_area, control, options, handling, self._page(region, labeling))

    def _page(self, region: Region, labeling: LabelingConfig) -> PageAddress | PageError:
        try:
            urls = labeling.page_urls(region.image, self._data)
        except PageError as error:
            return copy.copy(error)
        number = region.page_index + 1
        if number > len(urls):
            return PageAddressError(f"The last page of the task is {len(urls)}, and this region is on page {number}.")
        return PageAddress(urls[region.page_index], id_of(self._task), project_of(self._task))


class _Asking(TypedDict):
    text_area: str
    control: str
    labels: Sequence[str]
