"""Decodes the bytes of an image file: within limits, from allowed formats only, upright.

Formats are recognized by their first bytes, never by name or media type, and only six of Pillow's decoders are used:
none of them runs another program.
"""

import logging
import math
import threading
from collections.abc import Callable
from io import BytesIO

import numpy as np
from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from boxocr.errors import PageError, PageTooLarge, PageUndecodable
from boxocr.pages.pixels import upright_pixels
from boxocr.process.memory_budget import MemoryBudget

logger = logging.getLogger(__name__)

_PIXELS_PER_MEGAPIXEL = 1_000_000

# RGB; a page without colour takes a third.
BYTES_PER_PIXEL = 3

# Memory that Pillow needs per pixel while it decodes, in addition to the page: the pixel, and for progressive JPEG and
# lossless WebP the coefficients.
_BYTES_WHILE_DECODING = 4
_BYTES_WHILE_DECODING_IN_PASSES = 6

_EXIF_ORIENTATION = 0x0112

# Smaller JPEGs are decoded faster than they are checked for colour, pixels.
_MIN_CHECKED_PIXELS = 2_000_000

# Chroma of grey, before rounding.
_NO_COLOUR = 128

_Opener = Callable[[BytesIO], ImageFile.ImageFile]

# First bytes → decoder. Image.open is not used: its size limit is global to the process, and it tries further formats.
_OPENERS: tuple[tuple[bytes, _Opener], ...] = (
    (b"\xff\xd8\xff", lambda file: JpegImagePlugin.jpeg_factory(file, "")),
    (b"\x89PNG\r\n\x1a\n", PngImagePlugin.PngImageFile),
    (b"II*\x00", TiffImagePlugin.TiffImageFile),
    (b"MM\x00*", TiffImagePlugin.TiffImageFile),
    (b"II+\x00", TiffImagePlugin.TiffImageFile),
    (b"MM\x00+", TiffImagePlugin.TiffImageFile),
    (b"GIF87a", GifImagePlugin.GifImageFile),
    (b"GIF89a", GifImagePlugin.GifImageFile),
    (b"BM", BmpImagePlugin.BmpImageFile),
)

# Files that are not images, by their first bytes → message and remedy.
_UNSUPPORTED_SIGNATURES = (
    (b"%pdf-", "The page is a PDF, not an image.", "Convert its pages to PNG or JPEG images."),
    (b"%!ps", "The page is a PostScript file, not an image.", "Convert its pages to PNG or JPEG images."),
    (b"at&tform", "The page is a DjVu file, not an image.", "Convert its pages to PNG or JPEG images."),
    (b"<svg", "The page is an SVG drawing, not an image of pixels.", "Convert it to PNG."),
    (b"<!doctype html", "The page is an HTML page (a login page?), not an image.", "Open the address in a browser."),
    (b"<html", "The page is an HTML page (a login page?), not an image.", "Open the address in a browser."),
    (b"pk\x03\x04", "The page is a ZIP archive, not an image.", "Unpack it and import the images."),
    (b"\x00\x00\x00\x0cjp  ", "The page is a JPEG 2000 image, which is not read here.", "Convert it to PNG or JPEG."),
    (b"\xff\x4f\xff\x51", "The page is a JPEG 2000 image, which is not read here.", "Convert it to PNG or JPEG."),
)


