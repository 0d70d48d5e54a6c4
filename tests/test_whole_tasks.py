"""Tasks without context: read as a whole where the labeling config asks for it."""

import base64
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from boxocr.reading.types import Pixels
from tests.backend import Backend, one_reader, running
from tests.payloads import texts
from tests.reading import drawn

LINES = ("Invoice 2026 for the harbour office", "Berlin and Hamburg, 24 March", "Total amount due: 678.90 EUR")
SIZE = (1000, 800)
LEFT, FIRST, STEP = 120, 140, 160

TEXT_AREA = '<TextArea name="text" toName="image" perRegion="true" {asked}/>'
RECTANGLES = (
    '<View><Image name="image" value="$ocr"/><RectangleLabels name="box" toName="image">'
    '<Label value="Heading"/><Label value="Text"/></RectangleLabels>' + TEXT_AREA + "</View>"
)


def page(*lines: str, turned: int = 0) -> str:
    """A page with the lines far apart, as the address of a task."""
    pixels = np.full((SIZE[1], SIZE[0], 3), 252, np.uint8)
    for number, line in enumerate(lines):
        crop = drawn.text(line, pad=0)
        top = FIRST + number * STEP
        pixels[top : top + crop.shape[0], LEFT : LEFT + crop.shape[1]] = crop
    return address(np.rot90(pixels, turned))


def address(pixels: Pixels) -> str:
    written = io.BytesIO()
    Image.fromarray(pixels).save(written, "PNG")
    return "data:image/png;base64," + base64.b64encode(written.getvalue()).decode()


def ask(backend: Backend, config: str, *tasks: Any) -> list[Any]:
    body = {
        "tasks": [{"id": number + 1, "data": {"ocr": task}} for number, task in enumerate(tasks)],
        "label_config": config,
        "params": {"context": None},
    }
    return backend.predict(body)


def shapes(prediction: dict[str, Any]) -> list[dict[str, Any]]:
    return [result for result in prediction["result"] if result["type"] not in ("textarea", "labels")]


def written(prediction: dict[str, Any]) -> list[str]:
    return list(texts(prediction["result"]).values())


def test_each_line_becomes_a_region_with_its_text_in_reading_order(backend: Backend) -> None:
    (prediction,) = ask(backend, RECTANGLES.format(asked='model_preannotate="lines"'), page(*LINES))

    assert written(prediction) == list(LINES)
    assert prediction["model_version"] == "boxocr-0.1.0"
    boxes = shapes(prediction)
    assert prediction["score"] == pytest.approx(sum(box["score"] for box in boxes) / 3, abs=1e-3)
    for number, box in enumerate(boxes):
        assert (box["type"], box["from_name"], box["to_name"]) == ("rectanglelabels", "box", "image")
        assert (box["original_width"], box["original_height"], box["image_rotation"]) == (*SIZE, 0)
        value = box["value"]
        assert value["rectanglelabels"] == ["Heading"]
        assert value["rotation"] == 0
        assert value["x"] * 10 == pytest.approx(LEFT, abs=4)
        top = FIRST + number * STEP
        assert top - 4 <= value["y"] * 8 <= top + 12
        assert top + 20 <= (value["y"] + value["height"]) * 8 <= top + 50
        text = next(
            result for result in prediction["result"] if result["type"] == "textarea" and result["id"] == box["id"]
        )
        assert {name: text["value"][name] for name in ("x", "y", "width", "height", "rotation")} == {
            name: value[name] for name in ("x", "y", "width", "height", "rotation")
        }


def test_words_and_blocks(backend: Backend) -> None:
    (words,) = ask(backend, RECTANGLES.format(asked='model_preannotate="words"'), page(*LINES))
    assert written(words) == " ".join(LINES).split()
    (blocks,) = ask(backend, RECTANGLES.format(asked='model_preannotate="blocks"'), page(*LINES))
    assert "\n".join(written(blocks)) == "\n".join(LINES)
    assert len(written(blocks)) <= 3


def test_the_label_is_the_one_that_the_config_names(backend: Backend) -> None:
    config = RECTANGLES.format(asked='model_preannotate="lines" model_label="Text"')
    (prediction,) = ask(backend, config, page(LINES[0]))
    assert shapes(prediction)[0]["value"]["rectanglelabels"] == ["Text"]


