"""XML files with places on pages."""

import re
from collections.abc import Iterable
from xml.etree import ElementTree as ET

from boxocr.documents.annotated import AnnotatedPage
from boxocr.geometry import Vector

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def printable(text: str) -> str:
    """A text without the characters that XML cannot contain."""
    return _NOT_IN_XML.sub("", text)


def points(outline: Iterable[Vector], page: AnnotatedPage) -> str:
    """A polygon in whole pixels, within its page: ``10,20 30,20 30,40``."""
    return " ".join(f"{min(max(round(x), 0), page.width)},{min(max(round(y), 0), page.height)}" for x, y in outline)


def as_file(root: ET.Element) -> str:
    """The content of a file, indented."""
    ET.indent(root, " ")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'
