"""Shapes of every kind, on pages turned in every way, read over HTTP."""

import base64
import io
import itertools
import math
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.backend import Backend
from tests.payloads import notes, texts

WIDTH, HEIGHT = 800, 400

CONFIG = """
<View>
  <Image name="image" value="$ocr"/>
  <Rectangle name="box" toName="image" smart="true"/>
  <Ellipse name="ellipse" toName="image" smart="true"/>
  <Polygon name="polygon" toName="image" smart="true"/>
  <Brush name="brush" toName="image" smart="true"/>
  <TextArea name="text" toName="image" perRegion="true"/>
</View>
"""

# EXIF orientation -> what was done to the upright page before it was stored
STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def page(*lines: tuple[int, int, str], size: tuple[int, int] = (WIDTH, HEIGHT)) -> Image.Image:
    """A white page with lines of 32 px at (left, top)."""
    image = Image.new("RGB", size, "white")
    for left, top, text in lines:
        ImageDraw.Draw(image).text((left, top), text, fill="black", font=ImageFont.load_default(32))
    return image


def data_uri(image: Image.Image, kind: str = "PNG", **options: Any) -> str:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(buffer.getvalue()).decode()}"


def request(uri: str, size: tuple[int, int], value: dict[str, Any], kind: str, turn: int = 0) -> dict[str, Any]:
    width, height = size
    control = "box" if kind == "rectangle" else kind
    result: dict[str, Any] = {"id": "r1", "type": kind, "from_name": control, "to_name": "image"}
    result |= {"original_width": width, "original_height": height, "image_rotation": turn, "value": value}
    return {
        "tasks": [{"id": 1, "data": {"ocr": uri}}],
        "label_config": CONFIG,
        "params": {"context": {"result": [result]}},
    }


def read(backend: Backend, image: Image.Image, value: dict[str, Any], kind: str = "rectangle", turn: int = 0) -> str:
    (prediction,) = backend.predict(request(data_uri(image), image.size, value, kind, turn))
    found = texts(prediction["result"])
    assert list(found) == ["r1"], notes(prediction["result"])
    return found["r1"]


def percent(left: float, top: float, width: float, height: float, size: tuple[int, int]) -> dict[str, float]:
    across, down = size
    return {
        "x": left * 100 / across,
        "y": top * 100 / down,
        "width": width * 100 / across,
        "height": height * 100 / down,
    }


@pytest.mark.parametrize("orientation", STORED)
def test_a_photo_is_read_as_its_exif_orientation_shows_it(backend: Backend, orientation: int) -> None:
    upright = page((60, 60, "Upright words"), (60, 200, "Second line"))
    change = STORED[orientation]
    stored = upright if change is None else upright.transpose(change)
    exif = Image.Exif()
    exif[0x0112] = orientation
    body = request(
        data_uri(stored, "JPEG", exif=exif, quality=95),
        upright.size,
        percent(40, 50, 300, 60, upright.size),
        "rectangle",
    )

    (prediction,) = backend.predict(body)

    assert texts(prediction["result"]) == {"r1": "Upright words"}


@pytest.mark.parametrize(("turn", "stored"), [(0, 0), (90, 90), (180, 180), (270, 270)])
def test_a_box_on_a_page_that_the_annotator_turned_is_read_as_seen(backend: Backend, turn: int, stored: int) -> None:
    seen = page((60, 60, "Seen upright"))
    # What the annotator sees is the page turned clockwise by `turn`; Pillow turns the other way round.
    as_stored = seen.rotate(stored, expand=True)
    at = {0: (40, 50), 90: (50, WIDTH - 340), 180: (WIDTH - 340, HEIGHT - 110), 270: (HEIGHT - 110, 40)}[turn]
    size = (300, 60) if turn % 180 == 0 else (60, 300)

    assert read(backend, as_stored, percent(*at, *size, as_stored.size), turn=turn) == "Seen upright"


@pytest.mark.parametrize("angle", [3, 12.5, 45, 90, 133, 180, 225, 270, 315, 350])
def test_a_turned_rectangle_is_read_along_its_own_axis(backend: Backend, angle: float) -> None:
    straight = page((250, 380, "Along the slope"), (250, 330, "line above"), (250, 430, "line below"), size=(800, 800))
    # Clockwise about the middle of the page, as Label Studio counts angles.
    turned = straight.rotate(-angle, resample=Image.Resampling.BICUBIC, fillcolor="white")
    cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    dx, dy = 240 - 400, 377 - 400
    value = percent(400 + dx * cosine - dy * sine, 400 + dx * sine + dy * cosine, 270, 46, turned.size)

    assert read(backend, turned, value | {"rotation": angle}) == "Along the slope"


