"""Pages of text lines that are all different."""

import io
import random

from PIL import Image, ImageDraw, ImageFont

BOXES_ON_A_PAGE = 20
WIDTH, HEIGHT = 1200, 1600
ROW = HEIGHT // BOXES_ON_A_PAGE


def word(number: int) -> str:
    """Return a unique text: letters that are not confused with each other, and digits that encode the number."""
    letters = "ACEHKMNPRTWXY"
    chosen = random.Random(number * 7919 + 13)  # noqa: S311 - texts, not secrets
    start = "".join(chosen.choice(letters) for _ in range(3))
    digits = "".join("234679"[int(digit, 6)] for digit in _in_base_6(number))
    return f"{start} {digits}"


def _in_base_6(number: int) -> str:
    digits = ""
    for _ in range(6):
        number, digit = divmod(number, 6)
        digits = str(digit) + digits
    return digits


def without_space(text: str) -> str:
    """Return the text in the form in which texts are compared."""
    return text.replace(" ", "")


def page(number: int) -> bytes:
    """Return the page whose first box is ``number * BOXES_ON_A_PAGE``, as PNG."""
    font = ImageFont.load_default(40)
    image = Image.new("L", (WIDTH, HEIGHT), 255)
    drawing = ImageDraw.Draw(image)
    for row in range(BOXES_ON_A_PAGE):
        drawing.text((100, row * ROW + 16), word(number * BOXES_ON_A_PAGE + row), fill=0, font=font)
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=1)
    return file.getvalue()
