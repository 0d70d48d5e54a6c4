"""Annotations of a task as pages with regions, for exports. No I/O."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from boxocr.documents.annotated import AnnotatedPage, AnnotatedRegion
from boxocr.errors import PageAddressError, RegionError
from boxocr.geometry import Area, Vector
from boxocr.labeling.annotations import (
    Json,
    TaskConfigs,
    label_of,
    regions_in,
    relations_in,
    text_of,
    text_result,
)
from boxocr.labeling.config import LabelingConfig
from boxocr.labeling.regions import Region
from boxocr.labeling.shapes import area_of

LINKS_LEFT_OUT = "relations between different pages, or with a region that was left out"
NO_SUCH_PAGE = "regions on a page that the task does not have"


@dataclass(frozen=True, slots=True)
class TaskPage:
    """A page of a task.

    Attributes:
        image: name of the Image that shows it.
        index: of the page in that Image.
        address: of its pixels, as the task's data has it.
        number: in the task, from 1.
    """

    image: str
    index: int
    address: str
    number: int


@dataclass(frozen=True, slots=True)
class AnnotatedTask:
    """A task with the annotation that is exported.

    Attributes:
        number: of the task.
        annotation: with its results.
        pages: all of them.
        config: of the task.
        data: of the task.
    """

    number: int
    annotation: Json
    pages: tuple[TaskPage, ...]
    config: LabelingConfig
    data: Json

    def regions_by_page(self, left_out: Counter[str]) -> dict[int, list[Region]]:
        """The regions of the annotation by the number of their page.

        Args:
            left_out: counts the regions without a page, by reason.
        """
        numbers = {(page.image, page.index): page.number for page in self.pages}
        found: dict[int, list[Region]] = {page.number: [] for page in self.pages}
        for region in regions_in(self.annotation):
            number = numbers.get((region.image, region.page_index if self._is_list(region.image) else 0))
            if number is None:
                left_out[NO_SUCH_PAGE] += 1
            else:
                found[number].append(region)
        return found

    def page(
        self, page: TaskPage, regions: Sequence[Region], width: int, height: int, left_out: Counter[str]
    ) -> AnnotatedPage:
        """A page with its regions in pixels.

        Args:
            page: of this task.
            regions: of the page.
            width: of the upright page, px.
            height: of the upright page, px.
            left_out: counts regions without an area, by reason.
        """
        found = []
        for region in regions:
            try:
                area = area_of(region, width, height)
            except RegionError as error:
                left_out[f"regions without an area: {error.message}"] += 1
                continue
            text = text_of(text_result(region, self.config))
            found.append(AnnotatedRegion(region.id, label_of(region), text, area, outline_of(area)))
        known = {region.identity for region in found}
        own = {region.id for region in regions}
        links = [link for link in self.links() if own.issuperset(link[:1])]
        left_out[LINKS_LEFT_OUT] += sum(not known.issuperset(link) for link in links)
        return AnnotatedPage(
            task=self.number,
            annotation=int(self.annotation["id"]),
            number=page.number,
            of=len(self.pages),
            width=width,
            height=height,
            regions=tuple(found),
            links=tuple(link for link in links if known.issuperset(link)),
            changed=str(self.annotation.get("updated_at") or self.annotation.get("created_at") or ""),
        )

    def links(self) -> list[tuple[str, str]]:
        """The relations of the annotation as pairs; one that points both ways is two pairs."""
        found: dict[tuple[str, str], None] = {}
        for relation in relations_in(self.annotation):
            found[relation.source, relation.target] = None
            if relation.mutual:
                found[relation.target, relation.source] = None
        return list(found)

    def _is_list(self, image: str) -> bool:
        return image in self.config.objects and self.config.is_multi_page(image)


def annotated_task(task: Json, annotation: Json, configs: TaskConfigs) -> AnnotatedTask:
    """A task with one of its annotations.

    Args:
        task: with its ``data``.
        annotation: of the task.
        configs: of the project.

    Raises:
        PageAddressError: the task's data does not contain the address of any page, or the config is not valid.
    """
    config = configs.of(task)
    if config is None:
        raise PageAddressError("The labeling config is not valid for this task.", "Check the task's data.")
    data = task.get("data") or {}
    places: list[tuple[str, int, str]] = []
    missing = PageAddressError()
    for image in config.images():
        try:
            places += [(image, index, address) for index, address in enumerate(config.page_urls(image, data))]
        except PageAddressError as error:
            # Not every task fills all Images of a config.
            missing = error
    if not places:
        raise missing
    pages = tuple(TaskPage(*place, number) for number, place in enumerate(places, 1))
    return AnnotatedTask(int(task["id"]), annotation, pages, config, data)


def outline_of(area: Area) -> tuple[Vector, ...]:
    """The outline of an area: its rectangle, its polygon, or the convex hull of its brush strokes.

    Returns:
        Points in pixels of the page, clockwise. The first side is above the text: rectangles begin at the upper left
        corner as the text is read, other shapes at the point next to it.
    """
    corners = area.corners()
    turned = -area.upright // 90 % 4
    corners = corners[turned:] + corners[:turned]
    if area.mask is not None:
        rows, columns = np.nonzero(area.mask)
        points = [(x, y) for x, y in _hull(columns, rows)]
    elif area.outline:
        points = list(area.outline[0])
    else:
        return tuple(corners)
    if _is_counterclockwise(points):
        points.reverse()
    first = min(range(len(points)), key=lambda place: math.dist(points[place], corners[0]))
    return tuple(points[first:] + points[:first])


def _hull(columns: np.ndarray, rows: np.ndarray) -> list[Vector]:
    """The convex hull of pixels, with their edges."""
    around = [np.stack([columns + x, rows + y], axis=1) for x in (0, 1) for y in (0, 1)]
    hull = cv2.convexHull(np.concatenate(around).astype(np.float32))
    return [(float(x), float(y)) for x, y in hull.reshape(-1, 2)]


def _is_counterclockwise(points: Sequence[Vector]) -> bool:
    """Whether a polygon runs counterclockwise as seen on the page, where y points down."""
    following = [*points[1:], points[0]]
    return sum(x * below - right * y for (x, y), (right, below) in zip(points, following, strict=True)) < 0
