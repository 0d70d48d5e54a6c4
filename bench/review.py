"""Measure ``boxocr review``: ``python -m bench.review``.

Correct regions are taken from drawn pages, and from real pages with ``--data FOLDER`` or ``REVIEW_DATA``: a folder with
``pages.json``, where each page has ``page`` (an image), ``category``, ``languages`` and ``lines`` with ``text`` and
``box`` (left, top, right, bottom, px). In 3 % of them an error is planted:

* typo: a letter is replaced, doubled or left out;
* digits: two neighbouring digits are swapped, or one is replaced;
* box: the box is moved to another place, or loses a part of its text;
* line: a line of a region with several is left out.

found: share of the errors that are reported. alarms: correct regions that are reported, for each error found. Each draw
plants other errors; regions are read once, and moved boxes again.
"""

import argparse
import json
import os
import random
import statistics
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from bench.drawn_pages import KINDS, DrawnPage, Word, columns, invoice, letter
from boxocr.geometry import Area
from boxocr.learning.cut_letters import cut_sides
from boxocr.learning.evidence import Evidence, SecondReading
from boxocr.learning.review import REPORTED, Suspect, review
from boxocr.learning.text_fit import fit_of_readings
from boxocr.pages.crop import cut
from boxocr.pages.page import Page
from boxocr.reading.engines import make
from boxocr.reading.recognition.engine_settings import EngineSettings
from boxocr.reading.types import Engine, Pixels, Reading, ReadingOptions

ENGINES = ("tesseract", "ppocr")
ERRORS = ("typo", "digits", "box", "line")

_SHARE = 0.03

# Share of the lines of a drawn page that are annotated together with the next one.
_JOINED = 0.25

# Paper around a region, px.
_LEAST_PAPER, _MOST_PAPER = 2, 8


@dataclass(frozen=True, slots=True)
class Annotated:
    """A region as an annotator submits it.

    Attributes:
        page: index of its page.
        area: of the region.
        text: lines joined by line ends.
        label: of the region.
        languages: of the page.
        error: the kind of error that was planted; empty for none.
    """

    page: int
    area: Area
    text: str
    label: str
    languages: str = "eng"
    error: str = ""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("REVIEW_DATA"), help="folder with real pages")
    parser.add_argument("--regions", type=int, default=1_000, help="how many regions of each source")
    parser.add_argument("--draws", type=int, default=5, help="how often errors are planted")
    parser.add_argument("--show", action="store_true", help="print missed errors and false alarms")
    options = parser.parse_args()
    sources = {"drawn": _drawn()}
    if options.data:
        sources["real"] = _real(options.data)
    with tempfile.TemporaryDirectory() as links:
        reader = _Reader(links)
        for name, (pages, regions) in sources.items():
            chosen = random.Random(1).sample(regions, min(options.regions, len(regions)))  # noqa: S311 - no secret
            _measure(name, pages, chosen, reader, options.draws, show=options.show)


class _Reader:
    """Reads regions with both engines, each region once."""

    def __init__(self, links: str) -> None:
        settings = EngineSettings("eng", None, links, 60)
        self._engines: list[Engine] = [make(name, settings) for name in ENGINES]
        self._known: dict[object, tuple[tuple[Reading, ...], tuple[str, ...]]] = {}

    def evidence(self, number: int, one: Annotated, page: Page) -> Evidence:
        """The evidence about a region."""
        key = (id(page), one.area.key, one.text)
        if key not in self._known:
            self._known[key] = self._read(one, page)
        read, sides = self._known[key]
        readings = tuple(SecondReading(reading.text, reading.confidence, reading.engine) for reading in read)
        fit = fit_of_readings(one.text, read)
        return Evidence(one.page, 1, 1, str(number), one.label, one.text, readings, cut=sides, fit=fit)

    def _read(self, one: Annotated, page: Page) -> tuple[tuple[Reading, ...], tuple[str, ...]]:
        found = []
        for engine in self._engines:
            known = [code for code in one.languages.split("+") if code in engine.languages()]
            options = ReadingOptions(languages="+".join(known or ["eng"]), expected=one.text)
            found.append(replace(engine.read(cut(page, one.area), options), engine=engine.name))
        return tuple(found), cut_sides(page, one.area)