@pytest.mark.parametrize(("angle", "turn"), [*itertools.product((0, 20), (90, 180, 270))])
def test_both_turns_add_up(backend: Backend, angle: float, turn: int) -> None:
    # The page as seen has a line at `angle`; it is stored turned back by the annotator's turn.
    straight = page((250, 380, "Turned twice"), size=(800, 800))
    seen = straight.rotate(-angle, resample=Image.Resampling.BICUBIC, fillcolor="white")
    stored = seen.rotate(turn, expand=True)
    total = angle - turn

    # A corner of the crop as seen is a corner of the stored rectangle, which is turned less by the annotator's turn.
    def stored_point(x: float, y: float) -> tuple[float, float]:
        cosine, sine = math.cos(math.radians(total)), math.sin(math.radians(total))
        return 400 + (x - 400) * cosine - (y - 400) * sine, 400 + (x - 400) * sine + (y - 400) * cosine

    # In the stored page's frame the drawn rectangle keeps the rotation that the annotator gave it on the screen: it is
    # as wide as the line is high where the page was turned by a right angle.
    corners = [stored_point(x, y) for x, y in ((240, 377), (470, 377), (470, 423), (240, 423))]
    first = {90: 1, 180: 2, 270: 3}[turn]
    size = (46, 230) if turn % 180 else (230, 46)
    value = percent(*corners[first], *size, stored.size) | {"rotation": angle}

    assert read(backend, stored, value, turn=turn) == "Turned twice"


@pytest.mark.parametrize("angle", [0, 25])
def test_an_ellipse_is_read_inside_its_outline(backend: Backend, angle: float) -> None:
    straight = page((300, 180, "Inside"), (60, 100, "corner"), (560, 250, "corner"))
    image = straight.rotate(-angle, Image.Resampling.BICUBIC, center=(350, 200), fillcolor="white")
    value = {"x": 350 / 8, "y": 200 / 4, "radiusX": 130 / 8, "radiusY": 40 / 4, "rotation": angle}

    assert read(backend, image, value, "ellipse") == "Inside"


def test_a_polygon_is_read_inside_its_outline(backend: Backend) -> None:
    image = page((60, 60, "Above the diagonal"), (400, 140, "below it"))
    corners = [(40, 50), (700, 50), (700, 110), (370, 110), (300, 200), (40, 200)]

    assert read(backend, image, {"points": [[x / 8, y / 4] for x, y in corners]}, "polygon") == "Above the diagonal"


@pytest.mark.parametrize("scale", [1, 2])
def test_a_brush_region_is_read_where_it_was_painted(backend: Backend, scale: int) -> None:
    image = page((60, 60, "Painted"), (250, 60, "not painted"))
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[50:110, 40:215] = 255
    mask[105:110, 40:600] = 255
    # Painted on an image of half the page's size, such as a preview.
    mask = mask[::scale, ::scale]
    body = request(
        data_uri(image),
        (WIDTH // scale, HEIGHT // scale),
        {"format": "rle", "rle": run_length_encoded(mask)},
        "brush",
    )

    (prediction,) = backend.predict(body)

    assert texts(prediction["result"]) == {"r1": "Painted"}


def run_length_encoded(mask: np.ndarray) -> list[int]:
    """Label Studio's packing of a brush mask: RGBA values of 8 bits, in runs of up to 2**16."""
    values = np.repeat(mask.reshape(-1), 4)
    bits = [f"{values.size:032b}{7:05b}" + f"{15:04b}" * 4]
    starts = np.flatnonzero(np.diff(values, prepend=values[0] ^ 1))
    for start, end in itertools.pairwise([*starts.tolist(), values.size]):
        for begin in range(start, end, 2**16):
            run = min(end, begin + 2**16) - begin
            bits.append(f"100{run - 1:016b}{values[begin]:08b}")
    joined = "".join(bits)
    joined = joined.ljust(-(-len(joined) // 8) * 8, "0")
    return [int(joined[at : at + 8], 2) for at in range(0, len(joined), 8)]
