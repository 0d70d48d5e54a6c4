"""The kinds of document files, recognized by their first bytes, or by their names if the bytes do not tell."""

from enum import Enum
from pathlib import PurePosixPath


class Kind(Enum):
    """A kind of file."""

    PDF = "PDF"
    TIFF = "TIFF"
    HEIF = "HEIC"
    AVIF = "AVIF"
    JPEG_2000 = "JPEG 2000"
    IMAGE = "image"
    """PNG, JPEG, WebP, GIF or BMP, which browsers show."""
    ZIP = "ZIP"


HEAD_BYTES = 1024
"""Number of bytes at the beginning of a file that :func:`kind_of` looks at."""

_SIGNATURES = (
    (b"\xff\xd8\xff", Kind.IMAGE),
    (b"\x89PNG\r\n\x1a\n", Kind.IMAGE),
    (b"GIF87a", Kind.IMAGE),
    (b"GIF89a", Kind.IMAGE),
    (b"BM", Kind.IMAGE),
    (b"II*\x00", Kind.TIFF),
    (b"MM\x00*", Kind.TIFF),
    (b"II+\x00", Kind.TIFF),
    (b"MM\x00+", Kind.TIFF),
    (b"\x00\x00\x00\x0cjP  ", Kind.JPEG_2000),
    (b"\xff\x4f\xff\x51", Kind.JPEG_2000),
    (b"PK\x03\x04", Kind.ZIP),
    (b"PK\x05\x06", Kind.ZIP),
)

# Brands of ISO base media files: https://mp4ra.org/registered-types/brands
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})

_SUFFIXES = {
    ".pdf": Kind.PDF,
    ".tif": Kind.TIFF,
    ".tiff": Kind.TIFF,
    ".heic": Kind.HEIF,
    ".heif": Kind.HEIF,
    ".avif": Kind.AVIF,
    ".jp2": Kind.JPEG_2000,
    ".j2k": Kind.JPEG_2000,
    ".jpx": Kind.JPEG_2000,
    ".jpg": Kind.IMAGE,
    ".jpeg": Kind.IMAGE,
    ".png": Kind.IMAGE,
    ".webp": Kind.IMAGE,
    ".gif": Kind.IMAGE,
    ".bmp": Kind.IMAGE,
    ".zip": Kind.ZIP,
}


def kind_of(head: bytes) -> Kind | None:
    """The kind of a file, by its first bytes; None for any other.

    Args:
        head: the first :data:`HEAD_BYTES` of the file, or all of a shorter one.
    """
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Kind.IMAGE
    if head[4:8] == b"ftyp":
        # The major brand, the minor version, and the compatible brands.
        size = int.from_bytes(head[:4], "big")
        brands = {head[8:12], *(head[place : place + 4] for place in range(16, min(size, len(head)), 4))}
        if brands & _AVIF_BRANDS:
            return Kind.AVIF
        return Kind.HEIF if brands & _HEIF_BRANDS else None
    found = next((kind for start, kind in _SIGNATURES if head.startswith(start)), None)
    # Readers of PDF accept other bytes before the header.
    return Kind.PDF if found is None and b"%PDF-" in head else found


def kind_by_name(name: str) -> Kind | None:
    """The kind of a file by the end of its name; None for any other."""
    return _SUFFIXES.get(PurePosixPath(name).suffix.lower())
