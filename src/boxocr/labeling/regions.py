"""Groups Label Studio's results by region, and finds their texts. No I/O."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from boxocr.errors import MalformedRequest
from boxocr.labeling.marks import Result, suggestion_of

SHAPES = ("rectangle", "ellipse", "polygon", "brush", "keypoint")

# Larger numbers are refused: JSON's numbers can exceed floats, and products with a page's size must stay finite.
LARGEST_NUMBER = 1e15


@dataclass(frozen=True, slots=True)
class Region:
    """One drawn shape: all results that share its id.

    Attributes:
        id: Label Studio's id of the region.
        results: as received, the one with the shape first.
        shape: one of :data:`SHAPES`; for any other shape, the type of its result.
        labels: of all its results, in order.
        is_drawn: whether its results are in the order of a region drawn by hand: the shape first. A region from an
            answer or a prediction can come back without the shape, or with the text first.
    """

    id: str
    results: tuple[Result, ...]
    shape: str
    labels: tuple[str, ...]
    is_drawn: bool = True

    @property
    def geometry(self) -> Result:
        """The result that holds the shape."""
        return self.results[0]

    @property
    def image(self) -> str:
        """Name of the Image tag that shows the region."""
        return str(self.geometry.get("to_name", ""))

    @property
    def control(self) -> str:
        """Name of the tag that the region was drawn with."""
        return str(self.geometry.get("from_name", ""))

    @property
    def page_index(self) -> int:
        """Index of the region's page in a ``valueList``; 0 for a single image."""
        index = self.geometry.get("item_index", 0)
        return index if isinstance(index, int) and 0 <= index < LARGEST_NUMBER else 0

    @property
    def upright(self) -> int:
        """0, 90, 180 or 270: degrees clockwise by which the annotator rotated the page to see it upright."""
        turn = self.geometry.get("image_rotation") or 0
        if isinstance(turn, int | float) and abs(turn) < LARGEST_NUMBER and turn % 90 == 0:
            return int(turn) % 360
        return 0

    def has_text(self, text_area: str | None) -> bool:
        """Whether the TextArea (or any TextArea, without a name) already contains text for this region."""
        return any(_has_text(result) for result in self._texts(text_area))

    def is_emptied(self, text_area: str | None) -> bool:
        """Whether the TextArea of this drawn region was filled and emptied again."""
        origin = self.geometry.get("origin", "manual")
        return self.is_drawn and origin == "manual" and not self.has_text(text_area) and any(self._texts(text_area))

    def reading(self, text_area: str | None) -> Mapping[str, Any] | None:
        """The suggestion behind the TextArea's text, if the text is still exactly as it was read."""
        for result in self._texts(text_area):
            suggestion = suggestion_of(result)
            if suggestion is not None and _lines(result) == [suggestion.get("text")]:
                return suggestion
        return None

    def suggestion(self, text_area: str | None) -> Mapping[str, Any] | None:
        """The suggestion behind the TextArea's text, whatever the text is now."""
        return next((found for result in self._texts(text_area) if (found := suggestion_of(result))), None)

    def _texts(self, text_area: str | None) -> Iterator[Result]:
        for result in self.results:
            if _is_text(result) and (text_area is None or result.get("from_name") == text_area):
                yield result


def regions_of(results: object) -> list[Region]:
    """Group a context's results by region, in the order in which the regions first appear.

    Args:
        results: ``params.context.result`` of a request. Results without a shape (a comment on the page, a choice, a
            relation) belong to no region and are skipped.

    Raises:
        MalformedRequest: the results are not a list of objects.
    """
    if not isinstance(results, list) or not all(isinstance(result, dict) for result in results):
        raise MalformedRequest("The request's context.result is not a list of results.")
    by_id: dict[str, list[Result]] = {}
    for result in results:
        if result.get("id") is not None and isinstance(result.get("value"), dict):
            by_id.setdefault(str(result["id"]), []).append(result)
    return [region for identity, group in by_id.items() if (region := _region(identity, group)) is not None]


def _region(identity: str, group: Sequence[Result]) -> Region | None:
    shaped = [(rank, index) for index, result in enumerate(group) if (rank := _shape_rank(result)) is not None]
    if not shaped:
        return None
    rank, first = min(shaped)
    results = (group[first], *group[:first], *group[first + 1 :])
    labels: dict[str, None] = {}
    for result in results:
        for key, held in result["value"].items():
            if key.endswith("labels") and isinstance(held, list):
                labels.update(dict.fromkeys(str(label) for label in held))
    return Region(identity, results, _shape(results[0]), tuple(labels), is_drawn=(rank, first) == (0, 0))


def _shape_rank(result: Result) -> int | None:
    """How well a result serves as its region's geometry: 0 for a shape, 1 if it only has numbers, None if it cannot.

    After acceptance a region of Labels and Rectangle can come back with its ``labels`` result only, which repeats the
    rectangle's numbers.
    """
    if _is_text(result):
        return None
    if _shape_by_type(result):
        return 0
    return 1 if _shape_by_value(result["value"]) else None


def _shape(result: Result) -> str:
    return _shape_by_type(result) or _shape_by_value(result["value"])


def _shape_by_type(result: Result) -> str:
    kind = str(result.get("type", "")).lower()
    if kind in ("labels", "choices"):
        return ""
    kind = kind.removesuffix("labels")
    known = {*SHAPES, "vector", "bitmask", "magicwand"}
    return kind if kind in known else ""


def _shape_by_value(value: Mapping[str, Any]) -> str:
    if "rle" in value:
        return "brush"
    if "points" in value:
        return "polygon"
    if "radiusX" in value:
        return "ellipse"
    if {"x", "y", "width"} <= value.keys():
        return "rectangle" if "height" in value else "keypoint"
    return ""


def _is_text(result: Result) -> bool:
    return str(result.get("type", "")).lower() == "textarea"


def _has_text(result: Result) -> bool:
    return any(isinstance(line, str) and line.strip() for line in _lines(result))


def _lines(result: Result) -> list[Any]:
    text = result["value"].get("text")
    return text if isinstance(text, list) else [text]
