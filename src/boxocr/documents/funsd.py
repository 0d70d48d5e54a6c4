"""Annotated pages as FUNSD (https://guillaumejaume.github.io/FUNSD/)."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from boxocr.documents.annotated import AnnotatedPage
from boxocr.documents.layout import placed
from boxocr.documents.recognition_formats import save
from boxocr.reading.types import Pixels


class Funsd:
    """FUNSD: ``annotations/NAME.json`` and ``images/NAME.png``; relations of Label Studio are links.

    Args:
        folder: an existing, empty one.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.written = 0
        self.left_out: Counter[str] = Counter()
        for name in ("annotations", "images"):
            (folder / name).mkdir()

    def add(self, page: AnnotatedPage, pixels: Pixels) -> None:
        """Write a page."""
        save(pixels, self.folder / "images" / f"{page.name}.png")
        regions = placed(page, pixels)
        numbers = {one.region.identity: number for number, one in enumerate(regions)}
        links = [[numbers[source], numbers[target]] for source, target in page.links]
        form: list[dict[str, Any]] = []
        for number, one in enumerate(regions):
            words = [word for line in one.lines for word in line.words]
            form.append(
                {
                    "id": number,
                    "box": list(page.bounds(one.region.outline)),
                    "text": one.region.text,
                    "label": one.region.label or "other",
                    "words": [{"box": list(page.bounds(word.corners())), "text": word.text} for word in words],
                    "linking": [link for link in links if number in link],
                }
            )
        self.written += len(form)
        content = json.dumps({"form": form}, ensure_ascii=False, indent=1)
        path = self.folder / "annotations" / f"{page.name}.json"
        path.write_text(f"{content}\n", encoding="utf-8", newline="\n")

    def close(self) -> None:
        """Nothing is open."""
