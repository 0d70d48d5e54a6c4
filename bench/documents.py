"""How well real documents are read: ``make bench-accuracy`` for boxes, ``make bench-pages`` for whole pages.

``python -m bench.documents`` measures both on ``bench/data/documents``. A folder of documents holds any of
``boxes.json`` (boxes drawn on pages, as :mod:`bench.accuracy` describes them), ``pages.json`` (whole pages with the
text of their lines) and ``cases.json`` (images of one box each, with the labeling attributes).

* cer and exact: as in :mod:`bench.accuracy`, in percent, the mean over boxes.
* wrong: letters or digits differ; case only where it matters.
* ece: the expected calibration error of the scores over ten bins of equal width, "right" meaning not wrong.
* flagged: with the 35 % of boxes that have the lowest scores marked as unsure, the share of the wrong ones among them.
* silent: boxes that are wrong with a score of .9 or more; lost: those of them that lack a fifth of the text or more.
* f1: of the bag of words of a page; cpu: seconds of processor time. ms: wall-clock time of a box.

BoxOCR is compared with Tesseract without any preparation (page segmentation mode 6 for boxes, 3 for pages) and with the
programs in ``bench/peers.txt``, which get the same pixels and choose their own languages.
"""

import argparse
import contextlib
import json
import re
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bench import peers
from bench.document_scores import BoxOutcome, PageOutcome, box_figures, by_kind, comparison, f1, page_figures, table
from boxocr.errors import BoxOCRError
from boxocr.geometry import Area
from boxocr.pages.crop import cut
from boxocr.pages.page import Page
from boxocr.reading import page_frame
from boxocr.reading.custom_engine import page_reader
from boxocr.reading.engines import make
from boxocr.reading.recognition.engine_settings import EngineSettings
from boxocr.reading.types import Pixels, Reading, ReadingOptions
from boxocr.settings import tessdata

Item = dict[str, Any]

DATA = Path(__file__).parent / "data" / "documents"
RESULTS = Path(__file__).parent / "results" / "documents.json"
ENGINES = ("auto", "tesseract")

# A reading, and the seconds of processor time.
Timed = tuple[Reading, float]
Read = Callable[[Pixels, ReadingOptions], Timed]


class Contender:
    """Something that reads.

    Args:
        name: shown in the tables.
        read: a box.
        read_page: a page.
    """

    def __init__(self, name: str, read: Read, read_page: Read) -> None:
        self.name = name
        self._read = read
        self._read_page = read_page

    def boxes(self, folder: Path, items: Iterable[Item]) -> list[BoxOutcome]:
        """Read boxes on pages."""
        return [
            self._outcome(
                crop_of(folder, item),
                ReadingOptions(languages=item["languages"]),
                item["id"],
                item["category"],
                item["text"],
                item,
            )
            for item in items
        ]

    def cases(self, folder: Path, items: Iterable[Item]) -> list[BoxOutcome]:
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
            outcomes.append(self._outcome(cut(page, area), options, item["file"], item["kind"], item["expected"], item))
        return outcomes

    def pages(self, folder: Path, items: Iterable[Item]) -> list[PageOutcome]:
        """Read whole pages."""
        outcomes = []
        for item in items:
            options = ReadingOptions(languages=item["languages"])
            try:
                reading, seconds = self._read_page(_page(folder / item["page"]).pixels, options)
            except BoxOCRError as error:
                print(f"{item['id']}: {error.sentence}")
                continue
            expected = " ".join(line["text"] for line in item["lines"])
            score = f1(reading.text, expected, fold=bool(item.get("case_insensitive")))
            unseen = not item.get("developed_on", True)
            outcomes.append(PageOutcome(item["id"], item["category"], score, reading.text, seconds, unseen))
        return outcomes

    def _outcome(  # noqa: PLR0913, PLR0917 - what an outcome is made of
        self, crop: Pixels, options: ReadingOptions, identity: str, kind: str, expected: str, item: Item
    ) -> BoxOutcome:
        began = time.perf_counter()
        try:
            reading, _ = self._read(crop, options)
        except BoxOCRError as error:
            reading = Reading("", 0.0, error.message, options.languages)
        seconds = time.perf_counter() - began
        folds = bool(item.get("case_insensitive"))
        return BoxOutcome(identity, kind, expected, reading, seconds, folds, not item.get("developed_on", True))


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


def ours(name: str, settings: EngineSettings) -> Contender:
    """BoxOCR with an engine."""
    engine = make(name, settings)
    reader = page_reader(engine)
    return Contender(
        name,
        _timed(engine.read),
        _timed(lambda pixels, options: reader.read_page(*page_frame.in_grey(pixels), options).as_one()),
    )


@contextlib.contextmanager
def contenders(names: Sequence[str], settings: EngineSettings) -> Iterator[Iterator[Contender]]:
    """BoxOCR with these engines, and without names with its own and all others that are installed."""
    with contextlib.ExitStack() as stack:

        def each() -> Iterator[Contender]:
            for name in names or (*ENGINES, peers.PLAIN, *peers.PROGRAMS):
                if name == peers.PLAIN:
                    plain = peers.PlainTesseract(settings.tessdata, settings.links)
                    yield Contender(name, _timed(plain.read), _timed(plain.read_page))
                elif name in peers.PROGRAMS:
                    try:
                        program = stack.enter_context(peers.Program(name))
                    except (OSError, EOFError):
                        print(f"{name} is not installed; bench/setup.sh installs it.")
                        continue
                    yield Contender(name, program.read, program.read)
                else:
                    yield ours(name, settings)

        yield each()


