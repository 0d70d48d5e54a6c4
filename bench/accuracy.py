"""Measure the accuracy of reading drawn boxes: ``python -m bench.accuracy``.

Each box is cropped from its page and read by one warm reader, as in the server; the time covers only the reading.

* CER, the character error rate of a box: its edit distance (Levenshtein) over the length of the expected text, at most
  1; the mean over boxes. Both texts are compared after NFKC, with all quotes and dashes unified and white space folded
  to single spaces, because print uses them inconsistently.
* WER, the word error rate: the same over words.
* exact: the share of boxes without any error.

The table ``reference`` is the reference recipe: the tesseract program started for each box, page segmentation mode 6,
``chi_sim+eng+deu``, the unprocessed crop. It is left out if the program or its languages are missing.
"""

import argparse
import json
import re
import statistics
import time
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np
import pytesseract
from PIL import Image

from bench.contenders import REFERENCE_LANGUAGES, missing_for_reference
from boxocr.errors import BoxOCRError
from boxocr.geometry import Area
from boxocr.pages.crop import cut
from boxocr.pages.page import Page
from boxocr.reading.pool.pool import ReaderPool
from boxocr.reading.types import Pixels, ReadingOptions

BOXES = Path(__file__).parent / "data" / "boxes.json"
RESULTS = Path(__file__).parent / "results" / "accuracy.json"
ENGINES = ("tesseract", "auto")
TIMEOUT_SECONDS = 60

_ALIKE = (
    (re.compile("[\u2018\u2019\u201a\u201b`\u00b4\u2032]"), "'"),
    (re.compile("[\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb]|''"), '"'),
    (re.compile("[\u2010-\u2015\u2212]"), "-"),
)


@dataclass(frozen=True, slots=True)
class Box:
    """A box and its expected text."""

    identity: str
    category: str
    languages: str
    text: str
    crop: Pixels


@dataclass(frozen=True, slots=True)
class Outcome:
    """The reading of a box and its duration."""

    box: Box
    text: str
    milliseconds: float

    @property
    def cer(self) -> float:
        """Character error rate, 0 to 1."""
        return error_rate(folded(self.text), folded(self.box.text))

    @property
    def wer(self) -> float:
        """Word error rate, 0 to 1."""
        return error_rate(folded(self.text).split(), folded(self.box.text).split())


Read = Callable[[Box], str]


def folded(text: str) -> str:
    """Return ``text`` after NFKC, with quotes, dashes and white space unified."""
    text = unicodedata.normalize("NFKC", text)
    for pattern, replacement in _ALIKE:
        text = pattern.sub(replacement, text)
    return " ".join(text.split())


def error_rate(got: Sequence[str], expected: Sequence[str]) -> float:
    """Return the edit distance over the expected length, at most 1."""
    distances = list(range(len(expected) + 1))
    for row, item in enumerate(got, start=1):
        diagonal, distances[0] = distances[0], row
        for column, other in enumerate(expected, start=1):
            substituted = diagonal + (item != other)
            diagonal = distances[column]
            distances[column] = min(diagonal + 1, distances[column - 1] + 1, substituted)
    return min(1.0, distances[-1] / max(len(expected), 1))


def load(path: Path) -> list[Box]:
    """Crop the boxes described in ``path`` from their pages, which are in the same folder."""

    @cache
    def page(name: str) -> Page:
        with Image.open(path.parent / name) as image:
            grey = image.mode in ("1", "L")
            return Page(np.asarray(image.convert("L" if grey else "RGB")), name)

    boxes = []
    for item in json.loads(path.read_text(encoding="utf-8")):
        whole = page(item["page"])
        across, down = whole.width / 100, whole.height / 100
        area = Area(
            item["x"] * across, item["y"] * down, item["width"] * across, item["height"] * down, item["rotation"]
        )
        boxes.append(Box(item["id"], item["category"], item["languages"], item["text"], cut(whole, area)))
    return boxes


