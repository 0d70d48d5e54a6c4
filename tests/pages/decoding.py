"""A page of six coloured fields, its pixels after decoding, and files that no library writes."""

import struct
import zlib

import numpy as np
from PIL import Image

from boxocr.pages.decode import Decoder

DECODER = Decoder(max_megapixels=100, at_once=2)

RED, GREEN, BLUE, BLACK, GREY, WHITE = (
    (255, 0, 0),
    (0, 255, 0),
    (0, 0, 255),
    (0, 0, 0),
    (128, 128, 128),
    (255, 255, 255),
)

# Six fields of 16 by 16 in two rows of three, so that JPEG's blocks hold one colour each.
FIELDS = ((RED, GREEN, BLUE), (BLACK, GREY, WHITE))

SIZE = 16


def fields(colours: tuple[tuple[tuple[int, ...], ...], ...] = FIELDS) -> Image.Image:
    return Image.fromarray(np.repeat(np.repeat(np.array(colours, np.uint8), SIZE, 0), SIZE, 1))


def seen(data: bytes, tolerance: int = 0) -> list[list[object]]:
    """The fields' colours, after checking that all pixels of a field have about the same colour."""
    pixels = DECODER.decode(data)
    assert pixels.dtype == np.uint8
    assert pixels.flags.c_contiguous
    assert not pixels.flags.writeable
    rows, columns = pixels.shape[0] // SIZE, pixels.shape[1] // SIZE
    for top in range(rows):
        for left in range(columns):
            field = pixels[top * SIZE : (top + 1) * SIZE, left * SIZE : (left + 1) * SIZE].astype(int)
            # The edges are left out, since some formats smear colours across them.
            assert abs(field[4:12, 4:12] - field[8, 8]).max() <= tolerance
    centres = pixels[SIZE // 2 :: SIZE, SIZE // 2 :: SIZE]
    return [[tuple(value) if np.ndim(value) else value for value in row] for row in centres.tolist()]


def near(found: list[list[object]], expected: object, tolerance: int) -> bool:
    return np.array(found).shape == np.array(expected).shape and bool(
        (abs(np.array(found) - np.array(expected)) <= tolerance).all()
    )


COLOURS = [list(row) for row in FIELDS]


def handmade_png(width: int, height: int, *, bits: int = 8, colour: int = 0, rows: bytes = b"") -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
