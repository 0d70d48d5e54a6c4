"""Submitted annotations of a task: their regions, the regions' texts, and the relations between regions. No I/O."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from boxocr.errors import BoxOCRError
from boxocr.labeling.config import LabelingConfig
from boxocr.labeling.marks import Result, suggestion_of
from boxocr.labeling.regions import Region, regions_of

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation that an annotator drew between two regions.

    Attributes:
        source, target: ids of the regions; the arrow points from source to target.
        mutual: whether the arrow points in both directions.
    """

    source: str
    target: str
    mutual: bool = False


class TaskConfigs:
    """The labeling config of a project, for each of its tasks.

    Args:
        label_config: of the project.
    """

    def __init__(self, label_config: str) -> None:
        self._label_config = label_config
        # A config depends on a task's data only if it has a Repeater.
        self._repeats = "<repeater" in label_config.lower()
        self._written = lru_cache(maxsize=1)(self._parsed)

    def of(self, task: Json) -> LabelingConfig | None:
        """The config for a task; None if the config is invalid."""
        return self._parsed(task) if self._repeats else self._written(None)

    def _parsed(self, task: Json | None) -> LabelingConfig | None:
        with suppress(BoxOCRError):
            if task is None:
                return LabelingConfig.as_written(self._label_config)
            return LabelingConfig.parse(self._label_config, task.get("data") or {})
        return None


def submitted(task: Json) -> list[Json]:
    """The annotations of a task that were submitted and not skipped.

    Args:
        task: as Label Studio's API and JSON export give it, with ``annotations``.
    """
    return [one for one in task.get("annotations") or () if not one.get("was_cancelled")]


def regions_in(annotation: Json) -> list[Region]:
    """The regions of an annotation; none if its results are malformed."""
    with suppress(BoxOCRError):
        return regions_of(annotation.get("result") or [])
    return []


def relations_in(annotation: Json) -> list[Relation]:
    """The relations of an annotation."""
    found = []
    for result in annotation.get("result") or ():
        if isinstance(result, Mapping) and result.get("type") == "relation":
            source, target = str(result.get("from_id")), str(result.get("to_id"))
            direction = result.get("direction") or "right"
            if direction == "left":
                source, target = target, source
            found.append(Relation(source, target, mutual=direction == "bi"))
    return found


def text_area_of(region: Region, config: LabelingConfig | None) -> str | None:
    """Name of the TextArea that takes the text of a region; None if there is none."""
    return config.text_area(region.image, region.control, region.labels) if config else None


def text_result(region: Region, config: LabelingConfig | None) -> Result | None:
    """The result with the region's text: one with a suggestion, otherwise that of the region's TextArea."""
    texts = [result for result in region.results if str(result.get("type", "")).lower() == "textarea"]
    for result in texts:
        if suggestion_of(result) is not None:
            return result
    name = text_area_of(region, config)
    return next((result for result in texts if result.get("from_name") == name), None)


def text_of(result: Result | None) -> str:
    """The text of a TextArea's result. Several parts are joined by line breaks."""
    texts = result["value"].get("text") if result else None
    return "\n".join(str(line) for line in (texts if isinstance(texts, list) else [texts]) if line)


def label_of(region: Region) -> str:
    """The labels of a region, joined as rules, reports and exports name them."""
    return ", ".join(region.labels)


def newest(annotations: Sequence[Json]) -> Json | None:
    """The annotation that was submitted or updated last; None if there is none."""
    return max(annotations, key=_age, default=None)


def _age(annotation: Json) -> tuple[str, int]:
    # Times are in ISO 8601 and UTC, so sorting them as text sorts them by time.
    return str(annotation.get("updated_at") or annotation.get("created_at") or ""), int(annotation.get("id") or 0)
