"""Boxes drawn at random around the lines of annotated pages, for :mod:`bench.documents`.

An annotator's rectangle is a little too tight or too wide, and holds one line or a few. Boxes that would cut into
another line are left out: nobody could say which text they should give.
"""

import random
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

Item = dict[str, Any]
Line = dict[str, Any]

# How far the edges of a box are from its lines, in line heights.
_MARGINS = ((-0.03, 0.05), (0.08, 0.2), (0.2, 0.45))

_MOST_LINES = 4

# Lines of a box are below each other: closer than this, in line heights, and sharing this much of the width of the
# narrower one.
_NEAR = 1.2
_SHARED = 0.5

# A box must not show more than this share of another line's height.
_FOREIGN = 0.3

# The ground truth has this sign where its annotators could not read the text.
_ILLEGIBLE = "~"


def cut(folder: Path, pages: Iterable[Item], number: int, seed: int = 15) -> list[Item]:
    """Draw boxes on pages.

    Args:
        folder: with the pages' images.
        pages: as ``pages.json`` has them.
        number: of boxes on each page, at most; half of them have several lines, if there are enough such groups.
        seed: of the random choice.

    Returns:
        The boxes, as ``boxes.json`` has them.
    """
    boxes = []
    for page in pages:
        random_ = random.Random(f"{seed} {page['id']}")  # noqa: S311 - no secret
        with Image.open(folder / page["page"]) as image:
            size = image.size
        lines = sorted((line for line in page["lines"] if line["text"].strip()), key=lambda line: line["box"][1])
        single = [[line] for line in lines]
        several = list(_blocks(lines))
        for groups, most in ((several, number // 2), (single, number - number // 2)):
            random_.shuffle(groups)
            drawn = 0
            for group in groups:
                box = _around(group, *random_.choice(_MARGINS), random_)
                if drawn < most and _is_clear(group, box, lines):
                    drawn += 1
                    boxes.append(_item(page, group, box, size, f"{len(group)}-{drawn}"))
    return boxes


def _blocks(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Groups of two lines or more that follow each other in a column."""
    for at, first in enumerate(lines):
        group = [first]
        for line in lines[at + 1 :]:
            left, top, right, bottom = group[-1]["box"]
            height = bottom - top
            shared = min(right, line["box"][2]) - max(left, line["box"][0])
            narrower = min(right - left, line["box"][2] - line["box"][0])
            if shared <= _SHARED * narrower or line["box"][1] < top + height / 2:
                continue
            if line["box"][1] - bottom > _NEAR * height:
                break
            group.append(line)
            yield list(group)
            if len(group) == _MOST_LINES:
                break


def _around(group: Sequence[Line], least: float, most: float, random_: random.Random) -> tuple[float, ...]:
    edges = list(zip(*(line["box"] for line in group), strict=True))
    height = sum(bottom - top for _, top, _, bottom in (line["box"] for line in group)) / len(group)
    margins = [random_.uniform(least, most) * height for _ in range(4)]
    return (
        min(edges[0]) - margins[0],
        min(edges[1]) - margins[1],
        max(edges[2]) + margins[2],
        max(edges[3]) + margins[3],
    )


def _is_clear(group: Sequence[Line], box: Sequence[float], lines: Iterable[Line]) -> bool:
    """Whether a box shows its own lines only, all of them legible."""
    left, top, right, bottom = box
    for line in group:
        if _ILLEGIBLE in line["text"] or not any(map(str.isalnum, line["text"])):
            return False
    for line in lines:
        if line in group:
            continue
        across = min(right, line["box"][2]) - max(left, line["box"][0])
        down = min(bottom, line["box"][3]) - max(top, line["box"][1])
        if across > 0 and down > _FOREIGN * (line["box"][3] - line["box"][1]):
            return False
    return True


def _item(page: Item, group: Sequence[Line], box: Sequence[float], size: tuple[int, int], name: str) -> Item:
    width, height = size
    left, top, right, bottom = max(box[0], 0), max(box[1], 0), min(box[2], width), min(box[3], height)
    return {
        "id": f"{page['id']}_{name}",
        "x": 100 * left / width,
        "y": 100 * top / height,
        "width": 100 * (right - left) / width,
        "height": 100 * (bottom - top) / height,
        "rotation": 0,
        "text": "\n".join(line["text"] for line in group),
        "category": f"{page['category']}, {'one line' if len(group) == 1 else 'lines'}",
        **{key: page[key] for key in ("page", "languages", "case_insensitive", "developed_on") if key in page},
    }