def test_labels_beside_rectangles_get_a_result_of_their_own(backend: Backend) -> None:
    config = (
        '<View><Image name="image" value="$ocr"/><Labels name="kind" toName="image"><Label value="Line"/></Labels>'
        '<Rectangle name="box" toName="image" model_preannotate="lines"/>' + TEXT_AREA.format(asked="") + "</View>"
    )
    (prediction,) = ask(backend, config, page(LINES[0]))

    kinds = [result["type"] for result in prediction["result"]]
    assert kinds == ["rectangle", "labels", "textarea"]
    box, label, _ = prediction["result"]
    assert label["value"] == {**box["value"], "labels": ["Line"]}
    assert label["id"] == box["id"]


def test_polygons_have_the_lines_corners(backend: Backend) -> None:
    config = (
        '<View><Image name="image" value="$ocr"/><PolygonLabels name="shape" toName="image"><Label value="Line"/>'
        "</PolygonLabels>" + TEXT_AREA.format(asked='model_preannotate="lines"') + "</View>"
    )
    (prediction,) = ask(backend, config, page(LINES[0]))
    (polygon,) = shapes(prediction)
    assert polygon["type"] == "polygonlabels"
    assert polygon["value"]["polygonlabels"] == ["Line"]
    points = polygon["value"]["points"]
    assert len(points) == 4
    assert points[0][0] * 10 == pytest.approx(LEFT, abs=4)
    assert FIRST - 4 <= points[0][1] * 8 <= FIRST + 12
    assert points[0][1] == points[1][1] < points[2][1] == points[3][1]


def test_a_page_on_its_side_gives_turned_rectangles(backend: Backend) -> None:
    # Turned a quarter counterclockwise: text runs upwards.
    (prediction,) = ask(backend, RECTANGLES.format(asked='model_preannotate="lines"'), page(*LINES, turned=1))
    assert written(prediction) == list(LINES)
    for number, box in enumerate(shapes(prediction)):
        assert box["value"]["rotation"] == 270
        top = FIRST + number * STEP
        assert top - 4 <= box["value"]["x"] * 8 <= top + 12
        assert box["value"]["y"] * 10 == pytest.approx(SIZE[0] - LEFT, abs=4)
        assert box["value"]["width"] > box["value"]["height"]


def test_what_is_too_unsure_is_left_out(backend: Backend) -> None:
    config = RECTANGLES.format(asked='model_preannotate="lines" model_min_confidence="1"')
    (prediction,) = ask(backend, config, page(LINES[0]))
    assert prediction["result"] == []


def test_pages_of_a_list_say_which_one_they_lie_on_and_a_broken_one_costs_only_itself(backend: Backend) -> None:
    config = RECTANGLES.format(asked='model_preannotate="lines"').replace('value="$ocr"', 'valueList="$ocr"')
    pages = [page(LINES[0]), "data:image/png;base64,AAAA", page(LINES[2])]
    (prediction,) = ask(backend, config, pages)
    found = {
        result["item_index"]: result["value"]["text"][0]
        for result in prediction["result"]
        if result["type"] == "textarea"
    }
    assert found == {0: LINES[0], 2: LINES[2]}


def test_one_answer_for_each_task_whatever_happens_to_it(backend: Backend) -> None:
    config = RECTANGLES.format(asked='model_preannotate="lines"')
    answers = ask(backend, config, page(LINES[0]), "data:image/png;base64,AAAA", page(LINES[1]), page())
    assert [written(answer) if answer else answer for answer in answers] == [[LINES[0]], [], [LINES[1]], []]
    assert answers[1] == []
    # A blank page is done; it is not to be asked for again.
    assert answers[3]["result"] == []


@pytest.mark.parametrize(
    "asked",
    ['model_preannotate="letters"', 'model_preannotate="lines" model_label="Nothing"',
     'model_preannotate="lines" model_min_confidence="much"'],
)  # fmt: skip
def test_a_config_that_asks_for_what_cannot_be_gets_nothing_and_the_log_says_why(backend: Backend, asked: str) -> None:
    assert ask(backend, RECTANGLES.format(asked=asked), page(LINES[0])) == [[]]
    assert "cannot be read as a whole" in backend.log.read_text()


