"""Pages with the places and texts of their regions, for training detectors: PaddleOCR, ICDAR 2015, COCO-Text.

Regions without text are written as illegible, in the way of each format, so that training ignores them.
"""

import json
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from boxocr import __version__
from boxocr.documents.annotated import AnnotatedPage, AnnotatedRegion
from boxocr.documents.splits import SETS
from boxocr.documents.writer import Writer, on_one_line, save_image, save_text
from boxocr.geometry import Vector
from boxocr.reading.types import Pixels

# PaddleOCR's and ICDAR's mark for illegible text.
ILLEGIBLE = "###"

_CORNERS = 4

# The values of COCO-Text's categories. Labels other than its classes become "others".
_COCO_TEXT_CATEGORIES = {
    "legibility": ("legible", "illegible"),
    "class": ("machine printed", "handwritten", "others"),
    "language": ("english", "not english", "na"),
}

Point = tuple[int, int]


class Pages(Writer):
    """Writes each page as ``images/NAME.png``, and its regions."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        (folder / "images").mkdir()

    def add(self, page: AnnotatedPage, pixels: Pixels) -> None:
        """Write a page."""
        save_image(pixels, self.folder / "images" / f"{page.name}.png")
        self.write(page)
        self.written += len(page.regions)

    @abstractmethod
    def write(self, page: AnnotatedPage) -> None:
        """Write the regions of a page."""


class PaddleDetection(Pages):
    """PaddleOCR's ``Label.txt``, next to the images, where PPOCRLabel looks for it.

    The label of a region is its ``key_cls``, as in PPOCRLabel's mode for key information.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._list = (folder / "images" / "Label.txt").open("w", encoding="utf-8", newline="\n")

    def write(self, page: AnnotatedPage) -> None:
        """Write the line of a page."""
        row = [
            {
                "transcription": region.text or ILLEGIBLE,
                "points": [list(point) for point in whole(region.outline)],
                "difficult": not region.text,
                "key_cls": region.label or "None",
            }
            for region in page.regions
        ]
        self._list.write(f"images/{page.name}.png\t{json.dumps(row, ensure_ascii=False)}\n")

    def close(self) -> None:
        """Close the list."""
        self._list.close()


class Icdar2015(Pages):
    """ICDAR 2015: ``gt/gt_NAME.txt`` with four corners and the text in each line."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        (folder / "gt").mkdir()

    def write(self, page: AnnotatedPage) -> None:
        """Write the file of a page."""
        lines = []
        for region in page.regions:
            corners = ",".join(f"{x},{y}" for x, y in whole(four_corners(region)))
            lines.append(f"{corners},{on_one_line(region.text) or ILLEGIBLE}\n")
        save_text("".join(lines), self.folder / "gt" / f"gt_{page.name}.txt")


class CocoText(Pages):
    """COCO: ``coco_text.json`` in the layout of COCO-Text 2, and ``coco.json`` in that of COCO, with the same regions.

    The text is ``utf8_string`` in both.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._set = folder.name if folder.name in SETS else SETS[0]
        self._images: list[dict[str, Any]] = []
        self._annotations: list[dict[str, Any]] = []
        self._labels: dict[str, int] = {}

    def write(self, page: AnnotatedPage) -> None:
        """Keep a page until the files are written."""
        image = len(self._images) + 1
        self._images.append({"id": image, "file_name": f"{page.name}.png", "width": page.width, "height": page.height})
        for region in page.regions:
            label = region.label or "text"
            polygon = [[round(value, 2) for point in region.outline for value in point]]
            xs, ys = polygon[0][::2], polygon[0][1::2]
            box = [min(xs), min(ys), round(max(xs) - min(xs), 2), round(max(ys) - min(ys), 2)]
            self._annotations.append(
                {
                    "id": len(self._annotations) + 1,
                    "image_id": image,
                    "category_id": self._labels.setdefault(label, len(self._labels) + 1),
                    "segmentation": polygon,
                    "bbox": box,
                    "area": round(float(cv2.contourArea(np.array(region.outline, np.float32))), 2),
                    "iscrowd": 0,
                    "utf8_string": region.text,
                }
            )

    def close(self) -> None:
        """Write both files."""
        categories = [{"id": number, "name": label} for label, number in self._labels.items()]
        info = {"description": f"Exported with BoxOCR {__version__}"}
        self._save("coco.json", {
            "info": info, "images": self._images, "annotations": self._annotations, "categories": categories,
        })  # fmt: skip
        names = {number: label for label, number in self._labels.items()}
        of_image: dict[str, list[int]] = {str(image["id"]): [] for image in self._images}
        for one in self._annotations:
            of_image[str(one["image_id"])].append(one["id"])
        self._save("coco_text.json", {
            "info": info,
            "cats": _COCO_TEXT_CATEGORIES,
            "imgs": {str(image["id"]): {**image, "set": self._set} for image in self._images},
            "anns": {str(one["id"]): _coco_text(one, names[one["category_id"]]) for one in self._annotations},
            "imgToAnns": of_image,
        })  # fmt: skip

    def _save(self, name: str, content: dict[str, Any]) -> None:
        text = json.dumps(content, ensure_ascii=False, indent=1)
        save_text(f"{text}\n", self.folder / name)


def _coco_text(annotation: dict[str, Any], label: str) -> dict[str, Any]:
    """An annotation in the layout of COCO-Text 2."""
    text = annotation["utf8_string"]
    return {
        "id": annotation["id"],
        "image_id": annotation["image_id"],
        "bbox": annotation["bbox"],
        "area": annotation["area"],
        "mask": annotation["segmentation"][0],
        "class": label if label in _COCO_TEXT_CATEGORIES["class"] else "others",
        "label": label,
        "language": "na",
        "legibility": "legible" if text else "illegible",
        "utf8_string": text,
    }


def four_corners(region: AnnotatedRegion) -> Sequence[Vector]:
    """The corners of a region, clockwise from the upper left as the text is read.

    For a shape with more corners these are the corners of the smallest rectangle around it.
    """
    if len(region.outline) == _CORNERS:
        return region.outline
    box = cv2.boxPoints(cv2.minAreaRect(np.array(region.outline, np.float32)))
    corners = [(float(x), float(y)) for x, y in box]
    first = min(range(_CORNERS), key=lambda place: sum(np.subtract(corners[place], region.outline[0]) ** 2))
    return corners[first:] + corners[:first]


def whole(points: Sequence[Vector]) -> list[Point]:
    """Points rounded to whole pixels."""
    return [(round(x), round(y)) for x, y in points]
