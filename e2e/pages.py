"""Synthetic pages to annotate, with the text and position of each line."""

from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

_TYPE_SIZE = 38
_MARGIN = 10
_ORIENTATION = 0x0112


@dataclass(frozen=True)
class Box:
    """A rectangle in percent of the page, rotated clockwise about its top-left corner, in degrees."""

    x: float
    y: float
    width: float
    height: float
    rotation: float = 0

    def moved(self, *, down: float) -> "Box":
        """Return the same box further down."""
        return replace(self, y=self.y + down)


@dataclass(frozen=True)
class Page:
    """An image file of ``width`` x ``height`` pixels as displayed, and the boxes around its lines."""

    path: Path
    width: int
    height: int
    lines: dict[str, Box]

    @property
    def name(self) -> str:
        return self.path.name

    def box(self, line: str) -> Box:
        """Return the box around that line, with a small margin."""
        return self.lines[line]


def _draw(*lines: str) -> tuple[Image.Image, dict[str, tuple[float, float, float, float]]]:
    """Draw a page of 800 x 600 with these lines; return each line's left, top, right and bottom as well."""
    image = Image.new("RGB", (800, 600), "white")
    pen = ImageDraw.Draw(image)
    font = ImageFont.load_default(_TYPE_SIZE)
    places = {}
    for number, line in enumerate(lines):
        start = (60, 40 + 110 * number)
        pen.text(start, line, fill="black", font=font)
        left, top, right, bottom = pen.textbbox(start, line, font=font)
        places[line] = (left - _MARGIN, top - _MARGIN, right + _MARGIN, bottom + _MARGIN)
    return image, places


def _percent(place: tuple[float, float, float, float], size: tuple[int, int]) -> Box:
    left, top, right, bottom = place
    return Box(
        100 * left / size[0], 100 * top / size[1], 100 * (right - left) / size[0], 100 * (bottom - top) / size[1]
    )


def upright(path: Path, *lines: str) -> Page:
    """Draw an upright page."""
    image, places = _draw(*lines)
    image.save(path)
    return Page(path, *image.size, {line: _percent(place, image.size) for line, place in places.items()})


def lying(path: Path, turn: int, *lines: str) -> Page:
    """Draw a page that is upright after a clockwise rotation by ``turn`` (90, 180 or 270) degrees."""
    image, places = _draw(*lines)
    width, height = image.size
    methods = {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_270}
    image = image.transpose(methods[turn])
    boxes = {}
    for line, (left, top, right, bottom) in places.items():
        turned = {
            90: (top, width - right, bottom, width - left),
            180: (width - right, height - bottom, width - left, height - top),
            270: (height - bottom, left, height - top, right),
        }[turn]
        boxes[line] = _percent(turned, image.size)
    image.save(path)
    return Page(path, *image.size, boxes)


def photographed(path: Path, *lines: str) -> Page:
    """Draw a photo with sideways pixels and the EXIF orientation (6) with which viewers show it upright."""
    image, places = _draw(*lines)
    exif = Image.Exif()
    exif[_ORIENTATION] = 6
    image.transpose(Image.Transpose.ROTATE_90).save(path, quality=90, exif=exif)
    return Page(path, *image.size, {line: _percent(place, image.size) for line, place in places.items()})


def slanted(path: Path, angle: float, line: str) -> Page:
    """Draw a page with one line rotated by this angle, in degrees clockwise."""
    image, places = _draw(line)
    left, top, right, bottom = places[line]
    # Rotated about the corner of the line's box, so that it remains the corner of the rotated box.
    corner = (200, 150)
    image = image.rotate(
        -angle,
        resample=Image.Resampling.BICUBIC,
        center=(round(left), round(top)),
        translate=(corner[0] - round(left), corner[1] - round(top)),
        fillcolor="white",
    )
    image.save(path)
    box = Box(
        100 * corner[0] / image.width,
        100 * corner[1] / image.height,
        100 * (right - left) / image.width,
        100 * (bottom - top) / image.height,
        angle,
    )
    return Page(path, *image.size, {line: box})


def scanned(path: Path, *lines: str) -> Page:
    """Draw an A4 page at 200 dpi, four megapixels, with these lines."""
    image = Image.new("L", (1654, 2339), 250)
    pen = ImageDraw.Draw(image)
    font = ImageFont.load_default(_TYPE_SIZE)
    places = {}
    for number, line in enumerate(lines):
        start = (150, 200 + 150 * number)
        pen.text(start, line, fill=20, font=font)
        left, top, right, bottom = pen.textbbox(start, line, font=font)
        places[line] = (left - _MARGIN, top - _MARGIN, right + _MARGIN, bottom + _MARGIN)
    image.save(path)
    return Page(path, *image.size, {line: _percent(place, image.size) for line, place in places.items()})


def letter(path: Path, *lines: str) -> Page:
    """Draw a page of 800 x 600 with the line spacing of a letter."""
    image = Image.new("RGB", (800, 600), "white")
    pen = ImageDraw.Draw(image)
    font = ImageFont.load_default(28)
    places = {}
    for number, line in enumerate(lines):
        start = (60, 60 + 48 * number)
        pen.text(start, line, fill="black", font=font)
        places[line] = pen.textbbox(start, line, font=font)
    image.save(path)
    return Page(path, *image.size, {line: _percent(place, image.size) for line, place in places.items()})
