"""The marks that answers leave on a region, by which later requests show whether it was accepted.

Label Studio keeps ``score`` and ``meta`` of an accepted suggestion, and sends them back with every later request
(``docs/label-studio.md``). A region that was drawn and not accepted yet carries none of them.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

Result = dict[str, Any]

# Starts our sentences in a region's notes, so that a later answer replaces them and leaves the annotator's own alone.
NOTE_MARK = "BoxOCR: "

# Name of the mark that a shape carries in its ``meta``.
MARK = "boxocr"

# The values of the mark: this server made the region, out of a click, a line or a page; or the answer repeated it with
# the words that the annotator had typed.
MADE, TYPED = "made", "typed"

# The numbers of a shape, by the names that Label Studio gives them.
GEOMETRY_VALUES = ("x", "y", "width", "height", "rotation", "radiusX", "radiusY", "points", "closed", "format", "rle")

# Percent of the page and degrees. Label Studio computes pixels and back, which changes the last digits only.
_SAME_PLACE = 0.01


def place_of(value: Mapping[str, Any]) -> dict[str, Any]:
    """A shape's numbers as a suggestion keeps them: percent of the page; a digest in place of a brush's strokes."""
    place = {name: value[name] for name in GEOMETRY_VALUES if name in value and name not in ("closed", "format", "rle")}
    if "rle" in value:
        place["strokes"] = hashlib.blake2b(json.dumps(value["rle"]).encode(), digest_size=8).hexdigest()
    return place


def is_same_place(one: object, other: object) -> bool:
    """Whether two places, or parts of them, differ by rounding only."""
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
    """A result's ``meta``; empty when it has none."""
    meta = result.get("meta")
    return meta if isinstance(meta, dict) else {}


def suggestion_of(result: Result) -> dict[str, Any] | None:
    """The reading that a text result was made from; None for text that was not read."""
    suggestion = meta_of(result).get("suggestion")
    return suggestion if isinstance(suggestion, dict) else None


def has_note(results: tuple[Result, ...]) -> bool:
    """Whether one of a region's results carries a sentence of ours."""
    return any(line.startswith(NOTE_MARK) for result in results for line in notes_of(result))


def has_been_filled(results: tuple[Result, ...]) -> bool:
    """Whether a region was accepted with a text, be it one that was read or one that the annotator typed.

    Both are still to be seen when the text was emptied since: a drawn shape has a score only when a text was read in
    it, and one that this server made counts as changed. Shapes out of other predictions have scores of their own.
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
