"""Turns readings into results, in the form that Label Studio keeps complete.

Experiments showed what an answer must contain, and in which order (``docs/label-studio.md``): every result of a region
as it was received, the shape first, then the text with the same id and the same geometry. No I/O.
"""

import math
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from boxocr import MODEL_VERSION
from boxocr.errors import BoxOCRError
from boxocr.geometry import Area
from boxocr.labeling.drawn_regions import DrawnRegion, ReadingPlan
from boxocr.labeling.marks import (
    GEOMETRY_VALUES,
    MADE,
    MARK,
    NOTE_MARK,
    TYPED,
    Result,
    meta_of,
    notes_of,
    place_of,
    suggestion_of,
)
from boxocr.labeling.preannotation import Preannotation
from boxocr.labeling.region_states import State
from boxocr.labeling.regions import LARGEST_NUMBER, Region
from boxocr.labeling.review_notes import review_note
from boxocr.labeling.tag import Tag
from boxocr.reading import scoring
from boxocr.reading.types import Reading
from boxocr.reading.whole_page import AreaReading, Level, PageReading, Piece, ReadPage, blocks_of, enclosing

TOO_MANY = "Only {} regions are read at a time. Accept those that have their text, then move or resize this one."
MOVED = "This box was moved since it was read."
MOVED_REMEDY = "Check its text."

_GEOMETRY_FIELDS = ("original_width", "original_height", "image_rotation", "item_index")
_ID_BYTES = 8

# Warnings in a note, since the Info panel shows about nine lines.
_MAX_WARNINGS = 3

Value: TypeAlias = Mapping[str, float]

Prediction: TypeAlias = dict[str, Any]
"""``result``, ``model_version`` and, when a region has a score, ``score``."""

PageSize: TypeAlias = tuple[int, int]
"""Width and height of the upright page, px."""


@dataclass(frozen=True, slots=True)
class RegionAnswer:
    """A drawn region with its readings.

    Attributes:
        region: as parsed.
        readings: of the region itself, or of its pieces; none when it was not read, or failed.
        page: size of the region's page; None without readings.
        error: the reason why the region could not be read.
        note: a sentence about the page for the annotator, in addition to those about the readings.
    """

    region: DrawnRegion
    readings: Sequence[AreaReading] = ()
    page: PageSize | None = None
    error: BoxOCRError | None = None
    note: str | None = None


def drawn(answers: Sequence[RegionAnswer], warnings: Sequence[str], model_version: str, max_regions: int) -> Prediction:
    """The prediction for an interactive request.

    Args:
        answers: for every region of the request.
        warnings: about the labeling config, for the notes of the first region.
        model_version: of the prediction.
        max_regions: how many regions of one request are read.
    """
    results = [result for answer in answers for result in _results_of(answer, max_regions)]
    return prediction(with_warnings(results, warnings), model_version)


def prediction(results: Sequence[Result], model_version: str) -> Prediction:
    """A prediction with these results. Its score is the mean of the regions' scores."""
    scores = [result["score"] for result in results if "score" in result]
    score = {"score": round(sum(scores) / len(scores), 4)} if scores else {}
    return {"result": results, "model_version": model_version} | score


def with_warnings(results: list[Result], warnings: Sequence[str]) -> list[Result]:
    """Results with sentences about the labeling config in the notes of their first region.

    Args:
        results: of regions, each region's shape before its other results.
        warnings: the sentences.
    """
    if not warnings or not results:
        return results
    shown = list(warnings[:_MAX_WARNINGS])
    if len(warnings) > len(shown):
        shown.append(f"{len(warnings) - len(shown)} more of these are in the server's log.")
    meta = meta_of(results[0])
    notes = meta.get("text", [])
    lines = [*(notes if isinstance(notes, list) else [notes]), *(NOTE_MARK + sentence for sentence in shown)]
    # One list item, since the Info panel shows only the first, with its line breaks.
    return [results[0] | {"meta": meta | {"text": ["\n".join(map(str, lines))]}}, *results[1:]]


