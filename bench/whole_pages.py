"""Measure accuracy and speed of reading whole pages: ``python -m bench.whole_pages``.

Pages of many kinds are drawn (:mod:`bench.drawn_pages`), so that the text and position of each word are known:

* found: the share of words whose rectangle was found, with an intersection over union of more than one half.
* right: the share of words that were found and read without a mistake, ignoring differences in quotes and dashes.
* extra: words that match nothing on the page, as a share of the words on it.
* CER: the edit distance between the expected and the recognized text of the page in reading order, divided by the
  expected length, at most 1. Text in the wrong order counts as errors.
* seconds: CPU time of the reading alone; the median of ``--repeat`` readings. The contenders alternate.

``psm N`` is a bare warm Tesseract engine in page segmentation mode N that gets the grey page and does nothing else.
The boxes in ``bench/data`` measure real pages: the words read within each box are compared with its known text.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from bench.accuracy import BOXES, folded
from bench.drawn_pages import KINDS, DrawnPage
from boxocr.errors import BoxOCRError
from boxocr.reading import page_frame, prepare
from boxocr.reading.custom_engine import page_reader
from boxocr.reading.engines import make
from boxocr.reading.recognition.engine_settings import EngineSettings
from boxocr.reading.recognition.tesseract import Tesseract
from boxocr.reading.types import Pixels, ReadingOptions
from boxocr.reading.whole_page import PageReading, Piece
from boxocr.settings import tessdata

RESULTS = Path(__file__).parent / "results" / "whole_pages.json"
BARE = "psm 3"
CONTENDERS = ("psm 1", BARE, "psm 4", "psm 6", "psm 11", "tesseract", "auto")
OVERLAP = 0.5

Read = Callable[[Pixels, str], PageReading]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Scores of a page; shares are from 0 to 1."""

    found: float
    right: float
    extra: float
    cer: float
    seconds: float


def error_rate(got: str, expected: str) -> float:
    """Return the edit distance over the expected length, at most 1; fast for thousands of characters."""
    codes, steps = np.array([ord(char) for char in expected]), np.arange(len(expected) + 1)
    distances = steps.copy()
    for row, char in enumerate(got, start=1):
        best = np.minimum(distances[1:] + 1, distances[:-1] + (codes != ord(char)))
        # Each step along the row costs 1.
        distances = np.minimum.accumulate(np.concatenate(([row], best)) - steps) + steps
    return min(1.0, float(distances[-1]) / max(len(expected), 1))


def judged(page: DrawnPage, reading: PageReading, seconds: float) -> Outcome:
    """Compare the recognized words with those on the page."""
    words = reading.words()
    places = [_upright(page, word) for word in words]
    pairs = matched([word.box for word in page.words], places)
    right = sum(folded(page.words[known].text) == folded(words[got].text) for known, got in pairs)
    total = len(page.words)
    text = folded(" ".join(line.text for line in reading.lines))
    extra = (len(words) - len(pairs)) / total
    return Outcome(len(pairs) / total, right / total, extra, error_rate(text, folded(page.text)), seconds)


def matched(known: Sequence[Box], found: Sequence[Box]) -> list[tuple[int, int]]:
    """Return pairs of matching boxes, each box in at most one pair."""
    if not known or not found:
        return []
    a, b = np.array(known)[:, None], np.array(found)[None]
    shared = np.clip(np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2]), 0, None).prod(-1)
    sizes = [np.clip(boxes[..., 2:] - boxes[..., :2], 0, None).prod(-1) for boxes in (a, b)]
    overlap = shared / np.maximum(sizes[0] + sizes[1] - shared, 1e-9)
    # A box can overlap only one other box by more than a half.
    return [(int(i), int(j)) for i, j in zip(*np.nonzero(overlap > OVERLAP), strict=True)]


def _upright(page: DrawnPage, piece: Piece) -> Box:
    corners = np.array(piece.corners()) @ page.upright[:, :2].T + page.upright[:, 2]
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    return float(left), float(top), float(right), float(bottom)


def contenders(names: Iterable[str], links: Path) -> dict[str, Read]:
    """Return the page readers by name; those that are not installed are reported and left out."""
    settings = EngineSettings("eng", None, str(links), 120)
    found: dict[str, Read] = {}
    for name in names:
        try:
            found[name] = _bare(int(name[4:]), settings) if name.startswith("psm ") else _ours(name, settings)
        except BoxOCRError as error:
            print(f"Without {name}: {error.sentence}")
    return found


def _ours(name: str, settings: EngineSettings) -> Read:
    reader = page_reader(make(name, settings))
    return lambda page, languages: reader.read_page(*page_frame.in_grey(page), ReadingOptions(languages=languages))


