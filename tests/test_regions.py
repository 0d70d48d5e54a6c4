"""Region results become areas in page pixels."""

import math
from typing import Any

import numpy as np
import pytest

from boxocr.errors import MalformedRequest, RegionError
from boxocr.labeling.regions import Region, regions_of
from boxocr.labeling.shapes import area_of, point_of

WIDTH, HEIGHT = 800, 600


def result(kind: str, value: dict[str, Any], **more: Any) -> dict[str, Any]:
    base = {"id": "r", "type": kind, "from_name": "box", "to_name": "image", "value": value}
    return base | {"original_width": WIDTH, "original_height": HEIGHT, "image_rotation": 0} | more


def rectangle(**value: Any) -> dict[str, Any]:
    return result("rectangle", {"x": 10, "y": 20, "width": 30, "height": 5, "rotation": 0} | value)


def region(*results: dict[str, Any]) -> Region:
    (found,) = regions_of(list(results))
    return found


def test_percent_become_pixels_of_the_page() -> None:
    area = area_of(region(rectangle(rotation=12.5)), WIDTH, HEIGHT)

    assert (area.x, area.y, area.width, area.height) == (80, 120, 240, 30)
    assert (area.rotation, area.upright, area.outline, area.mask) == (12.5, 0, (), None)


@pytest.mark.parametrize(
    ("turn", "upright"), [(0, 0), (90, 90), (180, 180), (270, 270), (-90, 270), (450, 90), (None, 0)]
)
def test_the_annotators_turn_of_the_page_is_the_turn_of_the_crop(turn: int | None, upright: int) -> None:
    assert area_of(region(rectangle() | {"image_rotation": turn}), WIDTH, HEIGHT).upright == upright


def test_an_ellipse_is_cut_along_its_own_axes_and_read_inside_its_outline() -> None:
    ellipse = result("ellipse", {"x": 50, "y": 50, "radiusX": 10, "radiusY": 5, "rotation": 90})

    area = area_of(region(ellipse), WIDTH, HEIGHT)

    # Turned by a right angle about its centre (400, 300), the half axis of 80 px points down.
    assert (area.x, area.y) == pytest.approx((430, 220))
    assert (area.width, area.height, area.rotation) == (160, 60, 90)
    (outline,) = area.outline
    assert min(x for x, _ in outline) == pytest.approx(370)
    assert max(y for _, y in outline) == pytest.approx(380)


def test_a_polygon_is_cut_at_its_bounds_and_read_inside_its_outline() -> None:
    polygon = result("polygonlabels", {"points": [[10, 10], [30, 10], [20, 40]], "closed": True})

    area = area_of(region(polygon), WIDTH, HEIGHT)

    assert (area.x, area.y, area.width, area.height) == (80, 60, 160, 180)
    assert area.outline == (((80, 60), (240, 60), (160, 240)),)


def strokes() -> dict[str, Any]:
    """All pixels but the first of a page of 4 by 2."""
    # Written bit by bit: RGBA, 8-bit words, run lengths of up to 6 bits.
    bits = f"{32:032b}" + f"{7:05b}" + "0101" * 4
    bits += "1" + "00" + f"{3:06b}" + f"{0:08b}" + "1" + "00" + f"{27:06b}" + f"{255:08b}"
    bits = bits.ljust(-(-len(bits) // 8) * 8, "0")
    return {"format": "rle", "rle": [int(bits[at : at + 8], 2) for at in range(0, len(bits), 8)]}


def test_brush_strokes_become_a_mask() -> None:
    brush = result("brushlabels", strokes(), original_width=4, original_height=2)

    area = area_of(region(brush), 4, 2)

    assert (area.x, area.y, area.width, area.height) == (0, 0, 4, 2)
    assert area.mask is not None
    assert np.array_equal(area.mask, [[False, True, True, True], [True, True, True, True]])


@pytest.mark.parametrize(
    "broken",
    [
        rectangle(width=math.nan),
        rectangle(x=math.inf),
        rectangle(y=None),
        rectangle(height="7"),
        rectangle(width=-3),
        rectangle(rotation=math.nan),
        result("ellipse", {"x": 1, "y": 1, "radiusX": None, "radiusY": 2}),
        result("polygon", {"points": [[1, 1], [2, 2]]}),
        result("polygon", {"points": [[1, 1], [2, 2], [3]]}),
        result("polygon", {"points": [[1, 1], [2, 2], [3, math.nan]]}),
        result("polygon", {"points": "none"}),
        result("brush", {"format": "rle", "rle": [255, 255, 255, 255, 0]}),
        result("brush", {"format": "rle", "rle": [0, 29, 76, 0]}),
        result("brush", {"format": "rle", "rle": "AAAA"}),
        result("brush", strokes(), original_width=-4, original_height=-2),
        result("bitmask", {"imageDataURL": "data:,"}),
    ],
)
def test_a_shape_that_cannot_be_read_is_one_sentence(broken: dict[str, Any]) -> None:
    with pytest.raises(RegionError) as caught:
        area_of(region(broken), WIDTH, HEIGHT)

    assert caught.value.message.endswith(".")
    assert caught.value.message.count(". ") == 0


def test_the_result_with_the_shape_comes_first_and_all_labels_are_known() -> None:
    text = result("textarea", {"x": 10, "y": 20, "width": 30, "height": 5, "text": [""]}, from_name="text")
    labels = result("labels", {"x": 10, "y": 20, "width": 30, "height": 5, "labels": ["Word"]}, from_name="label")

    found = region(text, labels, rectangle())

    assert [each["type"] for each in found.results] == ["rectangle", "textarea", "labels"]
    assert (found.shape, found.labels, found.control) == ("rectangle", ("Word",), "box")


def test_a_region_that_came_back_without_its_rectangle_is_still_a_rectangle() -> None:
    labels = result("labels", {"x": 10, "y": 20, "width": 30, "height": 5, "labels": ["Word"]}, from_name="label")

    assert region(labels).shape == "rectangle"


@pytest.mark.parametrize(
    ("text", "done"), [(["Total"], True), ("Total", True), ([""], False), ([" "], False), ([], False), (None, False)]
)
def test_only_text_that_says_something_counts_as_text(text: object, done: bool) -> None:
    written = result("textarea", {"x": 1, "y": 1, "width": 1, "height": 1, "text": text}, from_name="text")

    found = region(rectangle(), written)

    assert found.has_text("text") is done
    assert found.has_text("comment") is False
    assert found.has_text(None) is done


def test_results_without_a_shape_belong_to_no_region() -> None:
    comment = {"id": "c", "type": "textarea", "from_name": "comment", "to_name": "image", "value": {"text": ["ok"]}}
    choice = {"id": "d", "type": "choices", "from_name": "kind", "to_name": "image", "value": {"choices": ["x"]}}
    relation = {"type": "relation", "from_id": "a", "to_id": "b", "direction": "right"}

    assert regions_of([comment, choice, relation]) == []


@pytest.mark.parametrize("results", [None, "x", {"a": 1}, [1], [None]])
def test_results_that_are_none_are_a_malformed_request(results: object) -> None:
    with pytest.raises(MalformedRequest):
        regions_of(results)


def test_a_point_lies_in_pixels_of_the_page() -> None:
    keypoint = result("keypointlabels", {"x": 25, "y": 50, "width": 0.2, "keypointlabels": ["Text"]})

    assert point_of(region(keypoint), WIDTH, HEIGHT) == (200, 300)
