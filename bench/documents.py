"""How well real documents are read, in this process: ``python -m bench.documents --data FOLDER``.

The folder holds any of ``boxes.json`` (boxes drawn on pages, as :mod:`bench.accuracy` describes them), ``pages.json``
(whole pages with the text of their lines) and ``cases.json`` (images of one box each, with the labeling attributes).

* CER and exact: as in :mod:`bench.accuracy`, the mean over boxes.
* wrong: letters or digits differ; case only where it matters.
* ECE: the expected calibration error of the scores over ten bins of equal width, "right" meaning not wrong.
* flagged: with the 35 % of boxes that have the lowest scores marked as unsure, the share of the wrong ones among them.
* silent: boxes that are wrong with a score of .9 or more.
* F1: of the bag of words of a page; CPU: seconds of processor time.
"""

import argparse
import json
import re
import statistics
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bench.accuracy import error_rate, folded
from boxocr.errors import BoxOCRError
from boxocr.geometry import Area
from boxocr.pages.crop import cut
from boxocr.pages.page import Page
from boxocr.reading import page_frame
from boxocr.reading.custom_engine import page_reader
from boxocr.reading.engines import make
from boxocr.reading.recognition.engine_settings import EngineSettings
from boxocr.reading.types import Engine, Pixels, Reading, ReadingOptions

Item = dict[str, Any]

SURE = 0.9
FLAGGED = 0.35


@dataclass(frozen=True, slots=True)
class BoxOutcome:
    """How a box was read.

    Attributes:
        identity: of the box.
        kind: what it shows.
        expected: the text that it has.
        reading: the engine's.
        seconds: that it took.
        folds_case: whether upper and lower case may differ.
    """

    identity: str
    kind: str
    expected: str
    reading: Reading
    seconds: float
    folds_case: bool = False

    @property
    def cer(self) -> float:
        """Character error rate, 0 to 1."""
        got, expected = folded(self.reading.text), folded(self.expected)
        if self.folds_case:
            got, expected = got.lower(), expected.lower()
        return error_rate(got, expected) if expected else float(bool(got))

    @property
    def is_right(self) -> bool:
        """Whether all letters and digits are right."""
        return _letters(self.reading.text, fold=self.folds_case) == _letters(self.expected, fold=self.folds_case)


def _letters(text: str, *, fold: bool) -> str:
    text = folded(text)
    kept = "".join(char for char in text if char.isalnum()) or text
    return kept.lower() if fold else kept


@cache
def _page(path: Path) -> Page:
    with Image.open(path) as image:
        grey = image.mode in ("1", "L")
        return Page(np.asarray(image.convert("L" if grey else "RGB")), path.name)


def crop_of(folder: Path, item: Item) -> Pixels:
    """The pixels of a box."""
    page = _page(folder / item["page"])
    across, down = page.width / 100, page.height / 100
    numbers = item["x"] * across, item["y"] * down, item["width"] * across, item["height"] * down
    return cut(page, Area(*numbers, item["rotation"]))


def read_boxes(engine: Engine, folder: Path, items: Iterable[Item]) -> list[BoxOutcome]:
    """Read boxes on pages."""
    return [
        _outcome(
            engine,
            crop_of(folder, item),
            ReadingOptions(languages=item["languages"]),
            item["id"],
            item["category"],
            item["text"],
            folds_case=bool(item.get("case_insensitive")),
        )
        for item in items
    ]


def read_cases(engine: Engine, folder: Path, items: Iterable[Item]) -> list[BoxOutcome]:
    """Read images of one box each; those that cannot be decoded are left out."""
    outcomes = []
    for item in items:
        try:
            with Image.open(folder / item["file"]) as image:
                page = Page(np.asarray(image.convert("RGB")), item["file"])
        except (OSError, ValueError, SyntaxError):
            continue
        left, top, width, height = (share / 100 for share in item["box"])
        area = Area(left * page.width, top * page.height, width * page.width, height * page.height)
        language = re.search('model_lang="([^"]*)"', item["textarea_attributes"])
        options = ReadingOptions(languages=language[1] if language else "eng")
        outcomes.append(_outcome(engine, cut(page, area), options, item["file"], item["kind"], item["expected"]))
    return outcomes


