"""Reads the regions of submitted annotations a second time, with each engine separately."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeAlias

from boxocr.errors import BoxOCRError, RegionError
from boxocr.geometry import Area
from boxocr.labeling.annotations import (
    Json,
    TaskConfigs,
    label_of,
    regions_in,
    submitted,
    text_area_of,
    text_of,
    text_result,
)
from boxocr.labeling.regions import Region
from boxocr.labeling.shapes import area_of
from boxocr.learning.annotated_pages import AnnotatedTask, TaskPage, annotated_task
from boxocr.learning.annotators import is_same_place, latest_of_each
from boxocr.learning.boxes import Box, BoxReader, Outcome
from boxocr.learning.crops import Borrow
from boxocr.learning.cut_letters import cut_sides
from boxocr.learning.evidence import Evidence, SecondReading
from boxocr.learning.overlap import share_inside
from boxocr.learning.text_fit import fit_of_readings
from boxocr.pages.crop import cut
from boxocr.pages.page import Page, PageAddress
from boxocr.reading.types import Pixels, Reading, ReadingOptions

# A region is inside another one if at least this share of its area is.
_INSIDE = 0.8

# Regions with these outcomes were not emptied on purpose.
_FORGOTTEN = (Outcome.BLANK, Outcome.UNREADABLE)

Key: TypeAlias = tuple[int, str]
"""The number of an annotation and the id of one of its regions."""

Boxes: TypeAlias = Mapping[Key, Box]
Rivals: TypeAlias = Mapping[Key, tuple[str, ...]]

Read = Callable[[Pixels, ReadingOptions], Reading]
ReportFailure = Callable[[str, BoxOCRError], None]


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A region that was read again.

    Attributes:
        evidence: about it.
        page: address of its page.
        area: of the region, without brush strokes.
    """

    evidence: Evidence
    page: PageAddress
    area: Area


@dataclass(frozen=True, slots=True)
class Filled:
    """A text for a region that was submitted without one.

    Attributes:
        task, annotation: Label Studio's numbers.
        region: as submitted.
        text_area: that takes the text.
        reading: with text.
    """

    task: int
    annotation: int
    region: Region
    text_area: str
    reading: Reading


@dataclass(frozen=True, slots=True)
class _PageWork:
    """A page whose regions are read.

    Attributes:
        task, page: what it belongs to.
        pixels: of the page.
        areas: of its regions, by id.
        boxes: of the task.
        rivals: differing annotations of its regions by other annotators.
    """

    task: AnnotatedTask
    page: TaskPage
    pixels: Page
    areas: Mapping[str, Area]
    boxes: Boxes
    rivals: Rivals

    def labels_inside(self, region: Region) -> tuple[str, ...]:
        """Other labels of regions with text that are inside a region."""
        found = {
            other.label
            for identity, area in self.areas.items()
            if identity != region.id
            and (other := self.boxes[int(self.task.annotation["id"]), identity]).submitted
            and other.label != label_of(region)
            and share_inside(area, self.areas[region.id]) >= _INSIDE
        }
        return tuple(sorted(found))


