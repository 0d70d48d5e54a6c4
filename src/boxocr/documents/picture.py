"""A picture of a page with its lines, coloured by score and numbered in reading order."""

from PIL import Image, ImageDraw, ImageFont

from boxocr.geometry import Vector, around
from boxocr.reading import scoring
from boxocr.reading.types import Pixels
from boxocr.reading.whole_page import Line, PageReading

_SURE, _UNSURE, _DOUBTFUL = (24, 113, 58), (178, 98, 0), (192, 38, 30)
_WHITE = (255, 255, 255)

# Opacity of the colour over doubtful words, of 255.
_OVER_WORDS = 70

# Shares of the page's longer side; numbers have the size of small print.
_OUTLINE = 1 / 900
_NUMBER = 1 / 100
_SMALLEST_NUMBER = 10

# Paper inside the outline of a line, in line heights: the line's own rectangle ends with the ink.
_MARGIN = 0.12


def picture(pixels: Pixels, reading: PageReading) -> Image.Image:
    """The page in colour with a box around each line.

    Green boxes are probably right, red ones probably wrong, orange ones in between. Doubtful words are shaded.

    Args:
        pixels: of the upright page.
        reading: of the page.
    """
    image = Image.fromarray(pixels).convert("RGB")
    longest = max(image.size)
    draw = ImageDraw.Draw(image, "RGBA")
    font = ImageFont.load_default(max(longest * _NUMBER, _SMALLEST_NUMBER))
    width = max(round(longest * _OUTLINE), 1)
    for line in reading.lines:
        colour = _colour(line)
        for word in line.words:
            if word.confidence < scoring.DOUBTFUL:
                draw.polygon(word.corners(), fill=(*_DOUBTFUL, _OVER_WORDS))
        draw.polygon(_outline(line), outline=colour, width=width)
    # Numbers are drawn last, above all boxes.
    for number, line in enumerate(reading.lines, 1):
        _number(draw, str(number), line, font)
    return image


def _number(
    draw: ImageDraw.ImageDraw, number: str, line: Line, font: ImageFont.FreeTypeFont | ImageFont.ImageFont
) -> None:
    """A tag left of the line's beginning, or over it at the edge of the page."""
    left, top, right, bottom = draw.textbbox((0, 0), number, font=font)
    pad = (bottom - top) // 4 + 1
    wide, high = right - left + 2 * pad, bottom - top + 2 * pad
    x, y = _outline(line)[0]
    x, y = max(x - wide, 0.0), max(y, 0.0)
    draw.rectangle((x, y, x + wide, y + high), fill=_colour(line))
    draw.text((x + pad - left, y + pad - top), number, font=font, fill=_WHITE)


def _outline(line: Line) -> list[Vector]:
    return around(line.corners(), line.rotation, margin=_MARGIN * line.height).corners()


def _colour(line: Line) -> tuple[int, int, int]:
    if line.confidence >= scoring.ACCEPTED:
        return _SURE
    return _UNSURE if line.confidence >= scoring.DOUBTFUL else _DOUBTFUL