def measure(boxes: Iterable[Box], read: Read) -> list[Outcome]:
    """Read the boxes one after the other."""
    outcomes = []
    for box in boxes:
        started = time.perf_counter()
        try:
            text = read(box)
        except BoxOCRError as error:
            print(f"  {box.identity}: {error.message}")
            text = ""
        outcomes.append(Outcome(box, text, (time.perf_counter() - started) * 1000))
    return outcomes


def through(pool: ReaderPool, box: Box) -> str:
    """Read a box as the server does."""
    return pool.read(box.crop, ReadingOptions(languages=box.languages)).text


def reference(box: Box) -> str:
    """Read a box with the reference recipe."""
    return str(pytesseract.image_to_string(Image.fromarray(box.crop), lang=REFERENCE_LANGUAGES, config="--psm 6"))


def table(name: str, outcomes: Sequence[Outcome]) -> str:
    """Return the figures by category as a Markdown table."""
    categories = sorted({outcome.box.category for outcome in outcomes})
    rows = [(category, [one for one in outcomes if one.box.category == category]) for category in categories]
    lines = [f"| {name} | boxes | CER % | WER % | exact % | median ms |", "| --- | --: | --: | --: | --: | --: |"]
    for label, chosen in (*rows, ("all", outcomes)):
        cer, wer = (
            100 * statistics.fmean(rates) for rates in zip(*((one.cer, one.wer) for one in chosen), strict=True)
        )
        exact = 100 * statistics.fmean(one.cer == 0 for one in chosen)
        median = statistics.median(one.milliseconds for one in chosen)
        lines.append(f"| {label} | {len(chosen)} | {cer:.2f} | {wer:.2f} | {exact:.1f} | {median:.1f} |")
    return "\n".join(lines)


def by_category(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """Return the character error rate in percent by category, and under ``all`` that of all boxes."""
    categories = sorted({outcome.box.category for outcome in outcomes})
    rates = {one: 100 * statistics.fmean(o.cer for o in outcomes if o.box.category == one) for one in categories}
    return rates | {"all": 100 * statistics.fmean(outcome.cer for outcome in outcomes)}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="bench.accuracy", description="Measure the accuracy of reading drawn boxes.")
    parser.add_argument("--boxes", type=Path, default=BOXES, help="boxes.json, with its pages in the same folder")
    parser.add_argument("--engine", action="append", help=f"may be repeated; default: {', '.join(ENGINES)}")
    parser.add_argument("--tessdata", help="folder with Tesseract language data that takes precedence")
    parser.add_argument("--no-reference", action="store_true", help="leave out the reference recipe")
    parser.add_argument("--errors", action="store_true", help="print the misread boxes")
    arguments = parser.parse_args()
    boxes = load(arguments.boxes)

    rates: dict[str, dict[str, float]] = {}

    def report(name: str, read: Read) -> None:
        outcomes = measure(boxes, read)
        rates[name] = by_category(outcomes)
        print(f"\n{table(name, outcomes)}\n")
        for outcome in outcomes if arguments.errors else ():
            if outcome.cer:
                print(f"  {outcome.box.identity}: {outcome.text!r} instead of {outcome.box.text!r}")

    for engine in arguments.engine or ENGINES:
        with ReaderPool(workers=1, timeout=TIMEOUT_SECONDS, engine=engine, tessdata=arguments.tessdata) as pool:
            # A first pass without measuring, so that no box includes the time to load its languages.
            measure({box.languages: box for box in boxes}.values(), partial(through, pool))
            report(pool.describe(), partial(through, pool))
    missing = None if arguments.no_reference else missing_for_reference()
    if missing:
        print(f"\nThe reference recipe is left out because this is missing: {missing}.")
    elif not arguments.no_reference:
        report(f"reference: new process, psm 6, {REFERENCE_LANGUAGES}", reference)
    # A part of the figures does not replace all of them.
    if not (missing or arguments.no_reference or arguments.engine or arguments.boxes != BOXES):
        RESULTS.write_text(json.dumps(rates, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
