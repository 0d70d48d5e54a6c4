"""Where the lines of an image are."""

from typing import Protocol, runtime_checkable

from boxocr.reading.types import Pixels, ReadingOptions
from boxocr.reading.whole_page import Line


@runtime_checkable
class TextDetector(Protocol):
    """Finds the lines of an image."""

    def detect(self, image: Pixels, options: ReadingOptions) -> list[Line]:
        """Find the lines of an image.

        Args:
            image: grey or RGB, in any orientation.
            options: how its text is recognized, for a detector that recognizes too.

        Returns:
            Rotated rectangles in pixels of the image, in any order. Lines that were recognized on the way have text.
        """
