"""A reading with its place on the page."""

from dataclasses import dataclass

from boxocr.geometry import Area
from boxocr.reading.types import Reading


@dataclass(frozen=True, slots=True)
class AreaReading:
    """A reading and the area of the page that it belongs to.

    Attributes:
        reading: with text.
        area: in page pixels; None for the area that was asked for, unchanged.
    """

    reading: Reading
    area: Area | None = None
