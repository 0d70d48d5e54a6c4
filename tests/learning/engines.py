"""An engine that reads a date with its caption in every box."""

from collections.abc import Sequence

from boxocr.reading.types import Pixels, Reading, ReadingOptions

READING = "Date: 30/12/2017 10:15"


class Captioned:
    """Reads the same everywhere."""

    name, version = "captioned", "1"

    def languages(self) -> Sequence[str]:
        return ["eng"]

    def read(self, crop: Pixels, options: ReadingOptions) -> Reading:  # noqa: ARG002 - it does not look
        return Reading(READING, 0.9, self.name, options.languages)
