"""How well real documents are read: ``make bench-accuracy`` for boxes, ``make bench-pages`` for whole pages.

``python -m bench.documents`` measures both on ``bench/data/documents``. A folder of documents holds any of
``boxes.json`` (boxes drawn on pages, as :mod:`bench.accuracy` describes them), ``pages.json`` (whole pages with the
text of their lines) and ``cases.json`` (images of one box each, with the labeling attributes).

* cer and exact: as in :mod:`bench.accuracy`, in percent, the mean over boxes.
* wrong: letters or digits differ; case only where it matters.
* ece: the expected calibration error of the scores over ten bins of equal width, "right" meaning not wrong.
  Boxes without a text have no score.
* flagged: if the 35 % of boxes with the lowest scores are marked as unsure, the share of all wrong boxes among them.
* silent: boxes that are wrong with a score of .9 or more; lost: those that also lack over a fifth of the text.
* f1: of the bag of words of a page; cpu: seconds of processor time. ms: wall-clock time of a box.
* polarity: how many pages, and how many of their negatives, Tesseract would get inverted. It should be none of the
  pages, which are dark on light, and all of the negatives.

``--cut N`` draws boxes at random around the lines of the pages and reads them too, which makes many more boxes than
people drew. ``--negative`` reads everything white on black.

BoxOCR is compared with Tesseract without any preparation (page segmentation mode 6 for boxes, 3 for pages) and with the
programs in ``bench/peers.txt``, which get the same pixels and choose their own languages.
"""

import argparse
import json
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from bench import cut_boxes
from bench.document_contenders import Contender, Item, contenders, page_of
from bench.document_scores import BoxOutcome, PageOutcome, box_figures, by_kind, comparison, page_figures, table
from bench.page_polarity import polarity
from boxocr.reading.recognition.engine_settings import EngineSettings
from boxocr.reading.types import Pixels
from boxocr.settings import tessdata

DATA = Path(__file__).parent / "data" / "documents"
RESULTS = Path(__file__).parent / "results" / "documents.json"


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="bench.documents", description="Measure the reading of real documents.")
    parser.add_argument("--data", type=Path, action="append", help=f"a folder; may be repeated; default: {DATA.name}")
    parser.add_argument("--engine", action="append", help="may be repeated; default: all, and other programs")
    parser.add_argument("--tessdata", help="a folder with Tesseract's language data to look into first")
    parser.add_argument("--only", default="", help="a regular expression that ids and kinds must match")
    parser.add_argument("--every", type=int, default=1, help="measure each n-th item only")
    parser.add_argument("--cut", type=int, default=0, help="also read this many boxes drawn at random on each page")
    parser.add_argument("--negative", action="store_true", help="read everything white on black")
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
        with contenders(arguments.engine or (), settings, negative=arguments.negative) as found:
            for contender in found:
                written += _measure(contender, arguments, installed, figures)
    if arguments.output:
        arguments.output.write_text(json.dumps(written, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    for kind, shown in (("boxes", ("cer", "exact", "ece", "flagged", "silent", "lost")), ("pages", ("f1", "cpu"))):
        if len(figures[kind]) > 1:
            print(*(f"\n{comparison(figure, figures[kind])}" for figure in shown), sep="\n")
    if not arguments.no_pages:
        print(f"\n{polarity(_pages(arguments, installed))}")
    if not (arguments.data or arguments.only or arguments.every > 1 or arguments.cut or arguments.negative):
        _save(figures)


def _pages(arguments: argparse.Namespace, installed: set[str]) -> Iterator[Pixels]:
    """The pixels of the chosen pages."""
    for folder in arguments.data or (DATA,):
        for item in _items(folder / "pages.json", arguments, installed):
            yield page_of(folder / item["page"]).pixels


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
        if arguments.cut:
            annotated = _items(folder / "pages.json", arguments, installed)
            boxes += contender.boxes(folder, cut_boxes.cut(folder, annotated, arguments.cut))
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
