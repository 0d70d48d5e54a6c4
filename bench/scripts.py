"""Draw lines in the scripts of many languages, for :mod:`bench.documents`: ``python -m bench.scripts FOLDER``.

Each language gets names of countries and languages, dates, and amounts in euros, as CLDR writes them, in a font that
fontconfig has for it: Debian's ``fonts-noto-core`` and ``fonts-noto-cjk`` have nearly all. Characters that the font
lacks are drawn in a Latin font; a text with such characters is left out if it runs from right to left or the Latin font
lacks them too. A language of which texts are left out is named.

``python -m bench.documents --data FOLDER --no-pages`` then reads the lines. ``--tessdata`` names a folder with data of
Tesseract for the languages.
"""

import argparse
import datetime as dt
import json
import random
import re
import subprocess
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from babel import Locale
from babel.dates import format_date
from babel.lists import format_list
from babel.numbers import format_currency
from PIL import Image, ImageDraw, ImageFont

LINES = 12

# Tesseract's codes and CLDR's.
_CODES = """
    amh:am ara:ar ben:bn bul:bg ces:cs chi_sim:zh_Hans chi_tra:zh_Hant ell:el fas:fa fin:fi guj:gu heb:he
    hin:hi hun:hu hye:hy jpn:ja kan:kn kat:ka khm:km kor:ko lao:lo mal:ml mya:my nep:ne pan:pa pol:pl por:pt
    ron:ro rus:ru sin:si srp:sr swe:sv tam:ta tel:te tha:th tur:tr ukr:uk urd:ur vie:vi
"""
LANGUAGES = dict(pair.split(":") for pair in _CODES.split())

# Fontconfig's codes, where they differ from CLDR's.
_FONT_LANGUAGES = {"zh_Hans": "zh-cn", "zh_Hant": "zh-tw"}

_RUN = re.compile(r"[ -~\u20ac]+|[^ -~\u20ac]+")


def main() -> None:
    """Draw the lines."""
    parser = argparse.ArgumentParser(prog="bench.scripts", description="Draw lines in the scripts of many languages.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(args.seed)  # noqa: S311 - no secret
    boxes = []
    for code, locale in LANGUAGES.items():
        drawn = 0
        for number, text in enumerate(_texts(locale, rng)):
            image = _drawn(text, _FONT_LANGUAGES.get(locale, locale), rng)
            if image is None:
                continue
            page = f"{code}-{number}.png"
            image.save(args.folder / page)
            place = {"x": 0, "y": 0, "width": 100, "height": 100, "rotation": 0}
            boxes.append({"id": page, "page": page, "category": code, "text": text, "languages": code} | place)
            drawn += 1
        if drawn < LINES:
            print(f"{code}: {drawn} of {LINES} lines; the font lacks characters of the others")
    (args.folder / "boxes.json").write_text(json.dumps(boxes, ensure_ascii=False, indent=1), encoding="utf-8")


def _texts(locale: str, rng: random.Random) -> Iterator[str]:
    """The lines of a language."""
    known = Locale.parse(locale)
    countries, languages = (
        sorted(name for code, name in names.items() if code.isalpha() and 3 < len(name) < 18)
        for names in (known.territories, known.languages)
    )
    for _ in range(LINES // 4):
        day = dt.date(rng.randint(1950, 2026), rng.randint(1, 12), rng.randint(1, 28))
        amount = format_currency(rng.randint(10, 9999) + 0.5, "EUR", locale=locale)
        for text in (
            format_date(day, "full", locale=locale),
            " ".join(rng.sample(countries, 3)),
            f"{known.currencies['EUR']} {amount}",
            format_list(rng.sample(languages, 3), locale=locale),
        ):
            visible = "".join(char for char in text if unicodedata.category(char) != "Cf")
            yield " ".join(unicodedata.normalize("NFC", visible).split())


def _drawn(text: str, language: str, rng: random.Random) -> Image.Image | None:
    """The line on paper that is sometimes a little darker than white; None if the fonts lack characters."""
    size = rng.choice((26, 32, 40))
    own, latin = _font(language, size), _font("en", size)
    is_rtl = any(unicodedata.bidirectional(char) in {"R", "AL"} for char in text)
    runs = [(text, own)]
    if _lacks(own, text):
        runs = [(run, latin if run.isascii() or "\u20ac" in run else own) for run in _RUN.findall(text)]
        if is_rtl or any(_lacks(font, run) for run, font in runs):
            return None
    width = round(sum(font.getlength(run) for run, font in runs))
    image = Image.new("L", (width + 20, 2 * size), rng.choice((255, 245, 235)))
    draw, x, ink = ImageDraw.Draw(image), 10.0, rng.choice((0, 30, 60))
    for run, font in runs:
        draw.text((x, 1.4 * size), run, font=font, fill=ink, anchor="ls")
        x += font.getlength(run)
    _, top, _, bottom = image.point(lambda grey: 255 * (grey < 150)).getbbox() or (0, 0, *image.size)
    return image.crop((0, max(top - 8, 0), image.width, min(bottom + 8, image.height)))


@cache
def _font(language: str, size: int) -> ImageFont.FreeTypeFont:
    """The font that fontconfig has for a language."""
    found = subprocess.run(  # noqa: S603 - the languages are those above
        ["fc-match", "-f", "%{file}\n%{index}", f":lang={language}"],  # noqa: S607 - wherever the system has it
        capture_output=True,
        text=True,
        check=True,
    )
    file, index = found.stdout.splitlines()
    return ImageFont.truetype(file, size, int(index), layout_engine=ImageFont.Layout.RAQM)


def _lacks(font: ImageFont.FreeTypeFont, text: str) -> bool:
    missing = bytes(font.getmask("\uffff"))
    return any(not char.isspace() and bytes(font.getmask(char)) == missing for char in text)


if __name__ == "__main__":
    main()
