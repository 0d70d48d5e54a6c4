"""Draw boxes of kinds that OCR programs are reported to get wrong: ``python -m bench.drawn_boxes FOLDER``.

Texts, fonts and sizes depend on ``--seed``, so that a new seed shows whether a fault is gone or only its example. The
fonts are those that fontconfig has for the families below: Debian's ``fonts-liberation`` and ``fonts-dejavu``.

``python -m bench.documents --data FOLDER --no-pages`` then reads the boxes.
"""

import argparse
import json
import random
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

_SANS, _SERIF = ("Liberation Sans", "DejaVu Sans"), ("Liberation Serif", "DejaVu Serif")
_STYLES = ("", ":bold", ":italic", ":bold:italic")
_SIZES = (15, 44)

_WORDS = (
    "Paint Brush Tape Hinge Board Screw Oak Elm Ash Fir Lamp Desk Chair Window Order Amount Price Marta Peter Berlin "
    "Lyon Depth Weight Colour Sample Report Station Centraal Paris Oslo Harbour Lake"
)
_SENTENCES = {
    "O": "nce upon a time there was a small king who lived by the sea",
    "T": "he harbour was silent when the ships came in from the north",
    "L": "ate in the evening they returned to the old house on the hill",
    "E": "very morning the baker opened his shop before the sun rose",
}
_QUOTED = (
    ("deu", "Er sagte: \u201eGuten Tag\u201c."),
    ("deu", "das Buch \u201eDie Wahl\u201c"),
    ("deu", "\u00bbWohin gehst du?\u00ab"),
    ("spa", "\u00a1Hasta luego!"),
    ("spa", "\u00bfD\u00f3nde est\u00e1 la llave?"),
    ("ces", "rom\u00e1n \u201eBabi\u010dka\u201c je zn\u00e1m"),
    ("hrv", "film \u201eMore\u201d iz Splita"),
    ("pol", "ksi\u0105\u017cka \u201eLalka\u201d Prusa"),
    ("fra", "il a dit \u00ab bonjour \u00bb hier"),
)
_NUMERALS = (
    "I",
    "II",
    "III",
    "Type I",
    "Class I",
    "Chapter I",
    "I am here",
    "Part II",
    "Phase III",
    "Table I",
    "Henry I",
)
_SMALL = ("Gate", "Row", "No.", "Seat", "Unit", "Total", "kg", "Room", "from", "Price each", "per month", "ID", "Tel")
_LARGE = ("B42", "S7", "24", "B12", "H6", "A27", "1,250", "75", "SALE", "100%", "9", "42.50", "XL", "P3")


class Drawn(NamedTuple):
    """A box, its text, and Tesseract's code for its language."""

    image: Image.Image
    text: str
    language: str = "eng"


def main() -> None:
    """Draw the boxes."""
    parser = argparse.ArgumentParser(prog="bench.drawn_boxes", description="Draw boxes that are often read wrong.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--each", type=int, default=20, help="boxes of each kind")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    boxes = []
    for kind, draw in KINDS.items():
        rng = random.Random(f"{kind} {args.seed}")  # noqa: S311 - no secret
        for number in range(args.each):
            drawn = draw(rng)
            page = f"{kind.replace(' ', '-')}-{number}.png"
            drawn.image.save(args.folder / page)
            place = {"x": 0, "y": 0, "width": 100, "height": 100, "rotation": 0}
            box = {"id": page, "page": page, "category": kind, "text": drawn.text, "languages": drawn.language}
            boxes.append(box | place)
    (args.folder / "boxes.json").write_text(json.dumps(boxes, ensure_ascii=False, indent=1), encoding="utf-8")


def _wide_gap(rng: random.Random) -> Drawn:
    parts = [_field(rng) for _ in range(rng.choice((2, 2, 3, 4)))]
    font = _font(rng, rng.choice((_SANS, _SERIF)))
    gaps = [rng.uniform(2.5, 14) * font.size for _ in parts[1:]]
    width = sum(map(font.getlength, parts)) + sum(gaps) + 20
    image, draw = _paper(width, 1.4 * font.size + 8)
    x = 10.0
    for part, gap in zip(parts, [*gaps, 0], strict=True):
        draw.text((x, image.height / 2), part, font=font, fill=0, anchor="lm")
        x += font.getlength(part) + gap
    return Drawn(image, " ".join(parts))


def _table(rng: random.Random) -> Drawn:
    font = _font(rng, rng.choice((_SANS, _SERIF)), (15, 30))
    rows = [[_field(rng) for _ in range(rng.randint(1, 4))]]
    rows += [[_field(rng) for _ in rows[0]] for _ in range(rng.randint(0, 4))]
    pad, thick, has_heading = rng.randint(5, 10), rng.randint(1, 3), len(rows) > 1 and rng.random() < 0.25
    widths = [max(map(font.getlength, column)) + 2 * pad + rng.randint(0, 60) for column in zip(*rows, strict=True)]
    height = round(font.size * rng.uniform(1.5, 2.1))
    image, draw = _paper(sum(widths) + 12, len(rows) * height + 12)
    for number, row in enumerate(rows):
        x, y, is_dark = 6.0, 6 + number * height, has_heading and number == 0
        for text, width in zip(row, widths, strict=True):
            draw.rectangle((x, y, x + width, y + height), outline=0, width=thick, fill=60 if is_dark else None)
            draw.text((x + pad, y + height / 2), text, font=font, fill=255 if is_dark else 0, anchor="lm")
            x += width
    return Drawn(image, "\n".join(map(" ".join, rows)))


