"""Finds the part of an image that is missing because its file was cut off or damaged."""

import numpy as np
from PIL import GifImagePlugin, ImageFile, JpegImagePlugin, PngImagePlugin

from boxocr.pages.image import jpeg, png

Box = tuple[int, int, int, int]
"""Left, top, right and bottom of an area, px."""

# Pillow's images are black until they are decoded. libjpeg fills missing blocks with the middle value, 128, which is
# 127 once Pillow has inverted inks.
_BLACK = 0
_JPEG_FILLINGS = (_BLACK, 127, 128)

_BLOCK = 8


def complete_rows(image: ImageFile.ImageFile, data: bytes, *, interlaced: bool) -> int:
    """Number of rows, from the top, that look as they would if the file were whole.

    Args:
        image: loaded from a damaged file.
        data: the file.
        interlaced: whether the image is an interlaced GIF.
    """
    if isinstance(image, PngImagePlugin.PngImageFile):
        return png.complete_rows(data)
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        return _complete_jpeg_rows(image, data)
    if isinstance(image, GifImagePlugin.GifImageFile) and interlaced:
        return 0
    # The row before the filled ones can be incomplete too.
    return max(image.height - _filled_rows(np.asarray(image), (image.info.get("transparency", _BLACK),)) - 1, 0)


def box_of_rows(first: int, size: tuple[int, int], orientation: int) -> Box:
    """The area that the last stored rows of an image cover on the upright page.

    Args:
        first: index of the first of these rows, as stored.
        size: width and height, as stored.
        orientation: EXIF's, 1 to 8.
    """
    width, height = size
    match orientation:
        case 3 | 4:
            return 0, 0, width, height - first
        case 5 | 8:
            return first, 0, height, width
        case 6 | 7:
            return 0, 0, height - first, width
        case _:
            return 0, first, width, height


def _complete_jpeg_rows(image: JpegImagePlugin.JpegImageFile, data: bytes) -> int:
    if image.info.get("progressive"):
        # Each scan refines the whole image, so if some are missing, no row is known to be complete.
        return image.height if jpeg.has_all_scans(data) else 0
    pixels = np.asarray(image)
    complete = image.height - _filled_rows(pixels, _JPEG_FILLINGS)
    # The right end of the last row of blocks can be missing too.
    first = max(complete - _BLOCK * max(layer[2] for layer in image.layer), 0)
    end = pixels[first:complete, -_BLOCK:]
    return first if end.size and any((end == filling).all() for filling in _JPEG_FILLINGS) else complete


def _filled_rows(pixels: np.ndarray, fillings: tuple[int, ...]) -> int:
    """Number of rows at the bottom that only consist of the same one of these values."""
    axes = tuple(range(1, pixels.ndim))
    return max(_length_of_end((pixels == filling).all(axis=axes)) for filling in fillings)


def _length_of_end(flags: np.ndarray) -> int:
    """Number of consecutive true values at the end of an array."""
    others = np.flatnonzero(~flags)
    return len(flags) - 1 - int(others[-1]) if len(others) else len(flags)