def _outcome(  # noqa: PLR0913, PLR0917 - what an outcome is made of
    engine: Engine,
    crop: Pixels,
    options: ReadingOptions,
    identity: str,
    kind: str,
    expected: str,
    *,
    folds_case: bool = False,
) -> BoxOutcome:
    began = time.perf_counter()
    try:
        reading = engine.read(crop, options)
    except BoxOCRError as error:
        reading = Reading("", 0.0, error.message, options.languages)
    return BoxOutcome(identity, kind, expected, reading, time.perf_counter() - began, folds_case)


def calibration_error(outcomes: Sequence[BoxOutcome]) -> float:
    """The expected calibration error over ten bins."""
    bins: defaultdict[int, list[BoxOutcome]] = defaultdict(list)
    for one in outcomes:
        bins[min(int(one.reading.confidence * 10), 9)].append(one)
    gaps = (
        len(some)
        * abs(statistics.fmean(one.is_right for one in some) - statistics.fmean(one.reading.confidence for one in some))
        for some in bins.values()
    )
    return sum(gaps) / max(len(outcomes), 1)


def flagged(outcomes: Sequence[BoxOutcome]) -> float:
    """The share of wrong boxes that are among those with the lowest scores."""
    ordered = sorted(outcomes, key=lambda one: one.reading.confidence)
    wrong = [one for one in outcomes if not one.is_right]
    low = ordered[: round(FLAGGED * len(ordered))]
    return sum(not one.is_right for one in low) / max(len(wrong), 1)


def box_table(name: str, outcomes: Sequence[BoxOutcome]) -> str:
    """The figures by kind."""
    kinds = sorted({one.kind for one in outcomes})
    rows = [(kind, [one for one in outcomes if one.kind == kind]) for kind in kinds]
    lines = [
        f"| {name} | boxes | CER % | exact % | wrong % | ECE | flagged % | silent | median ms |",
        "| --- | --: | --: | --: | --: | --: | --: | --: | --: |",
    ]
    for kind, some in (*rows, ("all", outcomes)):
        rates = (
            100 * statistics.fmean(measure(one) for one in some)
            for measure in (lambda one: one.cer, lambda one: one.cer == 0, lambda one: not one.is_right)
        )
        silent = sum(not one.is_right and one.reading.confidence >= SURE for one in some)
        milliseconds = 1000 * statistics.median(one.seconds for one in some)
        lines.append(
            f"| {kind} | {len(some)} | {' | '.join(f'{rate:.1f}' for rate in rates)} | {calibration_error(some):.3f}"
            f" | {100 * flagged(some):.0f} | {silent} | {milliseconds:.0f} |"
        )
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class PageOutcome:
    """How a page was read: F1 of its bag of words, and seconds of processor time."""

    identity: str
    kind: str
    f1: float
    text: str
    seconds: float


ReadPage = Callable[[Pixels, ReadingOptions], Any]


def read_pages(read: ReadPage, folder: Path, items: Iterable[Item]) -> list[PageOutcome]:
    """Read whole pages."""
    outcomes = []
    for item in items:
        page = _page(folder / item["page"])
        began = time.process_time()
        try:
            reading = read(page.pixels, ReadingOptions(languages=item["languages"]))
        except BoxOCRError as error:
            print(f"{item['id']}: {error.sentence}")
            continue
        seconds = time.process_time() - began
        text = "\n".join(line.text for line in reading.lines)
        expected = " ".join(line["text"] for line in item["lines"])
        fold = bool(item.get("case_insensitive"))
        outcomes.append(PageOutcome(item["id"], item["category"], f1(text, expected, fold=fold), text, seconds))
    return outcomes


def f1(got: str, expected: str, *, fold: bool) -> float:
    """F1 of the bags of words of two texts."""
    bags = [Counter((folded(text).lower() if fold else folded(text)).split()) for text in (got, expected)]
    both = (bags[0] & bags[1]).total()
    return 2 * both / max(bags[0].total() + bags[1].total(), 1)


