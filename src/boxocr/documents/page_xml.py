"""Annotated pages as PAGE XML 2019-07-15 (https://github.com/PRImA-Research-Lab/PAGE-XML)."""

import re
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from boxocr import __version__
from boxocr.documents.annotated import AnnotatedPage
from boxocr.documents.layout import PlacedRegion
from boxocr.documents.xml_files import as_file, points, printable

_NAMESPACE = "http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15"

# Degrees.
_HALF_TURN, _FULL_TURN = 180, 360

# Files that were written by hand can have annotations without a time.
_NO_TIME = "1970-01-01T00:00:00Z"


def document(page: AnnotatedPage, regions: Sequence[PlacedRegion]) -> str:
    """The file of a page. Each region is a ``TextRegion``; the reading order is that of the file.

    Args:
        page: with its size.
        regions: of the page, in reading order.
    """
    root = ET.Element("PcGts", {"xmlns": _NAMESPACE})
    metadata = ET.SubElement(root, "Metadata")
    ET.SubElement(metadata, "Creator").text = f"BoxOCR {__version__}"
    for name in ("Created", "LastChange"):
        ET.SubElement(metadata, name).text = page.changed or _NO_TIME
    size = {"imageWidth": str(page.width), "imageHeight": str(page.height)}
    sheet = ET.SubElement(root, "Page", {"imageFilename": f"{page.name}.png", **size})
    if regions:
        order = ET.SubElement(ET.SubElement(sheet, "ReadingOrder"), "OrderedGroup", {"id": "reading_order"})
        for number in range(len(regions)):
            ET.SubElement(order, "RegionRefIndexed", {"index": str(number), "regionRef": f"region_{number + 1}"})
    for number, one in enumerate(regions, 1):
        _add_region(sheet, f"region_{number}", one, page)
    return as_file(root)


def _add_region(sheet: ET.Element, identity: str, one: PlacedRegion, page: AnnotatedPage) -> None:
    region = one.region
    found = ET.SubElement(sheet, "TextRegion", {"id": identity})
    if region.angle:
        # Degrees clockwise that would make the text upright.
        found.set("orientation", f"{-region.angle if region.angle < _HALF_TURN else _FULL_TURN - region.angle:g}")
    ET.SubElement(found, "Coords", {"points": points(region.outline, page)})
    if region.label:
        # Transkribus and kraken read the label from this attribute.
        found.set("custom", f"structure {{type:{re.sub('[;:{}]', ' ', printable(region.label))};}}")
        ET.SubElement(ET.SubElement(found, "Labels"), "Label", {"value": printable(region.label)})
    for place, line in enumerate(one.lines, 1):
        row = ET.SubElement(found, "TextLine", {"id": f"{identity}_line_{place}"})
        ET.SubElement(row, "Coords", {"points": points(line.corners(), page)})
        ET.SubElement(row, "Baseline", {"points": points(line.baseline, page)})
        for order, word in enumerate(line.words, 1):
            part = ET.SubElement(row, "Word", {"id": f"{identity}_line_{place}_word_{order}"})
            ET.SubElement(part, "Coords", {"points": points(word.corners(), page)})
            _add_text(part, word.text)
        _add_text(row, line.text)
    if region.text:
        _add_text(found, region.text)


def _add_text(parent: ET.Element, text: str) -> None:
    ET.SubElement(ET.SubElement(parent, "TextEquiv"), "Unicode").text = printable(text)