def _measure(  # noqa: PLR0913 - a table's parts
    name: str, pages: Sequence[Pixels], regions: Sequence[Annotated], reader: _Reader, draws: int, *, show: bool
) -> None:
    lent = [Page(np.ascontiguousarray(pixels), "") for pixels in pages]
    right = [reader.evidence(number, one, lent[one.page]) for number, one in enumerate(regions)]
    planted: Counter[str] = Counter()
    found: Counter[str] = Counter()
    alarms: list[int] = []
    kinds: Counter[str] = Counter()
    for draw in range(draws):
        wrong = _with_errors(regions, lent, random.Random(draw))  # noqa: S311 - no secret
        evidence = [
            reader.evidence(number, one, lent[one.page]) if one.error else known
            for number, (one, known) in enumerate(zip(wrong, right, strict=True))
        ]
        suspects = review(evidence)
        reported = [suspect.score >= REPORTED for suspect in suspects]
        for one, is_reported in zip(wrong, reported, strict=True):
            if one.error:
                planted.update((one.error, one.label))
                found.update((one.error, one.label) if is_reported else ())
        alarms.append(sum(is_reported for one, is_reported in zip(wrong, reported, strict=True) if not one.error))
        for one, suspect, is_reported in zip(wrong, suspects, reported, strict=True):
            if is_reported and not one.error:
                kinds[suspect.findings[0].kind] += 1
            if show and is_reported != bool(one.error):
                _show(one, suspect)
    errors, total = (sum(counts[kind] for kind in ERRORS) for counts in (planted, found))
    labels = sorted(planted.keys() - {*ERRORS})
    shares = ", ".join(f"{kind} {found[kind]}/{planted[kind]}" for kind in (*ERRORS, *labels) if planted[kind])
    print(
        f"{name}: {len(regions)} regions, {errors} errors in {draws} draws; "
        f"found {total / errors:.1%} ({shares}); "
        f"alarms {sum(alarms) / max(total, 1):.2f} for each error found ({statistics.fmean(alarms):.1f} a draw: "
        f"{', '.join(f'{kind} {count}' for kind, count in kinds.most_common())})"
    )


def _show(one: Annotated, suspect: Suspect) -> None:
    readings = " | ".join(f"{reading.text!r} {reading.confidence:.2f}" for reading in suspect.evidence.readings)
    reasons = ", ".join(f"{finding.kind} {finding.score:.2f}" for finding in suspect.findings)
    print(f"  {one.error or 'right'} {suspect.score:.2f} [{reasons}] {one.text!r} <- {readings} {suspect.evidence.cut}")


# --- Regions


def _drawn() -> tuple[list[Pixels], list[Annotated]]:
    drawn = [make_page() for make_page in KINDS.values()]
    drawn += [letter(150, seed).page("letter") for seed in range(20, 26)]
    drawn += [invoice(150, seed).page("invoice") for seed in range(30, 40)]
    drawn += [columns(150).page("columns")]
    chance = random.Random(2)  # noqa: S311 - no secret
    found = []
    for number, page in enumerate(drawn):
        if not np.array_equal(page.upright, np.eye(2, 3)):
            # Boxes on these are at an angle; the words' boxes are those of the upright page.
            continue
        lines = [_line(words) for words in _lines(page)]
        place = 0
        while place < len(lines):
            text, box = lines[place]
            label = "amount" if text.replace(".", "").replace(",", "").isdigit() else "text"
            if place + 1 < len(lines) and chance.random() < _JOINED and _is_next(box, lines[place + 1][1]):
                place += 1
                text, box = f"{text}\n{lines[place][0]}", _joined(box, lines[place][1])
                label = "block"
            found.append(Annotated(number, _area(box, chance), text, label))
            place += 1
    return [page.pixels for page in drawn], found


def _lines(page: DrawnPage) -> Iterator[list[Word]]:
    """Words that are drawn side by side with a usual space between them."""
    line: list[Word] = []
    for word in page.words:
        if line:
            left, top, _, bottom = word.box
            before = line[-1].box
            is_level = min(before[3], bottom) - max(before[1], top) > 0
            if not (is_level and 0 <= left - before[2] < (bottom - top)):
                yield line
                line = []
        line.append(word)
    if line:
        yield line


