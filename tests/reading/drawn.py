"""Crops to read, drawn with Pillow's own font, which needs no file."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from boxocr.reading.types import Pixels

Colour = tuple[int, int, int]

BLACK: Colour = (20, 20, 20)
WHITE: Colour = (250, 250, 250)


def text(
    *lines: str, size: int = 36, ink: Colour = BLACK, paper: Colour = WHITE, pad: int = 12, spacing: float = 1.4
) -> Pixels:
    """Lines of text as RGB, with ``pad`` pixels of paper around their ink."""
    font = ImageFont.load_default(size)
    step = round(size * spacing)
    width = round(max(font.getlength(line) for line in lines)) + 200
    image = Image.new("RGB", (width, step * len(lines) + 200), paper)
    draw = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        draw.text((100, 100 + number * step), line, font=font, fill=ink)
    ink_mask = np.abs(np.asarray(image, np.int16) - np.array(paper)).sum(axis=2) > 60
    rows, columns = np.flatnonzero(ink_mask.any(axis=1)), np.flatnonzero(ink_mask.any(axis=0))
    return np.asarray(image)[rows[0] - pad : rows[-1] + 1 + pad, columns[0] - pad : columns[-1] + 1 + pad].copy()


def of_one_width(*lines: str, size: int = 40) -> Pixels:
    """Lines of text as RGB in a fixed pitch, as typewriters and tills print."""
    font = ImageFont.load_default(size)
    cell, step = size * 0.65, int(size * 1.6)
    image = Image.new("RGB", (int(cell * 40) + 60, step * len(lines) + 40), WHITE)
    draw = ImageDraw.Draw(image)
    for row, line in enumerate(lines):
        for column, letter in enumerate(line):
            draw.text((30 + (column + 0.5) * cell, 20 + row * step), letter, font=font, fill=BLACK, anchor="ma")
    return np.asarray(image)


def grey(pixels: Pixels) -> Pixels:
    """The same pixels in grey."""
    return np.asarray(Image.fromarray(pixels).convert("L"))