class SecondReader:
    """Reads regions again.

    Args:
        project: its number.
        label_config: of the project.
        default: options for reading without attributes in the config.
        engines: names of the engines that read each region.
        read: reads a crop.
        borrow: lends pages.
        report_failure: called with the name and the error of each page that cannot be read.
        fills: whether regions without text are read for :attr:`filled` too.

    Attributes:
        filled: the texts for regions without one.
        failures: how many pages or tasks could not be read.
        left_out: regions that cannot be read, by reason.
    """

    def __init__(  # noqa: PLR0913 - everything that reading needs
        self,
        project: int,
        label_config: str,
        *,
        default: ReadingOptions,
        engines: Sequence[str],
        read: Read,
        borrow: Borrow,
        report_failure: ReportFailure,
        fills: bool,
    ) -> None:
        self.filled: list[Filled] = []
        self.failures = 0
        self.left_out: Counter[str] = Counter()
        self._configs = TaskConfigs(label_config)
        self._boxes = BoxReader(project, label_config)
        self._default = default
        self._engines = tuple(engines)
        self._read = read
        self._borrow = borrow
        self._report_failure = report_failure
        self._fills = fills
        self._stack = ExitStack()
        # Each region is read by every engine; while a page is read, its regions keep all readers busy.
        self._threads = self._stack.enter_context(ThreadPoolExecutor(8, thread_name_prefix="review"))

    def close(self) -> None:
        """Stop the threads."""
        self._stack.close()

    def task(self, task: Json) -> Iterator[Reviewed]:
        """The regions of all submitted annotations of a task, read again."""
        boxes = {(box.annotation, box.region): box for box in self._boxes.boxes(task)}
        rivals = self._rivals(task)
        for annotation in submitted(task):
            try:
                found = annotated_task(task, annotation, self._configs)
            except BoxOCRError as error:
                self._failed(f"Task {task['id']}", error)
                return
            regions = found.regions_by_page(self.left_out)
            for page in found.pages:
                own = [one for one in regions[page.number] if (annotation["id"], one.id) in boxes]
                if own:
                    yield from self._page(found, page, own, boxes, rivals)

    def _page(
        self, task: AnnotatedTask, page: TaskPage, regions: Sequence[Region], boxes: Boxes, rivals: Rivals
    ) -> Iterator[Reviewed]:
        address = PageAddress(page.address, task.number)
        try:
            with self._borrow(address) as lent:
                areas = self._areas(regions, lent)
                work = _PageWork(task, page, lent, areas, boxes, rivals)
                readable = [one for one in regions if one.id in areas]
                for region, evidence in zip(
                    readable, self._threads.map(partial(self._evidence, work), readable), strict=True
                ):
                    yield Reviewed(evidence, address, replace(areas[region.id], mask=None))
        except BoxOCRError as error:
            self._failed(f"Task {task.number}, page {page.number}", error)

    def _areas(self, regions: Sequence[Region], page: Page) -> dict[str, Area]:
        found = {}
        for region in regions:
            try:
                found[region.id] = area_of(region, page.width, page.height)
            except RegionError as error:
                self.left_out[f"regions without an area: {error.message}"] += 1
        return found

    def _evidence(self, work: _PageWork, region: Region) -> Evidence:
        task, areas = work.task, work.areas
        key = int(task.annotation["id"]), region.id
        box, area = work.boxes[key], areas[region.id]
        text_area = text_area_of(region, task.config)
        readings: tuple[Reading, ...] = ()
        sides: tuple[str, ...] = ()
        try:
            crop = cut(work.pixels, area)
            options = task.config.reading_options(
                task.data, default=self._default, text_area=text_area, control=region.control, labels=region.labels
            )
            readings = self._readings(crop, replace(options, expected=box.submitted))
            sides = cut_sides(work.pixels, area)
            if self._fills and box.outcome in _FORGOTTEN and text_area is not None:
                reading = self._read(crop, options)
                if reading.text:
                    self.filled.append(Filled(task.number, key[0], region, text_area, reading))
        except BoxOCRError as error:
            self.left_out[f"regions that cannot be read: {error.message}"] += 1
        return Evidence(
            task=task.number,
            annotation=key[0],
            page=work.page.number,
            region=region.id,
            label=box.label,
            text=box.submitted,
            readings=tuple(SecondReading(one.text, one.confidence, one.engine) for one in readings),
            is_moved=box.outcome is Outcome.MOVED,
            cut=sides,
            other_labels=work.labels_inside(region),
            fit=fit_of_readings(box.submitted, readings),
            rivals=work.rivals.get(key, ()),
        )

    def _readings(self, crop: Pixels, options: ReadingOptions) -> tuple[Reading, ...]:
        """The reading of each engine that can read the crop.

        Raises:
            BoxOCRError: no engine can read it.
        """
        found: list[Reading] = []
        failures: list[BoxOCRError] = []
        for engine in self._engines:
            try:
                reading = self._read(crop, replace(options, engine=engine))
            except BoxOCRError as error:
                failures.append(error)
            else:
                found.append(replace(reading, engine=engine))
        if failures and not found:
            raise failures[0]
        return tuple(found)

    def _rivals(self, task: Json) -> Rivals:
        """The differing annotations of each region by the other annotators of a task."""
        annotations = latest_of_each(submitted(task))
        if len(annotations) < 2:  # noqa: PLR2004 - annotators who can differ
            return {}
        config = self._configs.of(task)
        contents: list[tuple[Json, list[tuple[Region, str, str]]]] = [
            (one, [(region, text_of(text_result(region, config)), label_of(region)) for region in regions_in(one)])
            for one in annotations
        ]
        found: dict[Key, tuple[str, ...]] = {}
        for annotation, regions in contents:
            for region, text, label in regions:
                differing = []
                for other, theirs in contents:
                    if other is annotation:
                        continue
                    same = next((one for one in theirs if _is_same(region, one[0])), None)
                    if same is None:
                        differing.append("no region here")
                    elif (same[1], same[2]) != (text, label):
                        differing.append(f"“{same[1]}”{f' as {same[2]}' if same[2] else ''}")
                if differing:
                    found[int(annotation["id"]), region.id] = tuple(differing)
        return found

    def _failed(self, name: str, error: BoxOCRError) -> None:
        self.failures += 1
        self._report_failure(name, error)


def _is_same(one: Region, other: Region) -> bool:
    return (one.image, one.page_index) == (other.image, other.page_index) and is_same_place(one, other)


def with_texts(results: Sequence[Any], filled: Mapping[str, Sequence[Any]]) -> list[Any]:
    """The results of an annotation, with those of some regions replaced.

    Args:
        results: of the annotation.
        filled: by the id of a region, all its results.
    """
    found: list[Any] = []
    done: set[str] = set()
    for result in results:
        identity = str(result.get("id"))
        if identity not in filled or result.get("type") == "relation":
            found.append(result)
        elif identity not in done:
            done.add(identity)
            found += filled[identity]
    return found