def _line(words: Sequence[Word]) -> tuple[str, tuple[float, ...]]:
    boxes = np.array([word.box for word in words])
    low, high = boxes.min(axis=0), boxes.max(axis=0)
    return " ".join(word.text for word in words), (low[0], low[1], high[2], high[3])


def _is_next(above: Sequence[float], below: Sequence[float]) -> bool:
    height = above[3] - above[1]
    return abs(above[0] - below[0]) < height and 0 < below[1] - above[3] < height


def _joined(one: Sequence[float], other: Sequence[float]) -> tuple[float, ...]:
    return (min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3]))


def _area(box: Sequence[float], chance: random.Random) -> Area:
    left, top, right, bottom = box
    pads = [chance.uniform(_LEAST_PAPER, _MOST_PAPER) for _ in range(4)]
    return Area(left - pads[0], top - pads[1], right - left + pads[0] + pads[2], bottom - top + pads[1] + pads[3])


def _real(folder: Path) -> tuple[list[Pixels], list[Annotated]]:
    pages, found = [], []
    chance = random.Random(3)  # noqa: S311 - no secret
    for page in json.loads((folder / "pages.json").read_text(encoding="utf-8")):
        pages.append(np.asarray(Image.open(folder / page["page"]).convert("RGB")))
        found += [
            Annotated(len(pages) - 1, _area(line["box"], chance), line["text"], page["category"], page["languages"])
            for line in page["lines"]
            if line["text"].strip()
        ]
    return pages, found


# --- Errors


def _with_errors(regions: Sequence[Annotated], pages: Sequence[Page], chance: random.Random) -> list[Annotated]:
    found = list(regions)
    free = chance.sample(range(len(regions)), len(regions))
    for number in range(round(_SHARE * len(regions))):
        kind = ERRORS[number % len(ERRORS)]
        place = next((place for place in free if _has_place_for(kind, regions[place].text)), None)
        if place is not None:
            free.remove(place)
            found[place] = replace(_planted(regions[place], kind, pages[regions[place].page], chance), error=kind)
    return found


def _has_place_for(kind: str, text: str) -> bool:
    """Whether an error of this kind can be planted in a text."""
    match kind:
        case "line":
            return "\n" in text
        case "digits":
            return any(char.isdigit() for char in text)
    return True


def _planted(one: Annotated, kind: str, page: Page, chance: random.Random) -> Annotated:
    match kind:
        case "line":
            lines = one.text.split("\n")
            del lines[chance.randrange(len(lines))]
            return replace(one, text="\n".join(lines))
        case "digits":
            return replace(one, text=_with_other_digits(one.text, chance))
        case "box":
            return replace(one, area=_with_other_place(one.area, page, chance))
    return replace(one, text=_with_typo(one.text, chance))


def _with_typo(text: str, chance: random.Random) -> str:
    places = [place for place, char in enumerate(text) if char.isalnum()] or list(range(len(text)))
    place = chance.choice(places)
    char = text[place]
    other = chance.choice([other for other in "aeinorstl" if other != char.lower()])
    return text[:place] + chance.choice([other.upper() if char.isupper() else other, char * 2, ""]) + text[place + 1 :]


def _with_other_digits(text: str, chance: random.Random) -> str:
    pairs = [
        place for place in range(len(text) - 1) if text[place : place + 2].isdigit() and text[place] != text[place + 1]
    ]
    if pairs:
        place = chance.choice(pairs)
        return text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    place = chance.choice([place for place, char in enumerate(text) if char.isdigit()])
    return text[:place] + chance.choice([digit for digit in "0123456789" if digit != text[place]]) + text[place + 1 :]


def _with_other_place(area: Area, page: Page, chance: random.Random) -> Area:
    match chance.choice(["line", "half", "narrow"]):
        case "line":
            down = chance.choice([-1, 1]) * chance.uniform(1.0, 1.6) * area.height
            y = area.y + down if 0 <= area.y + down <= page.height - area.height else area.y - down
            return replace(area, y=y)
        case "half":
            return replace(area, y=area.y + chance.choice([-1, 1]) * chance.uniform(0.4, 0.6) * area.height)
    width = area.width * chance.uniform(0.4, 0.7)
    return replace(area, x=area.x + chance.choice([0, area.width - width]), width=width)


if __name__ == "__main__":
    main()
