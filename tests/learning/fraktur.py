"""Pages of a Fraktur print of 1809, and what Label Studio saves for them."""

import base64
import io
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from boxocr.reading.recognition.ppocr import features_of
from boxocr.reading.recognition.trunk import Trunk, trunk_of

DATA = Path(__file__).parents[2] / "bench" / "data" / "fraktur-1809"

# The first page that is used; the pages before it are not full.
_FIRST = 10

# Background between the lines, as on a page, px.
_GAP = 40


@dataclass(frozen=True)
class PrintedPage:
    """A page of the print: its file, each line's text and place in percent, and the lines' pixels."""

    png: bytes
    lines: list[tuple[str, dict[str, float]]]
    pixels: list[np.ndarray]

    @property
    def address(self) -> str:
        return f"data:image/png;base64,{base64.b64encode(self.png).decode()}"


def printed_pages(count: int) -> list[PrintedPage]:
    found = json.loads((DATA / "lines.json").read_text(encoding="utf-8"))[_FIRST : _FIRST + count]
    return [_printed(page) for page in found]


def corrected(page: PrintedPage, label: str) -> list[dict[str, Any]]:
    """The results of an annotation in which each line was read, and corrected where it was wrong."""
    results: list[dict[str, Any]] = []
    trunk = _trunk()
    for region, ((text, place), pixels) in enumerate(zip(page.lines, page.pixels, strict=True)):
        read = trunk.base.read(features_of(pixels, trunk))
        value = place | {"rotation": 0}
        same = {"id": f"r{region}", "to_name": "image", "origin": "manual"}
        suggestion = {"text": read, "confidence": 0.9, "engine": "ppocr", "languages": "eng", "place": value}
        shape = {"from_name": "bbox", "type": "rectanglelabels", "value": value | {"rectanglelabels": [label]}}
        written = {"from_name": "transcription", "type": "textarea", "value": value | {"text": [text]}}
        results += [same | shape, same | written | {"meta": {"suggestion": suggestion}}]
    return results


@cache
def _trunk() -> Trunk:
    return trunk_of("eng", None, threads=1)


def _printed(page: dict[str, Any]) -> PrintedPage:
    image = Image.open(DATA / f"{page['page']}.png").convert("L")
    height = sum(line["height"] + _GAP for line in page["lines"]) + _GAP
    canvas, row, top = Image.new("L", (image.width + 2 * _GAP, height), 255), 0, _GAP
    lines, pixels = [], []
    for line in page["lines"]:
        cut = image.crop((0, row, line["width"], row + line["height"]))
        canvas.paste(cut, (_GAP, top))
        place = {"x": _GAP, "y": top, "width": line["width"], "height": line["height"]}
        sizes = {"x": canvas.width, "width": canvas.width, "y": height, "height": height}
        lines.append((line["text"], {name: 100 * value / sizes[name] for name, value in place.items()}))
        pixels.append(np.asarray(cut))
        row, top = row + line["height"], top + line["height"] + _GAP
    file = io.BytesIO()
    canvas.save(file, "PNG")
    return PrintedPage(file.getvalue(), lines, pixels)
