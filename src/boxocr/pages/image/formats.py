"""The formats of image files, recognized by their first bytes, never by name or media type.

Only these decoders are used, and none of them runs another program. Image.open is avoided, since it tries more formats.
"""

from collections.abc import Callable
from io import BytesIO

from pi_heif import HeifImageFile
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    ImageFile,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from boxocr.errors import PageUndecodable

Opener = Callable[[BytesIO], ImageFile.ImageFile]

_OPENERS: tuple[tuple[bytes, Opener], ...] = (
    (b"\xff\xd8\xff", lambda file: JpegImagePlugin.jpeg_factory(file, "")),
    (b"\x89PNG\r\n\x1a\n", PngImagePlugin.PngImageFile),
    (b"II*\x00", TiffImagePlugin.TiffImageFile),
    (b"MM\x00*", TiffImagePlugin.TiffImageFile),
    (b"II+\x00", TiffImagePlugin.TiffImageFile),
    (b"MM\x00+", TiffImagePlugin.TiffImageFile),
    (b"GIF87a", GifImagePlugin.GifImageFile),
    (b"GIF89a", GifImagePlugin.GifImageFile),
    (b"BM", BmpImagePlugin.BmpImageFile),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", Jpeg2KImagePlugin.Jpeg2KImageFile),
    (b"\xff\x4f\xff\x51", Jpeg2KImagePlugin.Jpeg2KImageFile),
)

# Brands in the file type box of ISO 14496-12.
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})

# Files that are not images, by their first bytes → message and remedy.
_UNSUPPORTED_SIGNATURES = (
    (b"%pdf-", "The page is a PDF, not an image.", "Convert its pages to PNG or JPEG images."),
    (b"%!ps", "The page is a PostScript file, not an image.", "Convert its pages to PNG or JPEG images."),
    (b"at&tform", "The page is a DjVu file, not an image.", "Convert its pages to PNG or JPEG images."),
    (b"<svg", "The page is an SVG drawing, not an image of pixels.", "Convert it to PNG."),
    (b"<!doctype html", "The page is an HTML page (a login page?), not an image.", "Open the address in a browser."),
    (b"<html", "The page is an HTML page (a login page?), not an image.", "Open the address in a browser."),
    (b"pk\x03\x04", "The page is a ZIP archive, not an image.", "Unpack it and import the images."),
)


def opener_of(data: bytes) -> Opener:
    """The function that opens a file of this format.

    Raises:
        PageUndecodable: the format is not supported, or the file is empty.
    """
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return WebPImagePlugin.WebPImageFile
    if data[4:8] == b"ftyp":
        brands = _brands(data)
        if brands & _AVIF_BRANDS:
            return AvifImagePlugin.AvifImageFile
        if brands & _HEIF_BRANDS:
            heif: Opener = HeifImageFile
            return heif
    opener = next((opener for start, opener in _OPENERS if data.startswith(start)), None)
    if opener is None:
        raise _unsupported(data)
    return opener


def _brands(data: bytes) -> set[bytes]:
    """The major and the compatible brands of a file."""
    end = min(int.from_bytes(data[:4]), 1_000)
    return {data[8:12], *(data[place : place + 4] for place in range(16, end, 4))}


def _unsupported(data: bytes) -> PageUndecodable:
    if not data:
        return PageUndecodable("The page's file is empty.", "Upload it again.")
    head = data[:2048].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for start, message, remedy in _UNSUPPORTED_SIGNATURES:
        # An SVG can begin with an XML declaration, comments and a document type.
        if head.startswith(start) or (start == b"<svg" and head.startswith((b"<?xml", b"<!--")) and start in head):
            return PageUndecodable(message, remedy)
    return PageUndecodable()
