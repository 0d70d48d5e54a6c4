"""Which of several annotations of a task counts. No I/O."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from boxocr.errors import RegionError
from boxocr.geometry import Area
from boxocr.labeling.annotations import Json, TaskConfigs, label_of, newest, regions_in, submitted, text_of, text_result
from boxocr.labeling.regions import Region
from boxocr.labeling.shapes import area_of
from boxocr.learning.overlap import overlap

# Two annotators who draw a box around the same text rarely draw the same rectangle.
SAME_PLACE = 0.5

# Size in px of the page on which places are compared; a brush region becomes a mask of this size.
_WIDTH = _HEIGHT = 1_000


class Annotators(StrEnum):
    """Which annotations of a task count."""

    LATEST = "latest"
    """The annotation that was submitted or updated last."""

    GROUND_TRUTH = "ground-truth"
    """The annotation that is marked as ground truth; the latest if there are several."""

    AGREED = "agreed"
    """The regions that all annotators have, with the same text and labels."""


def chosen(task: Json, annotators: Annotators, configs: TaskConfigs) -> Json | None:
    """The annotation of a task that counts; None if there is none.

    Args:
        task: with all its annotations.
        annotators: the rule.
        configs: of the project.
    """
    annotations = submitted(task)
    match annotators:
        case Annotators.LATEST:
            return newest(annotations)
        case Annotators.GROUND_TRUTH:
            return newest([one for one in annotations if one.get("ground_truth")])
        case Annotators.AGREED:
            return _agreed(task, latest_of_each(annotations), configs)


def latest_of_each(annotations: Sequence[Json]) -> list[Json]:
    """The latest annotation of each annotator, the latest of all last."""
    by_annotator: dict[Any, list[Json]] = {}
    for annotation in annotations:
        person = annotation.get("completed_by")
        # Some responses of Label Studio's API have the user instead of the user's number.
        by_annotator.setdefault(person.get("id") if isinstance(person, dict) else person, []).append(annotation)
    latest = [one for own in by_annotator.values() if (one := newest(own)) is not None]
    last = newest(latest)
    return [*(one for one in latest if one is not last), *([last] if last is not None else [])]


def _agreed(task: Json, annotations: Sequence[Json], configs: TaskConfigs) -> Json | None:
    if len(annotations) < 2:  # noqa: PLR2004 - annotators who can agree
        return None
    *others, last = annotations
    config = configs.of(task)

    def content(region: Region) -> tuple[str, str, str, int]:
        return text_of(text_result(region, config)), label_of(region), region.image, region.page_index

    alternatives = [regions_in(other) for other in others]
    kept = {
        region.id
        for region in regions_in(last)
        if all(
            any(content(region) == content(other) and is_same_place(region, other) for other in regions)
            for regions in alternatives
        )
    }
    results = [
        result
        for result in last.get("result") or ()
        if result.get("type") == "relation" or str(result.get("id")) in kept
    ]
    return {**last, "result": results}


def is_same_place(one: Region, other: Region) -> bool:
    """Whether two regions of a page cover nearly the same area."""
    areas = [place_of(one), place_of(other)]
    return all(areas) and overlap(*filter(None, areas)) >= SAME_PLACE


def place_of(region: Region) -> Area | None:
    """The area of a region on a page of a fixed size, to be compared with others; None if it has none."""
    try:
        return area_of(region, _WIDTH, _HEIGHT)
    except RegionError:
        return None
