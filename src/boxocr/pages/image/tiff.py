"""The tags of a TIFF file's first page (TIFF 6.0, section 2, and BigTIFF)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

# Tags with the offsets of strips and of tiles.
OFFSETS = frozenset({273, 324})

# Tags with the width and length of a tile.
TILE_SIDES = frozenset({322, 323})

# Type → bytes of one value.
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_SHORT = 3

_BIG_TIFF = 43


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag.

    Attributes:
        number: of the tag, which defines its meaning.
        count: number of values.
        size: of all values, in bytes.
        value: the first value, if it is a whole number that the tag itself contains.
    """

    number: int
    count: int
    size: int
    value: int


def tags(data: bytes) -> Iterator[Tag]:
    """The tags of the first page, in order."""
    order = "<" if data.startswith(b"II") else ">"
    is_big = data[2:4] in {struct.pack("<H", _BIG_TIFF), struct.pack(">H", _BIG_TIFF)}
    head = struct.Struct(order + ("8xQ" if is_big else "4xI"))
    number_of_tags = struct.Struct(order + ("Q" if is_big else "H"))
    entry = struct.Struct(order + ("HHQQ" if is_big else "HHII"))
    short = struct.Struct(order + "H")
    try:
        (place,) = head.unpack_from(data)
        (count,) = number_of_tags.unpack_from(data, place)
        place += number_of_tags.size
        for start in range(place, place + count * entry.size, entry.size):
            number, kind, values, value = entry.unpack_from(data, start)
            if kind == _SHORT:
                # Values are left-aligned in the field.
                (value,) = short.unpack_from(data, start + entry.size - (8 if is_big else 4))
            yield Tag(number, values, values * _SIZES.get(kind, 0), value)
    except struct.error:
        # The file was cut off, which the decoder reports.
        return
