"""Label Studio's region results: which belong together, which still need text, and where on the page they are.

Coordinates come in percent of the page as EXIF orientation shows it, before the annotator's own turn
(``image_rotation``); they leave here as an :class:`~boxocr.geometry.Area` in page pixels. No I/O.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from boxocr.errors import MalformedRequest, RegionError
from boxocr.geometry import Area
from boxocr.labeling.marks import Result, suggestion_of
from boxocr.labeling.sdk import brush_decoder

SHAPES = ("rectangle", "ellipse", "polygon", "brush", "keypoint")

# The outline of an ellipse is cut along a polygon; with this many corners it leaves the curve by less than 0.1 %.
_ELLIPSE_CORNERS = 72

# JSON's numbers may be larger than floats can be, and products with a page's size must stay finite.
_LARGEST = 1e15

# Brush strokes are stored as RGBA, run-length encoded; the alpha channel is the stroke.
_BRUSH_CHANNELS = 4
_MOST_BRUSH_PIXELS = 100_000_000


@dataclass(frozen=True, slots=True)
class Region:
    """One drawn shape: all results that share its id.

    Attributes:
        id: Label Studio's id of the region.
        results: as they came, the one with the shape first.
        shape: one of :data:`SHAPES`, or what the result calls itself when it is none of them.
        labels: of all its results, in order.
        is_drawn: whether its results came in the order of a region that was drawn by hand: the shape itself, then the
            rest. One out of an answer or a prediction can come back without the shape, or with the text first.
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
        """Name of the Image tag that the region lies on."""
        return str(self.geometry.get("to_name", ""))

    @property
    def control(self) -> str:
        """Name of the tag that it was drawn with."""
        return str(self.geometry.get("from_name", ""))

    @property
    def page_index(self) -> int:
        """Which page of a ``valueList`` it lies on; 0 for a single image."""
        index = self.geometry.get("item_index", 0)
        return index if isinstance(index, int) and 0 <= index < _LARGEST else 0

    @property
    def upright(self) -> int:
        """0, 90, 180 or 270: by how many degrees clockwise the annotator turned the page to see it upright."""
        turn = self.geometry.get("image_rotation") or 0
        if isinstance(turn, int | float) and abs(turn) < _LARGEST and turn % 90 == 0:
            return int(turn) % 360
        return 0

    def has_text(self, text_area: str | None) -> bool:
        """Whether the TextArea (or, without a name, any) holds text for this region already."""
        return any(_written(result) for result in self._texts(text_area))

    def is_emptied(self, text_area: str | None) -> bool:
        """Whether somebody put a text into the TextArea of this drawn region, and took it out again."""
        origin = self.geometry.get("origin", "manual")
        return self.is_drawn and origin == "manual" and not self.has_text(text_area) and any(self._texts(text_area))

    def reading(self, text_area: str | None) -> Mapping[str, Any] | None:
        """The suggestion that the TextArea's text was made from, when the text is still exactly as it was read."""
        for result in self._texts(text_area):
            suggestion = suggestion_of(result)
            if suggestion is not None and _lines(result) == [suggestion.get("text")]:
                return suggestion
        return None

    def suggestion(self, text_area: str | None) -> Mapping[str, Any] | None:
        """The suggestion that the TextArea's text was made from, whatever the text is now."""
        return next((found for result in self._texts(text_area) if (found := suggestion_of(result))), None)

    def _texts(self, text_area: str | None) -> Iterator[Result]:
        for result in self.results:
            if _is_text(result) and (text_area is None or result.get("from_name") == text_area):
                yield result


def regions_of(results: object) -> list[Region]:
    """Sort a context's results into regions, in the order in which the regions first appear.

    Args:
        results: ``params.context.result`` of a request. Results without a shape (a comment on the page, a choice, a
            relation) belong to no region and are passed over.

    Raises:
        MalformedRequest: it is not a list of objects.
    """
    if not isinstance(results, list) or not all(isinstance(result, dict) for result in results):
        raise MalformedRequest("The request's context.result is not a list of results.")
    by_id: dict[str, list[Result]] = {}
    for result in results:
        if result.get("id") is not None and isinstance(result.get("value"), dict):
            by_id.setdefault(str(result["id"]), []).append(result)
    return [region for identity, group in by_id.items() if (region := _region(identity, group)) is not None]


def area_of(region: Region, page_width: int, page_height: int) -> Area:
    """Where a region lies, in pixels of its page.

    Args:
        region: any shape but a keypoint.
        page_width: of the upright page, px.
        page_height: of the upright page, px.

    Raises:
        RegionError: the shape is unknown, or its numbers are missing, not finite or negative.
    """
    value = region.geometry["value"]
    upright = region.upright
    if region.shape == "rectangle":
        x, y, width, height = _numbers(value, "x", "y", "width", "height")
        (rotation,) = _numbers({"rotation": value.get("rotation") or 0}, "rotation")
        return _area(
            x * page_width / 100, y * page_height / 100, width * page_width / 100, height * page_height / 100,
            rotation=rotation, upright=upright,
        )  # fmt: skip
    if region.shape == "ellipse":
        return _ellipse(value, page_width, page_height, upright)
    if region.shape == "polygon":
        return _polygon(value, page_width, page_height, upright)
    if region.shape == "brush":
        return _brush(region.geometry, page_width, page_height, upright)
    raise RegionError(f"A region of the kind {region.shape[:40]} has no area that can be read.")