def _dark_part(rng: random.Random) -> Drawn:
    font, pad = _font(rng, rng.choice((_SANS, _SERIF)), (18, 40)), rng.randint(6, 14)
    texts = rng.choice(("To", "No.", "From", "Platform", "Via", "Line", "7")), rng.choice((_field(rng), _words(rng)))
    widths = [font.getlength(text) + 2 * pad for text in texts]
    image, draw = _paper(sum(widths), font.size * rng.uniform(1.4, 1.9))
    dark, x = rng.randint(0, 1), 0.0
    for number, (text, width) in enumerate(zip(texts, widths, strict=True)):
        if number == dark:
            draw.rectangle((x, 0, x + width, image.height), fill=rng.choice((0, 40)))
        draw.text((x + pad, image.height / 2), text, font=font, fill=255 if number == dark else 0, anchor="lm")
        x += width
    return Drawn(image, " ".join(texts))


def _initial(rng: random.Random) -> Drawn:
    size, count, words = rng.randint(18, 30), rng.choice((2, 2, 3)), rng.randint(3, 4)
    font, step = _font(rng, rng.choice((_SANS, _SERIF)), (size, size)), round(1.35 * size)
    initial, rest = rng.choice(tuple(_SENTENCES.items()))
    lines = [" ".join(rest.split()[words * at : words * (at + 1)]) for at in range(count)]
    large = font.font_variant(size=round(count * step * rng.uniform(0.95, 1.2)))
    left, top, right, bottom = large.getbbox(initial)
    x, y = 18 + right - left, 10 + round(0.2 * size)
    image, draw = _paper(x + max(map(font.getlength, lines)) + 10, max(count * step, y + bottom - top) + 20)
    draw.text((10 - left, y - top), initial, font=large, fill=0)
    for number, line in enumerate(lines):
        draw.text((x, 10 + number * step), line, font=font, fill=0)
    return Drawn(image, initial + "\n".join(lines))


def _raised_digits(rng: random.Random) -> Drawn:
    font = _font(rng, rng.choice((_SANS, _SERIF)), (22, 56))
    number, cents = rng.choice(("\u20ac ", "$", "", "\u00a3")) + str(rng.randint(1, 99)), f"{rng.randint(0, 99):02}"
    small = font.font_variant(size=round(font.size * rng.uniform(0.5, 0.62)))
    image, draw = _paper(font.getlength(number) + small.getlength(cents) + 24, 1.7 * font.size)
    baseline, x = 0.75 * image.height, 10 + font.getlength(number) + rng.randint(0, 3)
    draw.text((10, baseline), number, font=font, fill=0, anchor="ls")
    raise_by = font.getbbox("1", anchor="ls")[1] - small.getbbox("1", anchor="ls")[1]
    draw.text((x, baseline + raise_by), cents, font=small, fill=0, anchor="ls")
    return Drawn(image, number + cents)


def _dots(rng: random.Random) -> Drawn:
    code = "".join(str(rng.randint(0, 9)) for _ in range(4))
    text = rng.choice((f"EXP {code[:2]}/20{code[2:]}", f"LOT {code[0]}A{code[1:]}", f"PROD {code}", f"BATCH {code}"))
    font, pitch = ImageFont.load_default_imagefont(), rng.randint(4, 9)
    _, _, right, bottom = font.getbbox(text)
    letters = Image.new("1", (round(right) + 2, round(bottom) + 2))
    ImageDraw.Draw(letters).text((0, 0), text, font=font, fill=1)
    places, radius = np.argwhere(np.asarray(letters)) + 2, pitch * rng.uniform(0.3, 0.48)
    image, draw = _paper((places[:, 1].max() + 3) * pitch, (places[:, 0].max() + 3) * pitch)
    for y, x in (places * pitch).tolist():
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=0)
    return Drawn(image, text)


def _quotes(rng: random.Random) -> Drawn:
    language, text = rng.choice(_QUOTED)
    return Drawn(_line(text, _font(rng, rng.choice((_SANS, _SERIF)))), text, language)


def _capital_i(rng: random.Random) -> Drawn:
    text = rng.choice(_NUMERALS)
    return Drawn(_line(text, _font(rng, _SANS, styles=_STYLES[:2])), text)


def _dashes(rng: random.Random) -> Drawn:
    text = rng.choice(("-", "\u2013", "\u2014", "--", "---", "- -"))
    return Drawn(_line(text, _font(rng, rng.choice((_SANS, _SERIF)))), text)


