"""Turns an image file into pixels: opens, loads and converts it. Runs in a process that can be killed."""

import logging
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

import numpy as np
import pi_heif
from PIL import AvifImagePlugin, GifImagePlugin, Image, ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from boxocr.errors import PageError, PageTooCostly, PageTooLarge, PageUndecodable
from boxocr.pages.image import formats, jpeg, png, structure, webp
from boxocr.pages.image.incomplete import Box, box_of_rows, complete_rows
from boxocr.pages.image.pixels import upright_pixels

logger = logging.getLogger(__name__)

_PIXELS_PER_MEGAPIXEL = 1_000_000

# Memory that some decoders need per pixel, in addition to the image and the page: coefficients of lossless WebP, two
# integers of 32 bits for each colour of JPEG 2000, planes of 16 bits of AVIF and HEIC.
_MORE_BYTES = {"WEBP": 6, "JPEG2000": 24, "AVIF": 12, "HEIF": 12}

# Bytes of a coefficient of a progressive JPEG.
_COEFFICIENT_BYTES = 2

# Pillow's images have four bytes per pixel, except for these modes.
_BYTES_PER_PIXEL = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2}

# Processor time per megapixel that a decoding takes at most unless its file is hostile. On a busy machine the slowest
# pages, which consist of noise, took half of it: WebP 0.05 s, HEIC 0.1 s and JPEG 2000 0.4 s.
_MIN_SECONDS, _SECONDS_PER_MEGAPIXEL = 0.5, 0.1
_SLOW_SECONDS_PER_MEGAPIXEL = {"JPEG2000": 0.8, "AVIF": 0.2, "HEIF": 0.2}

# Errors that do not mean that the file is damaged.
_TOO_LARGE = (MemoryError, Image.DecompressionBombError, Image.DecompressionBombWarning)

# Parts of the messages of Pillow's TIFF decoder (by its error number), libavif and libheif when the system refuses
# memory. The types of these errors are those for damaged files.
_NO_MEMORY = ("decoder error -9", "out of memory", "memory allocation")

_EXIF_ORIENTATION = 0x0112

# JPEGs with fewer pixels are decoded faster than they are checked for colour.
_MIN_CHECKED_PIXELS = 2_000_000

# Cb and Cr of grey, before rounding.
_NO_COLOUR = 128

_WHITE = 255


class ImageFileReader:
    """Reads one image file. If it is damaged but browsers display it, as much of it as possible is read.

    Args:
        data: the file.
        max_megapixels: a page with more is refused before it is decoded.

    Raises:
        PageError: from all methods; the subclass says why there is no page.
    """

    def __init__(self, data: bytes, max_megapixels: float) -> None:
        self._data = data
        self._max_megapixels = max_megapixels
        self._opener = formats.opener_of(data)
        self._is_lenient = self._interlaced = False
        self._is_cut_off = False
        self._opened: ImageFile.ImageFile | None = None
        with self._our_errors():
            structure.check(data)
            # Pillow decodes a WebP while it opens it.
            self._size = webp.size_of(data) if self._is_webp else self._open().size
        if self.pixels > max_megapixels * _PIXELS_PER_MEGAPIXEL:
            raise self._too_large()

    @property
    def pixels(self) -> int:
        """Width times height."""
        return self._size[0] * self._size[1]

    @property
    def bytes_to_decode(self) -> int:
        """Upper estimate of the memory that :meth:`load` needs, in addition to the file and the page."""
        if self._opened is None:
            return self.pixels * (4 + _MORE_BYTES["WEBP"])
        image = self._opened
        each = _BYTES_PER_PIXEL.get(image.mode, 4) + _MORE_BYTES.get(image.format or "", 0)
        if isinstance(image, JpegImagePlugin.JpegImageFile) and image.info.get("progressive"):
            # Colours are often stored at half the resolution.
            samples = [layer[1] * layer[2] for layer in image.layer]
            each += math.ceil(_COEFFICIENT_BYTES * sum(samples) / max(*samples, 1))
        return self.pixels * each

    @property
    def seconds_to_decode(self) -> float:
        """Processor time that :meth:`load` and :meth:`convert` take at most, unless the file is hostile."""
        kind = self._opened.format if self._opened is not None else None
        each = _SLOW_SECONDS_PER_MEGAPIXEL.get(kind or "", _SECONDS_PER_MEGAPIXEL)
        return _MIN_SECONDS + each * self.pixels / _PIXELS_PER_MEGAPIXEL

    def load(self) -> None:
        """Decode the file."""
        with self._our_errors():
            image = self._opened or self._open()
            if image.size != self._size:
                raise _damaged()
            if self._is_lenient:
                _load_leniently(image)
                return
            try:
                if _is_grey_in_colour(image, self._data):
                    image.draft("L", None)
                image.load()
            except _TOO_LARGE:
                raise
            except Exception as error:  # noqa: BLE001 - Pillow raises many kinds for damaged files
                again = self._reopened(error)
                if again.size != self._size:
                    raise _damaged() from None
                _load_leniently(again)

    def convert(self) -> tuple[np.ndarray, Box | None]:
        """The pixels of the upright page, and the area that the file does not contain. Call it once."""
        with self._our_errors():
            image = self._opened
            if image is None:
                raise _damaged()
            orientation, rows = _orientation(image), image.height
            complete = complete_rows(image, self._data, interlaced=self._interlaced) if self._is_cut_off else rows
            missing = box_of_rows(complete, image.size, orientation) if complete < rows else None
            # These images contain an approximation of the missing rows, as browsers display it.
            is_approximate = isinstance(image, JpegImagePlugin.JpegImageFile) or self._interlaced
            if not complete and (not is_approximate or _is_blank(image)):
                raise _damaged()
            pixels = upright_pixels(image, orientation)
            if missing and not is_approximate:
                left, top, right, bottom = missing
                pixels[top:bottom, left:right] = _WHITE
            # The image is freed before the page is sent to the parent.
            self._opened = None
            return pixels, missing

    @property
    def _is_webp(self) -> bool:
        return self._opener is WebPImagePlugin.WebPImageFile

    def _open(self) -> ImageFile.ImageFile:
        try:
            self._opened = self._opener(BytesIO(self._data))
        except _TOO_LARGE:
            raise
        except Exception as error:  # noqa: BLE001 - Pillow raises many kinds for damaged files
            return self._reopened(error)
        self._interlaced = _is_interlaced(self._opened)
        return self._opened

    def _reopened(self, reason: Exception) -> ImageFile.ImageFile:
        """The file opened again, without the metadata and checksums that Pillow insists on and browsers ignore."""
        logger.debug("A page could not be decoded strictly: %s", type(reason).__name__)
        if _lacks_memory(reason):
            raise _too_costly() from None
        self._is_lenient = True
        data = self._data
        self._is_cut_off = True
        if self._opener is PngImagePlugin.PngImageFile:
            data = png.without_metadata(data)
        elif data.startswith(b"\xff\xd8"):
            self._is_cut_off = not jpeg.has_end(data)
            data = jpeg.without_metadata(jpeg.with_end_marker(data) if self._is_cut_off else data)
        elif self._opener is not GifImagePlugin.GifImageFile:
            raise _damaged() from None
        self._data = data
        with _lenient():
            self._opened = self._opener(BytesIO(data))
        self._interlaced = _is_interlaced(self._opened)
        return self._opened

    @contextmanager
    def _our_errors(self) -> Iterator[None]:
        try:
            yield
        except PageError:
            raise
        except MemoryError:
            raise _too_costly() from None
        except _TOO_LARGE:
            raise self._too_large() from None
        except Exception as error:  # noqa: BLE001 - Pillow raises many kinds for damaged files
            logger.debug("A page could not be decoded: %s", type(error).__name__)
            raise _too_costly() if _lacks_memory(error) else _damaged() from None

    def _too_large(self) -> PageTooLarge:
        return PageTooLarge(
            f"The page has more than {self._max_megapixels:g} megapixels.",
            "Store it smaller, or raise MAX_PAGE_MEGAPIXELS.",
        )


