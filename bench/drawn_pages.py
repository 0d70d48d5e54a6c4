"""Synthetic pages with the text and position of each word, in reading order."""

import itertools
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from boxocr.reading.types import Pixels

Colour = tuple[int, int, int]

INK: Colour = (25, 25, 30)
PAPER: Colour = (250, 249, 246)
NAVY: Colour = (24, 40, 92)

_SENTENCES = (
    "The delivery arrived on the third of March and was checked by two people at the gate.",
    "Please send the remaining amount within thirty days to the account named below.",
    "Our records show that the first payment reached us in January of last year.",
    "Each parcel carries a number, which should be quoted in all letters about it.",
    "Nobody could say why the bridge had been closed for so long.",
    "Prices include packing, but neither insurance nor customs duty.",
    "When the weather turned, the boats stayed in the harbour and the market was empty.",
    "A copy of this contract goes to the tenant, another to the owner of the house.",
    "Water levels rose by half a metre between noon and six in the evening.",
    "The committee meets again on Friday, 14 June, at half past nine.",
    "Goods remain the property of the seller until they have been paid in full.",
    "Several readers wrote to ask what had become of the old railway station.",
    "It takes about four hours to walk around the lake if one does not stop.",
    "Questions may be sent to the office or asked by telephone on weekdays.",
    "In the northern valleys, apple trees flower two weeks later than in the plain.",
    "He measured the room twice, wrote down 4.85 by 3.20 metres, and left.",
)
_ITEMS = (
    "Oak table, small",
    "Desk lamp",
    "Paper, white, A4",
    "Ink cartridge",
    "Chair with arms",
    "Shelf, three boards",
    "Filing cabinet",
    "Wall clock",
    "Cable, five metres",
    "Door mat",
    "Waste basket",
    "Notice board",
)


@dataclass(frozen=True, slots=True)
class Word:
    """A word: left, top, right and bottom of its ink on the upright page, in pixels."""

    text: str
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class DrawnPage:
    """A page and its words.

    Attributes:
        kind: the kind of page, such as ``invoice``.
        pixels: RGB.
        words: in reading order.
        upright: affine matrix of two rows and three columns, from a point of this page to the upright page.
    """

    kind: str
    pixels: Pixels
    words: tuple[Word, ...]
    upright: NDArray[np.float64] = field(default_factory=lambda: np.eye(2, 3))

    @property
    def text(self) -> str:
        """All words in reading order."""
        return " ".join(word.text for word in self.words)


@cache
def font(size: float, name: str = "DejaVuSerif") -> ImageFont.FreeTypeFont:
    """Return one of the fonts that are part of matplotlib."""
    return ImageFont.truetype(str(Path(mpl.get_data_path(), "fonts", "ttf", f"{name}.ttf")), round(size))


