"""The chunks of a PNG file (PNG, third edition, section 5)."""

import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

SIGNATURE_BYTES = 8

# Chunks that affect how the image is shown.
_SHOWN = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"eXIf", b"IEND"})

# Colour type → samples per pixel.
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}

# The passes of Adam7 interlacing: first column, first row, and the steps between columns and rows.
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))

_HEADER = struct.Struct(">IIBBBBB")

# Bytes per call to zlib. A call that finds damage loses its output, so each inflates little. zlib copies the rest of
# its input.
_INPUT_BYTES, _OUTPUT_BYTES = 4_096, 1_024


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk.

    Attributes:
        kind: its four letters.
        content: the chunk's data; shorter than its announced length if the file was cut off.
    """

    kind: bytes
    content: bytes


def chunks(data: bytes) -> Iterator[Chunk]:
    """The chunks of a PNG file, in order. Checksums are ignored."""
    place = SIGNATURE_BYTES
    while len(kind := data[place + 4 : place + 8]) == 4:  # noqa: PLR2004 - letters
        end = place + 8 + int.from_bytes(data[place : place + 4])
        yield Chunk(kind, data[place + 8 : end])
        place = end + 4


def without_metadata(data: bytes) -> bytes:
    """The file without chunks that do not affect how it is shown, and with correct checksums."""
    parts = [data[:SIGNATURE_BYTES]]
    for chunk in chunks(data):
        if chunk.kind in _SHOWN:
            checksum = zlib.crc32(chunk.kind + chunk.content)
            parts += [struct.pack(">I", len(chunk.content)), chunk.kind, chunk.content, struct.pack(">I", checksum)]
    return b"".join(parts)


def complete_rows(data: bytes) -> int:
    """Number of rows, from the top, whose pixels the file contains in full."""
    pieces = iter(chunks(data))
    width, height, bits, colour, _, _, interlaced = _HEADER.unpack_from(next(pieces).content)
    bits_per_pixel = bits * _SAMPLES.get(colour, 1)
    available = _inflated_bytes(chunk.content for chunk in pieces if chunk.kind == b"IDAT")
    if not interlaced:
        return min(available // _row_bytes(width, bits_per_pixel), int(height))
    complete = int(height)
    for column, row, columns, rows in _PASSES:
        row_bytes = _row_bytes(math.ceil((width - column) / columns), bits_per_pixel) if width > column else 0
        count = math.ceil((height - row) / rows) if row_bytes and height > row else 0
        if available < count * row_bytes:
            complete = min(complete, row + available // row_bytes * rows)
        available = max(available - count * row_bytes, 0)
    return complete


def _row_bytes(width: int, bits_per_pixel: int) -> int:
    return 1 + math.ceil(width * bits_per_pixel / 8)


def _inflated_bytes(pieces: Iterator[bytes]) -> int:
    """Number of bytes that can be inflated before the first damage."""
    inflater = zlib.decompressobj()
    count = 0
    try:
        for piece in pieces:
            for start in range(0, len(piece), _INPUT_BYTES):
                rest = piece[start : start + _INPUT_BYTES]
                while rest and not inflater.eof:
                    count += len(inflater.decompress(rest, _OUTPUT_BYTES))
                    rest = inflater.unconsumed_tail
    except zlib.error:
        pass
    return count
