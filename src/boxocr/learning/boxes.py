"""Boxes of submitted annotations: the suggestion that each got, and the text that the annotator submitted.

``docs/accuracy.md`` defines the outcomes. No I/O.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

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
from boxocr.labeling.config import LabelingConfig
from boxocr.labeling.marks import has_been_filled, has_note, is_same_place, place_of, suggestion_of
from boxocr.labeling.regions import Region
from boxocr.learning.page_kinds import page_kind

UNKNOWN = "not recorded"


class Outcome(StrEnum):
    """The outcome of a box."""

    ACCEPTED = "accepted unchanged"
    """The submitted text is the suggestion, character for character."""

    CORRECTED = "corrected"
    """The box got a suggestion, and another text was submitted."""

    EMPTIED = "emptied"
    """The box got a suggestion, and was submitted without text."""

    MOVED = "moved"
    """The box was moved or resized after it was read, so its text is not that of the suggestion's place."""

    TYPED = "typed by hand"
    """The box has a text and no suggestion."""

    UNREADABLE = "not read"
    """The box was accepted with a note that it could not be read, and has no text."""

    BLANK = "without text"
    """The box has neither text nor suggestion."""

    @property
    def is_judged(self) -> bool:
        """Whether the annotator decided about a suggestion for this place."""
        return self.is_compared or self is Outcome.EMPTIED

    @property
    def is_compared(self) -> bool:
        """Whether suggestion and submitted text are texts of the same place, both known."""
        return self in (Outcome.ACCEPTED, Outcome.CORRECTED)


class Source(StrEnum):
    """Where a suggestion came from."""

    BOX = "drawn box"
    PAGE = "whole page"
    NONE = "no suggestion"


@dataclass(frozen=True, slots=True)
class Box:
    """A region of a submitted annotation.

    Attributes:
        project, task, annotation: Label Studio's numbers.
        region: Label Studio's id; unique within the annotation.
        label: its labels, joined by ", "; empty without labels.
        outcome: its outcome.
        suggested: the suggestion's text; empty without suggestion.
        submitted: the submitted text, its lines joined by line ends.
        score: the suggestion's confidence, 0 to 1; None without suggestion.
        engine: name of the engine that read the box; empty without suggestion.
        version: of the model that suggested the text; empty without suggestion.
        source: where the suggestion came from.
        learned: number of the learned version that the suggestion follows; empty without one.
        reading: the suggestion's text before the project's rules were applied.
        week: ISO week in which the annotation was submitted, such as "2026-W09"; UTC.
        page: kind of its page: format of the file and size, such as "jpg, 2 to 9 megapixels".
        annotator: Label Studio's number of the user who submitted the annotation; 0 if it does not say.
        submitted_at: when the annotation was submitted first, in ISO format, UTC; empty if it does not say.
        attempt: how often the box was read; more than once if it was moved after it was read. 0 without suggestion.
    """

    project: int
    task: int
    annotation: int
    region: str
    label: str
    outcome: Outcome
    suggested: str
    submitted: str
    score: float | None
    engine: str
    version: str
    source: Source
    learned: str
    reading: str
    week: str
    page: str
    annotator: int
    submitted_at: str
    attempt: int


