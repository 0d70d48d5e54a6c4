"""The shape of a region on its page.

Label Studio's coordinates are in percent of the page as its EXIF orientation shows it, before the annotator's own
rotation (``image_rotation``). They become an :class:`~boxocr.geometry.Area` in page pixels. No I/O.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from boxocr.errors import RegionError
from boxocr.geometry import Area
from boxocr.labeling.marks import Result
from boxocr.labeling.regions import LARGEST_NUMBER, Region
from boxocr.labeling.sdk import brush_decoder

# The outline of an ellipse becomes a polygon; with this many corners it deviates by less than 0.1 %.
_ELLIPSE_CORNERS = 72

# Brush strokes are stored as RGBA, run-length encoded; the alpha channel is the stroke.
_BRUSH_CHANNELS = 4
_MAX_BRUSH_PIXELS = 100_000_000


def area_of(region: Region, page_width: int, page_height: int) -> Area:
    """The area of a region, in pixels of its page.

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
    """The position of a keypoint, in pixels of its page.

    Raises:
        RegionError: its numbers are missing or not finite.
    """
    x, y = _numbers(region.geometry["value"], "x", "y")
    return x * page_width / 100, y * page_height / 100


def _numbers(value: Mapping[str, Any], *names: str) -> list[float]:
    numbers = []
    for name in names:
        number = value.get(name)
        if isinstance(number, bool) or not isinstance(number, int | float) or not abs(number) < LARGEST_NUMBER:
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

    def rotated(dx: float, dy: float) -> tuple[float, float]:
        return centre_x + dx * cosine - dy * sine, centre_y + dx * sine + dy * cosine

    # An ellipse is rotated about its centre, but an Area about its corner, so the Area needs the corner after rotation.
    left, top = rotated(-across, -down)
    angles = [2 * math.pi * step / _ELLIPSE_CORNERS for step in range(_ELLIPSE_CORNERS)]
    outline = tuple(rotated(across * math.cos(angle), down * math.sin(angle)) for angle in angles)
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
    if min(width, height) < 1 or width * height > _MAX_BRUSH_PIXELS:
        raise broken
    try:
        coded = bytes(packed)
        # The decoder allocates as many bytes as the first four bytes say, so their value is checked against the page.
        if int.from_bytes(coded[:4], "big") != width * height * _BRUSH_CHANNELS:
            raise broken
        pixels = brush_decoder()(coded)
    except (ValueError, TypeError, IndexError):
        raise broken from None
    alpha: np.ndarray[Any, np.dtype[np.bool_]] = pixels.reshape(height, width, _BRUSH_CHANNELS)[:, :, 3] > 0
    return alpha
