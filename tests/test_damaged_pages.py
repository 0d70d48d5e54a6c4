"""Pages that browsers display: of other formats, with odd metadata, or cut off below the box."""

import base64
from io import BytesIO
from typing import Any

import pillow_heif
import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.backend import Backend
from tests.payloads import drawn, notes, payload, texts

WIDTH, HEIGHT = 800, 600
UPPER, LOWER = "Receipt 33-10", "Total 2048"

# Percent of the page.
UPPER_BOX = {"x": 5, "y": 5, "width": 90, "height": 20}
LOWER_BOX = {"x": 5, "y": 75, "width": 90, "height": 20}

MISSING = (
    "BoxOCR: A part of this box is missing in the page's file, which is damaged or cut off. Upload the page again."
)


def letter() -> Image.Image:
    image = Image.new("RGB", (WIDTH, HEIGHT), "white")
    font = ImageFont.load_default(60)
    ImageDraw.Draw(image).text((80, 50), UPPER, fill="black", font=font)
    ImageDraw.Draw(image).text((80, 475), LOWER, fill="black", font=font)
    return image


def encoded(kind: str, **options: object) -> bytes:
    file = BytesIO()
    letter().save(file, kind, **options)
    return file.getvalue()


def read(server: Backend, data: bytes, box: dict[str, int]) -> list[dict[str, Any]]:
    """The results for a box on a page."""
    body = payload("one-box", "")
    body["tasks"][0]["data"]["ocr"] = f"data:;base64,{base64.b64encode(data).decode()}"
    drawn(body)[0]["value"] |= box
    results: list[dict[str, Any]] = server.predict(body)[0]["result"]
    return results


@pytest.mark.parametrize("kind", ["AVIF", "JPEG2000", "HEIF"])
def test_newer_formats_are_read(kind: str, backend: Backend) -> None:
    pillow_heif.register_heif_opener()

    assert [*texts(read(backend, encoded(kind), UPPER_BOX)).values()] == [UPPER]


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("GIF", {"interlace": 0}),
    ],
    ids=str,
)
def test_a_page_without_its_last_bytes_is_read(kind: str, options: dict[str, object], backend: Backend) -> None:
    results = read(backend, encoded(kind, **options)[:-20], UPPER_BOX)

    assert [*texts(results).values()] == [UPPER]
    assert MISSING not in "".join(notes(results))


@pytest.mark.parametrize(("kind", "options"), [("PNG", {}), ("JPEG", {}), ("GIF", {"interlace": 0})], ids=str)
def test_what_is_missing_of_a_page_is_noted_on_the_boxes_that_reach_into_it(
    kind: str, options: dict[str, object], backend: Backend
) -> None:
    data = encoded(kind, **options)
    cut = data[: len(data) * 7 // 10]

    upper, both, lower = (read(backend, cut, box) for box in (UPPER_BOX, UPPER_BOX | {"height": 90}, LOWER_BOX))

    assert [*texts(upper).values()] == [UPPER]
    assert MISSING not in "".join(notes(upper))
    assert next(iter(texts(both).values())).startswith(UPPER)
    assert MISSING in "".join(notes(both))
    assert LOWER not in texts(lower).values()
    assert MISSING.removeprefix("BoxOCR: ") in notes(lower)[0]


def test_what_is_missing_of_a_page_that_is_read_as_a_whole_is_noted_on_its_first_region(backend: Backend) -> None:
    data = encoded("PNG")
    body = payload("one-box", "")
    body["label_config"] = body["label_config"].replace("<TextArea ", '<TextArea model_preannotate="lines" ', 1)
    body["params"]["context"] = None
    body["tasks"] = [
        {"id": number, "data": {"ocr": f"data:;base64,{base64.b64encode(file).decode()}"}}
        for number, file in enumerate((data[: len(data) * 7 // 10], data))
    ]

    cut, whole = (prediction["result"] for prediction in backend.predict(body))

    assert [*texts(cut).values()] == [UPPER]
    assert notes(cut)[0].startswith("BoxOCR: A part of this page is missing in its file, which is damaged or cut off.")
    assert notes(cut) == notes(cut[:1])
    assert [*texts(whole).values()] == [UPPER, LOWER]
    assert "missing" not in "".join(notes(whole))