def _bar_code(rng: random.Random) -> Drawn:
    font, wide, high = _font(rng, _SANS, (16, 28)), rng.randint(1, 3), rng.randint(50, 120)
    text = f"{rng.randint(1, 9)} {rng.randint(100_000, 999_999)} {rng.randint(100_000, 999_999)}"
    # Bars and gaps are up to three modules wide; there are 95 modules, as in EAN-13.
    modules = [at % 2 == 0 for at in range(95) for _ in range(rng.randint(1, 3))][:95]
    image, draw = _paper(max(95 * wide, font.getlength(text)) + 20, high + 1.4 * font.size + 20)
    left = (image.width - 95 * wide) // 2
    for number, is_bar in enumerate(modules):
        if is_bar:
            draw.rectangle((left + number * wide, 8, left + (number + 1) * wide - 1, 8 + high), fill=0)
    draw.text((image.width / 2, high + 14 + 0.6 * font.size), text, font=font, fill=0, anchor="mm")
    return Drawn(image, text)


def _blank(rng: random.Random) -> Drawn:
    height, width = rng.randint(30, 120), rng.randint(120, 500)
    random_numbers = np.random.default_rng(rng.randrange(1_000_000))
    paper = random_numbers.normal(rng.randint(200, 250), rng.uniform(1, 9), (height, width))
    kind = rng.choice(("grain", "a gradient", "a stain", "a rule", "a frame"))
    if kind == "a gradient":
        paper -= np.linspace(rng.randint(20, 110), 0, width)
    if kind == "a stain":
        rows, columns = np.ogrid[:height, :width]
        away = (rows - height * rng.random()) ** 2 + (columns - width * rng.random()) ** 2
        paper -= rng.randint(10, 40) * np.exp(-away / rng.randint(200, 3000))
    image = Image.fromarray(np.clip(paper, 0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(0.4))
    y, side = rng.randint(4, height - 6), rng.randint(2, 8)
    if kind == "a rule":
        ImageDraw.Draw(image).line((0, y, width, y), fill=rng.randint(20, 180), width=rng.randint(1, 3))
    if kind == "a frame":
        ImageDraw.Draw(image).rectangle(
            (side, side, width - side, height - side), outline=rng.randint(20, 180), width=2
        )
    return Drawn(image, "")


def _small_and_large(rng: random.Random) -> Drawn:
    texts = [rng.choice(_SMALL), rng.choice(_LARGE)]
    size = rng.randint(30, 64)
    fonts = [
        _font(rng, _SANS + _SERIF, (max(round(size * rng.uniform(0.22, 0.42)), 11),) * 2),
        _font(rng, _SANS + _SERIF, (size, size)),
    ]
    parts = list(zip(texts, fonts, strict=True))
    if rng.random() < 0.4:
        parts.reverse()
    images = [_line(text, font, 0) for text, font in parts]
    pad, gap = rng.randint(3, 12), rng.randint(2, 10)
    width = max(image.width for image in images)
    paper, _ = _paper(width + 2 * pad + rng.randint(0, 60), sum(image.height for image in images) + gap + 2 * pad)
    y, align = pad, rng.choice((0, 0.5, 1))
    for image in images:
        paper.paste(image, (pad + round(align * (width - image.width)), y))
        y += image.height + gap
    return Drawn(paper, "\n".join(text for text, _ in parts))


KINDS: dict[str, Callable[[random.Random], Drawn]] = {
    "wide gap": _wide_gap,
    "table": _table,
    "dark part": _dark_part,
    "initial": _initial,
    "raised digits": _raised_digits,
    "dots": _dots,
    "quotes": _quotes,
    "capital I": _capital_i,
    "dashes": _dashes,
    "bar code": _bar_code,
    "blank": _blank,
    "small and large": _small_and_large,
}


def _paper(width: float, height: float) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("L", (round(width), round(height)), 255)
    return image, ImageDraw.Draw(image)


def _line(text: str, font: ImageFont.FreeTypeFont, pad: int = 9) -> Image.Image:
    """A line with this much paper around its ink."""
    left, top, right, bottom = font.getbbox(text)
    image, draw = _paper(right - left + 2 * pad, bottom - top + 2 * pad)
    draw.text((pad - left, pad - top), text, font=font, fill=0)
    return image


def _field(rng: random.Random) -> str:
    """A word or a number."""
    numbers = f"{rng.randint(0, 9999) / 100:.2f}", f"{rng.randint(1, 28):02}.{rng.randint(1, 12):02}.2024", "17:40"
    return rng.choice((*numbers, *_words(rng).split()))


def _words(rng: random.Random) -> str:
    return " ".join(rng.sample(_WORDS.split(), 2))


def _font(
    rng: random.Random, families: tuple[str, ...], sizes: tuple[int, int] = _SIZES, styles: tuple[str, ...] = _STYLES
) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(_file(rng.choice(families) + rng.choice(styles)), rng.randint(*sizes))


@cache
def _file(pattern: str) -> str:
    """The font file that fontconfig has for a family and a style."""
    return subprocess.run(  # noqa: S603 - the families are those above
        ["fc-match", "-f", "%{file}", pattern],  # noqa: S607 - wherever the system has it
        capture_output=True,
        text=True,
        check=True,
    ).stdout


if __name__ == "__main__":
    main()