class BoxReader:
    """Finds the boxes of tasks.

    Args:
        project: its number.
        label_config: of the project; it says which TextArea takes a region's text.
    """

    def __init__(self, project: int, label_config: str) -> None:
        self._project = project
        self._configs = TaskConfigs(label_config)

    def boxes(self, task: Json) -> Iterator[Box]:
        """The boxes of all annotations of a task that were submitted and not skipped.

        Args:
            task: as Label Studio's API and JSON export give it, with ``annotations``.
        """
        config = self._configs.of(task)
        annotations = submitted(task)
        for annotation in annotations:
            for region in _own_regions(annotation, annotations):
                if (box := self._box(region, config, task, annotation)) is not None:
                    yield box

    def region(self, task: Json, box: Box) -> Region | None:
        """A box's region."""
        for annotation in task.get("annotations") or ():
            if annotation["id"] == box.annotation:
                return next((region for region in regions_in(annotation) if region.id == box.region), None)
        return None

    def _box(self, region: Region, config: LabelingConfig | None, task: Json, annotation: Json) -> Box | None:
        text = text_result(region, config)
        if text is None and text_area_of(region, config) is None:
            return None
        suggestion = (suggestion_of(text) if text else None) or {}
        written = text_of(text)
        return Box(
            project=self._project,
            task=int(task["id"]),
            annotation=int(annotation["id"]),
            region=region.id,
            label=label_of(region),
            outcome=_outcome(region, suggestion, written),
            suggested=str(suggestion.get("text") or ""),
            submitted=written,
            score=_score(suggestion),
            engine=str(suggestion.get("engine") or UNKNOWN) if suggestion else "",
            version=_version(suggestion, region, task, annotation) if suggestion else "",
            source=(Source.PAGE if _is_predicted(region) else Source.BOX) if suggestion else Source.NONE,
            learned=str(suggestion.get("learned") or ""),
            reading=str(suggestion.get("reading") or suggestion.get("text") or ""),
            week=_week(annotation),
            page=page_kind(region, config, task.get("data") or {}),
            annotator=_annotator(annotation),
            submitted_at=at.isoformat(timespec="seconds") if (at := _submitted(annotation)) else "",
            attempt=int(suggestion.get("attempt") or 1) if suggestion else 0,
        )


def _own_regions(annotation: Json, annotations: Sequence[Json]) -> list[Region]:
    """The regions of an annotation, except those that it has unchanged from an annotation that it was copied from."""
    regions = regions_in(annotation)
    parent = annotation.get("parent_annotation")
    original = next((one for one in annotations if parent is not None and one["id"] == parent), None)
    if original is None:
        return regions
    known = [_contents(region) for region in regions_in(original)]
    return [region for region in regions if _contents(region) not in known]


def _contents(region: Region) -> Any:
    """Place, labels and texts: equal for a region and its copy, which has another id."""
    texts = [(one.get("from_name"), one["value"].get("text")) for one in region.results if "text" in one["value"]]
    return place_of(region.geometry["value"]), region.page_index, region.image, region.labels, texts


def _outcome(region: Region, suggestion: Json, submitted: str) -> Outcome:
    if not submitted:
        if suggestion or has_been_filled(region.results):
            return Outcome.EMPTIED
        return Outcome.UNREADABLE if has_note(region.results) else Outcome.BLANK
    if not suggestion:
        return Outcome.TYPED
    place = suggestion.get("place")
    if place is not None and not is_same_place(place, place_of(region.geometry["value"])):
        return Outcome.MOVED
    return Outcome.ACCEPTED if suggestion.get("text") == submitted else Outcome.CORRECTED


def _score(suggestion: Json) -> float | None:
    score = suggestion.get("confidence")
    return float(score) if isinstance(score, int | float) else None


def _version(suggestion: Json, region: Region, task: Json, annotation: Json) -> str:
    predicted = _predicted_by(task, annotation) if _is_predicted(region) else ""
    return str(suggestion.get("version") or predicted or UNKNOWN)


def _is_predicted(region: Region) -> bool:
    """Whether the region comes from a stored prediction from which Label Studio made an annotation."""
    return str(region.geometry.get("origin", "")).startswith("prediction")


def _predicted_by(task: Json, annotation: Json) -> str:
    """The version of the model whose stored prediction the annotation was made from."""
    parent = annotation.get("parent_prediction")
    for prediction in task.get("predictions") or ():
        # In the JSON export, predictions are numbers only.
        if isinstance(prediction, Mapping) and prediction.get("id") == parent:
            return str(prediction.get("model_version") or "")
    return ""


def _week(annotation: Json) -> str:
    submitted = _submitted(annotation)
    if submitted is None:
        return UNKNOWN
    year, week, _ = submitted.isocalendar()
    return f"{year}-W{week:02}"


def _submitted(annotation: Json) -> datetime | None:
    try:
        return datetime.fromisoformat(str(annotation["created_at"])).astimezone(UTC)
    except (KeyError, ValueError):
        return None


def _annotator(annotation: Json) -> int:
    user = annotation.get("completed_by")
    # Exports can hold the whole user.
    number = user.get("id") if isinstance(user, Mapping) else user
    return number if isinstance(number, int) else 0