def limit_pillow(max_megapixels: float) -> None:
    """Apply a limit to Pillow's own checks, and one thread to its decoders. Both are global to the process."""
    # Pillow's check matters for GIF, whose frames can be larger than the image. ImageFileReader checks all formats.
    Image.MAX_IMAGE_PIXELS = int(max_megapixels * _PIXELS_PER_MEGAPIXEL)
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    # One thread each, since there is a process for each core.
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    pi_heif.options.DECODE_THREADS = 1


@contextmanager
def _lenient() -> Iterator[None]:
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False


def _load_leniently(image: ImageFile.ImageFile) -> None:
    with _lenient():
        image.load()


def _is_interlaced(image: ImageFile.ImageFile) -> bool:
    """Whether an image is a GIF with interlaced rows."""
    arguments = image.tile[0].args if isinstance(image, GifImagePlugin.GifImageFile) and image.tile else None
    return isinstance(arguments, tuple) and bool(arguments[1])


def _is_blank(image: Image.Image) -> bool:
    """Whether all pixels have the same value."""
    return all(low == high for low, high in (channel.getextrema() for channel in image.split()))


def _is_grey_in_colour(image: ImageFile.ImageFile, data: bytes) -> bool:
    """Whether an RGB JPEG has no colour, like most scans, so that only its brightness must be decoded.

    The check uses a copy at an eighth of the size, for which only the mean of each block is decoded. For a page of 24
    megapixels the check takes 48 ms, and decoding only the brightness takes 150 ms instead of 233.
    """
    if not isinstance(image, JpegImagePlugin.JpegImageFile) or image.mode != "RGB" or image.info.get("progressive"):
        return False
    if image.width * image.height < _MIN_CHECKED_PIXELS:
        return False
    with JpegImagePlugin.jpeg_factory(BytesIO(data), "") as copy:
        copy.draft("YCbCr", (copy.width // 8, copy.height // 8))
        try:
            copy.load()
        except OSError:
            # The file is incomplete, or stores RGB instead of YCbCr.
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


def _lacks_memory(error: Exception) -> bool:
    return any(part in str(error).lower() for part in _NO_MEMORY)


def _too_costly() -> PageTooCostly:
    return PageTooCostly("The page's image takes more memory to decode than its size explains.")


def _damaged() -> PageUndecodable:
    return PageUndecodable("The page's image is damaged or cut off.", "Save it or upload it again.")