def _timed(read: Callable[[Pixels, ReadingOptions], Reading]) -> Read:
    def timed(image: Pixels, options: ReadingOptions) -> Timed:
        began = time.process_time()
        reading = read(image, options)
        return reading, time.process_time() - began

    return timed


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="bench.documents", description="Measure the reading of real documents.")
    parser.add_argument("--data", type=Path, action="append", help=f"a folder; may be repeated; default: {DATA.name}")
    parser.add_argument("--engine", action="append", help="may be repeated; default: all, and other programs")
    parser.add_argument("--tessdata", help="a folder with Tesseract's language data to look into first")
    parser.add_argument("--only", default="", help="a regular expression that ids and kinds must match")
    parser.add_argument("--every", type=int, default=1, help="measure each n-th item only")
    parser.add_argument("--threads", type=int, default=1, help="threads that one reading may use")
    parser.add_argument("--errors", action="store_true", help="print what was read wrong")
    parser.add_argument("--output", type=Path, help="write all readings there, JSON")
    parser.add_argument("--no-pages", action="store_true", help="boxes only")
    parser.add_argument("--no-boxes", action="store_true", help="pages only")
    arguments = parser.parse_args()
    installed = set(tessdata.languages(tessdata.folders(arguments.tessdata)))
    written: list[Item] = []
    figures: dict[str, dict[str, Any]] = {"boxes": {}, "pages": {}}
    with tempfile.TemporaryDirectory() as links:
        settings = EngineSettings("eng", arguments.tessdata, links, 120, arguments.threads)
        with contenders(arguments.engine or (), settings) as found:
            for contender in found:
                written += _measure(contender, arguments, installed, figures)
    if arguments.output:
        arguments.output.write_text(json.dumps(written, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    for kind, shown in (("boxes", ("cer", "exact", "ece", "flagged", "silent", "lost")), ("pages", ("f1", "cpu"))):
        if len(figures[kind]) > 1:
            print(*(f"\n{comparison(figure, figures[kind])}" for figure in shown), sep="\n")
    if not (arguments.data or arguments.only or arguments.every > 1):
        _save(figures)


def _save(figures: Mapping[str, Mapping[str, Any]]) -> None:
    """Add the figures to those of contenders that were measured before."""
    saved = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    merged = {kind: saved.get(kind, {}) | dict(found) for kind, found in figures.items()}
    RESULTS.write_text(json.dumps(merged, indent=1) + "\n", encoding="utf-8")


def _measure(
    contender: Contender, arguments: argparse.Namespace, installed: set[str], figures: dict[str, dict[str, Any]]
) -> list[Item]:
    boxes: list[BoxOutcome] = []
    pages: list[PageOutcome] = []
    for folder in arguments.data or (DATA,):
        for file, read in (("boxes.json", contender.boxes), ("cases.json", contender.cases)):
            if not arguments.no_boxes:
                boxes += read(folder, _items(folder / file, arguments, installed))
        if not arguments.no_pages:
            pages += contender.pages(folder, _items(folder / "pages.json", arguments, installed))
    if boxes:
        figures["boxes"][contender.name] = by_kind(boxes, box_figures)
        print(f"\n{table(contender.name, figures['boxes'][contender.name])}", flush=True)
    if pages:
        figures["pages"][contender.name] = by_kind(pages, page_figures)
        print(f"\n{table(contender.name, figures['pages'][contender.name])}", flush=True)
    if arguments.errors:
        _print_errors(boxes, pages)
    rows = [
        {"engine": contender.name, "id": one.identity, "kind": one.kind, "expected": one.expected}
        | {"text": one.reading.text, "confidence": one.reading.confidence, "by": one.reading.engine}
        | {"cer": one.cer, "right": one.is_right, "seconds": one.seconds}
        for one in boxes
    ]
    return rows + [
        {"engine": contender.name, "id": one.identity, "f1": one.f1, "text": one.text, "seconds": one.seconds}
        for one in pages
    ]


def _print_errors(boxes: Iterable[BoxOutcome], pages: Iterable[PageOutcome]) -> None:
    for one in boxes:
        if one.cer:
            confidence = f"{one.reading.confidence:.2f} {one.reading.engine}"
            print(f"  {one.identity} ({confidence}): {one.reading.text!r} instead of {one.expected!r}")
    for page in pages:
        print(f"  {page.identity}: {page.f1:.3f} {page.seconds:.2f} s")


def _items(path: Path, arguments: argparse.Namespace, installed: set[str]) -> list[Item]:
    """The chosen items of a file, without those in languages that Tesseract has no data for."""
    if not path.exists():
        return []
    items = [item for item in json.loads(path.read_text(encoding="utf-8")) if "page" in item or "box" in item]
    pattern = re.compile(arguments.only)
    kinds = ("id", "file", "category", "kind")
    chosen = [item for item in items if any(pattern.search(item.get(key, "")) for key in kinds)][:: arguments.every]
    kept = [item for item in chosen if set(item.get("languages", "eng").split("+")) <= installed]
    if len(kept) < len(chosen):
        missing = sorted({item["languages"] for item in chosen if item not in kept})
        print(f"{path.name}: {len(chosen) - len(kept)} items in {', '.join(missing)} are left out: not installed.")
    return kept


if __name__ == "__main__":
    main()
