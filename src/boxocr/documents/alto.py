"""Annotated pages as ALTO 4.4 (https://www.loc.gov/standards/alto/)."""

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from boxocr import __version__
from boxocr.documents.annotated import AnnotatedPage, Bounds
from boxocr.documents.layout import PlacedRegion
from boxocr.documents.xml_files import as_file, points, printable
from boxocr.geometry import Vector

_NAMESPACE = "http://www.loc.gov/standards/alto/ns-v4#"


def document(page: AnnotatedPage, regions: Sequence[PlacedRegion]) -> str:
    """The file of a page. Each region is a ``TextBlock``, and its label a tag.

    Args:
        page: with its size.
        regions: of the page, in reading order.
    """
    root = ET.Element("alto", {"xmlns": _NAMESPACE, "SCHEMAVERSION": "4.4"})
    description = ET.SubElement(root, "Description")
    ET.SubElement(description, "MeasurementUnit").text = "pixel"
    source = ET.SubElement(description, "sourceImageInformation")
    ET.SubElement(source, "fileName").text = f"{page.name}.png"
    processing = ET.SubElement(description, "Processing", {"ID": "processing"})
    software = ET.SubElement(processing, "processingSoftware")
    ET.SubElement(software, "softwareName").text = "BoxOCR"
    ET.SubElement(software, "softwareVersion").text = __version__
    labels = {label: f"label_{number}" for number, label in enumerate(_labels(regions), 1)}
    if labels:
        tags = ET.SubElement(root, "Tags")
        for label, identity in labels.items():
            ET.SubElement(tags, "OtherTag", {"ID": identity, "LABEL": printable(label)})
    layout = ET.SubElement(root, "Layout")
    size = {"WIDTH": str(page.width), "HEIGHT": str(page.height)}
    sheet = ET.SubElement(layout, "Page", {"ID": "page", "PHYSICAL_IMG_NR": str(page.number), **size})
    space = ET.SubElement(sheet, "PrintSpace", {"HPOS": "0", "VPOS": "0", **size})
    for number, one in enumerate(regions, 1):
        region = one.region
        block = ET.SubElement(space, "TextBlock", {"ID": f"block_{number}", **_alto_box(page.bounds(region.outline))})
        if region.angle:
            # ALTO counts degrees counterclockwise.
            block.set("ROTATION", f"{360 - region.angle:g}")
        if region.label:
            block.set("TAGREFS", labels[region.label])
        _add_shape(block, region.outline, page)
        for place, line in enumerate(one.lines, 1):
            placed = {"BASELINE": points(line.baseline, page), **_alto_box(page.bounds(line.corners()))}
            row = ET.SubElement(block, "TextLine", {"ID": f"line_{number}_{place}", **placed})
            _add_shape(row, line.corners(), page)
            for order, word in enumerate(line.words, 1):
                if order > 1:
                    ET.SubElement(row, "SP")
                named = {"ID": f"word_{number}_{place}_{order}", "CONTENT": printable(word.text)}
                ET.SubElement(row, "String", named | _alto_box(page.bounds(word.corners())))
    return as_file(root)


def _add_shape(parent: ET.Element, outline: Sequence[Vector], page: AnnotatedPage) -> None:
    ET.SubElement(ET.SubElement(parent, "Shape"), "Polygon", {"POINTS": points(outline, page)})


def _labels(regions: Sequence[PlacedRegion]) -> list[str]:
    return list(dict.fromkeys(one.region.label for one in regions if one.region.label))


def _alto_box(bounds: Bounds) -> dict[str, str]:
    left, top, right, bottom = bounds
    return {"HPOS": str(left), "VPOS": str(top), "WIDTH": str(right - left), "HEIGHT": str(bottom - top)}
