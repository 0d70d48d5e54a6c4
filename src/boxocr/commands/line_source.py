"""Lines of annotated boxes, cut out of their pages."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from boxocr.commands.annotated_tasks import batches_of_tasks
from boxocr.errors import BoxOCRError, EngineNotUsable
from boxocr.label_studio.client import LabelStudioAPI, Project
from boxocr.label_studio.errors import CommandFailed
from boxocr.labeling.annotations import Json
from boxocr.learning.boxes import Box, BoxReader
from boxocr.learning.crops import Borrow, crop_of
from boxocr.learning.training import Line
from boxocr.pages.store import PageStore
from boxocr.settings.environment import Settings, available_cores

if TYPE_CHECKING:
    from boxocr.reading.recognition.ppocr import PPOCR

_ENGINES_WITH_HEADS = ("auto", "ppocr")

# With the addresses of their pages and all regions.
_TASKS_AT_ONCE = 100


class LineSource:
    """Lines of boxes; their pages are fetched as they are needed.

    Args:
        api: Label Studio.
        project: of the boxes.
        borrow: gives pages.
        recognizer: makes the lines' features.

    Attributes:
        failures: boxes whose pages could not be fetched.
        reason: of the last failure.
    """

    def __init__(self, api: LabelStudioAPI, project: Project, borrow: Borrow, recognizer: "PPOCR") -> None:
        self.failures = 0
        self.reason = ""
        self.recognizer = recognizer
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
            CommandFailed: Label Studio does not answer, or the model's last layer cannot be replaced.
        """
        by_task: dict[int, list[Box]] = {}
        for box in boxes:
            by_task.setdefault(box.task, []).append(box)
        after = min(by_task, default=1) - 1
        for tasks, _ in batches_of_tasks(self._api, self._project.id, progress, after=after, most=_TASKS_AT_ONCE):
            for task in tasks:
                for box in by_task.get(task["id"], ()):
                    if (line := self._line(box, task)) is not None:
                        yield box, line

    def _line(self, box: Box, task: Json) -> Line | None:
        region = self._reader.region(task, box)
        if region is None:
            return None
        from boxocr.learning.lines import line_of  # noqa: PLC0415 - needs PP-OCR

        try:
            crop = crop_of(region, task, self._project.label_config, self._borrow)
            return line_of(box, crop, self.recognizer)
        except EngineNotUsable as error:
            raise CommandFailed(error.message, error.remedy) from None
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
    """
    recognizer = _recognizer(settings)
    if recognizer is None:
        yield None
        return
    pages = PageStore(settings)
    try:
        yield LineSource(api, project, pages.borrow, recognizer)
    finally:
        pages.close()


def _recognizer(settings: Settings) -> "PPOCR | None":
    if settings.ocr_engine not in _ENGINES_WITH_HEADS:
        return None
    try:
        from boxocr.reading.recognition.ppocr_by_language import recognizer_of  # noqa: PLC0415 - PP-OCR can be missing

        folder = str(settings.ppocr_models) if settings.ppocr_models else None
        return recognizer_of(settings.ocr_lang, folder, available_cores())
    except (ImportError, EngineNotUsable):
        return None
