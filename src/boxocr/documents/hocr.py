"""Readings of whole pages as hOCR 1.2, the HTML that OCR programs exchange (https://kba.github.io/hocr-spec/1.2/)."""

import math
from collections.abc import Iterable
from xml.etree import ElementTree as ET

from boxocr import __version__
from boxocr.documents.xml_files import printable
from boxocr.reading.whole_page import Line, Piece, ReadPage, blocks_of, enclosing

_DOCTYPE = (
    '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" '
    '"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">'
)
_NAMESPACE = "http://www.w3.org/1999/xhtml"
_CAPABILITIES = "ocr_page ocr_carea ocr_line ocrx_word"


def document(pages: Iterable[tuple[str, ReadPage]]) -> str:
    """A document with pages.

    Args:
        pages: each with the name of its image.
    """
    html = ET.Element("html", {"xmlns": _NAMESPACE, "xml:lang": "en", "lang": "en"})
    head = ET.SubElement(html, "head")
    ET.SubElement(head, "title").text = "BoxOCR"
    ET.SubElement(head, "meta", {"http-equiv": "Content-Type", "content": "text/html; charset=utf-8"})
    ET.SubElement(head, "meta", {"name": "ocr-system", "content": f"boxocr {__version__}"})
    ET.SubElement(head, "meta", {"name": "ocr-capabilities", "content": _CAPABILITIES})
    body = ET.SubElement(html, "body")
    for number, (name, page) in enumerate(pages):
        _add_page(body, number, name, page)
    ET.indent(html, " ")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{_DOCTYPE}\n{ET.tostring(html, encoding="unicode")}\n'


def _add_page(body: ET.Element, number: int, name: str, page: ReadPage) -> None:
    image = printable(name).replace('"', "'")
    title = f'image "{image}"; bbox 0 0 {page.width} {page.height}; ppageno {number}'
    shown = _add(body, "div", "ocr_page", f"page_{number + 1}", title)
    for block, lines in enumerate(blocks_of(page.reading.lines), 1):
        identity = f"{number + 1}_{block}"
        area = _add(shown, "div", "ocr_carea", f"block_{identity}", _box(enclosing(lines), page))
        for place, line in enumerate(lines, 1):
            _add_line(area, f"{identity}_{place}", line, page)


def _add_line(area: ET.Element, identity: str, line: Line, page: ReadPage) -> None:
    # hOCR counts degrees counterclockwise.
    angle = f"; textangle {(360 - line.rotation) % 360:g}" if line.rotation else ""
    title = f"{_box(line, page)}{angle}; x_size {line.height:.1f}"
    shown = _add(area, "span", "ocr_line", f"line_{identity}", title)
    # A user's own engine may give lines without words.
    for number, word in enumerate(line.words or [line], 1):
        confidence = f"{_box(word, page)}; x_wconf {round(100 * word.confidence)}"
        _add(shown, "span", "ocrx_word", f"word_{identity}_{number}", confidence).text = printable(word.text)


def _add(parent: ET.Element, tag: str, kind: str, identity: str, title: str) -> ET.Element:
    return ET.SubElement(parent, tag, {"class": kind, "id": identity, "title": title})


def _box(piece: Piece, page: ReadPage) -> str:
    """The upright rectangle around a piece, within the page."""
    xs, ys = zip(*piece.corners(), strict=True)
    left, top = max(math.floor(min(xs)), 0), max(math.floor(min(ys)), 0)
    return f"bbox {left} {top} {min(math.ceil(max(xs)), page.width)} {min(math.ceil(max(ys)), page.height)}"
