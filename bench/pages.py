"""Synthetic pages for benchmarks: lines of known text, in the sizes of scans and phone photos."""

import io
import random
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

# Size in pixels by megapixels: A4 at 300 dpi is 9, a phone's photo 24.
SIZES = {9: (2600, 3460), 24: (4240, 5660)}

LINES = 60

_WORDS = (
    *("account", "amount", "balance", "bank", "carrier", "client", "contract", "copy", "credit", "date", "delivery"),
    *("deposit", "discount", "due", "final", "goods", "gross", "invoice", "item", "letter", "month", "net", "number"),
    *("office", "order", "paid", "parcel", "payment", "period", "price", "quantity", "receipt", "record", "reference"),
    *("region", "return", "service", "shipping", "street", "subject", "supplier", "tax", "terms", "total", "unit"),
    *("value", "weight", "year"),
)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text on a page.

    Attributes:
        text: its text.
        box: left, top, width and height of a box around it, in pixels.
    """

    text: str
    box: tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class MadePage:
    """A page and its lines.

    Attributes:
        jpeg: the content of the file.
        size: width and height in pixels.
        lines: from top to bottom.
    """

    jpeg: bytes
    size: tuple[int, int]
    lines: tuple[Line, ...]

    def copy(self, number: int) -> bytes:
        """Return the file with different trailing bytes: the same text, but a different page for every cache."""
        return self.jpeg + number.to_bytes(8, "big")

    def value(self, line: int, shift: float = 0.0) -> dict[str, float]:
        """Return the box around a line in Label Studio's format, in percent of the page.

        Args:
            line: index of the line; it wraps around.
            shift: pixels by which the box is widened, so that its reading does not come from the cache.
        """
        left, top, width, height = self.lines[line % len(self.lines)].box
        across, down = self.size[0] / 100, self.size[1] / 100
        value = {"x": left / across, "y": top / down, "width": (width + shift) / across, "height": height / down}
        return value | {"rotation": 0}


def make_page(megapixels: int, seed: int = 7) -> MadePage:
    """Draw a page of text with the noise of a scan.

    Args:
        megapixels: 9 or 24.
        seed: determines the text.
    """
    chosen = random.Random(seed)  # noqa: S311 - texts, not secrets
    width, height = SIZES[megapixels]
    step = height // (LINES + 4)
    font = ImageFont.load_default(step * 0.62)
    page = Image.new("L", (width, height), 250)
    drawing = ImageDraw.Draw(page)
    lines = []
    for row in range(LINES):
        text = f"{' '.join(chosen.choices(_WORDS, k=5))} {chosen.randrange(1000, 10**6)}".capitalize()
        at = (width // 12, (row + 2) * step)
        drawing.text(at, text, fill=25, font=font)
        left, top, right, bottom = drawing.textbbox(at, text, font=font)
        lines.append(Line(text, (int(left) - 12, int(top) - 8, int(right - left) + 24, int(bottom - top) + 16)))
    grain = np.random.default_rng(seed).normal(0, 4, (height, width))
    pixels = np.clip(np.asarray(page) + grain, 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).convert("RGB").save(buffer, "JPEG", quality=85)
    return MadePage(buffer.getvalue(), (width, height), tuple(lines))
