"""The structure of a JPEG file, read from its markers without decoding (ITU-T T.81, annex B)."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

SOS = 0xDA
_SOI, _EOI, _COM = 0xD8, 0xD9, 0xFE
_APP0, _APP1, _APP14, _APP15 = 0xE0, 0xE1, 0xEE, 0xEF

# Markers that begin a frame, and those of progressive frames, whose coefficients arrive in several scans.
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})

# Markers without a length: TEM, the restart markers and the start of an image.
_BARE = frozenset({0x01, *range(0xD0, 0xD9)})

# Bytes that the first search for the end of a scan covers; each further search covers twice as many, up to a limit.
_FIRST_SEARCH, _LONGEST_SEARCH = 4_096, 1_048_576

# Bytes of a JFIF header and of Adobe's colour transform that decoders read without checking the segment's length.
_JFIF_BYTES, _ADOBE_BYTES = 14, 12

_COEFFICIENTS = 64


@dataclass(frozen=True, slots=True)
class Segment:
    """A marker and its parameters.

    Attributes:
        marker: the marker's second byte.
        start: offset of the marker.
        end: offset after the parameters; beyond the end of a file that was cut off.
        parameters: without their length.
    """

    marker: int
    start: int
    end: int
    parameters: bytes

    @property
    def components(self) -> int:
        """Number of components in a frame or scan."""
        place = 0 if self.marker == SOS else 5
        return self.parameters[place] if place < len(self.parameters) else 0


def segments(data: bytes) -> Iterator[Segment]:
    """The segments of a JPEG file, in order.

    The coded data of a scan is skipped when the segment after it is requested.
    """
    place = 2
    while (place := _next_marker(data, place)) >= 0:
        marker = data[place + 1]
        if marker == _EOI:
            return
        length = 0 if marker in _BARE else int.from_bytes(data[place + 2 : place + 4])
        end = place + 2 + length
        yield Segment(marker, place, end, data[place + 4 : end])
        place = _end_of_scan(data, end) if marker == SOS else end


def is_exif(segment: Segment) -> bool:
    """Whether a segment is an EXIF block."""
    return segment.marker == _APP1 and segment.parameters.startswith(b"Exif\0\0")


def has_end(data: bytes) -> bool:
    """Whether an end-of-image marker follows the last scan."""
    place = max((segment.end for segment in segments(data) if segment.marker == SOS), default=len(data))
    return data.find(bytes([0xFF, _EOI]), place) >= 0


def with_end_marker(data: bytes) -> bytes:
    """A file that was cut off, with an end-of-image marker.

    What follows the last scan with data is left out, since decoders refuse a scan without data.
    """
    end, has_data = 0, False
    for segment in segments(data):
        if has_data:
            end = segment.start
        has_data = segment.marker == SOS and segment.end < len(data)
    return data[: len(data) if has_data else end] + bytes([0xFF, _EOI])


def has_all_scans(data: bytes) -> bool:
    """Whether a progressive JPEG that was cut off lacks no more than the last bits of some coefficients.

    Nobody sees that. It holds if the scans cover all bits of all coefficients, and the last scan, which may be
    incomplete, only refines coefficients.
    """
    components, refines = 0, False
    lowest_bit: dict[tuple[int, int], int] = {}
    for segment in segments(data):
        if segment.marker in FRAMES:
            components = segment.components
        if segment.marker != SOS:
            continue
        count = segment.components
        selection = segment.parameters[1 + 2 * count :]
        if len(selection) < 3:  # noqa: PLR2004 - Ss, Se, and Ah with Al
            return False
        first, last, bits = selection[:3]
        refines = bits >> 4 > 0
        for component in segment.parameters[1 : 1 + 2 * count : 2]:
            for coefficient in range(first, min(last + 1, _COEFFICIENTS)):
                lowest_bit[component, coefficient] = bits & 15
    complete = sum(bit == 0 for bit in lowest_bit.values())
    return refines and complete == components * _COEFFICIENTS > 0


def without_metadata(data: bytes) -> bytes:
    """The file without comments and application segments, except those that affect how it is shown.

    The JFIF header, Adobe's colour transform and the first EXIF block are kept if they are complete.
    """
    kept = [data[:2]]
    has_exif = False
    place = 2
    for segment in segments(data):
        if segment.marker == SOS:
            break
        place = segment.end
        is_first_exif = is_exif(segment) and not has_exif
        has_exif = has_exif or is_first_exif
        is_metadata = segment.marker == _COM or _APP0 <= segment.marker <= _APP15
        if not is_metadata or is_first_exif or _is_shown(segment):
            kept.append(data[segment.start : segment.end])
    return b"".join([*kept, data[place:]])


def _is_shown(segment: Segment) -> bool:
    is_jfif = segment.marker == _APP0 and segment.parameters.startswith(b"JFIF\0")
    is_adobe = segment.marker == _APP14 and segment.parameters.startswith(b"Adobe")
    length = len(segment.parameters)
    return (is_jfif and length >= _JFIF_BYTES) or (is_adobe and length >= _ADOBE_BYTES)


def _next_marker(data: bytes, place: int) -> int:
    """Offset of the next marker, after any bytes that do not belong to a segment; -1 if there is none."""
    while 0 <= (place := data.find(b"\xff", place)) < len(data) - 1:
        if data[place + 1] not in {0x00, 0xFF}:
            return place
        place += 1
    return -1


def _end_of_scan(data: bytes, place: int) -> int:
    """Offset of the first marker after a scan's coded data, in which FF00 is data and FFD0 to FFD7 are restarts."""
    length = _FIRST_SEARCH
    while place < len(data) - 1:
        piece = np.frombuffer(data, np.uint8, min(length + 1, len(data) - place), place)
        marks = np.flatnonzero(piece[:-1] == 0xFF)  # noqa: PLR2004 - the first byte of a marker
        second = piece[marks + 1]
        is_data = (second == 0) | (second == 0xFF) | ((second >= 0xD0) & (second <= 0xD7))  # noqa: PLR2004 - markers
        ends = marks[~is_data]
        if len(ends):
            return place + int(ends[0])
        place += len(piece) - 1
        length = min(length * 2, _LONGEST_SEARCH)
    return len(data)
