"""Measure learning from corrections: ``python -m bench.learning``.

For each set of lines, a head is trained on the first N lines and measured on pages that none of these lines is from:
the character error rate (edits over characters, all lines together) and the share of lines without any error. The guard
decides as for a project; "off" means that the head is not used. "+" counts lines that became right, "-" right lines
that became wrong. Seconds are those of one core, for validation and training together.

The simulated day reads all lines in page order and learns after 16, 32, 64, … of them. It counts the keystrokes that
the annotator needs, which are the edits from each reading to the text.

Left out are lines that a transcriber could not read, which have a mark for each word.

The lines in ``bench/data/fraktur-1809`` are always measured. ``--lines`` or ``LEARNING_LINES`` names a folder with more
lines: a ``lines.json`` with ``file``, ``page``, ``text`` and ``set`` of each line. ``--pages`` or ``LEARNING_PAGES``
names a folder with whole pages: a ``pages.json`` with ``page``, ``category`` and ``lines`` of each page, where ``box``
of a line is left, top, right and bottom in pixels. ``--draws`` divides each set at random that many times, and counts
the draws with more edits, or with more newly wrong lines than a third of the newly right ones. ``--typos 0.05`` makes a
mistake in one line of twenty; ``--conventions`` learns from two annotators, one of whom writes "ss" for "ß" and "ae"
for "ä".
"""

import argparse
import json
import os
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from boxocr.learning.alignment import distance
from boxocr.learning.conventions import CONVENTIONS
from boxocr.learning.project_heads import LearnedHeads, is_illegible, learn_heads
from boxocr.learning.training import Line
from boxocr.learning.validation import Verdict, compare
from boxocr.reading.recognition.head import Head
from boxocr.reading.recognition.ppocr import features_of
from boxocr.reading.recognition.trunk import Trunk, trunk_of

DATA = Path(__file__).parent / "data" / "fraktur-1809"
SIZES = (20, 50, 200)

# The share of all lines that is measured: the last ones.
_HELD_OUT = 1 / 3

_FIRST_TRAINING = 16

# Lines with a shorter side than this, px, are smaller than any letter.
_LEAST_SIDE = 6


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=Path, default=os.environ.get("LEARNING_LINES"), help="folder with more lines")
    parser.add_argument("--pages", type=Path, default=os.environ.get("LEARNING_PAGES"), help="folder with whole pages")
    parser.add_argument("--draws", type=int, default=0, help="how often each set is divided at random")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="how many lines are learned from")
    parser.add_argument(
        "--typos", type=float, default=0.0, help="share of lines in which the annotator makes a mistake"
    )
    parser.add_argument(
        "--conventions", action="store_true", help="learn from two annotators with different conventions as well"
    )
    parser.add_argument("--no-day", action="store_true", help="leave out the simulated day")
    options = parser.parse_args()
    trunk = trunk_of("eng", None, threads=1)
    base = trunk.base
    for name, lines in _sets(trunk, options.lines, options.pages).items():
        _measure(name, lines, base, options.sizes, options.typos)
        if options.conventions:
            _conventions(lines, base, options.sizes)
        _draw(lines, base, options.sizes[-1], options.draws, options.typos)
        if not options.no_day:
            _day(lines, base)


def _measure(name: str, lines: Sequence[Line], base: Head, sizes: Sequence[int], typos: float) -> None:
    held_out = {line.page for line in lines[-round(_HELD_OUT * len(lines)) :]}
    unseen = [line for line in lines if line.page in held_out]
    seen = [line for line in lines if line.page not in held_out]
    before = compare(unseen, lambda line: line.baseline)
    print(f"{name}: {len(unseen)} lines on {len(held_out)} unseen pages")
    print(f"  N = 0: {_row(before)}")
    for size in sizes:
        if size > len(seen):
            break
        began = time.process_time()
        learned = learn_heads(_with_typos(seen[:size], typos), base)
        seconds = time.process_time() - began
        found = compare(unseen, learned.read)
        state = "on" if learned.heads else "off"
        print(f"  N = {size}: {_row(found)}, +{found.newly_right} -{found.newly_wrong}, {state}, {seconds:.1f} s")
        print(f"    held-out quarters: {learned.verdict.sentence()}", flush=True)


def _conventions(lines: Sequence[Line], base: Head, sizes: Sequence[int]) -> None:
    """Learn from two annotators, one of whom does every second page and writes differently."""
    pages = list(dict.fromkeys(line.page for line in lines))
    others = frozenset(pages[1::2])
    mixed = [replace(line, text=_in_other_style(line.text)) if line.page in others else line for line in lines]
    held_out = {line.page for line in lines[-round(_HELD_OUT * len(lines)) :]}
    unseen, seen = (
        [line for line in lines if line.page in held_out],
        [line for line in mixed if line.page not in held_out],
    )
    changed = sum(line.text != other.text for line, other in zip(lines, mixed, strict=True))
    print(f"  Two annotators with different conventions, who differ in {changed} of {len(lines)} lines:")
    for size in sizes:
        if size > len(seen):
            break
        learned = learn_heads(seen[:size], base)
        first = compare(unseen, learned.read)
        other = compare([replace(line, text=_in_other_style(line.text)) for line in unseen], learned.read)
        state = "on" if learned.heads else "off"
        print(f"    N = {size}: {_row(first)} for one, {_row(other)} for the other, {state}", flush=True)


