"""Lines of annotated boxes, cut out of their pages."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, TextIO

from boxocr.commands.annotated_tasks import batches_of_tasks
from boxocr.errors import BoxOCRError, EngineNotUsable
from boxocr.label_studio.client import LabelStudioAPI, Project
from boxocr.label_studio.errors import CommandFailed
from boxocr.labeling.annotations import Json
from boxocr.labeling.regions import Region
from boxocr.learning.boxes import Box, BoxReader
from boxocr.learning.crops import Borrow, crop_of
from boxocr.learning.training import Line
from boxocr.pages.page import Page, PageAddress
from boxocr.pages.store import PageStore
from boxocr.settings.environment import Settings, available_cores

if TYPE_CHECKING:
    from boxocr.reading.recognition.trunk import Trunk

_ENGINES_WITH_HEADS = ("auto", "ppocr")

# With the addresses of their pages and all regions.
_TASKS_AT_ONCE = 100


class LineSource:
    """Lines of boxes; their pages are fetched as they are needed.

    Args:
        api: Label Studio.
        project: of the boxes.
        borrow: gives pages.
        trunk: makes the lines' features.

    Attributes:
        failures: boxes whose pages could not be fetched.
        reason: of the last failure.
    """

    def __init__(self, api: LabelStudioAPI, project: Project, borrow: Borrow, trunk: "Trunk") -> None:
        self.failures = 0
        self.reason = ""
        self.trunk = trunk
        self._api = api
        self._project = project
        self._borrow = borrow
        self._reader = BoxReader(project.id, project.label_config)

    def lines(self, boxes: Sequence[Box], progress: TextIO) -> Iterator[tuple[Box, Line]]:
        """The boxes with one line of text, each with its line.

        Args:
            boxes: accepted or corrected.
            progress: a terminal or a log.

        Raises:
            CommandFailed: Label Studio does not answer.
        """
        by_task: dict[int, list[Box]] = {}
        for box in boxes:
            by_task.setdefault(box.task, []).append(box)
        after = min(by_task, default=1) - 1
        for tasks, _ in batches_of_tasks(self._api, self._project.id, progress, after=after, most=_TASKS_AT_ONCE):
            for task in tasks:
                for box, region in self._by_page(by_task.get(task["id"], ()), task):
                    if (line := self._line(box, region, task)) is not None:
                        yield box, line

    def _by_page(self, boxes: Sequence[Box], task: Json) -> list[tuple[Box, Region]]:
        """Boxes with their regions; those of a page follow each other, so that one page is in memory at a time."""
        regions = [(box, region) for box in boxes if (region := self._reader.region(task, box)) is not None]
        return sorted(regions, key=lambda one: (one[1].image, one[1].page_index))

    def _line(self, box: Box, region: Region, task: Json) -> Line | None:
        from boxocr.learning.lines import line_of  # noqa: PLC0415 - needs PP-OCR

        try:
            return line_of(box, crop_of(region, task, self._project.label_config, self._borrow), self.trunk)
        except BoxOCRError as error:
            self.failures += 1
            self.reason = error.message
            return None


@contextmanager
def line_source(api: LabelStudioAPI, project: Project, settings: Settings) -> Iterator[LineSource | None]:
    """A source of lines; None where PP-OCR does not read the project's boxes.

    Args:
        api: Label Studio.
        project: of the boxes.
        settings: the server's.

    Raises:
        CommandFailed: a model cannot be used, or its last layer cannot be replaced.
    """
    trunk = _trunk(settings)
    if trunk is None:
        yield None
        return
    pages = PageStore(settings.model_copy(update={"page_cache_mb": 0.0}))
    last = _LastPage(pages.borrow)
    try:
        yield LineSource(api, project, last.borrow, trunk)
    finally:
        last.close()
        pages.close()


class _LastPage:
    """Lends pages, and keeps the last one for the next box.

    Args:
        borrow: gives pages.
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
        """Return the page."""
        self._page = None
        self._kept.close()


def _trunk(settings: Settings) -> "Trunk | None":
    """The recognizer's trunk; None without PP-OCR.

    Raises:
        CommandFailed: a model cannot be used, or its last layer cannot be replaced.
    """
    if settings.ocr_engine not in _ENGINES_WITH_HEADS:
        return None
    try:
        from boxocr.reading import onnx  # noqa: PLC0415 - PP-OCR can be missing
        from boxocr.reading.recognition.ppocr_by_language import trunk_of  # noqa: PLC0415 - the same
    except ImportError:
        return None
    folder = settings.ppocr_models
    if folder is None and not onnx.is_installed():
        return None
    try:
        return trunk_of(settings.ocr_lang, str(folder) if folder else None, available_cores())
    except EngineNotUsable as error:
        raise CommandFailed(error.message, error.remedy) from None
