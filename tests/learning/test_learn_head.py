"""``boxocr learn`` on lines of a Fraktur print, and a server that reads another page with what was learned."""

import base64
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from boxocr.learning.alignment import distance
from boxocr.learning.store import LearnedState, LearnedStore
from boxocr.reading.ppocr_models import installed_recognizer
from boxocr.reading.recognition.head import Head
from boxocr.reading.recognition.ppocr import PPOCR
from tests.backend import Backend, running
from tests.commands.conftest import Run
from tests.commands.label_studio_api import BOXES, ApiStandIn
from tests.payloads import one_box

DATA = Path(__file__).parents[2] / "bench" / "data" / "fraktur-1809"

# Full pages, enough for sixty lines to learn from, and the page after these.
FIRST, PAGES = 10, 6


@dataclass(frozen=True)
class PrintedPage:
    """A page of the print: its address, and each line's text and place in percent."""

    address: str
    lines: list[tuple[str, dict[str, float]]]
    pixels: list[np.ndarray]


def printed(page: dict[str, Any]) -> PrintedPage:
    image = Image.open(DATA / f"{page['page']}.png").convert("L")
    # Paper between the lines, as on a page.
    gap, top = 40, 40
    height = sum(line["height"] + gap for line in page["lines"]) + gap
    canvas, row = Image.new("L", (image.width + 2 * gap, height), 255), 0
    lines, pixels = [], []
    for line in page["lines"]:
        cut = image.crop((0, row, line["width"], row + line["height"]))
        canvas.paste(cut, (gap, top))
        place = {"x": gap, "y": top, "width": line["width"], "height": line["height"]}
        sizes = {"x": canvas.width, "width": canvas.width, "y": height, "height": height}
        lines.append((line["text"], {name: 100 * value / sizes[name] for name, value in place.items()}))
        pixels.append(np.asarray(cut))
        row, top = row + line["height"], top + line["height"] + gap
    file = io.BytesIO()
    canvas.save(file, "PNG")
    return PrintedPage(f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}", lines, pixels)


@pytest.fixture(scope="module")
def pages() -> list[PrintedPage]:
    found = json.loads((DATA / "lines.json").read_text(encoding="utf-8"))[FIRST : FIRST + PAGES]
    return [printed(page) for page in found]


@pytest.fixture
def project(studio: ApiStandIn, pages: list[PrintedPage]) -> int:
    """A project whose annotators corrected all pages but the last one."""
    number = studio.add_project(BOXES.replace('"Text"', '"Label1"'))
    recognizer = PPOCR(installed_recognizer(threads=1), threads=1)
    for task, page in enumerate(pages[:-1], start=1):
        results = []
        for region, ((text, place), pixels) in enumerate(zip(page.lines, page.pixels, strict=True)):
            read = recognizer.trunk.base.read(recognizer.features(pixels))
            value = place | {"rotation": 0}
            same = {"id": f"r{region}", "to_name": "image", "origin": "manual"}
            suggestion = {"text": read, "confidence": 0.9, "engine": "ppocr", "languages": "eng", "place": value}
            shape = {"from_name": "bbox", "type": "rectanglelabels", "value": value | {"rectanglelabels": ["Label1"]}}
            written = {"from_name": "transcription", "type": "textarea", "value": value | {"text": [text]}}
            results += [same | shape, same | written | {"meta": {"suggestion": suggestion}}]
        annotation = {"id": task, "result": results, "was_cancelled": False, "created_at": "2026-03-02T08:00:00Z"}
        studio.tasks[number].append({"id": task, "data": {"image": page.address}, "annotations": [annotation]})
    return number


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Backend]:
    folder = tmp_path / "server"
    folder.mkdir()
    with running(folder, {"OCR_ENGINE": "auto", "OCR_WORKERS": "1", "MODEL_DIR": str(tmp_path)}) as found:
        yield found


def edits_on(server: Backend, project: int, page: PrintedPage) -> tuple[int, set[object]]:
    """Edits from the readings of a page's lines to their texts, and the learned versions that the readings follow."""
    edits, versions = 0, set()
    for text, place in page.lines:
        body = one_box("", **place) | {"project": f"{project}.1790000000"}
        body["tasks"][0]["data"]["ocr"] = page.address
        (found,) = server.predict(body)
        (result,) = (one for one in found["result"] if one["type"] == "textarea")
        edits += distance(result["value"]["text"][0], text)
        versions.add(result["meta"]["suggestion"].get("learned"))
    return edits, versions


def test_another_page_is_read_with_half_of_the_errors(
    boxocr: Run, project: int, server: Backend, pages: list[PrintedPage], tmp_path: Path
) -> None:
    before, versions = edits_on(server, project + 1, pages[-1])
    assert versions == {None}
    done = boxocr("learn", "--project", project, MODEL_DIR=str(tmp_path), OCR_ENGINE="auto")
    assert done.code == 0, done
    assert done.says("A recognizer head for Label1 (right ")
    # The first look at this project comes after the version.
    after, versions = edits_on(server, project, pages[-1])
    assert versions == {1}
    assert after <= 0.5 * before
    (head,) = tmp_path.rglob("head-*.npz")
    assert head.stat().st_size < 300_000


def test_a_head_of_another_model_is_logged_and_boxes_are_read_without_it(
    server: Backend, pages: list[PrintedPage], tmp_path: Path
) -> None:
    page = PrintedPage(pages[0].address, pages[0].lines[:2], [])
    expected, _ = edits_on(server, 8, page)
    head = Head(("a",), np.zeros((120, 2), np.float32), np.zeros(2, np.float32), model="another")
    LearnedStore(tmp_path, 7).save(LearnedState(heads={"Label1": head}))
    assert edits_on(server, 7, page)[0] == expected
    server.says("belongs to another model")


def test_a_head_without_its_file_is_logged_and_boxes_are_read_without_it(
    server: Backend, pages: list[PrintedPage], tmp_path: Path
) -> None:
    page = PrintedPage(pages[0].address, pages[0].lines[:2], [])
    head = Head(("a",), np.zeros((120, 2), np.float32), np.zeros(2, np.float32))
    LearnedStore(tmp_path, 7).save(LearnedState(heads={"Label1": head}))
    (file,) = tmp_path.rglob("head-*.npz")
    file.unlink()
    assert edits_on(server, 7, page)[1] == {None}
    server.says("Learned version 1 of project 7 cannot be read: FileNotFoundError.")
