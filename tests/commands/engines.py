"""An engine that starts at once and passes the probe."""

from collections.abc import Sequence

from boxocr.reading.types import Pixels, Reading, ReadingOptions


class Obliging:
    """Always reads the text of the probe's test word."""

    name, version = "obliging", "1"

    def languages(self) -> Sequence[str]:
        return ["eng"]

    def read(self, crop: Pixels, options: ReadingOptions) -> Reading:  # noqa: ARG002 - it does not look
        return Reading("2468", 0.9, self.name, options.languages)
