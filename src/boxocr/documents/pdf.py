"""PDF files as documents: pages rendered by PDFium, with the words of their text layer."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium
from pypdfium2 import PdfiumError

from boxocr.documents.page_image import PageImage, encode
from boxocr.documents.text_layer import lines_of
from boxocr.errors import DocumentError
from boxocr.pages.image.pixels import upright_pixels
from boxocr.reading.types import Pixels
from boxocr.reading.whole_page import Line

_POINTS_PER_INCH: Final = 72
_PIXELS_PER_MEGAPIXEL: Final = 1_000_000

# A1 at 250 dpi. A larger page would take gigabytes while it is rendered, and browsers do not show it.
_MAX_MEGAPIXELS: Final = 50.0

# The longer side. JPEG allows 65,500; browsers draw up to 32,767 on a canvas, many only half of that.
_MAX_SIDE: Final = 16_000

# A page is blank if the share of its pixels that are darker than _LIGHT is below _DUST.
_LIGHT: Final = 128
_DUST: Final = 0.00002

# The ink of text is measured on every fourth pixel of every fourth row.
_APART: Final = 4

_SMALLEST_PAGE_POINTS: Final = 3.0

_PASSWORD_ERROR: Final = 4
"""FPDF_ERR_PASSWORD."""


class PdfFile:
    """A PDF file.

    Args:
        path: of the file.
        passwords: to try, if it is encrypted.
        dpi: resolution of the pages; less for pages that would have more than 50 megapixels, or more than are allowed.
        max_megapixels: of a page.

    Raises:
        DocumentError: it is damaged, encrypted with another password, a dynamic form, or has no pages.
    """

    def __init__(self, path: Path, passwords: Sequence[str], dpi: float, max_megapixels: float) -> None:
        self._dpi = dpi
        self._max_pixels = min(max_megapixels, _MAX_MEGAPIXELS) * _PIXELS_PER_MEGAPIXEL
        self._pdf = _open(path, passwords)
        self._pages = len(self._pdf)
        if not self._pages:
            raise DocumentError("The PDF has no pages.", "Save it again with the program that made it.")
        if self._pdf.get_formtype() == pdfium.FORMTYPE_XFA_FULL:
            # Its only page asks the reader to open the file in Adobe's program.
            raise DocumentError("The PDF is a dynamic XFA form, which PDFium cannot draw.", "Print it to a new PDF.")
        # Without this, the values of form fields are not drawn.
        self._pdf.init_forms()

    def __len__(self) -> int:
        return self._pages

    def page(self, index: int) -> PageImage:
        """The page with this index.

        Raises:
            DocumentError: it cannot be rendered.
        """
        try:
            page = self._pdf[index]
            try:
                return self._rendered(page)
            finally:
                page.close()
        except (PdfiumError, ValueError, OSError) as error:
            raise DocumentError("The page is damaged.", "Save the PDF again with another program.") from error

    def _rendered(self, page: pypdfium2.PdfPage) -> PageImage:
        width, height = page.get_size()
        if not min(width, height) >= _SMALLEST_PAGE_POINTS:
            raise DocumentError("The page has no area.", "Save the PDF again with another program.")
        scale = self._dpi / _POINTS_PER_INCH
        bound = min(scale, math.sqrt(self._max_pixels / (width * height)), _MAX_SIDE / max(width, height))
        remark = ""
        if bound < scale:
            remark = f"It is rendered at {bound * _POINTS_PER_INCH:.0f} dpi, because of its size."
        # pypdfium2 rounds up, and in floating point 420 points at 300 dpi are a little more than 1,750 pixels.
        bitmap = page.render(scale=bound * (1 - 1e-9), rev_byteorder=True)
        try:
            pixels = upright_pixels(bitmap.to_pil(), 1)
            data, suffix = encode(pixels)
            lines = lines_of(page, bitmap.get_posconv(page), bitmap.width, bitmap.height)
            blank = not lines and float((pixels < _LIGHT).mean()) < _DUST
            ink = _ink_inside(pixels, lines) if lines else 0.0
            return PageImage(data, suffix, bitmap.width, bitmap.height, lines, ink, blank, remark)
        finally:
            bitmap.close()


def _ink_inside(pixels: Pixels, lines: Sequence[Line]) -> float:
    """Share of the dark pixels of a page that are in some of its lines, 0 to 1."""
    dark = pixels[::_APART, ::_APART] < _LIGHT
    inside = np.zeros_like(dark)
    for line in lines:
        xs, ys = zip(*line.corners(), strict=True)
        rows, columns = (slice(max(round(min(one) / _APART), 0), round(max(one) / _APART)) for one in (ys, xs))
        inside[rows, columns] = True
    return float((dark & inside).sum() / max(dark.sum(), 1))


def _open(path: Path, passwords: Sequence[str]) -> pypdfium2.PdfDocument:
    for password in (None, *passwords):
        try:
            return pypdfium2.PdfDocument(path, password=password)
        except PdfiumError as error:
            if getattr(error, "err_code", None) != _PASSWORD_ERROR:
                raise DocumentError(
                    "The PDF is damaged, or cut off.", "Open it in a viewer, and print it to a new PDF."
                ) from error
    if passwords:
        raise DocumentError("The PDF is encrypted, with another password than those given.", "Correct --password.")
    raise DocumentError("The PDF is encrypted.", "Give its password with --password.")