def page_table(name: str, outcomes: Sequence[PageOutcome]) -> str:
    """The figures by kind."""
    lines = [f"| {name} | pages | F1 | CPU s |", "| --- | --: | --: | --: |"]
    kinds = sorted({one.kind for one in outcomes})
    for kind in (*kinds, "all"):
        some = [one for one in outcomes if kind in (one.kind, "all")]
        figures = statistics.fmean(one.f1 for one in some), statistics.fmean(one.seconds for one in some)
        lines.append(f"| {kind} | {len(some)} | {figures[0]:.3f} | {figures[1]:.2f} |")
    return "\n".join(lines)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="bench.documents", description="Measure the reading of real documents.")
    parser.add_argument("--data", type=Path, required=True, action="append", help="a folder; may be repeated")
    parser.add_argument("--engine", action="append", help="may be repeated; default: tesseract, auto")
    parser.add_argument("--tessdata", help="a folder with Tesseract's language data to look into first")
    parser.add_argument("--only", default="", help="a regular expression that ids and kinds must match")
    parser.add_argument("--every", type=int, default=1, help="measure each n-th item only")
    parser.add_argument("--threads", type=int, default=1, help="threads that one reading may use")
    parser.add_argument("--errors", action="store_true", help="print what was read wrong")
    parser.add_argument("--output", type=Path, help="write all readings there, JSON")
    parser.add_argument("--no-pages", action="store_true", help="boxes only")
    parser.add_argument("--no-boxes", action="store_true", help="pages only")
    arguments = parser.parse_args()
    written: list[Item] = []
    with tempfile.TemporaryDirectory() as links:
        for name in arguments.engine or ("tesseract", "auto"):
            engine = make(name, EngineSettings("eng", arguments.tessdata, links, 120, arguments.threads))
            written += _measure(name, engine, arguments)
    if arguments.output:
        arguments.output.write_text(json.dumps(written, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _measure(  # noqa: C901 - one step after the other
    name: str, engine: Engine, arguments: argparse.Namespace
) -> list[Item]:
    boxes: list[BoxOutcome] = []
    pages: list[PageOutcome] = []
    for folder in arguments.data:
        for file, read in (("boxes.json", read_boxes), ("cases.json", read_cases)):
            if not arguments.no_boxes:
                boxes += read(engine, folder, _items(folder / file, arguments))
        if not arguments.no_pages:
            pages += read_pages(page_reader_of(engine), folder, _items(folder / "pages.json", arguments))
    if boxes:
        print(f"\n{box_table(name, boxes)}\n")
    if pages:
        print(f"\n{page_table(name, pages)}\n")
    if arguments.errors:
        for one in boxes:
            if one.cer:
                confidence = f"{one.reading.confidence:.2f} {one.reading.engine}"
                print(f"  {one.identity} ({confidence}): {one.reading.text!r} instead of {one.expected!r}")
        for page in pages:
            print(f"  {page.identity}: {page.f1:.3f} {page.seconds:.2f} s")
    rows = [
        {"engine": name, "id": one.identity, "kind": one.kind, "expected": one.expected, "text": one.reading.text}
        | {"confidence": one.reading.confidence, "by": one.reading.engine, "cer": one.cer, "right": one.is_right}
        for one in boxes
    ]
    return rows + [{"engine": name, "id": one.identity, "f1": one.f1, "text": one.text} for one in pages]


def _items(path: Path, arguments: argparse.Namespace) -> list[Item]:
    if not path.exists():
        return []
    items = [item for item in json.loads(path.read_text(encoding="utf-8")) if "page" in item or "box" in item]
    pattern = re.compile(arguments.only)
    kinds = ("id", "file", "category", "kind")
    return [item for item in items if any(pattern.search(item.get(key, "")) for key in kinds)][:: arguments.every]


def page_reader_of(engine: Engine) -> ReadPage:
    """What reads whole pages with an engine."""
    return lambda pixels, options: page_reader(engine).read_page(*page_frame.in_grey(pixels), options)


if __name__ == "__main__":
    main()