class Sheet:
    """A page being drawn; lengths in millimetres.

    Args:
        dpi: pixels per inch.
        seed: determines the sentences.
    """

    def __init__(self, dpi: int, seed: int, size: tuple[float, float] = (210, 297)) -> None:
        self.mm = dpi / 25.4
        self.image = Image.new("RGB", (round(size[0] * self.mm), round(size[1] * self.mm)), PAPER)
        self.draw = ImageDraw.Draw(self.image)
        self.words: list[Word] = []
        self.chosen = random.Random(seed)  # noqa: S311 - texts, not secrets

    def box(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        """Fill a rectangle."""
        self.draw.rectangle([value * self.mm for value in (x, y, x + width, y + height)], fill=colour)

    def write(  # noqa: PLR0913 - a place, a font and its colour
        self, text: str, x: float, y: float, size: float = 3.9, *, ink: Colour = INK, face: str = "DejaVuSerif"
    ) -> None:
        """Write a line whose capital letters start at (x, y), in the font size ``size``."""
        used = font(size * self.mm, face)
        left, top = x * self.mm, y * self.mm
        for word in text.split():
            self.draw.text((left, top), word, font=used, fill=ink)
            self.words.append(Word(word, self.draw.textbbox((left, top), word, font=used)))
            left += used.getlength(word + " ")

    def paragraph(  # noqa: PLR0913 - the same
        self, x: float, y: float, width: float, lines: int, size: float = 3.9, *, ink: Colour = INK, face: str = ""
    ) -> float:
        """Write sentences until ``lines`` lines are full; return the position of the next line."""
        face = face or "DejaVuSerif"
        used = font(size * self.mm, face)
        words = itertools.chain.from_iterable(self.chosen.choice(_SENTENCES).split() for _ in itertools.count())
        line = next(words)
        written = 0
        while written < lines:
            word = next(words)
            if used.getlength(f"{line} {word}") > width * self.mm:
                self.write(line, x, y + written * size * 1.45, size, ink=ink, face=face)
                written, line = written + 1, word
            else:
                line = f"{line} {word}"
        return y + lines * size * 1.45

    def page(self, kind: str) -> DrawnPage:
        """Return the page with the noise of a scan."""
        grain = np.random.default_rng(len(self.words)).normal(0, 4, (self.image.height, self.image.width, 1))
        pixels = np.clip(np.asarray(self.image) + grain, 0, 255).astype(np.uint8)
        return DrawnPage(kind, pixels, tuple(self.words))


def letter(dpi: int = 200, seed: int = 1) -> Sheet:
    """Draw a letter: headline, paragraphs, page number."""
    sheet = Sheet(dpi, seed)
    sheet.write("Report on the year's deliveries", 25, 22, 7, face="DejaVuSans-Bold")
    y = 38.0
    for lines in (8, 11, 5, 9):
        y = sheet.paragraph(25, y, 160, lines) + 4
    sheet.write("Page 3 of 12", 95, 280, 3.2)
    return sheet


def columns(dpi: int = 200) -> Sheet:
    """Draw two columns below a headline."""
    sheet = Sheet(dpi, 2)
    sheet.write("Notes from the valley", 20, 20, 8, face="DejaVuSerif-Bold")
    for x in (20, 110):
        y = 40.0
        for lines in (14, 9, 15):
            y = sheet.paragraph(x, y, 80, lines, 3.4) + 4
    return sheet


def invoice(dpi: int = 200, seed: int = 3) -> Sheet:
    """Draw an invoice: addresses side by side, a table with rules and a shaded header, totals."""
    sheet = Sheet(dpi, seed)
    face = "DejaVuSans"
    sheet.write("Invoice", 20, 15, 9, face="DejaVuSans-Bold")
    for number, line in enumerate(("Miller and Sons", "14 Harbour Road", "Portsmouth PO1 3AX")):
        sheet.write(line, 20, 35 + number * 6, 3.6, face=face)
    for number, line in enumerate(("Invoice no. 20417", "Date 14 March 2024", "Customer 88213")):
        sheet.write(line, 130, 35 + number * 6, 3.6, face=face)
    top, row = 70.0, 8.5
    places = (22, 36, 115, 135, 165)
    sheet.box(20, top, 170, row, (214, 220, 232))
    table: list[tuple[str, ...]] = [("No.", "Article", "Pieces", "Price", "Sum")]
    for number, item in enumerate(_ITEMS, start=1):
        pieces, price = sheet.chosen.randrange(1, 20), sheet.chosen.randrange(200, 30_000) / 100
        table.append((str(number), item, str(pieces), f"{price:.2f}", f"{pieces * price:.2f}"))
    for order, cells in enumerate(table):
        for x, cell in zip(places, cells, strict=True):
            sheet.write(cell, x, top + order * row + 2, 3.6, face="DejaVuSans-Bold" if order == 0 else face)
    bottom = top + len(table) * row
    for order in range(len(table) + 1):
        sheet.box(20, top + order * row, 170, 0.25, INK)
    for x in (20, 34, 113, 133, 163, 190):
        sheet.box(x, top, 0.25, bottom - top, INK)
    for number, (name, amount) in enumerate((("Net", "4,218.40"), ("VAT 20 %", "843.68"), ("Total", "5,062.08"))):
        sheet.write(name, 135, bottom + 6 + number * 7, 3.8, face="DejaVuSans-Bold")
        sheet.write(amount, 165, bottom + 6 + number * 7, 3.8, face=face)
    sheet.paragraph(20, bottom + 40, 165, 3, 3.2, face=face)
    return sheet


def shaded(dpi: int = 200) -> Sheet:
    """Draw boxes in grey and colour, with headings light on dark."""
    sheet = Sheet(dpi, 4)
    face = "DejaVuSans"
    boxes: Sequence[tuple[str, Colour, Colour, Colour]] = (
        ("General terms of sale", NAVY, (255, 255, 255), (255, 255, 255)),
        ("Delivery and returns", (60, 60, 60), (240, 240, 240), (205, 205, 205)),
        ("What to do in case of damage", (150, 20, 30), (255, 240, 220), (250, 226, 200)),
        ("How to reach us", (20, 90, 60), (235, 255, 240), (176, 208, 190)),
    )
    y = 20.0
    for heading, dark, light, ground in boxes:
        sheet.box(20, y, 170, 10, dark)
        sheet.write(heading, 24, y + 2.2, 4.8, ink=light, face="DejaVuSans-Bold")
        sheet.box(20, y + 10, 170, 46, ground)
        sheet.paragraph(24, y + 14, 160, 7, 3.7, face=face)
        y += 64
    return sheet


def dark(dpi: int = 200) -> Sheet:
    """Draw a dark page: light text on black, except for one column."""
    sheet = Sheet(dpi, 5)
    sheet.box(0, 0, 210, 297, (28, 28, 34))
    sheet.write("The harbour at night", 25, 25, 9, ink=(250, 230, 160), face="DejaVuSans-Bold")
    y = 50.0
    for lines in (8, 10, 6):
        y = sheet.paragraph(25, y, 160, lines, 4.2, ink=(235, 235, 235), face="DejaVuSans") + 5
    sheet.box(25, y + 5, 160, 30, (235, 235, 235))
    sheet.paragraph(30, y + 9, 150, 3, 4.2, face="DejaVuSans")
    return sheet


def _picture(sheet: Sheet, x: float, y: float, across: float, down: float) -> None:
    """Paste an image similar to a photo of a landscape."""
    random_ = np.random.default_rng(6)
    width, height = round(across * sheet.mm), round(down * sheet.mm)
    coarse = random_.integers(40, 190, (9, 14, 3), dtype=np.uint8)
    fine = random_.integers(90, 150, (60, 90, 3), dtype=np.uint8)
    big = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    small = Image.fromarray(fine).resize((width, height), Image.Resampling.BICUBIC)
    picture = Image.blend(big, small, 0.35).filter(ImageFilter.GaussianBlur(1))
    ImageDraw.Draw(picture).polygon(
        [
            (0, height),
            (width * 0.3, height * 0.5),
            (width * 0.6, height * 0.8),
            (width, height * 0.45),
            (width, height),
        ],
        fill=(60, 80, 50),
    )
    sheet.image.paste(picture, (round(x * sheet.mm), round(y * sheet.mm)))


def brochure(dpi: int = 200) -> Sheet:
    """Draw small text in a dark margin, a table with a dark header, labels and a paragraph on a picture, a badge."""
    sheet = Sheet(dpi, 16)
    face = "DejaVuSans"
    sheet.box(0, 0, 52, 297, (70, 30, 80))
    sheet.write("Opening hours", 6, 20, 4.4, ink=(255, 255, 255), face="DejaVuSans-Bold")
    for number, line in enumerate(("Monday 9 to 17", "Tuesday 9 to 17", "Friday 9 to 21", "Sunday closed")):
        sheet.write(line, 6, 29 + number * 6, 3.2, ink=(240, 225, 245), face=face)
    sheet.write("Where we are", 6, 240, 4.4, ink=(255, 255, 255), face="DejaVuSans-Bold")
    for number, line in enumerate(("14 Harbour Road", "Portsmouth", "Bus lines 3 and 9")):
        sheet.write(line, 6, 249 + number * 6, 3.2, ink=(240, 225, 245), face=face)
    _picture(sheet, 60, 15, 140, 95)
    sheet.write("The old mill", 68, 25, 9, ink=(255, 255, 255), face="DejaVuSans-Bold")
    sheet.write("Ferry", 150, 60, 4, ink=(255, 255, 255), face="DejaVuSans-Bold")
    sheet.write("Castle", 105, 72, 4, ink=(255, 255, 160), face="DejaVuSans-Bold")
    sheet.box(160, 88, 34, 14, (190, 25, 30))
    sheet.write("Only 12.50", 164, 92, 4.2, ink=(255, 255, 255), face="DejaVuSans-Bold")
    sheet.paragraph(60, 120, 138, 7, 3.6, face=face)
    sheet.box(60, 166, 138, 9, (45, 45, 50))
    table: list[tuple[str, ...]] = [("Tour", "Hours", "Price"), ("Around the lake", "4", "18.00")]
    table += [("Harbour by night", "2", "12.50"), ("Castle and mill", "3", "15.00")]
    for number, cells in enumerate(table):
        for x, cell in zip((63, 125, 165), cells, strict=True):
            ink = (255, 255, 255) if number == 0 else INK
            sheet.write(cell, x, 168.5 + number * 9, 3.6, ink=ink, face="DejaVuSans-Bold" if number == 0 else face)
    for number in range(1, 5):
        sheet.box(60, 166 + number * 9, 138, 0.25, INK)
    sheet.box(60, 212, 138, 40, (255, 214, 90))
    sheet.paragraph(64, 216, 130, 4, 4, face=face)
    sheet.write("Printed on recycled paper", 120, 284, 2.6, face=face)
    return sheet


def photo(dpi: int = 200) -> Sheet:
    """Draw a picture with a title on it, a caption, and text next to it."""
    sheet = Sheet(dpi, 6)
    _picture(sheet, 20, 20, 170, 110)
    sheet.write("Summer on the lake", 30, 30, 13, ink=(255, 255, 255), face="DejaVuSans-Bold")
    sheet.write("A guide for walkers", 30, 112, 8, ink=(255, 240, 120), face="DejaVuSans-Bold")
    sheet.write("The northern shore, seen from the old mill.", 20, 133, 3.2, face="DejaVuSerif-Italic")
    y = 146.0
    for lines in (9, 8):
        y = sheet.paragraph(20, y, 168, lines) + 4
    return sheet


def turned(page: DrawnPage, degrees: int) -> DrawnPage:
    """Return the page rotated clockwise by quarter turns."""
    height, width = page.pixels.shape[:2]
    pixels = np.ascontiguousarray(np.rot90(page.pixels, -degrees // 90))
    back = {
        90: [[0, 1, 0], [-1, 0, height]],
        180: [[-1, 0, width], [0, -1, height]],
        270: [[0, -1, width], [1, 0, 0]],
    }[degrees]
    return DrawnPage(f"{page.kind}, turned {degrees}°", pixels, page.words, np.array(back, np.float64))


def slanted(page: DrawnPage, degrees: float) -> DrawnPage:
    """Return the page rotated clockwise about its centre by a few degrees, like a page placed by hand on a scanner."""
    height, width = page.pixels.shape[:2]
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    x, y = width / 2, height / 2
    back = np.array([[cosine, sine, x - cosine * x - sine * y], [-sine, cosine, y + sine * x - cosine * y]])
    image = Image.fromarray(page.pixels).transform(
        (width, height), Image.Transform.AFFINE, tuple(back.ravel()), Image.Resampling.BICUBIC, fillcolor=PAPER
    )
    return DrawnPage(f"{page.kind}, slanted {degrees:g}°", np.asarray(image), page.words, back)


def in_shadow(page: DrawnPage) -> DrawnPage:
    """Return the page as photographed by a phone under a lamp, with one corner in shadow."""
    height, width = page.pixels.shape[:2]
    rows, columns_ = np.mgrid[0:height, 0:width]
    light = 1 - 0.6 / (1 + np.exp(-(rows / height + columns_ / width - 1.1) * 7))
    return DrawnPage(f"{page.kind}, in shadow", (page.pixels * light[..., None]).astype(np.uint8), page.words)


KINDS: dict[str, Callable[[], DrawnPage]] = {
    "letter, 300 dpi": lambda: letter(300).page("letter, 300 dpi"),
    "letter, 200 dpi": lambda: letter(200, 8).page("letter, 200 dpi"),
    "letter, 100 dpi": lambda: letter(100, 9).page("letter, 100 dpi"),
    "two columns": lambda: columns().page("two columns"),
    "invoice": lambda: invoice().page("invoice"),
    "invoice, 300 dpi": lambda: invoice(300, 13).page("invoice, 300 dpi"),
    "shaded boxes": lambda: shaded().page("shaded boxes"),
    "dark page": lambda: dark().page("dark page"),
    "photo": lambda: photo().page("photo"),
    "brochure": lambda: brochure().page("brochure"),
    "letter, in shadow": lambda: in_shadow(letter(200, 10).page("letter")),
    "letter, turned 90°": lambda: turned(letter(200, 11).page("letter"), 90),
    "invoice, turned 180°": lambda: turned(invoice(200, 14).page("invoice"), 180),
    "two columns, turned 270°": lambda: turned(columns().page("two columns"), 270),
    "shaded boxes, turned 90°": lambda: turned(shaded().page("shaded boxes"), 90),
    "letter, slanted 3°": lambda: slanted(letter(200, 12).page("letter"), 3),
    "invoice, slanted -2°": lambda: slanted(invoice(200, 15).page("invoice"), -2),
}