def _bare(psm: int, settings: EngineSettings) -> Read:
    if psm == 1:
        # Orientation detection needs its own data, from the folder that also has the language.
        place = tessdata.installed(tessdata.folders(None)).get("osd")
        if place is None:
            raise tessdata.language_missing(["osd"], [])
        settings = EngineSettings("eng", str(place.parent), settings.links, settings.timeout)
    engine = Tesseract(settings)

    def read(page: Pixels, languages: str) -> PageReading:
        image = prepare.grey(page)
        lines = engine.lines(image, psm, ReadingOptions(languages=languages))
        return PageReading(tuple(lines), "tesseract", languages)

    return read


def drawn(readers: dict[str, Read], kinds: Iterable[str], repeat: int) -> dict[str, dict[str, Outcome]]:
    """Read synthetic pages of these kinds with each reader."""
    outcomes: dict[str, dict[str, Outcome]] = {}
    for kind in kinds:
        page = KINDS[kind]()
        taken: defaultdict[str, list[float]] = defaultdict(list)
        readings: dict[str, PageReading] = {}
        for _ in range(repeat):
            for name, read in readers.items():
                began = cpu_seconds()
                readings[name] = read(page.pixels, "eng")
                taken[name].append(cpu_seconds() - began)
        outcomes[kind] = {
            name: judged(page, reading, statistics.median(taken[name])) for name, reading in readings.items()
        }
        _print(kind, outcomes[kind])
    return outcomes


def cpu_seconds() -> float:
    """Return the CPU time of this process and its children."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def _print(kind: str, outcomes: dict[str, Outcome]) -> None:
    print(f"\n{kind}\n{'':18}{'found':>8}{'right':>8}{'extra':>8}{'CER':>8}{'s':>8}{'ratio':>8}")
    bare = outcomes[BARE].seconds if BARE in outcomes else float("nan")
    for name, one in outcomes.items():
        shares = "".join(f"{100 * value:8.1f}" for value in (one.found, one.right, one.extra, one.cer))
        print(f"{name:18}{shares}{one.seconds:8.2f}{one.seconds / bare:8.2f}")
    sys.stdout.flush()


def real(readers: dict[str, Read]) -> dict[str, float]:
    """Return the mean CER of the boxes in ``bench/data``: the words centred in a box against its text."""
    boxes = json.loads(BOXES.read_text(encoding="utf-8"))
    rates: defaultdict[str, list[float]] = defaultdict(list)
    for name in dict.fromkeys(box["page"] for box in boxes):
        with Image.open(BOXES.parent / name) as image:
            pixels = np.asarray(image.convert("RGB"))
        here = [box for box in boxes if box["page"] == name]
        for reader, read in readers.items():
            try:
                reading = read(pixels, here[0]["languages"])
            except BoxOCRError as error:
                print(f"{reader} on {name}: {error.sentence}")
                continue
            for box in here:
                rate = error_rate(folded(_text_in(reading, box)), folded(box["text"]))
                rates[reader].append(rate)
    means = {reader: statistics.mean(values) for reader, values in rates.items()}
    print("\nboxes on real pages, CER %:", {reader: round(100 * mean, 2) for reader, mean in means.items()})
    return means


def _text_in(reading: PageReading, box: dict[str, float]) -> str:
    across, down = box["page_width"] / 100, box["page_height"] / 100
    numbers = (box["x"] * across, box["y"] * down, box["width"] * across, box["height"] * down, box["rotation"])
    area = Piece("", 0.0, *numbers)
    inside = []
    for word in reading.words():
        (left, top), _, (right, bottom), _ = word.corners()
        if area.distance((left + right) / 2, (top + bottom) / 2) == 0:
            inside.append(word.text)
    return " ".join(inside)


def main() -> None:
    """Measure, print and save the results."""
    parser = argparse.ArgumentParser(description="Measure the reading of whole pages.")
    parser.add_argument("--contenders", nargs="*", default=CONTENDERS)
    parser.add_argument("--kinds", nargs="*", default=list(KINDS))
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--no-real", action="store_true", help="leave out the boxes on real pages")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where results are written")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as links:
        readers = contenders(options.contenders, Path(links))
        kinds = drawn(readers, options.kinds, options.repeat)
        boxes = {} if options.no_real else real(readers)
    means = {
        name: Outcome(
            *(statistics.mean(getattr(kinds[kind][name], key) for kind in kinds) for key in Outcome.__slots__)
        )
        for name in readers
        if kinds
    }
    _print("mean over all kinds", means)
    rows = [
        {"kind": kind, "contender": name} | {key: round(getattr(one, key), 4) for key in Outcome.__slots__}
        for kind, outcomes in (kinds | {"mean": means}).items()
        for name, one in outcomes.items()
    ]
    rows += [{"kind": "boxes on real pages", "contender": name, "cer": round(rate, 4)} for name, rate in boxes.items()]
    options.output.write_text("[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]\n")


if __name__ == "__main__":
    main()
