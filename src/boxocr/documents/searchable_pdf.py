"""Searchable PDFs: the pages of a task as images, with their texts invisible above them."""

import io
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, Stream
from PIL import Image

from boxocr.documents.annotated import AnnotatedPage
from boxocr.documents.writer import Writer
from boxocr.reading.types import Pixels
from boxocr.reading.whole_page import Line, Piece

# Images of pages do not say how large the paper was. Scans for OCR usually have this resolution.
_DPI = 300
_POINTS_PER_PIXEL = 72 / _DPI

_JPEG_QUALITY = 90

# Width, descent and ascent of all letters, in thousandths of the font size.
_LETTER_WIDTH, _DESCENT, _ASCENT = 500, -200, 800

# Number of codes in a simple font.
_CODES = 256


class SearchablePdf(Writer):
    """``NAME.pdf`` for each task."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._task = 0
        self._pdf: Pdf | None = None
        self._fonts: _InvisibleFonts

    def add(self, page: AnnotatedPage, pixels: Pixels) -> None:
        """Add a page to the document of its task."""
        if page.task != self._task or self._pdf is None:
            self.close()
            self._task, self._pdf = page.task, Pdf.new()
            self._fonts = _InvisibleFonts(self._pdf)
        regions = self.with_lines(page, pixels)
        width, height = (size * _POINTS_PER_PIXEL for size in (page.width, page.height))
        shown = self._pdf.add_blank_page(page_size=(width, height))
        text = "\n".join(self._fonts.line(line, height) for one in regions for line in one.lines)
        content = f"q {width:.4f} 0 0 {height:.4f} 0 0 cm /Page Do Q\nBT 3 Tr\n{text}\nET\n"
        shown.Contents = Stream(self._pdf, content.encode("ascii"))
        shown.Resources = Dictionary(XObject=Dictionary(Page=_image(self._pdf, pixels)), Font=self._fonts.dictionary)

    def close(self) -> None:
        """Finish the last document."""
        if self._pdf is not None:
            self._fonts.finish()
            # Equal pages give equal files.
            self._pdf.save(self.folder / f"task-{self._task}.pdf", deterministic_id=True)
            self._pdf.close()
            self._pdf = None


class _InvisibleFonts:
    """Fonts without shapes, for all characters of a document.

    Each is a Type 3 font with 256 codes, and maps them to characters. No font has to be found or embedded.

    Args:
        pdf: the document.
    """

    def __init__(self, pdf: Pdf) -> None:
        self.dictionary = pdf.make_indirect(Dictionary())
        self._pdf = pdf
        self._codes: dict[str, int] = {}

    def line(self, line: Line, page_height: float) -> str:
        """The operators that write a line, each word as wide as it is on the page.

        Args:
            line: with words.
            page_height: in points.
        """
        written = [self._piece(word.text, word, page_height) for word in line.words]
        # Spaces fill the gaps, so that programs need not guess where words end.
        gaps = [
            self._piece(" ", _between(word, after), page_height)
            for word, after in zip(line.words, line.words[1:], strict=False)
        ]
        return "\n".join(part for pair in zip(written, [*gaps, ""], strict=True) for part in pair if part)

    def finish(self) -> None:
        """Write the fonts.

        Call this after the last line.
        """
        characters = list(self._codes)
        for number in range(math.ceil(len(characters) / _CODES)):
            own = characters[number * _CODES : (number + 1) * _CODES]
            self.dictionary[f"/F{number}"] = self._font(own)

    def _piece(self, text: str, piece: Piece, page_height: float) -> str:
        size = max(piece.height * _POINTS_PER_PIXEL, 0.1)
        width = max(piece.width * _POINTS_PER_PIXEL, 0.1)
        stretch = 100 * width / (len(text) * size * _LETTER_WIDTH / 1000)
        # The baseline, above the lower edge by the descent of the letters.
        cosine, sine = math.cos(math.radians(piece.rotation)), math.sin(math.radians(piece.rotation))
        down = piece.height * (1 + _DESCENT / 1000)
        x = (piece.x - down * sine) * _POINTS_PER_PIXEL
        y = page_height - (piece.y + down * cosine) * _POINTS_PER_PIXEL
        parts = [f"{stretch:.4f} Tz {cosine:.6f} {-sine:.6f} {sine:.6f} {cosine:.6f} {x:.4f} {y:.4f} Tm"]
        codes = [self._codes.setdefault(character, len(self._codes)) for character in text]
        start = 0
        for place in range(1, len(codes) + 1):
            if place == len(codes) or codes[place] // _CODES != codes[start] // _CODES:
                shown = bytes(code % _CODES for code in codes[start:place]).hex()
                parts.append(f"/F{codes[start] // _CODES} {size:.4f} Tf <{shown}> Tj")
                start = place
        return " ".join(parts)

    def _font(self, characters: Sequence[str]) -> Dictionary:
        empty = self._pdf.make_stream(f"{_LETTER_WIDTH} 0 d0".encode())
        names = [Name(f"/c{code}") for code in range(len(characters))]
        return self._pdf.make_indirect(
            Dictionary(
                Type=Name.Font,
                Subtype=Name.Type3,
                FontBBox=Array([0, _DESCENT, _LETTER_WIDTH, _ASCENT]),
                FontMatrix=Array([0.001, 0, 0, 0.001, 0, 0]),
                FirstChar=0,
                LastChar=len(characters) - 1,
                Widths=Array([_LETTER_WIDTH] * len(characters)),
                Encoding=Dictionary(Type=Name.Encoding, Differences=Array([0, *names])),
                CharProcs=Dictionary({str(name): empty for name in names}),
                Resources=Dictionary(),
                ToUnicode=self._pdf.make_stream(_to_unicode(characters)),
            )
        )


def _between(word: Piece, after: Piece) -> Piece:
    """The gap between two words of a line, even if the second word is on the left."""
    if math.dist(word.corners()[1], (after.x, after.y)) > math.dist(after.corners()[1], (word.x, word.y)):
        word, after = after, word
    x, y = word.corners()[1]
    gap = math.dist((x, y), (after.x, after.y))
    return Piece(" ", 1.0, x, y, gap, word.height, word.rotation)


def _to_unicode(characters: Sequence[str]) -> bytes:
    """The character map of a font: the character of each code, as UTF-16."""
    rows = [
        f"<{code:02x}> <{character.encode('utf-16-be', 'replace').hex()}>" for code, character in enumerate(characters)
    ]
    # A block has at most 100 rows.
    blocks = [rows[start : start + 100] for start in range(0, len(rows), 100)]
    maps = "\n".join(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks)
    return (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
        f"1 begincodespacerange\n<00> <ff>\nendcodespacerange\n{maps}\n"
        "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
    ).encode("ascii")


def _image(pdf: Pdf, pixels: Pixels) -> pikepdf.Object:
    """The image of a page, as JPEG."""
    image = Image.fromarray(np.ascontiguousarray(pixels))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=_JPEG_QUALITY)
    return pdf.make_stream(
        file.getvalue(),
        Type=Name.XObject,
        Subtype=Name.Image,
        Width=image.width,
        Height=image.height,
        ColorSpace=Name.DeviceGray if image.mode == "L" else Name.DeviceRGB,
        BitsPerComponent=8,
        Filter=Name.DCTDecode,
    )