class Decoder:
    """Decodes image files. Thread-safe.

    Args:
        max_megapixels: a page with more is refused before it is decoded.
        at_once: decodings at the same time; each needs about twice the size of its page.
        budget: for the decoded pages. Each takes ``pixels.nbytes`` of it, which the caller releases; the next decoding
            waits until there is enough.
        working_bytes: for all decodings at the same time, beside the pages; one alone may need more.
    """

    def __init__(
        self,
        max_megapixels: float,
        at_once: int,
        budget: MemoryBudget | None = None,
        working_bytes: float = math.inf,
    ) -> None:
        self._max_megapixels = max_megapixels
        self._budget = budget or MemoryBudget(math.inf)
        self._slots = threading.BoundedSemaphore(at_once)
        self._working_budget = MemoryBudget(working_bytes)
        # Pillow's TIFF and GIF decoders check this too, and warn of pages over 89 megapixels. It is global to the
        # process, so it is raised to our own limit, and never lowered.
        allowed = int(max_megapixels * _PIXELS_PER_MEGAPIXEL)
        if Image.MAX_IMAGE_PIXELS is not None and allowed > Image.MAX_IMAGE_PIXELS:
            Image.MAX_IMAGE_PIXELS = allowed

    def decode(self, data: bytes) -> np.ndarray:
        """The pixels of an image file, as in :class:`~boxocr.pages.page.Page`; the first of several frames.

        Raises:
            PageTooLarge: more pixels than allowed.
            PageUndecodable: it is not an image, of an unsupported format, damaged or incomplete.
        """
        opener = _opener(data)
        if opener is None:
            raise _unsupported(data)
        with self._slots:
            try:
                return self._pixels(opener, data)
            except PageError:
                raise
            except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError):
                raise self._too_large() from None
            except Exception as error:  # noqa: BLE001 - Pillow raises many kinds for damaged files
                logger.debug("A page could not be decoded: %s", type(error).__name__)
                raise PageUndecodable(
                    "The page's image is damaged or cut off.", "Save it or upload it again."
                ) from None

    def _pixels(self, opener: _Opener, data: bytes) -> np.ndarray:
        with opener(BytesIO(data)) as image:
            if image.width * image.height > self._max_megapixels * _PIXELS_PER_MEGAPIXEL:
                raise self._too_large()
            size = image.width * image.height * BYTES_PER_PIXEL
            self._budget.acquire(size)
            try:
                with self._working_budget.reserved(_bytes_to_decode(image)):
                    pixels = self._decoded(image, data)
            except BaseException:
                self._budget.release(size)
                raise
        self._budget.release(size - pixels.nbytes)
        pixels.setflags(write=False)
        return pixels

    @staticmethod
    def _decoded(image: ImageFile.ImageFile, data: bytes) -> np.ndarray:
        if isinstance(image, JpegImagePlugin.JpegImageFile) and _is_grey_in_colour(image, data):
            image.draft("L", None)
        image.load()
        return upright_pixels(image, _orientation(image))

    def _too_large(self) -> PageTooLarge:
        return PageTooLarge(
            f"The page has more than {self._max_megapixels:g} megapixels.",
            "Store it smaller, or raise MAX_PAGE_MEGAPIXELS.",
        )


def _bytes_to_decode(image: ImageFile.ImageFile) -> int:
    in_passes = image.info.get("progressive") or image.format == "WEBP"
    each = _BYTES_WHILE_DECODING + (_BYTES_WHILE_DECODING_IN_PASSES if in_passes else 0)
    return image.width * image.height * each


def _opener(data: bytes) -> _Opener | None:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return WebPImagePlugin.WebPImageFile
    return next((opener for start, opener in _OPENERS if data.startswith(start)), None)


def _is_grey_in_colour(image: JpegImagePlugin.JpegImageFile, data: bytes) -> bool:
    """Whether an RGB JPEG has no colour, like most scans, so that only its brightness must be decoded.

    Checked on a copy of an eighth of the size, for which JPEG decodes only the mean of each block. For a page of 24
    megapixels the check takes 48 ms, and decoding only the brightness 150 ms instead of 233.
    """
    large_enough = image.width * image.height >= _MIN_CHECKED_PIXELS
    if image.mode != "RGB" or not large_enough or image.info.get("progressive"):
        return False
    with JpegImagePlugin.jpeg_factory(BytesIO(data), "") as copy:
        copy.draft("YCbCr", (copy.width // 8, copy.height // 8))
        try:
            copy.load()
        except OSError:
            # Incomplete, or stored as RGB: full decoding reports it.
            return False
        if copy.mode != "YCbCr":
            return False
        chroma = np.asarray(copy)[..., 1:]
    return bool(chroma.min() >= _NO_COLOUR - 1 and chroma.max() <= _NO_COLOUR + 1)


def _orientation(image: ImageFile.ImageFile) -> int:
    """EXIF's orientation, 1 to 8. Like browsers, and unlike Pillow, this ignores XMP and text chunks.

    Call it after loading, since a PNG can have its EXIF block after its pixels. Pillow rotates TIFFs while it loads
    them, and reports no EXIF block for them.
    """
    exif = Image.Exif()
    try:
        exif.load(image.info.get("exif", b""))
        found = exif.get(_EXIF_ORIENTATION)
    except Exception:  # noqa: BLE001 - a damaged EXIF block does not make the page unusable
        return 1
    return found if isinstance(found, int) and 1 <= found <= 8 else 1  # noqa: PLR2004 - EXIF's values


def _unsupported(data: bytes) -> PageUndecodable:
    if not data:
        return PageUndecodable("The page's file is empty.", "Upload it again.")
    head = data[:2048].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for start, message, remedy in _UNSUPPORTED_SIGNATURES:
        # An SVG can begin with an XML declaration, comments and a document type.
        if head.startswith(start) or (start == b"<svg" and head.startswith((b"<?xml", b"<!--")) and start in head):
            return PageUndecodable(message, remedy)
    if head[4:8] == b"ftyp":
        return PageUndecodable("The page is a HEIC or AVIF image, not read here.", "Convert it to PNG or JPEG.")
    return PageUndecodable()