def _in_other_style(text: str) -> str:
    """A text as the second annotator writes it."""
    for convention in ("ss for ß", "ae, oe and ue for umlauts", "hyphens for dashes", "straight quotes"):
        text = CONVENTIONS[convention](text)
    return text


def _draw(lines: Sequence[Line], base: Head, size: int, draws: int, typos: float) -> None:
    """Divide the pages at random, several times; print how often a head is used and what it does then."""
    ratios, right, wrong, harmful = [], 0, 0, 0
    for draw in range(draws):
        pages = sorted({line.page for line in lines})
        random.Random(draw).shuffle(pages)  # noqa: S311 - no secret
        seen: list[Line] = []
        while pages and len(seen) < min(size, len(lines) // 2):
            page = pages.pop()
            seen += [line for line in lines if line.page == page]
        unseen = [line for line in lines if line.page in pages]
        learned = learn_heads(_with_typos(seen[:size], typos), base)
        if learned.heads and unseen:
            found = compare(unseen, learned.read)
            ratios.append(found.edits_after / max(found.edits_before, 1))
            right, wrong = right + found.newly_right, wrong + found.newly_wrong
            harmful += found.edits_after > found.edits_before or 3 * found.newly_wrong > found.newly_right
    if draws:
        worst = (
            f", at worst {max(ratios):.2f} of the edits, +{right} -{wrong} in all, {harmful} harmful" if ratios else ""
        )
        print(f"  {draws} draws: a head is used in {len(ratios)}{worst}", flush=True)


def _row(verdict: Verdict) -> str:
    return f"CER {verdict.edits_after / verdict.characters:.2%}, exact {verdict.right_after / verdict.examples:.1%}"


def _day(lines: Sequence[Line], base: Head) -> None:
    learned, following = LearnedHeads(), _FIRST_TRAINING
    without = needed = 0
    for place, line in enumerate(lines):
        if place == following:
            learned = learn_heads(lines[:place], base)
            following *= 2
        without += distance(line.baseline, line.text)
        needed += distance(learned.read(line), line.text)
    print(f"  A day of {len(lines)} lines in page order: {without} keystrokes without learning, {needed} with it")


def _with_typos(lines: Sequence[Line], share: float) -> list[Line]:
    """Lines with one wrong character in some of them."""
    chance = random.Random(5)  # noqa: S311 - no secret
    found = []
    for line in lines:
        text = line.text
        if text and chance.random() < share:
            place = chance.randrange(len(text))
            text = text[:place] + chance.choice("aeinrst") + text[place + 1 :]
        found.append(replace(line, text=text))
    return found


def _sets(trunk: Trunk, lines: Path | None, pages: Path | None) -> dict[str, list[Line]]:
    found: dict[str, list[Line]] = {}
    more = [*(_listed(Path(lines)) if lines else ()), *(_cut(Path(pages)) if pages else ())]
    for name, page, text, pixels in [*_packed(DATA), *more]:
        features = features_of(pixels, trunk)
        line = Line(features, text, page, label=name, baseline=trunk.base.read(features))
        if not is_illegible(line):
            found.setdefault(name, []).append(line)
    return found


def _packed(folder: Path) -> Iterator[tuple[str, str, str, Any]]:
    """Set, page, text and pixels of each line; an image for each page has its lines below each other."""
    for page in json.loads((folder / "lines.json").read_text(encoding="utf-8")):
        image = np.asarray(Image.open(folder / f"{page['page']}.png").convert("L"))
        top = 0
        for line in page["lines"]:
            yield folder.name, page["page"], line["text"], image[top : top + line["height"], : line["width"]]
            top += line["height"]


def _listed(folder: Path) -> Iterator[tuple[str, str, str, Any]]:
    for line in json.loads((folder / "lines.json").read_text(encoding="utf-8")):
        if line["set"] != DATA.name:
            yield line["set"], line["page"], line["text"], np.asarray(Image.open(folder / line["file"]).convert("L"))


def _cut(folder: Path) -> Iterator[tuple[str, str, str, Any]]:
    for page in json.loads((folder / "pages.json").read_text(encoding="utf-8")):
        image = np.asarray(Image.open(folder / page["page"]).convert("L"))
        for line in page["lines"]:
            left, top, right, bottom = map(round, line["box"])
            pixels = image[max(top, 0) : bottom, max(left, 0) : right]
            if min(pixels.shape) >= _LEAST_SIDE and line["text"].strip():
                yield f"{page['category']} pages", page["id"], line["text"].strip(), pixels


if __name__ == "__main__":
    main()
