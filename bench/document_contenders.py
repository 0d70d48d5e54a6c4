"""What :mod:`bench.documents` compares: BoxOCR's engines and other programs, each reading boxes and pages."""

import contextlib
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bench import peers
from bench.document_scores import BoxOutcome, PageOutcome, f1
from boxocr.errors import BoxOCRError
from boxocr.geometry import Area
from boxocr.pages.crop import cut
from boxocr.pages.page import Page
from boxocr.reading import page_frame
from boxocr.reading.custom_engine import page_reader
from boxocr.reading.engines import make
from boxocr.reading.recognition.engine_settings import EngineSettings
from boxocr.reading.types import Pixels, Reading, ReadingOptions

Item = dict[str, Any]

ENGINES = ("auto", "tesseract")

# A reading, and the seconds of processor time that it took.
Timed = tuple[Reading, float]
Read = Callable[[Pixels, ReadingOptions], Timed]


class Contender:
    """Something that reads.

    Args:
        name: shown in the tables.
        read: reads a box.
        read_page: reads a page.
        negative: whether it gets everything white on black.
    """

    def __init__(self, name: str, read: Read, read_page: Read, *, negative: bool = False) -> None:
        self.name = name
        self._read = _negative(read) if negative else read
        self._read_page = _negative(read_page) if negative else read_page

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
                reading, seconds = self._read_page(page_of(folder / item["page"]).pixels, options)
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
def page_of(path: Path) -> Page:
    """The page in an image file."""
    with Image.open(path) as image:
        grey = image.mode in ("1", "L")
        return Page(np.asarray(image.convert("L" if grey else "RGB")), path.name)


def crop_of(folder: Path, item: Item) -> Pixels:
    """The pixels of a box."""
    page = page_of(folder / item["page"])
    across, down = page.width / 100, page.height / 100
    numbers = item["x"] * across, item["y"] * down, item["width"] * across, item["height"] * down
    return cut(page, Area(*numbers, item["rotation"]))


def _negative(read: Read) -> Read:
    return lambda image, options: read(255 - image, options)


def ours(name: str, settings: EngineSettings, *, negative: bool = False) -> Contender:
    """BoxOCR with an engine."""
    engine = make(name, settings)
    reader = page_reader(engine)
    return Contender(
        name,
        _timed(engine.read),
        _timed(lambda pixels, options: reader.read_page(*page_frame.in_grey(pixels), options).as_one()),
        negative=negative,
    )


@contextlib.contextmanager
def contenders(
    names: Sequence[str], settings: EngineSettings, *, negative: bool = False
) -> Iterator[Iterator[Contender]]:
    """The contenders with these names; without names, BoxOCR's engines and all other programs that are installed."""
    with contextlib.ExitStack() as stack:

        def each() -> Iterator[Contender]:
            for name in names or (*ENGINES, peers.PLAIN, *peers.PROGRAMS):
                if name == peers.PLAIN:
                    plain = peers.PlainTesseract(settings.tessdata, settings.links)
                    yield Contender(name, _timed(plain.read), _timed(plain.read_page), negative=negative)
                elif name in peers.PROGRAMS:
                    try:
                        program = stack.enter_context(peers.Program(name))
                    except (OSError, EOFError):
                        print(f"{name} is not installed; bench/setup.sh installs it.")
                        continue
                    yield Contender(name, program.read, program.read, negative=negative)
                else:
                    yield ours(name, settings, negative=negative)

        yield each()


def _timed(read: Callable[[Pixels, ReadingOptions], Reading]) -> Read:
    def timed(image: Pixels, options: ReadingOptions) -> Timed:
        began = time.process_time()
        reading = read(image, options)
        return reading, time.process_time() - began

    return timed