def _results_of(answer: RegionAnswer, max_regions: int) -> list[Result]:
    """The results for a region; none for a region that stays as it is."""
    region, state = answer.region.region, answer.region.state
    if answer.error is not None:
        return _unread(region, state, answer.error)
    if isinstance(answer.region.plan, ReadingPlan) and answer.page is not None:
        results = _read(region, answer.region.plan, answer.readings, answer.page)
        return with_warnings(results, [answer.note] if answer.note else [])
    match state:
        case State.TYPED:
            return as_typed(region)
        case State.MOVED_AND_EDITED:
            return _with_new_note(region, f"{MOVED} {MOVED_REMEDY}")
        case State.LATE:
            return with_note(region, TOO_MANY.format(max_regions))
    return []


def _read(region: Region, plan: ReadingPlan, readings: Sequence[AreaReading], page: PageSize) -> list[Result]:
    (first, *more), text_area = readings, plan.text_area
    if more:
        return split(region, text_area, readings, page)
    if first.area is None or (region.shape == "keypoint" and plan.rectangle_control is None):
        return with_text(region, text_area, first.reading)
    value = percent_of(first.area, page)
    if region.shape == "keypoint" and plan.rectangle_control is not None:
        return clicked(region, value, plan.rectangle_control, text_area, first.reading)
    return with_text(_moved(region, value), text_area, first.reading)


def _unread(region: Region, state: State, error: BoxOCRError) -> list[Result]:
    if state is State.FAILED:
        # The region is left out: otherwise the answer, once accepted, would overwrite text that is typed meanwhile.
        return []
    if state is State.MOVED:
        return _with_new_note(region, f"{MOVED} {error.sentence}")
    return with_note(region, error.sentence)


def _with_new_note(region: Region, sentence: str) -> list[Result]:
    """An accepted region with a note; nothing if it has that note already."""
    return [] if NOTE_MARK + sentence in notes_of(region.geometry) else with_note(region, sentence)


def with_text(region: Region, text_area: str, reading: Reading) -> list[Result]:
    """A region with the text that was read in it.

    Args:
        region: as received.
        text_area: name of the TextArea that takes the text.
        reading: with text.
    """
    geometry = _read_shape(region.geometry, reading)
    others = [result for result in region.results[1:] if not _belongs_to(result, text_area)]
    text = _text_result(geometry, text_area, reading, attempt=_attempts(region, text_area) + 1)
    return [geometry, *map(_without_note, others), text]


def _attempts(region: Region, text_area: str) -> int:
    """How often the text of a region was read before, since a box that was moved is read again."""
    suggestions = (suggestion_of(result) for result in region.results[1:] if _belongs_to(result, text_area))
    attempts = [suggestion.get("attempt", 1) for suggestion in suggestions if suggestion is not None]
    return max((one for one in attempts if isinstance(one, int) and 0 < one < LARGEST_NUMBER), default=0)


def with_note(region: Region, sentence: str) -> list[Result]:
    """A region as drawn, with a sentence that its Info panel shows after acceptance."""
    return [_annotated(region.geometry, note=sentence), *map(_as_json, region.results[1:])]


def as_typed(region: Region) -> list[Result]:
    """A pending region with the text that the annotator typed into it.

    The shape is marked, so that later requests show that the region was accepted.
    """
    return [_marked(_as_json(region.geometry), TYPED), *map(_as_json, region.results[1:])]


def split(region: Region, text_area: str, pieces: Sequence[AreaReading], page: PageSize) -> list[Result]:
    """Regions that replace a drawn rectangle, one for each piece, with the rectangle's labels and a text of its own.

    The drawn rectangle is left out, so it is deleted when the answer is accepted.

    Args:
        region: the drawn rectangle.
        text_area: name of the TextArea that takes the texts.
        pieces: each with its area.
        page: of the region.
    """
    results: list[Result] = []
    for piece in pieces:
        if piece.area is None:
            continue
        identity = secrets.token_urlsafe(_ID_BYTES)
        own = _moved(region, percent_of(piece.area, page))
        kept = [result | {"id": identity} for result in own.results if not _belongs_to(result, text_area)]
        kept[0] = _marked(kept[0], MADE)
        results += with_text(replace(own, id=identity, results=tuple(kept)), text_area, piece.reading)
    return results


