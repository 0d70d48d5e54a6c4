"""Limits on the structure of a file, checked before a decoder sees it.

Some files are within all size limits but take minutes or gigabytes to decode: they have hundreds of scans, or millions
of strips or comments. No ordinary program writes such files. The limits are far above what programs write.
"""

from collections.abc import Callable

from boxocr.errors import PageTooCostly
from boxocr.pages.image import jpeg, tiff

# Programs write up to 12 scans.
MAX_SCANS = 100

# A JPEG of 64 MB that consists of EXIF, ICC and XMP data has 1,000 segments.
MAX_SEGMENTS = 2_000

# Programs write one. Pillow appends each to those before it, so 2,000 of 30 kB would mean copying 60 GB.
MAX_EXIF_SEGMENTS = 50

# A PNG of 64 MB in chunks of 8 kB has 8,000 chunks.
MAX_CHUNKS = 50_000

# GIF stores comments and profiles in blocks of 255 bytes.
MAX_BLOCKS = 20_000

# Some programs write a strip for each row and colour.
MAX_STRIPS = 200_000
MAX_TAGS = 500

# Programs write tiles of up to 1,024 pixels on a side. A tile is decoded as a whole.
MAX_TILE_PIXELS = 16_777_216

_REMEDY = "Save it again as an ordinary PNG or JPEG."


def check(data: bytes) -> None:
    """Refuse a file that consists of too many parts.

    Raises:
        PageTooCostly: there are too many; the message says of what.
    """
    checker = next((checker for start, checker in _CHECKERS if data.startswith(start)), None)
    if checker is not None:
        checker(data)


def _jpeg(data: bytes) -> None:
    scans, exif, frame = 0, 0, None
    for number, segment in enumerate(jpeg.segments(data)):
        if number >= MAX_SEGMENTS:
            raise _too_many("JPEG", MAX_SEGMENTS, "segments")
        exif += jpeg.is_exif(segment)
        if exif > MAX_EXIF_SEGMENTS:
            raise _too_many("JPEG", MAX_EXIF_SEGMENTS, "EXIF segments")
        if segment.marker in jpeg.FRAMES:
            frame = segment
        if segment.marker == jpeg.SOS:
            scans += 1
            if scans > MAX_SCANS:
                raise _too_many("JPEG", MAX_SCANS, "scans")
            # Decoders stop after the first scan of a baseline image if it has all components.
            if frame and frame.marker not in jpeg.PROGRESSIVE and segment.components == frame.components:
                return


def _png(data: bytes) -> None:
    place = 8
    for _ in range(MAX_CHUNKS):
        if data[place + 4 : place + 8] in {b"", b"IEND"}:
            return
        place += 12 + int.from_bytes(data[place : place + 4])
    raise _too_many("PNG", MAX_CHUNKS, "chunks")


def _gif(data: bytes) -> None:
    """Count the blocks before the first image."""
    flags = int.from_bytes(data[10:11])
    place = 13 + (6 << (flags & 7) if flags & 0x80 else 0)
    blocks = 0
    while data[place : place + 1] == b"!":
        place += 2
        while size := int.from_bytes(data[place : place + 1]):
            place += size + 1
            blocks += 1
            if blocks > MAX_BLOCKS:
                break
        place += 1
        blocks += 1
        if blocks > MAX_BLOCKS:
            raise _too_many("GIF", MAX_BLOCKS, "blocks before its image")


def _tiff(data: bytes) -> None:
    bytes_of_values = 0
    tile_pixels = 1
    for number, tag in enumerate(tiff.tags(data)):
        if number >= MAX_TAGS:
            raise _too_many("TIFF", MAX_TAGS, "tags")
        if tag.number in tiff.OFFSETS and tag.count > MAX_STRIPS:
            raise _too_many("TIFF", MAX_STRIPS, "strips or tiles")
        bytes_of_values += tag.size
        if tag.number in tiff.TILE_SIDES:
            tile_pixels *= tag.value
    if tile_pixels > MAX_TILE_PIXELS:
        raise _too_many("TIFF", MAX_TILE_PIXELS, "pixels in a tile")
    # The decoder copies the values of each tag, even if many tags refer to the same bytes.
    if bytes_of_values > 2 * len(data):
        raise PageTooCostly("The page's TIFF file has tags that share their values.", _REMEDY)


_CHECKERS: tuple[tuple[bytes, Callable[[bytes], None]], ...] = (
    (b"\xff\xd8", _jpeg),
    (b"\x89PNG", _png),
    (b"GIF8", _gif),
    (b"II", _tiff),
    (b"MM", _tiff),
)


def _too_many(kind: str, limit: int, parts: str) -> PageTooCostly:
    return PageTooCostly(f"The page's {kind} file has more than {limit:,} {parts}.", _REMEDY)
