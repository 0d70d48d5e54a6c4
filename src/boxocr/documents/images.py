"""Image files as documents: those that browsers show stay as they are, others become PNG or JPEG, a page per frame."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from PIL import AvifImagePlugin, Image, ImageFile, ImageOps, Jpeg2KImagePlugin, TiffImagePlugin

from boxocr.documents.encoding import encode
from boxocr.documents.kinds import Kind
from boxocr.documents.page_image import PageImage
from boxocr.errors import DocumentError
from boxocr.pages.decode import Decoder
from boxocr.pages.image.pixels import upright_pixels

_PIXELS_PER_MEGAPIXEL: Final = 1_000_000


def _heif(path: Path) -> ImageFile.ImageFile:
    from pi_heif import HeifImageFile  # noqa: PLC0415 - loads a large library, for one kind of file

    image: ImageFile.ImageFile = HeifImageFile(str(path))
    return image


# Image.open is not used: it tries other formats too, by which some of Pillow's decoders would run programs.
_OPENERS: dict[Kind, Callable[[Path], ImageFile.ImageFile]] = {
    Kind.TIFF: TiffImagePlugin.TiffImageFile,
    Kind.HEIF: _heif,
    Kind.AVIF: AvifImagePlugin.AvifImageFile,
    Kind.JPEG_2000: Jpeg2KImagePlugin.Jpeg2KImageFile,
}

# First bytes → suffix of the name.
_SUFFIXES = ((b"\xff\xd8", ".jpg"), (b"\x89PNG", ".png"), (b"GIF8", ".gif"), (b"BM", ".bmp"), (b"RIFF", ".webp"))


class ShownImage:
    """A PNG, JPEG, WebP, GIF or BMP file, whose bytes are used unchanged.

    Args:
        path: of the file.
        max_megapixels: larger images are refused.
    """

    def __init__(self, path: Path, max_megapixels: float) -> None:
        self._path = path
        self._decoder = Decoder(max_megapixels, at_once=1)

    def __len__(self) -> int:
        return 1

    def page(self, _: int) -> PageImage:
        """The image.

        Raises:
            PageError: it is damaged or too large.
        """
        data = self._path.read_bytes()
        # Also shows that it is complete.
        height, width = self._decoder.decode(data).shape[:2]
        suffix = next(suffix for start, suffix in _SUFFIXES if data.startswith(start))
        animated = suffix in (".gif", ".webp", ".png") and _frames_of(self._path) > 1
        remark = "It is an animation, of which the first frame is read." if animated else ""
        return PageImage(data, suffix, width, height, remark=remark)


class Frames:
    """A TIFF, HEIC, AVIF or JPEG 2000 file, each of whose frames is a page.

    Args:
        path: of the file.
        kind: of the file.
        max_megapixels: larger frames are refused.

    Raises:
        DocumentError: the file is damaged.
    """

    def __init__(self, path: Path, kind: Kind, max_megapixels: float) -> None:
        self._kind = kind
        self._max_megapixels = max_megapixels
        # The size is compared with this server's own limit.
        Image.MAX_IMAGE_PIXELS = None
        try:
            self._image = _OPENERS[kind](path)
            self._frames = int(getattr(self._image, "n_frames", 1))
        except Exception as error:
            # Pillow raises many kinds for damaged files.
            raise self._damaged() from error

    def __len__(self) -> int:
        return self._frames

    def page(self, index: int) -> PageImage:
        """The frame with this index, upright.

        Raises:
            DocumentError: it is damaged, or too large.
        """
        try:
            self._image.seek(index)
            width, height = self._image.size
            if width * height <= self._max_megapixels * _PIXELS_PER_MEGAPIXEL:
                self._image.load()
                pixels = upright_pixels(ImageOps.exif_transpose(self._image), 1)
                return PageImage(*encode(pixels), pixels.shape[1], pixels.shape[0])
        except Exception as error:
            raise self._damaged() from error
        raise DocumentError(
            f"The image has more than {self._max_megapixels:g} megapixels.",
            "Store it smaller, or raise MAX_PAGE_MEGAPIXELS.",
        )

    def _damaged(self) -> DocumentError:
        return DocumentError(f"The {self._kind.value} file is damaged or cut off.", "Save it again.")


def _frames_of(path: Path) -> int:
    with Image.open(path, formats=("GIF", "WEBP", "PNG")) as image:
        return int(getattr(image, "n_frames", 1))
