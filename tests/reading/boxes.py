"""Draws boxes piece by piece, and reads them."""

from PIL import Image, ImageDraw, ImageFont

from boxocr.reading.types import Engine, Pixels, ReadingOptions
from tests.reading import drawn


def canvas(width: int, height: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """White paper, and what draws on it."""
    image = Image.new("RGB", (width, height), drawn.WHITE)
    return image, ImageDraw.Draw(image)


def put(  # noqa: PLR0913, PLR0917 - as Pillow has them
    draw: ImageDraw.ImageDraw, x: int, y: int, text: str, size: int = 28, fill: drawn.Colour = drawn.BLACK
) -> None:
    """Write a text."""
    draw.text((x, y), text, font=ImageFont.load_default(size), fill=fill)


def read(engine: Engine, crop: Pixels, languages: str = "eng") -> str:
    """The text that an engine reads in a box."""
    return engine.read(crop, ReadingOptions(languages=languages)).text
