"""Small PDF files, written by hand: text in Helvetica, images, and text layers that are right, wrong or invisible."""

import io
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from PIL import Image

A5 = (420.0, 595.0)
"""Points."""

# A Caesar cipher: the text layer has other letters than those that are drawn.
_SHIFTED = (
    b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /Shifted def /CMapType 2 def "
    b"1 begincodespacerange <00> <FF> endcodespacerange "
    b"2 beginbfrange <20> <20> <0020> <21> <7E> <0024> endbfrange endcmap end end"
)


@dataclass(frozen=True)
class PdfPage:
    """A page.

    Attributes:
        lines: from the top; each with its distances from the left and top edge and its size, in points, and its text.
        paper: width and height, in points.
        rotate: degrees by which the page is rotated clockwise after the text is drawn.
        image: an image that covers the page.
        visible: whether the text is drawn; otherwise it is only in the text layer.
        shifted: whether the text layer has other letters than those that are drawn.
        negative: whether the font has a negative size, which its matrix reverses.
        rules: ruled lines, horizontal or vertical: two ends each, in points from the upper left corner.
    """

    lines: Sequence[tuple[float, float, float, str]] = ()
    paper: tuple[float, float] = A5
    rotate: int = 0
    image: Image.Image | None = None
    visible: bool = True
    shifted: bool = False
    negative: bool = False
    rules: Sequence[tuple[float, float, float, float]] = ()


def text_page(*texts: str, left: float = 40, top: float = 60, size: float = 12, **options: object) -> PdfPage:
    """A page with lines below each other."""
    lines = [(left, top + 2 * size * row, size, text) for row, text in enumerate(texts)]
    return PdfPage(lines, **options)  # type: ignore[arg-type] # of the dataclass


@dataclass
class _Objects:
    """The objects of a file, numbered from 1."""

    bodies: list[bytes] = field(default_factory=list)

    def add(self, body: bytes) -> int:
        self.bodies.append(body)
        return len(self.bodies)

    def stream(self, data: bytes, entries: bytes = b"") -> int:
        packed = zlib.compress(data)
        head = b"<< /Length %d /Filter /FlateDecode %s >>" % (len(packed), entries)
        return self.add(head + b"\nstream\n" + packed + b"\nendstream")


def pdf(*pages: PdfPage) -> bytes:
    """A PDF file with these pages."""
    objects = _Objects()
    plain = objects.add(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
    mapping = objects.stream(_SHIFTED)
    shifted = objects.add(
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding /ToUnicode %d 0 R >>" % mapping
    )
    tree = objects.add(b"")
    numbers = []
    for page in pages:
        width, height = page.paper
        resources = b"/Font << /F %d 0 R >>" % (shifted if page.shifted else plain)
        content = b""
        if page.image is not None:
            grey = page.image.convert("L")
            entries = b"/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 8"
            image = objects.stream(grey.tobytes(), entries % grey.size)
            resources += b" /XObject << /I %d 0 R >>" % image
            content += b"q %f 0 0 %f 0 0 cm /I Do Q\n" % (width, height)
        for left, top, size, text in page.lines:
            written = text.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
            mode = 0 if page.visible else 3
            sign = -1 if page.negative else 1
            place = b"%d 0 0 %d %f %f Tm" % (sign, sign, left, height - top)
            content += b"BT /F %f Tf %d Tr %s (%s) Tj ET\n" % (sign * size, mode, place, written)
        for x0, y0, x1, y1 in page.rules:
            content += b"%f %f m %f %f l S\n" % (x0, height - y0, x1, height - y1)
        stream = objects.stream(content)
        box = b"/MediaBox [0 0 %f %f] /Rotate %d" % (width, height, page.rotate)
        entries = b"/Type /Page /Parent %d 0 R %s /Resources << %s >> /Contents %d 0 R"
        numbers.append(objects.add(b"<< " + entries % (tree, box, resources, stream) + b" >>"))
    kids = b" ".join(b"%d 0 R" % number for number in numbers)
    objects.bodies[tree - 1] = b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(numbers), kids)
    root = objects.add(b"<< /Type /Catalog /Pages %d 0 R >>" % tree)
    return _file(objects, root)


def _file(objects: _Objects, root: int) -> bytes:
    out = io.BytesIO()
    out.write(b"%PDF-1.7\n")
    places = []
    for number, body in enumerate(objects.bodies, 1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    table = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1))
    for place in places:
        out.write(b"%010d 00000 n \n" % place)
    out.write(b"trailer << /Size %d /Root %d 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(places) + 1, root, table))
    return out.getvalue()
