"""An interactive request: every region that the annotator drew on a task, with its text or the reason for none."""

import copy
import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from boxocr.answering import attempts, config_warnings
from boxocr.answering.attempts import Attempt, observed
from boxocr.answering.services import Services
from boxocr.errors import BoxOCRError, PageError, RegionError
from boxocr.geometry import Area, Vector
from boxocr.labeling import results
from boxocr.labeling.annotations import label_of
from boxocr.labeling.config import Handling
from boxocr.labeling.drawn_regions import DrawnRegion, InteractiveRequest, ReadingPlan, parse_drawn_regions
from boxocr.labeling.region_states import State
from boxocr.labeling.results import Prediction, RegionAnswer
from boxocr.learning.applied import ProjectLearning
from boxocr.pages.page import Page, PageAddress
from boxocr.reading.types import ReadingOptions
from boxocr.reading.whole_page import AreaReading

logger = logging.getLogger("boxocr.answering.interactive")

MISSING_PART = "A part of this box is missing in the page's file, which is damaged or cut off. Upload the page again."

# Regions of one request that are handled at the same time. There are more than readers, since some wait for their page.
_CONCURRENT_REGIONS = 8


def answer(request: InteractiveRequest, *, project: str, model_version: str, services: Services) -> Prediction:
    """Answer every region that is not accepted yet; ``docs/label-studio.md`` explains why none may be left out.

    Args:
        request: as received.
        project: Label Studio's id of its project.
        model_version: of the prediction.
        services: read the regions.

    Raises:
        MalformedRequest: the request's results are not a list of objects.
    """
    name = f"{project}/{request.task.get('id')}"
    asked, max_regions = services.asked_regions.before(name), services.settings.max_regions
    warnings = config_warnings.for_first_answer(request.results, request.label_config)
    regions = parse_drawn_regions(request, asked=asked, default=services.default_options, max_regions=max_regions)
    without_text = [region.id for region in regions if region.state in {State.UNREAD, State.LATE}]
    services.asked_regions.add(name, [region for region in without_text if not asked.includes(region)])
    answers = _read(regions, _RegionReader(services, request.task_id, services.learned.of(project)))
    return results.drawn(answers, warnings, model_version, max_regions)


def _read(regions: Sequence[DrawnRegion], reader: "_RegionReader") -> list[RegionAnswer]:
    if sum(region.plan is not None for region in regions) <= 1:
        return [reader.answer(region) for region in regions]
    with ThreadPoolExecutor(_CONCURRENT_REGIONS) as executor:
        return list(executor.map(reader.answer, regions))


class _RegionReader:
    """Reads the regions of one request. Thread-safe."""

    def __init__(self, services: Services, task_id: int | None, learned: ProjectLearning) -> None:
        self._services = services
        self._learned = learned
        self._task_id = task_id
        self._request_id = attempts.request_id.get()
        self._unavailable: dict[PageAddress, PageError] = {}

    def answer(self, region: DrawnRegion) -> RegionAnswer:
        """The region with its readings, or with the error; with neither if it is not to be read."""
        if region.plan is None:
            return RegionAnswer(region)
        try:
            with observed(Attempt(self._task_id, region.id, self._request_id)):
                return self._read(region, region.plan)
        except BoxOCRError as error:
            logger.info("Task %s, region %s: %s (%s)", self._task_id, region.id, error.message, error.code)
            return RegionAnswer(region, error=copy.copy(error))
        except Exception:
            # A defect must not cost the annotator the box, nor the texts of the request's other boxes.
            logger.exception("Task %s, region %s: unexpected error", self._task_id, region.id)
            return RegionAnswer(region, error=BoxOCRError())

    def _read(self, region: DrawnRegion, plan: ReadingPlan | BoxOCRError) -> RegionAnswer:
        if isinstance(plan, BoxOCRError):
            raise copy.copy(plan)
        options = self._learned.options(plan.options, label_of(region.region))
        attempts.note(options=options)
        with self._borrowed(plan.page) as page:
            place = region.place(page.width, page.height)
            try:
                readings = self._handle(page, place, region.upright, options, plan.handling)
            except RegionError as error:
                if isinstance(place, Area) and _reaches(place, page.missing):
                    raise RegionError(error.message, MISSING_PART) from None
                raise
            areas = [reading.area or place for reading in readings]
            is_incomplete = any(isinstance(area, Area) and _reaches(area, page.missing) for area in areas)
            note = MISSING_PART if is_incomplete else None
            return RegionAnswer(region, readings, (page.width, page.height), note=note)

    def _handle(
        self, page: Page, place: Area | Vector, upright: int, options: ReadingOptions, handling: Handling
    ) -> list[AreaReading]:
        areas = self._services.areas
        if not isinstance(place, Area):
            return areas.clicked(page, place, upright, options, handling.click)
        if handling.split:
            return areas.split(page, place, options, handling.split, fit=handling.fit)
        return areas.fitted(page, place, options) if handling.fit else areas.plain(page, place, options)

    @contextmanager
    def _borrowed(self, address: PageAddress | PageError) -> Iterator[Page]:
        """Borrow a page. A page that could not be fetched for one region of the request is not tried for another."""
        if isinstance(address, PageError):
            raise copy.copy(address)
        if unavailable := self._unavailable.get(address):
            raise copy.copy(unavailable)
        try:
            with self._services.pages.borrow(address) as page:
                yield page
        except PageError as error:
            self._unavailable[address] = copy.copy(error)
            raise


def _reaches(area: Area, missing: tuple[int, int, int, int] | None) -> bool:
    """Whether an area reaches into the missing part of a page."""
    if missing is None:
        return False
    left, top, right, bottom = missing
    xs, ys = zip(*area.corners(), strict=True)
    return bool(min(xs) < right and max(xs) > left and min(ys) < bottom and max(ys) > top)
