"""Lines of annotated boxes, cut out of their pages, with the features that heads are trained on."""

import io
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

import numpy as np
from PIL import Image

from boxocr.commands.annotated_tasks import batches_of_tasks
from boxocr.errors import BoxOCRError, EngineNotUsable
from boxocr.label_studio.client import LabelStudioAPI, Project
from boxocr.label_studio.errors import CommandFailed
from boxocr.labeling.annotations import Json
from boxocr.labeling.regions import Region
from boxocr.learning.boxes import Box, BoxReader
from boxocr.learning.crops import Borrow, crop_of
from boxocr.learning.training import Line, start
from boxocr.pages.page import Page, PageAddress
from boxocr.pages.store import PageStore
from boxocr.process.scheduling import return_freed_memory
from boxocr.reading.recognition.head import Head
from boxocr.reading.types import Pixels
from boxocr.settings.environment import Settings, available_cores

if TYPE_CHECKING:
    from boxocr.reading.recognition.trunk import Trunk

_ENGINES_WITH_HEADS = ("auto", "ppocr")

# Tasks per request. Each comes with the addresses of its pages and all regions.
_TASKS_AT_ONCE = 100


@dataclass(frozen=True)
class Lines:
    """Boxes with one line of text.

    Attributes:
        lines: each with its box.
        base: the last layer of the recognizer that made their features.
        failures: boxes whose pages could not be fetched.
        reason: of the last failure.
    """

    lines: list[tuple[Box, Line]]
    base: Head
    failures: int
    reason: str


def lines_of(
    boxes: Sequence[Box], api: LabelStudioAPI, project: Project, settings: Settings, progress: TextIO
) -> Lines | None:
    """The lines of some boxes; None if PP-OCR does not read the project's boxes.

    The boxes are cut out of their pages before the model is loaded, so that decoders and the model are never in memory
    at the same time. Both are freed afterwards.

    Args:
        boxes: accepted or corrected.
        api: Label Studio.
        project: of the boxes.
        settings: the server's.
        progress: a terminal or a log.

    Raises:
        CommandFailed: Label Studio does not answer, a model cannot be used, or its last layer cannot be replaced.
    """
    if settings.ocr_engine not in _ENGINES_WITH_HEADS or not _has_model(settings):
        return None
    return_freed_memory()
    crops = _Crops(api, project)
    cut = crops.of(boxes, settings, progress)
    trunk = _trunk(settings)
    return_freed_memory()
    lines = _with_features(cut, trunk)
    base = trunk.base
    del trunk
    return_freed_memory()
    return Lines(lines, base, crops.failures, crops.reason)


def _with_features(cut: deque[tuple[Box, bytes]], trunk: "Trunk") -> list[tuple[Box, Line]]:
    """The boxes with one line of text, in their order; ``cut`` is empty afterwards."""
    from boxocr.learning.lines import line_of  # noqa: PLC0415 - needs PP-OCR

    head = start(trunk.base, [box.submitted for box, _ in cut])
    lines = []
    # Taken out of the queue one by one, so that each crop is freed as soon as its features are known.
    for box, encoded in (cut.popleft() for _ in range(len(cut))):
        if (line := line_of(box, _decoded(encoded), trunk, head)) is not None:
            lines.append((box, line))
    return lines


class _Crops:
    """Cuts boxes out of their pages.

    Args:
        api: Label Studio.
        project: of the boxes.

    Attributes:
        failures: boxes whose pages could not be fetched.
        reason: of the last failure.
    """

    def __init__(self, api: LabelStudioAPI, project: Project) -> None:
        self.failures = 0
        self.reason = ""
        self._api = api
        self._project = project
        self._reader = BoxReader(project.id, project.label_config)

    def of(self, boxes: Sequence[Box], settings: Settings, progress: TextIO) -> deque[tuple[Box, bytes]]:
        """The boxes with their pixels as PNG files.

        Raises:
            CommandFailed: Label Studio does not answer.
        """
        by_task: dict[int, list[Box]] = {}
        for box in boxes:
            by_task.setdefault(box.task, []).append(box)
        after = min(by_task, default=1) - 1
        found: deque[tuple[Box, bytes]] = deque()
        pages = PageStore(settings.model_copy(update={"page_cache_mb": 0.0}))
        last = _LastPage(pages.borrow)
        try:
            for tasks, _ in batches_of_tasks(self._api, self._project.id, progress, after=after, most=_TASKS_AT_ONCE):
                for task in tasks:
                    for box, region in self._by_page(by_task.get(task["id"], ()), task):
                        if (crop := self._crop(region, task, last.borrow)) is not None:
                            found.append((box, _encoded(crop)))
        finally:
            last.close()
            pages.close()
        return found

    def _by_page(self, boxes: Sequence[Box], task: Json) -> list[tuple[Box, Region]]:
        """Boxes with their regions, sorted by page, so that only one page is in memory at a time."""
        regions = [(box, region) for box in boxes if (region := self._reader.region(task, box)) is not None]
        return sorted(regions, key=lambda one: (one[1].image, one[1].page_index))

    def _crop(self, region: Region, task: Json, borrow: Borrow) -> Pixels | None:
        try:
            return crop_of(region, task, self._project.label_config, borrow)
        except BoxOCRError as error:
            self.failures += 1
            self.reason = error.message
            return None


class _LastPage:
    """Lends pages, and keeps the last one for the next box.

    Args:
        borrow: lends a page.
    """

    def __init__(self, borrow: Borrow) -> None:
        self._borrow = borrow
        self._address: PageAddress | None = None
        self._kept = ExitStack()
        self._page: Page | None = None

    @contextmanager
    def borrow(self, address: PageAddress) -> Iterator[Page]:
        """Lend the page at an address."""
        if self._page is None or address != self._address:
            self.close()
            self._page, self._address = self._kept.enter_context(self._borrow(address)), address
        yield self._page

    def close(self) -> None:
        """Give the page back."""
        self._page = None
        self._kept.close()


def _encoded(crop: Pixels) -> bytes:
    file = io.BytesIO()
    Image.fromarray(crop).save(file, "PNG", compress_level=1)
    return file.getvalue()


def _decoded(png: bytes) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(png)))


def _has_model(settings: Settings) -> bool:
    try:
        from boxocr.reading import onnx  # noqa: PLC0415 - PP-OCR can be missing
    except ImportError:
        return False
    return settings.ppocr_models is not None or onnx.is_installed()


def _trunk(settings: Settings) -> "Trunk":
    """The recognizer's trunk.

    Raises:
        CommandFailed: a model cannot be used, or its last layer cannot be replaced.
    """
    from boxocr.reading.recognition.trunk import trunk_of  # noqa: PLC0415 - PP-OCR can be missing

    folder = settings.ppocr_models
    try:
        return trunk_of(settings.ocr_lang, str(folder) if folder else None, available_cores())
    except EngineNotUsable as error:
        raise CommandFailed(error.message, error.remedy) from None