def _moved(region: Region, box: Value) -> Region:
    """The region with another rectangle."""
    moved = (
        result | {"value": {**result["value"], **box}} if "width" in result["value"] else result
        for result in region.results
    )
    return replace(region, results=tuple(moved))


def clicked(region: Region, box: Value, control: Tag, text_area: str, reading: Reading) -> list[Result]:
    """The rectangle and text at a click, in place of the keypoint.

    The rectangle gets a new random id. With the keypoint's id, Label Studio saves the rectangle without height, and an
    id derived from it can overwrite a text that was corrected meanwhile.

    Args:
        region: the keypoint.
        box: value of the rectangle, from :func:`percent_of`.
        control: the tag that draws rectangles. The rectangle gets those of the keypoint's labels that the tag has, or
            the tag's first.
        text_area: name of the TextArea that takes the text.
        reading: with text.
    """
    point = region.geometry
    rectangle: Result = {field: point[field] for field in _GEOMETRY_FIELDS if field in point}
    rectangle |= {
        "id": secrets.token_urlsafe(_ID_BYTES),
        "from_name": control.name,
        "to_name": point["to_name"],
        "type": control.kind,
        "origin": "prediction",
        "value": dict(box),
    }
    results = [_marked(_read_shape(rectangle, reading), MADE)]
    if control.kind == "rectanglelabels":
        shared = [label for label in region.labels if label in control.labels]
        results[0]["value"]["rectanglelabels"] = shared or list(control.labels)[:1]
    results += [
        {**rectangle, "from_name": result["from_name"], "type": "labels", "value": {**box, "labels": list(chosen)}}
        for result in region.results[1:]
        if (chosen := result["value"].get("labels")) and _is_labels(result)
    ]
    return [*results, _text_result(results[0], text_area, reading)]


def found(preannotation: Preannotation, image: str, page: ReadPage, item_index: int | None) -> list[Result]:
    """The text of a page as regions of their own, in reading order.

    Args:
        preannotation: the level and kind of the regions.
        image: name of the Image that shows the page.
        page: the page's reading.
        item_index: index of the page in a ``valueList``; None for a single image.
    """
    reading, size = page.reading, (page.width, page.height)
    results: list[Result] = []
    for piece, words in _pieces(reading, preannotation.level):
        if piece.text and piece.confidence >= preannotation.min_confidence:
            doubtful = scoring.doubtful(words)
            own = Reading(piece.text, piece.confidence, reading.engine, reading.languages, doubtful=doubtful)
            results += _region_of(piece, own, preannotation, _page_fields(image, size, item_index), size)
    return results


def _pieces(page: PageReading, level: Level) -> Iterator[tuple[Piece, Sequence[Piece]]]:
    """The pieces of a page in reading order, each with its words."""
    match level:
        case "word":
            yield from ((word, [word]) for word in page.words())
        case "line":
            yield from ((line, line.words) for line in page.lines)
        case "block":
            for lines in blocks_of(page.lines):
                yield enclosing(lines), [word for line in lines for word in line.words]


def _page_fields(image: str, page: PageSize, item_index: int | None) -> Result:
    fields: Result = {
        "to_name": image,
        "origin": "prediction",
        "original_width": page[0],
        "original_height": page[1],
        "image_rotation": 0,
    }
    return fields if item_index is None else fields | {"item_index": item_index}


