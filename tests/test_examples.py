"""Every file in ``examples/`` is used as a reader of the documentation would use it."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from label_studio_sdk.label_interface import LabelInterface
from PIL import Image

from tests.backend import Backend, running
from tests.examples import EXAMPLES, FOLDER, PAGES, Drawn, Example
from tests.payloads import notes, texts

# Tested on their own, below; README.md is read by tests/test_documentation.py.
FRAKTUR = {f"fraktur/{name}" for name in ("README.md", "page-1.png", "page-2.png")}
OTHER_FILES = {"README.md", "one-box.json", "pages/README.md", *FRAKTUR}


@pytest.fixture(scope="module", params=["tesseract", "auto"], ids=["with Tesseract", "with PP-OCR first"])
def either_backend(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    """A server as it is installed without PP-OCR, and with it."""
    with running(tmp_path_factory.mktemp("either"), {"OCR_ENGINE": request.param, "OCR_WORKERS": "1"}) as server:
        yield server


def address(page: str) -> str:
    return f"data:image/png;base64,{base64.b64encode((PAGES / page).read_bytes()).decode()}"


def task(example: Example) -> Any:
    def value(written: str | list[str]) -> str | list[str]:
        if isinstance(written, list):
            return [address(page) for page in written]
        return address(written) if written.endswith(".png") else written

    return {"id": 1, "data": {column: value(written) for column, written in example.data.items()}}


def result(example: Example, drawn: Drawn) -> dict[str, Any]:
    """What Label Studio sends for a rectangle or a click."""
    kind = "keypointlabels" if drawn.click else "rectanglelabels"
    (control,) = (
        control
        for control in LabelInterface(example.xml()).controls
        if control.tag.lower() == kind and drawn.label in control.labels
    )
    (image,) = control.to_name
    with Image.open(PAGES / drawn.page) as page:
        width, height = page.size
    x, y, across, down = drawn.percent()
    value = {"x": x, "y": y, "width": across, "height": down, "rotation": 0}
    if drawn.click:
        value = {"x": x + across / 2, "y": y + down / 2, "width": 0.3}
    found = {
        "id": "r1",
        "type": kind,
        "from_name": control.name,
        "to_name": image,
        "original_width": width,
        "original_height": height,
        "image_rotation": 0,
        "origin": "manual",
        "value": value | {kind: [drawn.label]},
    }
    pages = next((pages for pages in example.data.values() if isinstance(pages, list)), None)
    return found | ({"item_index": pages.index(drawn.page)} if pages else {})


def test_every_file_is_tested() -> None:
    files = {str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*") if path.is_file()}
    pages = {f"pages/{drawn.page}" for example in EXAMPLES for drawn in example.drawn}

    assert files == {example.config for example in EXAMPLES} | pages | OTHER_FILES


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.config)
def test_label_studio_accepts_the_labeling_config(example: Example) -> None:
    interface = LabelInterface(example.xml())

    interface.validate()
    assert interface.validate_task(task(example))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.config)
def test_every_label_is_drawn_with(example: Example) -> None:
    labels = {label for control in LabelInterface(example.xml()).controls for label in getattr(control, "labels", ())}

    assert {drawn.label for drawn in example.drawn} == labels


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.config)
def test_the_file_begins_with_a_comment(example: Example) -> None:
    assert example.xml().startswith("<!--")


@pytest.mark.parametrize(
    ("example", "drawn"),
    [
        pytest.param(example, drawn, id=f"{example.config}, {drawn.label}: {drawn.text[:20]!r}")
        for example in EXAMPLES
        for drawn in example.drawn
    ],
)
def test_a_drawn_box_becomes_exactly_its_text(either_backend: Backend, example: Example, drawn: Drawn) -> None:
    body = {
        "tasks": [task(example)],
        "label_config": example.xml(),
        "params": {"context": {"result": [result(example, drawn)]}},
    }

    (prediction,) = either_backend.predict(body)

    assert list(texts(prediction["result"]).values()) == drawn.texts(), notes(prediction["result"])
    assert prediction["result"][-1]["from_name"] == drawn.field
    assert LabelInterface(example.xml()).validate_prediction(prediction, return_errors=True) == []


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.config)
def test_opening_a_task_reads_it_where_the_config_asks_for_that(either_backend: Backend, example: Example) -> None:
    body = {"tasks": [task(example)], "label_config": example.xml(), "params": {"context": None}}

    (prediction,) = either_backend.predict(body)

    if example.found:
        assert tuple(texts(prediction["result"]).values())[: len(example.found)] == example.found
        assert LabelInterface(example.xml()).validate_prediction(prediction, return_errors=True) == []
    else:
        assert prediction == []


def test_the_request_to_try_with_curl_is_read(backend: Backend) -> None:
    (prediction,) = backend.predict(json.loads((FOLDER / "one-box.json").read_text()))

    assert list(texts(prediction["result"]).values()) == ["Total due: 1,284.50 EUR"]


def test_the_pages_are_described() -> None:
    described = (PAGES / "README.md").read_text()

    assert all(f"`{page.name}`" in described for page in PAGES.glob("*.png"))
