"""A page with shapes of every kind, and results as Label Studio saves them."""

import io
from typing import Any

import numpy as np
from label_studio_sdk.converter.brush import encode_rle
from PIL import Image

CONFIG = """<View>
  <Image name="image" value="$image"/>
  <Labels name="label" toName="image"><Label value="Question"/><Label value="Answer"/></Labels>
  <Rectangle name="box" toName="image"/>
  <Polygon name="poly" toName="image"/>
  <Ellipse name="ellipse" toName="image"/>
  <Brush name="brush" toName="image"/>
  <KeyPoint name="point" toName="image"/>
  <TextArea name="transcription" toName="image" perRegion="true" editable="true" rows="3"/>
</View>"""

WIDTH, HEIGHT = 800, 1000

Results = list[dict[str, Any]]

_TOOLS = {"rectangle": "box", "polygon": "poly", "ellipse": "ellipse", "brush": "brush", "keypoint": "point"}


def region(
    identity: str, text: str | None, value: dict[str, Any], *, kind: str = "rectangle", label: str = "", **more: Any
) -> Results:
    """The results of a region; without a text if that is None."""
    same = {
        "id": identity,
        "to_name": "image",
        "origin": "manual",
        "original_width": WIDTH,
        "original_height": HEIGHT,
        "image_rotation": 0,
    } | more
    results = [same | {"from_name": _TOOLS[kind], "type": kind, "value": value}]
    if label:
        results.append(same | {"from_name": "label", "type": "labels", "value": value | {"labels": [label]}})
    if text is not None:
        written = value | {"text": text.split("\n\n")}
        results.append(same | {"from_name": "transcription", "type": "textarea", "value": written})
    return results


def rectangle(x: float, y: float, width: float, height: float, rotation: float = 0) -> dict[str, float]:
    """The value of a rectangle given in pixels."""
    return {
        "x": 100 * x / WIDTH,
        "y": 100 * y / HEIGHT,
        "width": 100 * width / WIDTH,
        "height": 100 * height / HEIGHT,
        "rotation": rotation,
    }


def polygon(*points: tuple[float, float]) -> dict[str, Any]:
    """The value of a polygon given in pixels."""
    return {"points": [[100 * x / WIDTH, 100 * y / HEIGHT] for x, y in points], "closed": True}


def ellipse(x: float, y: float, across: float, down: float) -> dict[str, float]:
    """The value of an ellipse given in pixels."""
    sizes = {"radiusX": 100 * across / WIDTH, "radiusY": 100 * down / HEIGHT}
    return {"x": 100 * x / WIDTH, "y": 100 * y / HEIGHT, "rotation": 0} | sizes


def brush(left: int, top: int, right: int, bottom: int) -> dict[str, Any]:
    """The value of a brush region that fills a rectangle."""
    strokes = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    strokes[top:bottom, left:right, 3] = 255
    return {"format": "rle", "rle": encode_rle(strokes.ravel())}


def task(number: int, *regions: Results, **more: Any) -> dict[str, Any]:
    """A task with one annotation."""
    return {
        "id": number,
        "data": {"image": f"/data/upload/1/{number}.png"},
        "annotations": [annotation(number, *regions, **more)],
    }


def annotation(number: int, *regions: Results, **more: Any) -> dict[str, Any]:
    """A submitted annotation."""
    return {
        "id": number,
        "result": [result for results in regions for result in results],
        "was_cancelled": False,
        "ground_truth": False,
        "completed_by": 1,
        "created_at": "2026-03-02T08:00:00Z",
        "updated_at": "2026-03-02T08:00:00Z",
    } | more


def relation(source: str, target: str, direction: str = "right") -> Results:
    """A relation between two regions."""
    return [{"from_id": source, "to_id": target, "type": "relation", "direction": direction}]


def page(seed: int = 1) -> np.ndarray:
    """A page on which no two places look the same."""
    noise = np.random.default_rng(seed).integers(0, 256, (HEIGHT // 4, WIDTH // 4, 3), np.uint8)
    return np.ascontiguousarray(noise.repeat(4, axis=0).repeat(4, axis=1))


def png(pixels: np.ndarray) -> bytes:
    """A file with these pixels."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=1)
    return file.getvalue()
