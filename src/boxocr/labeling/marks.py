"""Marks that answers leave on a region, so that later requests show whether it was accepted.

Label Studio keeps ``score`` and ``meta`` of an accepted suggestion, and sends them with every later request
(``docs/label-studio.md``). A pending region has neither.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

Result = dict[str, Any]

# Prefix of this server's sentences in a region's notes. A later answer replaces them, and keeps the annotator's notes.
NOTE_MARK = "BoxOCR: "

# Key of the mark in a shape's ``meta``.
MARK = "boxocr"

# Values of the mark. MADE: this server created the region, for a click, a piece of a box, or a whole page. TYPED: its
# answer repeated the region with the text that the annotator had typed.
MADE, TYPED = "made", "typed"

# Label Studio's names for the numbers of a shape.
GEOMETRY_VALUES = ("x", "y", "width", "height", "rotation", "radiusX", "radiusY", "points", "closed", "format", "rle")

# Tolerance in percent of the page, and in degrees. Label Studio converts to pixels and back, which changes only the
# last digits.
_SAME_PLACE = 0.01


def place_of(value: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers of a shape, in percent of the page, with a digest in place of brush strokes."""
    place = {name: value[name] for name in GEOMETRY_VALUES if name in value and name not in ("closed", "format", "rle")}
    if "rle" in value:
        place["strokes"] = hashlib.blake2b(json.dumps(value["rle"]).encode(), digest_size=8).hexdigest()
    return place


def is_same_place(one: object, other: object) -> bool:
    """Whether two places, or parts of them, differ only by rounding."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(is_same_place(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_same_place, one, other))
    if isinstance(one, int | float) and isinstance(other, int | float):
        return abs(one - other) <= _SAME_PLACE
    return one == other


def notes_of(result: Result) -> list[str]:
    """The lines of a result's note in the Info panel."""
    notes = meta_of(result).get("text", [])
    return "\n".join(str(part) for part in (notes if isinstance(notes, list) else [notes])).split("\n")


def meta_of(result: Result) -> dict[str, Any]:
    """The ``meta`` of a result; empty if there is none."""
    meta = result.get("meta")
    return meta if isinstance(meta, dict) else {}


def suggestion_of(result: Result) -> dict[str, Any] | None:
    """The reading behind a text result; None for text that was not read."""
    suggestion = meta_of(result).get("suggestion")
    return suggestion if isinstance(suggestion, dict) else None


def has_note(results: tuple[Result, ...]) -> bool:
    """Whether one of a region's results has a note of this server."""
    return any(line.startswith(NOTE_MARK) for result in results for line in notes_of(result))


def has_been_filled(results: tuple[Result, ...]) -> bool:
    """Whether a region was accepted with a text, either read or typed.

    This is recognized even after the text was emptied: a shape drawn by hand has a score only if text was read in it,
    and a shape that this server created has another origin once it was changed. A score alone is not enough for other
    shapes, since every prediction can have one.
    """
    return any(map(_is_filled, results))


def _is_filled(result: Result) -> bool:
    origin, mark = result.get("origin", "manual"), meta_of(result).get(MARK)
    return (
        suggestion_of(result) is not None
        or mark == TYPED
        or (mark == MADE and origin != "prediction")
        or (isinstance(result.get("score"), int | float) and origin == "manual")
    )