def _region_of(
    piece: Piece, reading: Reading, preannotation: Preannotation, fields: Result, page: PageSize
) -> list[Result]:
    control, label = preannotation.control, preannotation.label
    geometry = {"id": secrets.token_urlsafe(_ID_BYTES), "from_name": control.name, "type": control.kind} | fields
    shape = _polygon(piece, page) if control.kind.startswith("polygon") else dict(percent_of(piece, page))
    own_label = {control.kind: [label]} if label and preannotation.labels_tag is None else {}
    results = [_marked(_read_shape({**geometry, "value": {**shape, **own_label}}, reading), MADE)]
    if label and preannotation.labels_tag is not None:
        label_result = {"from_name": preannotation.labels_tag.name, "type": "labels"}
        results.append(geometry | label_result | {"value": {**shape, "labels": [label]}})
    return [*results, _text_result(results[0], preannotation.text_area, reading)]


def percent_of(part: Piece | Area, page: PageSize) -> Value:
    """A part of a page as the value of a rectangle: percent of the page, rotated clockwise about its corner."""
    width, height = page
    return {
        "x": part.x * 100 / width,
        "y": part.y * 100 / height,
        "width": part.width * 100 / width,
        "height": part.height * 100 / height,
        "rotation": part.rotation,
    }


def _polygon(piece: Piece, page: PageSize) -> dict[str, Any]:
    corners = [[x * 100 / page[0], y * 100 / page[1]] for x, y in piece.corners()]
    return {"points": corners, "closed": True}


def _text_result(geometry: Result, text_area: str, reading: Reading, *, attempt: int = 1) -> Result:
    result: Result = {field: geometry[field] for field in _GEOMETRY_FIELDS if field in geometry}
    value = {name: geometry["value"][name] for name in GEOMETRY_VALUES if name in geometry["value"]}
    return result | {
        "id": geometry["id"],
        "from_name": text_area,
        "to_name": geometry["to_name"],
        "type": "textarea",
        "origin": "prediction",
        "value": value | {"text": [reading.text]},
        # This survives later edits of the text, so that the suggestion can be compared with the final text.
        "meta": {
            "suggestion": {
                "text": reading.text,
                "confidence": round(reading.confidence, 4),
                "engine": reading.engine,
                "languages": reading.languages,
                "version": MODEL_VERSION,
                "attempt": attempt,
                # Label Studio sends no request when an accepted region is moved. With this, a later request shows it.
                "place": place_of(value),
            }
        },
    }


def _read_shape(shape: Result, reading: Reading) -> Result:
    """The shape of a region with the reading's score, and a note if the reading should be checked."""
    return _annotated(shape, note=review_note(reading)) | {"score": round(reading.confidence, 4)}


def _annotated(shape: Result, *, note: str | None) -> Result:
    """The shape of a region without score, with this note as the server's only note."""
    result = _without_note(shape)
    result.pop("score", None)
    if note:
        meta = meta_of(result)
        # One list item, since the Info panel shows only the first, with its line breaks.
        result["meta"] = meta | {"text": ["\n".join([*filter(None, notes_of(result)), NOTE_MARK + note])]}
    return result


def _without_note(result: Result) -> Result:
    """A copy that can be sent as JSON, without the notes of earlier answers."""
    copied: Result = _as_json(result)
    meta = meta_of(copied)
    if "text" in meta:
        kept = [line for line in notes_of(copied) if line and not line.startswith(NOTE_MARK)]
        others = {name: value for name, value in meta.items() if name != "text"}
        copied["meta"] = others | ({"text": ["\n".join(kept)]} if kept else {})
    return copied


def _marked(shape: Result, mark: str) -> Result:
    return shape | {"meta": meta_of(shape) | {MARK: mark}}


def _is_labels(result: Result) -> bool:
    return str(result.get("type", "")).lower() == "labels" and "from_name" in result


def _belongs_to(result: Result, text_area: str) -> bool:
    return str(result.get("type", "")).lower() == "textarea" and result.get("from_name") == text_area


def _as_json(result: Any) -> Any:
    """A copy that can be sent as JSON, in which NaN and infinities become null."""
    if isinstance(result, dict):
        return {key: _as_json(value) for key, value in result.items()}
    if isinstance(result, list):
        return [_as_json(value) for value in result]
    return None if isinstance(result, float) and not math.isfinite(result) else result