def point_of(region: Region, page_width: int, page_height: int) -> tuple[float, float]:
    """Where a keypoint was set, in pixels of its page.

    Raises:
        RegionError: its numbers are missing or not finite.
    """
    x, y = _numbers(region.geometry["value"], "x", "y")
    return x * page_width / 100, y * page_height / 100


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
    """How well a result serves as its region's geometry: 0 by its type, 1 by its numbers only, None not at all.

    After acceptance a Labels + Rectangle region can come back with its ``labels`` result only, which repeats the
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


def _written(result: Result) -> bool:
    return any(isinstance(line, str) and line.strip() for line in _lines(result))


def _lines(result: Result) -> list[Any]:
    text = result["value"].get("text")
    return text if isinstance(text, list) else [text]


def _numbers(value: Mapping[str, Any], *names: str) -> list[float]:
    numbers = []
    for name in names:
        number = value.get(name)
        if isinstance(number, bool) or not isinstance(number, int | float) or not abs(number) < _LARGEST:
            raise RegionError("This shape's coordinates are not numbers.", "Delete the region and draw it again.")
        numbers.append(float(number))
    return numbers


def _area(x: float, y: float, width: float, height: float, **more: Any) -> Area:
    if width < 0 or height < 0:
        raise RegionError("This box has a negative size.", "Delete the region and draw it again.")
    return Area(x, y, width, height, **more)


def _ellipse(value: Mapping[str, Any], page_width: int, page_height: int, upright: int) -> Area:
    x, y, radius_x, radius_y = _numbers(value, "x", "y", "radiusX", "radiusY")
    (rotation,) = _numbers({"rotation": value.get("rotation") or 0}, "rotation")
    centre_x, centre_y = x * page_width / 100, y * page_height / 100
    across, down = radius_x * page_width / 100, radius_y * page_height / 100
    cosine, sine = math.cos(math.radians(rotation)), math.sin(math.radians(rotation))

    def turned(dx: float, dy: float) -> tuple[float, float]:
        return centre_x + dx * cosine - dy * sine, centre_y + dx * sine + dy * cosine

    # An ellipse turns about its centre, an Area about its corner: so the corner is turned first.
    left, top = turned(-across, -down)
    angles = [2 * math.pi * step / _ELLIPSE_CORNERS for step in range(_ELLIPSE_CORNERS)]
    outline = tuple(turned(across * math.cos(angle), down * math.sin(angle)) for angle in angles)
    return _area(left, top, 2 * across, 2 * down, rotation=rotation, upright=upright, outline=(outline,))


def _polygon(value: Mapping[str, Any], page_width: int, page_height: int, upright: int) -> Area:
    points = value.get("points")
    if not isinstance(points, list) or len(points) < 3:  # noqa: PLR2004 - two points enclose nothing
        raise RegionError("This polygon has fewer than three points.", "Close the polygon around the text.")
    outline = []
    for point in points:
        if not isinstance(point, list | tuple) or len(point) != 2:  # noqa: PLR2004 - x and y
            raise RegionError("This polygon's points are not pairs of numbers.", "Delete the region and draw it again.")
        x, y = _numbers({"x": point[0], "y": point[1]}, "x", "y")
        outline.append((x * page_width / 100, y * page_height / 100))
    across, down = [x for x, _ in outline], [y for _, y in outline]
    return _area(
        min(across), min(down), max(across) - min(across), max(down) - min(down),
        upright=upright, outline=(tuple(outline),),
    )  # fmt: skip


def _brush(result: Result, page_width: int, page_height: int, upright: int) -> Area:
    mask = _brush_mask(result)
    if not mask.any():
        raise RegionError("This brush region is empty.", "Paint over the text.")
    if mask.shape != (page_height, page_width):
        rows = np.arange(page_height) * mask.shape[0] // page_height
        columns = np.arange(page_width) * mask.shape[1] // page_width
        mask = mask[rows][:, columns]
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    left, top = float(columns[0]), float(rows[0])
    return _area(left, top, columns[-1] + 1 - left, rows[-1] + 1 - top, upright=upright, mask=mask)


def _brush_mask(result: Result) -> np.ndarray[Any, np.dtype[np.bool_]]:
    width, height = result.get("original_width"), result.get("original_height")
    packed = result["value"].get("rle")
    broken = RegionError("This brush region's strokes cannot be decoded.", "Delete the region and paint it again.")
    if not (isinstance(width, int) and isinstance(height, int) and isinstance(packed, list)):
        raise broken
    if min(width, height) < 1 or width * height > _MOST_BRUSH_PIXELS:
        raise broken
    try:
        coded = bytes(packed)
        # The decoder allocates what the first four bytes ask for, so they are compared with the page beforehand.
        if int.from_bytes(coded[:4], "big") != width * height * _BRUSH_CHANNELS:
            raise broken
        pixels = brush_decoder()(coded)
    except (ValueError, TypeError, IndexError):
        raise broken from None
    alpha: np.ndarray[Any, np.dtype[np.bool_]] = pixels.reshape(height, width, _BRUSH_CHANNELS)[:, :, 3] > 0
    return alpha
