"""Files within all limits of size that would take a decoder minutes or gigabytes."""

import random
import struct
import zlib
from io import BytesIO

from PIL import Image

# JPEG's markers for the start of a scan and for the end of the image.
_SCAN, _END = b"\xff\xda", b"\xff\xd9"


def many_scans(side: int, scans: int, *, shade: int = 200) -> bytes:
    """A progressive JPEG without colour, whose last scan is repeated until there are this many.

    Args:
        side: width and height, px.
        scans: total number.
        shade: of grey; different shades give different files.
    """
    file = BytesIO()
    Image.new("L", (side, side), shade).save(file, "JPEG", progressive=True)
    data = file.getvalue().removesuffix(_END)
    last = data[data.rindex(_SCAN) :]
    return data + last * (scans - data.count(_SCAN)) + _END


def many_segments(segments: int) -> bytes:
    """A JPEG with this many application segments of one byte each."""
    file = BytesIO()
    Image.new("L", (64, 64), 200).save(file, "JPEG")
    data = file.getvalue()
    return data[:2] + b"\xff\xe5\x00\x03x" * segments + data[2:]


def many_exif_blocks(blocks: int) -> bytes:
    """A JPEG with this many EXIF blocks of 30 kB each."""
    file = BytesIO()
    Image.new("L", (64, 64), 200).save(file, "JPEG")
    data = file.getvalue()
    block = b"\xff\xe1" + struct.pack(">H", 30_000) + b"Exif\0\0" + bytes(29_992)
    return data[:2] + block * blocks + data[2:]


def damaged_rows(rows: int) -> bytes:
    """A TIFF of 1,000 pixels by this many rows, hardly any of which can be decoded."""
    data = random.Random(1).randbytes(10 * rows)  # noqa: S311 - noise
    tags = [(256, 4, 1, 1_000), (257, 4, 1, rows), (258, 3, 1, 1), (259, 3, 1, 2), (262, 3, 1, 0)]
    place = 8 + 2 + 12 * 8 + 4
    tags += [(273, 4, 1, place), (278, 4, 1, rows), (279, 4, 1, len(data))]
    return _tiff(tags) + data


def many_comments(comments: int) -> bytes:
    """A GIF with this many comments of one byte each."""
    file = BytesIO()
    Image.new("L", (64, 64), 200).save(file, "GIF")
    data = file.getvalue()
    image = data.index(b",", 13)
    return data[:image] + b"!\xfe\x01x\x00" * comments + data[image:]


def many_chunks(chunks: int) -> bytes:
    """A PNG with this many empty chunks of pixels."""
    file = BytesIO()
    Image.new("L", (64, 64), 200).save(file, "PNG")
    data = file.getvalue()
    place = data.index(b"IDAT") - 4
    return data[:place] + b"\x00\x00\x00\x00IDAT\x35\xaf\x06\x1e" * chunks + data[place:]


def many_strips(strips: int) -> bytes:
    """A TIFF of 64 by 64 pixels with the offsets of this many strips, all of the same bytes."""
    tags = [(256, 4, 1, 64), (257, 4, 1, 64), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (277, 3, 1, 1)]
    place = 8 + 2 + 12 * 9 + 4
    tags += [(273, 4, strips, place + 64), (278, 4, 1, 1), (279, 4, strips, place + 64 + 4 * strips)]
    arrays = struct.pack("<I", place) * strips + struct.pack("<I", 64) * strips
    return _tiff(tags) + bytes(64) + arrays


def large_tile(side: int) -> bytes:
    """A TIFF of 16 by 16 pixels in a tile of this width and length."""
    tags = [(256, 4, 1, 16), (257, 4, 1, 16), (258, 3, 1, 8), (259, 3, 1, 32773), (262, 3, 1, 1), (277, 3, 1, 1)]
    tags += [(322, 4, 1, side), (323, 4, 1, side), (324, 4, 1, 8 + 2 + 12 * 10 + 4), (325, 4, 1, 64)]
    return _tiff(tags) + b"\x81\x00" * 32


def deep_tile(side: int) -> bytes:
    """A TIFF of 16 by 16 pixels in a tile of this width and length, with 16 bits for each of three colours."""
    pixels = zlib.compress(bytes(side * side * 6), 9)
    place = 8 + 2 + 12 * 11 + 4
    tags = [(256, 4, 1, 16), (257, 4, 1, 16), (258, 3, 3, place), (259, 3, 1, 8), (262, 3, 1, 2), (277, 3, 1, 3)]
    tags += [(284, 3, 1, 1), (322, 4, 1, side), (323, 4, 1, side), (324, 4, 1, place + 6), (325, 4, 1, len(pixels))]
    return _tiff(tags) + struct.pack("<3H", 16, 16, 16) + pixels


def shared_values(tags: int) -> bytes:
    """A TIFF with this many tags that all refer to the same megabyte."""
    megabyte = 1_000_000
    fields = [(number, 1, megabyte, 8 + 2 + 12 * tags + 4) for number in range(40_000, 40_000 + tags)]
    return _tiff(fields) + bytes(megabyte)


def _tiff(tags: list[tuple[int, int, int, int]]) -> bytes:
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)
