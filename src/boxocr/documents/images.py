"""Image files as documents: those that browsers show stay as they are, others become a PNG or JPEG for each frame."""

from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from PIL import ExifTags, Image, ImageFile

from boxocr.documents.kinds import Kind
from boxocr.documents.page_image import PageImage, encode
from boxocr.errors import DocumentError, PageError
from boxocr.pages.image.file import ImageFileReader, limit_pillow
from boxocr.pages.image.formats import opener_of
from boxocr.pages.image.pixels import upright_pixels
from boxocr.reading import prepare

_PIXELS_PER_MEGAPIXEL = 1_000_000

# The first bytes of a file, and the suffix of its name.
_SUFFIXES = ((b"\xff\xd8", ".jpg"), (b"\x89PNG", ".png"), (b"GIF8", ".gif"), (b"BM", ".bmp"), (b"RIFF", ".webp"))

_ANIMATED = (".gif", ".webp", ".png")

# Formats whose frames are pages. In other formats, frames are animations or depth images of a photo.
_PAGED = (Kind.TIFF, Kind.HEIF)

# Fax machines scan 204 by 98 or 196 pixels an inch. A smaller factor between the two resolutions is rounding, and a
# larger one a mistake.
_OBLONG, _MOST_OBLONG = 1.05, 4.0

# EXIF's orientations in which the stored rows are columns.
_ON_ITS_SIDE = range(5, 9)


class ImageDocument:
    """An image file.

    Args:
        path: of the file.
        kind: of the file.
        max_megapixels: larger frames are refused.

    Raises:
        DocumentError: the file cannot be read.
    """

    def __init__(self, path: Path, kind: Kind, max_megapixels: float) -> None:
        self._kind = kind
        self._max_megapixels = max_megapixels
        limit_pillow(max_megapixels)
        try:
            self._data = path.read_bytes()
        except OSError:
            raise DocumentError("It cannot be read.", "Check its permissions.") from None
        self._frames: ImageFile.ImageFile | None = None
        self._stretch = 1.0
        if kind in _PAGED:
            try:
                image = opener_of(self._data)(BytesIO(self._data))
                self._stretch = _stretch(image)
                if getattr(image, "n_frames", 1) > 1:
                    self._frames = image
            except Exception as error:
                # Pillow raises exceptions of many kinds for damaged files.
                raise self._damaged() from error

    def __len__(self) -> int:
        return getattr(self._frames, "n_frames", 1)

    def page(self, index: int) -> PageImage:
        """The frame with this index, upright.

        Raises:
            DocumentError: it is damaged, or too large.
        """
        if self._frames is None:
            pixels, stretch = self._only_frame(), self._stretch
        else:
            pixels, stretch = self._frame(self._frames, index)
        pixels = self._square(pixels, stretch)
        height, width = pixels.shape[:2]
        if self._kind is not Kind.IMAGE:
            return PageImage(*encode(pixels), width, height)
        suffix = next(suffix for start, suffix in _SUFFIXES if self._data.startswith(start))
        animated = suffix in _ANIMATED and self._is_animated()
        remark = "It is an animation, of which the first frame is read." if animated else ""
        return PageImage(self._data, suffix, width, height, remark=remark)

    def _only_frame(self) -> np.ndarray:
        reader = None
        try:
            reader = ImageFileReader(self._data, self._max_megapixels)
            reader.load()
            pixels, missing = reader.convert()
        except PageError as error:
            raise DocumentError(error.message.replace("The page's image", "The image"), error.remedy) from error
        if missing:
            raise self._damaged()
        return pixels

    def _frame(self, image: ImageFile.ImageFile, index: int) -> tuple[np.ndarray, float]:
        try:
            image.seek(index)
            stretch = _stretch(image)
            width, height = image.size
            if width * height <= self._max_megapixels * _PIXELS_PER_MEGAPIXEL:
                image.load()
                return upright_pixels(image, 1), stretch
        except Exception as error:
            raise self._damaged() from error
        raise self._too_large()

    def _square(self, pixels: np.ndarray, stretch: float) -> np.ndarray:
        """The page with square pixels; they were ``stretch`` times higher than wide."""
        height, width = pixels.shape[:2]
        size = round(width * max(1 / stretch, 1.0)), round(height * max(stretch, 1.0))
        if size == (width, height):
            return pixels
        if size[0] * size[1] > self._max_megapixels * _PIXELS_PER_MEGAPIXEL:
            raise self._too_large()
        return prepare.resized(pixels, size, cv2.INTER_LINEAR)

    def _too_large(self) -> DocumentError:
        return DocumentError(
            f"The page has more than {self._max_megapixels:g} megapixels.",
            "Store it smaller, or raise MAX_PAGE_MEGAPIXELS.",
        )

    def _is_animated(self) -> bool:
        with Image.open(BytesIO(self._data), formats=("GIF", "WEBP", "PNG")) as image:
            return getattr(image, "n_frames", 1) > 1

    def _damaged(self) -> DocumentError:
        return DocumentError("The image is damaged or cut off.", "Save it again.")


def _stretch(image: Image.Image) -> float:
    """How many times higher than wide the pixels of a frame are on paper, once it is upright."""
    tags = getattr(image, "tag_v2", {})
    try:
        across, down = (float(tags.get(tag, 0)) for tag in (ExifTags.Base.XResolution, ExifTags.Base.YResolution))
    except (TypeError, ValueError):
        # A damaged tag can hold several numbers, or a text.
        return 1.0
    # Neither is true of NaN, which Pillow gives for 0/0.
    stretch = across / down if across > 0 and down > 0 else 1.0
    if not _OBLONG < max(stretch, 1 / stretch) < _MOST_OBLONG:
        return 1.0
    return 1 / stretch if tags.get(ExifTags.Base.Orientation) in _ON_ITS_SIDE else stretch