def test_without_being_asked_nothing_is_read(backend: Backend) -> None:
    assert ask(backend, RECTANGLES.format(asked=""), page(LINES[0])) == [[]]


def test_what_is_not_done_in_time_is_gone_on_with_and_given_the_next_time(tmp_path: Path) -> None:
    environment = {"OCR_ENGINE": "tesseract", "OCR_WORKERS": "1", "BATCH_SECONDS": "0.5"}
    config = RECTANGLES.format(asked='model_preannotate="lines"')
    numbers = [f"This is page number {number} of many" for number in range(12)]
    pages = [page(number, *LINES) for number in numbers]
    given: dict[int, str] = {}
    calls = 0
    with running(tmp_path, environment) as backend:
        while missing := [number for number in range(12) if number not in given]:
            calls += 1
            assert calls < 60
            body = {
                "tasks": [{"id": number, "data": {"ocr": pages[number]}} for number in missing],
                "label_config": config,
                "params": {"context": None},
            }
            answers = backend.predict(body)
            assert len(answers) == len(missing)
            for number, answer in zip(missing, answers, strict=True):
                if answer:
                    given[number] = written(answer)[0]
        read = backend.log.read_text()
    assert given == dict(enumerate(numbers))
    # Not all fitted into the first call, and what was read for it was not read again for the next.
    assert calls > 2
    assert "are still being read" in read


def test_a_page_may_take_longer_than_a_box(tmp_path: Path, page_server: str) -> None:
    environment = one_reader(page_server, "tests.engines:Deliberate", OCR_TIMEOUT="2")
    with running(tmp_path, environment) as server:
        (prediction,) = ask(server, RECTANGLES.format(asked='model_preannotate="lines"'), page(*LINES, *LINES[:1]))

    assert len(written(prediction)) == 4


@pytest.fixture(scope="module")
def counting(tmp_path_factory: pytest.TempPathFactory, page_server: str) -> Iterator[Backend]:
    """A server with an engine that says how often it was asked, and reads line by line."""
    with running(tmp_path_factory.mktemp("counting"), one_reader(page_server, "tests.engines:Counting")) as server:
        yield server


def test_each_cell_of_a_row_is_read_by_itself(counting: Backend) -> None:
    cells = ("Paper, A4", "12 boxes", "Ink, black", "3 bottles", "Envelopes", "40 packs")
    pixels = np.full((600, SIZE[0], 3), 252, np.uint8)
    for number, cell in enumerate(cells):
        crop = drawn.text(cell, pad=0)
        top, left = 100 + number // 2 * 90, (80, 600)[number % 2]
        pixels[top : top + crop.shape[0], left : left + crop.shape[1]] = crop

    (prediction,) = ask(counting, RECTANGLES.format(asked='model_preannotate="lines"'), address(pixels))

    assert [text.count("reading") for text in written(prediction)] == [2, 2, 2]


def test_the_same_task_twice_in_a_request_is_read_once(counting: Backend) -> None:
    config = RECTANGLES.format(asked='model_preannotate="lines"')
    task = {"id": 7, "data": {"ocr": page(*LINES)}}

    first, second = counting.predict({"tasks": [task, task], "label_config": config, "params": {"context": None}})

    assert first == second
    assert len(written(first)) == len(LINES)


def test_pages_that_cannot_be_read_leave_memory_for_the_next_ones(tmp_path: Path, page_server: str) -> None:
    environment = {
        "MAX_PAGE_MEGAPIXELS": str(SIZE[0] * SIZE[1] / 1_000_000),
        # One page at a time, and no page that is kept.
        "PAGES_IN_USE_MB": "0.001",
        "PAGE_CACHE_MB": "0",
    }
    config = RECTANGLES.format(asked='model_preannotate="lines"')
    with running(
        tmp_path,
        one_reader(page_server, "tests.engines:Illegible", **environment),
        application="tests.without_garbage_collection:app",
    ) as server:
        for number in range(2):
            assert ask(server, config, page(*LINES[number:]), page(*LINES[:1], turned=2 * number)) == [[], []]

    assert server.log.read_text().count("engine counting failed") == 4
