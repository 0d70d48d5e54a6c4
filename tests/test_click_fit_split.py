"""One click boxes what lies under it, a drawn box hugs its text, or becomes a region for each line or word."""

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from boxocr.reading.types import Pixels
from tests.backend import Backend, one_reader, running
from tests.payloads import notes, texts
from tests.reading import drawn

LINES = (
    "The first line of the letter is here",
    "and this is the second of them",
    "which a third one comes after",
    "before the fourth can be read",
    "and the fifth is the end of it",
)
SIZE = (1000, 800)
LEFT, FIRST, STEP, HEIGHT = 150, 200, 58, 36

CONFIG = (
    '<View><Image name="image" value="$ocr"/>'
    '<KeyPointLabels name="point" toName="image" smart="true" {click}><Label value="Line"/></KeyPointLabels>'
    '<RectangleLabels name="box" toName="image" smart="true" {box}><Label value="Other"/><Label value="Line"/>'
    '</RectangleLabels><TextArea name="text" toName="image" perRegion="true"/></View>'
)


def letter() -> Pixels:
    """A page with five lines, close together as in a letter."""
    pixels = np.full((SIZE[1], SIZE[0], 3), 250, np.uint8)
    for number, line in enumerate(LINES):
        crop = drawn.text(line, pad=0, size=HEIGHT)
        top = FIRST + number * STEP
        pixels[top : top + crop.shape[0], LEFT : LEFT + crop.shape[1]] = crop
    return pixels


def address(pixels: Pixels) -> str:
    written = io.BytesIO()
    Image.fromarray(pixels).save(written, "PNG")
    return "data:image/png;base64," + base64.b64encode(written.getvalue()).decode()


def ask(backend: Backend, url: str, config: str, *results: dict[str, Any]) -> list[dict[str, Any]]:
    body = {
        "tasks": [{"id": 1, "data": {"ocr": url}}],
        "label_config": config,
        "params": {"context": {"result": list(results)}},
    }
    answer: list[dict[str, Any]] = backend.predict(body)[0]["result"]
    return answer


def keypoint(x: float, y: float, identity: str = "k1", image_rotation: int = 0) -> dict[str, Any]:
    value = {"x": x * 100 / SIZE[0], "y": y * 100 / SIZE[1], "width": 0.2, "keypointlabels": ["Line"]}
    return _result(identity, "point", "keypointlabels", value, image_rotation)


def box(x: float, y: float, width: float, height: float, rotation: float = 0) -> dict[str, Any]:
    value = {
        "x": x * 100 / SIZE[0], "y": y * 100 / SIZE[1],
        "width": width * 100 / SIZE[0], "height": height * 100 / SIZE[1],
        "rotation": rotation, "rectanglelabels": ["Line"],
    }  # fmt: skip
    return _result("b1", "box", "rectanglelabels", value, 0)


def _result(identity: str, control: str, kind: str, value: dict[str, Any], image_rotation: int) -> dict[str, Any]:
    return {
        "id": identity, "from_name": control, "to_name": "image", "type": kind, "value": value,
        "original_width": SIZE[0], "original_height": SIZE[1], "image_rotation": image_rotation,
    }  # fmt: skip


