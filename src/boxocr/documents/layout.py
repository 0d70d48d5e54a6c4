"""Annotated pages in reading order, with the places of lines and words."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from boxocr.documents.annotated import AnnotatedPage, AnnotatedRegion
from boxocr.documents.word_places import PlacedLine, lines_of
from boxocr.pages.page import Page
from boxocr.reading.ordering import in_reading_order
from boxocr.reading.types import Pixels
from boxocr.reading.whole_page import Line, PageReading, ReadPage


@dataclass(frozen=True, slots=True)
class PlacedRegion:
    """A region with its lines.

    Attributes:
        region: as annotated.
        lines: with their baselines and words; none without text.
        block: number of the block of neighbouring regions that it is in, from 0.
        row: number of the row that it is in, from 0. Regions side by side are in one row.
    """

    region: AnnotatedRegion
    lines: tuple[PlacedLine, ...]
    block: int
    row: int


@dataclass(frozen=True)
class _Ordered(Line):
    """A region as a line, to be put in reading order."""

    place: int = 0


def placed(page: AnnotatedPage, pixels: Pixels) -> list[PlacedRegion]:
    """The regions of a page in reading order.

    Args:
        page: with its regions.
        pixels: of the page.
    """
    whole = Page(pixels, "")
    found = []
    for row, items in enumerate(_rows(page)):
        for item in items:
            region = page.regions[item.place]
            found.append(PlacedRegion(region, tuple(lines_of(region, whole)), item.block, row))
    return found


def as_read(page: AnnotatedPage, regions: Sequence[PlacedRegion]) -> ReadPage:
    """A page as if an engine had read it: each region is a block."""
    lines = tuple(
        Line(line.text, line.confidence, line.x, line.y, line.width, line.height, line.rotation, line.words, block)
        for block, one in enumerate(regions)
        for line in one.lines
    )
    return ReadPage(page.width, page.height, PageReading(lines, "annotator", ""))


def _rows(page: AnnotatedPage) -> list[list[_Ordered]]:
    if not page.regions:
        return []
    items = [_as_line(region, place) for place, region in enumerate(page.regions)]
    ((usual, _),) = Counter(region.area.upright for region in page.regions).most_common(1)
    rows = [[item for item in row if isinstance(item, _Ordered)] for row in in_reading_order(items, -usual % 360)]
    return [row for row in rows if row]


def _as_line(region: AnnotatedRegion, place: int) -> _Ordered:
    corners = region.area.corners()
    turned = -region.area.upright // 90 % 4
    x, y = corners[turned]
    width, height = region.area.width, region.area.height
    if turned % 2:
        width, height = height, width
    # The space keeps a large single letter from being taken for an initial and joined with the line next to it.
    return _Ordered(f"{region.text} ", 1.0, x, y, width, height, region.angle, place=place)
