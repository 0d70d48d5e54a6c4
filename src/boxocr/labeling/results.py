"""Readings become the results that Label Studio keeps whole.

What an answer must hold, and in which order, was measured (``docs/label-studio.md``): every result of a region as it
came, the shape first, then the text with the same id and the same geometry. No I/O.
"""

import math
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from boxocr.geometry import Area
from boxocr.labeling.marks import GEOMETRY_VALUES, MADE, MARK, NOTE_MARK, TYPED, Result, meta_of, notes_of, place_of
from boxocr.labeling.preannotation import Preannotation
from boxocr.labeling.regions import Region
from boxocr.labeling.tag import Tag
from boxocr.pages.page import Page
from boxocr.reading.page.whole_page import Piece, ReadPage
from boxocr.reading.types import Reading

_GEOMETRY_FIELDS = ("original_width", "original_height", "image_rotation", "item_index")
_ID_BYTES = 8

Value: TypeAlias = Mapping[str, float]


def with_text(region: Region, text_area: str, reading: Reading) -> list[Result]:
    """A region with the text that was read in it.

    Args:
        region: as it came.
        text_area: name of the TextArea that takes the text.
        reading: with text.
    """
    geometry = _annotated(region.geometry, note=None, score=reading.confidence)
    others = [result for result in region.results[1:] if not _belongs_to(result, text_area)]
    return [geometry, *map(_as_json, others), _text_result(geometry, text_area, reading)]


def with_note(region: Region, sentence: str) -> list[Result]:
    """A region as it was drawn, with a sentence that its Info panel shows once it was accepted."""
    return [_annotated(region.geometry, note=sentence), *map(_as_json, region.results[1:])]


def as_typed(region: Region) -> list[Result]:
    """A region that is not accepted yet, with the text that the annotator typed into it.

    Its shape is marked, so that later requests show that it was accepted.
    """
    return [_marked(_as_json(region.geometry), TYPED), *map(_as_json, region.results[1:])]


def fitted(region: Region, text_area: str, reading: Reading, box: Value) -> list[Result]:
    """A region with the text that was read in it, and another rectangle in all its results.

    Args:
        region: a drawn rectangle.
        text_area: name of the TextArea that takes the text.
        reading: with text.
        box: value of the new rectangle, from :func:`percent_of`.
    """
    return with_text(_moved(region, box), text_area, reading)


def split(region: Region, text_area: str, pieces: Sequence[tuple[Value, Reading]]) -> list[Result]:
    """Regions for the pieces of a drawn rectangle, in its place: each with its labels and a text of its own.

    The drawn one is left out, and goes when the answer is accepted.

    Args:
        region: the drawn rectangle.
        text_area: name of the TextArea that takes the texts.
        pieces: where each lies, from :func:`percent_of`, and what was read there.
    """
    results: list[Result] = []
    for box, reading in pieces:
        identity = secrets.token_urlsafe(_ID_BYTES)
        own = _moved(region, box)
        kept = [result | {"id": identity} for result in own.results if not _belongs_to(result, text_area)]
        kept[0] = _marked(kept[0], MADE)
        results += with_text(replace(own, id=identity, results=tuple(kept)), text_area, reading)
    return results


def _moved(region: Region, box: Value) -> Region:
    """The region with another rectangle."""
    moved = (
        result | {"value": {**result["value"], **box}} if "width" in result["value"] else result
        for result in region.results
    )
    return replace(region, results=tuple(moved))


