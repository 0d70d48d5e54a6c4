"""What failed is freed at once: pages take gigabytes, and others wait for the room that they take."""

import base64
import gc
from collections.abc import Iterator
from io import BytesIO

import pytest
from PIL import Image

from boxocr.errors import BoxOCRError
from boxocr.pages.page import Page
from tests.conftest import DATA
from tests.hardening.conftest import Front
from tests.hardening.test_requests import as_bytes
from tests.payloads import notes, payload


def inline(file: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(file).decode()


def blank() -> bytes:
    file = BytesIO()
    Image.new("L", (400, 300), 255).save(file, "PNG")
    return file.getvalue()


WRITTEN = (DATA / "pages" / "a.png").read_bytes()


@pytest.fixture
def garbage() -> Iterator[list[object]]:
    """What only the garbage collector would have freed, filled by its next run."""
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    yield gc.garbage
    gc.set_debug(0)
    gc.enable()
    gc.garbage.clear()


@pytest.mark.parametrize(
    ("page", "says"),
    [
        (inline(blank()), "No text found."),
        (f"{inline(WRITTEN)}#tlh", "tlh is not installed"),  # told by a reader
        ("data:image/png;base64,AAAA", "not an image"),
        ("http://127.0.0.1:1/x.png", "a private host"),
        ("/data/upload/1/x.png", "does not know its address"),
    ],
    ids=["no text", "language", "no image", "host", "upload"],
)
def test_a_box_that_fails_leaves_nothing_for_the_garbage_collector(
    front: Front, garbage: list[object], page: str, says: str
) -> None:
    body = payload("one-box", "")
    url, _, language = page.partition("#")
    body["tasks"][0]["data"]["ocr"] = url
    if language:
        body["label_config"] = body["label_config"].replace("<TextArea ", f'<TextArea model_lang="{language}" ')

    _, answer = front.post("/predict", as_bytes(body))
    gc.collect()

    (note,) = notes(answer["results"][0]["result"])
    assert says in note
    assert [left for left in garbage if isinstance(left, BoxOCRError | Page)] == []
