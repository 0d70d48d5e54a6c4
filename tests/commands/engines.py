"""An engine that starts at once and reads what the probe shows it."""

from collections.abc import Sequence

from boxocr.reading.types import Pixels, Reading, ReadingOptions


class Obliging:
    """Says what the probe wants to hear."""

    name, version = "obliging", "1"

    def languages(self) -> Sequence[str]:
        return ["eng"]

    def read(self, crop: Pixels, options: ReadingOptions) -> Reading:  # noqa: ARG002 - it does not look
        return Reading("2468", 0.9, self.name, options.languages)