def clicked(region: Region, box: Value, control: Tag, text_area: str, reading: Reading) -> list[Result]:
    """The rectangle and text of what was clicked on, in place of the keypoint.

    The id is new: with the keypoint's own id Label Studio saves the rectangle without height, and an id derived from it
    can overwrite a text that was corrected meanwhile.

    Args:
        region: the keypoint.
        box: value of the rectangle, from :func:`percent_of`.
        control: the tag that draws rectangles; it takes those of the keypoint's labels that it has, or its first.
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
    results = [_marked(_annotated(rectangle, note=None, score=reading.confidence), MADE)]
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
    """What was read on a page as regions of their own, in reading order.

    Args:
        preannotation: what becomes a region, and of which kind.
        image: name of the Image that shows the page.
        page: what was read.
        item_index: which page of a ``valueList`` it is; None for a single image.
    """
    reading = page.reading
    pieces: Sequence[Piece] = {"word": reading.words, "line": lambda: reading.lines, "block": reading.blocks}[
        preannotation.level
    ]()
    results: list[Result] = []
    for piece in pieces:
        if piece.text and piece.confidence >= preannotation.min_confidence:
            results += _region_of(piece, preannotation, image, page, item_index)
    return results


def _region_of(
    piece: Piece, preannotation: Preannotation, image: str, page: ReadPage, item_index: int | None
) -> list[Result]:
    control, label = preannotation.control, preannotation.label
    geometry: Result = {
        "id": secrets.token_urlsafe(_ID_BYTES),
        "from_name": control.name,
        "to_name": image,
        "type": control.kind,
        "origin": "prediction",
        "original_width": page.width,
        "original_height": page.height,
        "image_rotation": 0,
    }
    if item_index is not None:
        geometry["item_index"] = item_index
    shape = _polygon(piece, page) if control.kind.startswith("polygon") else dict(percent_of(piece, page))
    own_label = {control.kind: [label]} if label and preannotation.labels_tag is None else {}
    results = [_marked({**geometry, "value": {**shape, **own_label}, "score": round(piece.confidence, 4)}, MADE)]
    if label and preannotation.labels_tag is not None:
        beside = {"from_name": preannotation.labels_tag.name, "type": "labels", "value": {**shape, "labels": [label]}}
        results.append(geometry | beside)
    reading = Reading(piece.text, piece.confidence, page.reading.engine, page.reading.languages)
    return [*results, _text_result(results[0], preannotation.text_area, reading)]


def percent_of(part: Piece | Area, page: Page | ReadPage) -> Value:
    """A part of a page as the value of a rectangle: percent of the page, turned clockwise about its corner."""
    return {
        "x": part.x * 100 / page.width,
        "y": part.y * 100 / page.height,
        "width": part.width * 100 / page.width,
        "height": part.height * 100 / page.height,
        "rotation": part.rotation,
    }


def _polygon(piece: Piece, page: ReadPage) -> dict[str, Any]:
    corners = [[x * 100 / page.width, y * 100 / page.height] for x, y in piece.corners()]
    return {"points": corners, "closed": True}


def score_of(results: Sequence[Result]) -> dict[str, float]:
    """The mean of the regions' scores as a prediction's ``score``; nothing when none has one."""
    scores = [result["score"] for result in results if "score" in result]
    return {"score": round(sum(scores) / len(scores), 4)} if scores else {}


def _text_result(geometry: Result, text_area: str, reading: Reading) -> Result:
    result: Result = {field: geometry[field] for field in _GEOMETRY_FIELDS if field in geometry}
    value = {name: geometry["value"][name] for name in GEOMETRY_VALUES if name in geometry["value"]}
    return result | {
        "id": geometry["id"],
        "from_name": text_area,
        "to_name": geometry["to_name"],
        "type": "textarea",
        "origin": "prediction",
        "value": value | {"text": [reading.text]},
        # Survives later edits of the text: what was suggested can be compared with what was kept.
        "meta": {
            "suggestion": {
                "text": reading.text,
                "confidence": round(reading.confidence, 4),
                "engine": reading.engine,
                "languages": reading.languages,
                # Label Studio sends no request when an accepted region is moved: a later one shows it by this.
                "place": place_of(value),
            }
        },
    }


def _annotated(geometry: Result, *, note: str | None, score: float | None = None) -> Result:
    result: Result = _as_json(geometry)
    result.pop("score", None)
    if score is not None:
        result["score"] = round(score, 4)
    meta = dict(meta_of(result))
    kept = [line for line in notes_of(result) if line and not line.startswith(NOTE_MARK)]
    if note:
        kept.append(NOTE_MARK + note)
    # One list item: the Info panel shows the first and breaks it at line ends.
    meta["text"] = ["\n".join(kept)]
    if not kept:
        del meta["text"]
    if meta or "meta" in result:
        result["meta"] = meta
    return result


def _marked(shape: Result, mark: str) -> Result:
    return shape | {"meta": meta_of(shape) | {MARK: mark}}


def _is_labels(result: Result) -> bool:
    return str(result.get("type", "")).lower() == "labels" and "from_name" in result


def _belongs_to(result: Result, text_area: str) -> bool:
    return str(result.get("type", "")).lower() == "textarea" and result.get("from_name") == text_area


def _as_json(result: Any) -> Any:
    """A copy that JSON can carry: NaN and infinities, which it cannot, become null."""
    if isinstance(result, dict):
        return {key: _as_json(value) for key, value in result.items()}
    if isinstance(result, list):
        return [_as_json(value) for value in result]
    return None if isinstance(result, float) and not math.isfinite(result) else result