def rectangles(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [result for result in results if result["type"] == "rectanglelabels"]


def in_pixels(result: dict[str, Any]) -> tuple[float, float, float, float]:
    value = result["value"]
    return (
        value["x"] * SIZE[0] / 100, value["y"] * SIZE[1] / 100,
        value["width"] * SIZE[0] / 100, value["height"] * SIZE[1] / 100,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("click", "text", "width"),
    [("", LINES[1], 520), ('model_click="line"', LINES[1], 520), ('model_click="word"', "second", 125)],
)
def test_a_click_gives_the_word_or_line_under_it(backend: Backend, click: str, text: str, width: float) -> None:
    # On the word "second".
    second = LEFT + drawn.text("and this is the sec", pad=0, size=HEIGHT).shape[1]
    point = keypoint(second, FIRST + STEP + 15)
    results = ask(backend, address(letter()), CONFIG.format(click=click, box=""), point)

    assert list(texts(results).values()) == [text]
    (rectangle,) = rectangles(results)
    assert rectangle["value"]["rectanglelabels"] == ["Line"]
    assert rectangle["id"] != "k1"
    left, top, across, down = in_pixels(rectangle)
    assert left <= second <= left + across
    assert across == pytest.approx(width, abs=30)
    assert FIRST + STEP - 12 <= top <= FIRST + STEP + 4
    assert HEIGHT - 8 <= down <= HEIGHT + 20


def test_a_click_can_box_the_whole_block(backend: Backend) -> None:
    point = keypoint(LEFT + 60, FIRST + STEP + 15)
    results = ask(backend, address(letter()), CONFIG.format(click='model_click="block"', box=""), point)
    assert list(texts(results).values()) == ["\n".join(LINES)]
    (rectangle,) = rectangles(results)
    assert in_pixels(rectangle)[3] == pytest.approx(4 * STEP + HEIGHT, abs=30)


def test_two_quick_clicks_are_both_answered(backend: Backend) -> None:
    points = keypoint(LEFT + 60, FIRST + 15, "k1"), keypoint(LEFT + 60, FIRST + 3 * STEP + 15, "k2")
    results = ask(backend, address(letter()), CONFIG.format(click="", box=""), *points)
    assert list(texts(results).values()) == [LINES[0], LINES[3]]
    assert len({result["id"] for result in results} - {"k1", "k2"}) == 2


def test_labels_beside_a_click_that_belong_to_no_tag_are_passed_over(backend: Backend) -> None:
    point = keypoint(LEFT + 60, FIRST + 15)
    nobodys = {"id": "k1", "to_name": "image", "type": "labels", "value": point["value"] | {"labels": ["Line"]}}
    results = ask(backend, address(letter()), CONFIG.format(click="", box=""), point, nobodys)
    assert notes(results) == []
    assert [result["type"] for result in results] == ["rectanglelabels", "textarea"]
    assert list(texts(results).values()) == [LINES[0]]


def test_a_click_on_nothing_says_so(backend: Backend) -> None:
    results = ask(backend, address(letter()), CONFIG.format(click="", box=""), keypoint(800, 700))
    assert [result["id"] for result in results] == ["k1"]
    assert notes(results) == ["BoxOCR: No text found. Click on the middle of a word, or draw a box around the text."]


def test_a_click_on_a_page_that_lies_on_its_side_gives_a_turned_box(backend: Backend) -> None:
    sideways = np.rot90(letter()).copy()
    x, y = FIRST + STEP + 15, SIZE[0] - (LEFT + 60)
    value = {"x": x * 100 / SIZE[1], "y": y * 100 / SIZE[0], "width": 0.2, "keypointlabels": ["Line"]}
    for image_rotation, rotation in ((0, 270), (90, 0)):
        point = _result("k1", "point", "keypointlabels", value, image_rotation)
        results = ask(backend, address(sideways), CONFIG.format(click="", box=""), point)
        assert list(texts(results).values()) == [LINES[1]]
        (rectangle,) = rectangles(results)
        assert rectangle["value"]["rotation"] == rotation
        assert rectangle["image_rotation"] == image_rotation
        # Drawn anew by hand, the same box gives the same text.
        again = ask(backend, address(sideways), CONFIG.format(click="", box=""), rectangle)
        assert list(texts(again).values()) == [LINES[1]]


def test_a_box_that_fits_hugs_its_text(backend: Backend) -> None:
    config = CONFIG.format(click="", box='model_fit="text"')
    line = drawn.text(LINES[0], pad=0, size=HEIGHT)
    results = ask(backend, address(letter()), config, box(LEFT - 70, FIRST - 18, 900, line.shape[0] + 30))

    assert texts(results) == {"b1": LINES[0]}
    (rectangle,) = rectangles(results)
    left, top, width, height = in_pixels(rectangle)
    assert left == pytest.approx(LEFT, abs=8)
    assert top == pytest.approx(FIRST, abs=8)
    assert width == pytest.approx(line.shape[1], abs=14)
    assert height == pytest.approx(line.shape[0], abs=14)
    assert left < LEFT < LEFT + line.shape[1] < left + width
    text = next(result for result in results if result["type"] == "textarea")
    assert {name: text["value"][name] for name in ("x", "y", "width", "height")} == {
        name: rectangle["value"][name] for name in ("x", "y", "width", "height")
    }


def test_a_turned_box_fits_along_its_own_axes(backend: Backend) -> None:
    image = Image.fromarray(letter()).rotate(-20, Image.Resampling.BICUBIC, center=(LEFT, FIRST), fillcolor=(250,) * 3)
    line = drawn.text(LINES[0], pad=0, size=HEIGHT)
    cosine, sine = np.cos(np.radians(20)), np.sin(np.radians(20))
    x, y = LEFT - 40 * cosine + 12 * sine, FIRST - 40 * sine - 12 * cosine
    drawn_box = box(x, y, 800, line.shape[0] + 22, rotation=20)
    results = ask(backend, address(np.asarray(image)), CONFIG.format(click="", box='model_fit="text"'), drawn_box)

    assert texts(results) == {"b1": LINES[0]}
    (rectangle,) = rectangles(results)
    assert rectangle["value"]["rotation"] == pytest.approx(20)
    left, top, width, height = in_pixels(rectangle)
    assert np.hypot(left - LEFT, top - FIRST) < 14
    assert width == pytest.approx(line.shape[1], abs=16)
    assert height == pytest.approx(line.shape[0], abs=16)


def test_without_being_asked_a_box_stays_as_it_was_drawn(backend: Backend) -> None:
    one = box(LEFT - 70, FIRST - 18, 900, 66)
    results = ask(backend, address(letter()), CONFIG.format(click="", box=""), one)
    assert rectangles(results)[0]["value"] == one["value"]


def test_a_box_over_five_lines_becomes_five_regions(backend: Backend) -> None:
    config = CONFIG.format(click="", box='model_split="lines"')
    results = ask(backend, address(letter()), config, box(LEFT - 20, FIRST - 20, 800, 5 * STEP + 20))

    assert list(texts(results).values()) == list(LINES)
    found = rectangles(results)
    assert "b1" not in {result["id"] for result in results}
    assert len({result["id"] for result in results}) == 5
    for number, rectangle in enumerate(found):
        left, top, width, height = in_pixels(rectangle)
        line = drawn.text(LINES[number], pad=0, size=HEIGHT)
        assert left == pytest.approx(LEFT, abs=11)
        assert top == pytest.approx(FIRST + number * STEP, abs=11)
        assert width == pytest.approx(line.shape[1], abs=14)
        assert height == pytest.approx(line.shape[0], abs=14)
        assert rectangle["value"]["rectanglelabels"] == ["Line"]
        assert 0.5 < rectangle["score"] <= 1


def test_a_box_can_become_a_region_for_each_word(backend: Backend) -> None:
    config = CONFIG.format(click="", box='model_split="words"')
    results = ask(backend, address(letter()), config, box(LEFT - 20, FIRST - 20, 800, 2 * STEP + 10))
    assert list(texts(results).values()) == f"{LINES[0]} {LINES[1]}".split()


def test_a_box_over_one_line_keeps_its_id(backend: Backend) -> None:
    config = CONFIG.format(click="", box='model_split="lines"')
    results = ask(backend, address(letter()), config, box(LEFT - 20, FIRST - 12, 800, STEP))
    assert texts(results) == {"b1": LINES[0]}


def test_a_value_that_means_nothing_is_said_on_the_region(backend: Backend) -> None:
    results = ask(
        backend, address(letter()), CONFIG.format(click="", box='model_split="letters"'), box(LEFT, FIRST, 500, 40)
    )
    assert notes(results) == [
        'BoxOCR: model_split="letters" is not a valid value. Use lines or words, or leave it out.'
    ]


def test_each_line_of_a_split_box_is_read_again_and_the_surer_reading_wins(tmp_path: Path, page_server: str) -> None:
    config = CONFIG.format(click="", box='model_split="lines"')
    with running(tmp_path, one_reader(page_server, "tests.engines:SurerEachTime")) as server:
        results = ask(server, address(letter()), config, box(LEFT - 20, FIRST - 20, 800, 5 * STEP + 20))
        plain = CONFIG.format(click="", box="")
        following = ask(server, address(letter()), plain, box(LEFT - 20, FIRST - 12, 800, STEP))

    # Those before the last five are of the box as a whole.
    (end,) = (int(text.removeprefix("reading ")) for text in texts(following).values())
    assert sorted(texts(results).values()) == sorted(f"reading {number}" for number in range(end - 5, end))


def test_a_click_in_a_table_gives_the_cell(backend: Backend) -> None:
    pixels = np.full((SIZE[1], SIZE[0], 3), 252, np.uint8)
    for number, cell in enumerate(("Paper, A4", "12 boxes", "Ink, black", "3 bottles", "Envelopes", "40 packs")):
        crop = drawn.text(cell, pad=0)
        top, left = 200 + number // 2 * 90, (80, 600)[number % 2]
        pixels[top : top + crop.shape[0], left : left + crop.shape[1]] = crop

    results = ask(backend, address(pixels), CONFIG.format(click="", box=""), keypoint(630, 200 + 90 + 15))

    assert list(texts(results).values()) == ["3 bottles"]
