"""Who reads tasks: the readers of this machine."""

import logging
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from boxocr.answering.services import Services
from boxocr.answering.whole_tasks import prediction_of, read_pages
from boxocr.commands.preannotate.items import PARTIAL_VERSION, Kept
from boxocr.errors import BoxOCRError
from boxocr.label_studio.errors import CommandFailed
from boxocr.labeling.tasks import Task
from boxocr.reading.pool.jobs import Priority
from boxocr.settings.environment import Settings

logger = logging.getLogger(__name__)

# While readers read, so many more tasks have their pages fetched and decoded, so that none waits.
AHEAD = 2


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a task.

    Attributes:
        kept: what was read of it, now and before; None when no page could be read.
        problems: for each page that could not be read its name, and why in one or two sentences. The name is empty for
            the task as a whole.
        pages: how many were read now.
    """

    kept: Kept | None
    problems: Sequence[tuple[str, str]]
    pages: int


class Workers(Protocol):
    """Read tasks side by side.

    Attributes:
        slots: how many tasks they should have at a time to be busy.
    """

    slots: int

    def submit(self, task: Task, before: Kept | None) -> Future[Outcome]:
        """Read a task, or what was missing of it."""
        ...

    def close(self) -> None:
        """Stop, whatever they do."""
        ...


class LocalWorkers:
    """This machine's readers: as many as OCR_WORKERS says, which is one for each core unless it is set.

    Args:
        settings: the server's.
        label_config: of all tasks.

    Raises:
        CommandFailed: the readers do not start.
    """

    def __init__(self, settings: Settings, label_config: str) -> None:
        self._label_config = label_config
        self._services = Services(settings)
        self._services.start()
        if self._services.problem is not None:
            raise CommandFailed(self._services.problem.message, self._services.problem.remedy)
        self.slots = settings.ocr_workers + AHEAD
        self._threads = ThreadPoolExecutor(self.slots, thread_name_prefix="task")

    def submit(self, task: Task, before: Kept | None) -> Future[Outcome]:
        """Read a task, or what was missing of it."""
        return self._threads.submit(read, task, self._label_config, self._services, before)

    def close(self) -> None:
        """Stop the readers, whatever they do."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._services.close()
        self._threads.shutdown()


def read(task: Task, label_config: str, services: Services, before: Kept | None) -> Outcome:
    """Read a task, whatever happens.

    Args:
        task: with ``data`` and, where Label Studio has it, its ``id``.
        label_config: XML.
        services: running.
        before: what was read of it, when only the pages that are missing there are to be read.
    """
    only = before.missing if before else None
    try:
        outcomes = read_pages(task, label_config, services, priority=Priority.BACKGROUND, only=only)
    except BoxOCRError as error:
        return failed(error.sentence)
    except Exception as error:
        # A defect of ours must not cost the others their texts.
        logger.exception("A task could not be read")
        return failed(f"Something went wrong inside BoxOCR ({type(error).__name__}).")
    problems = [(outcome.name, outcome.error.sentence) for outcome in outcomes if outcome.error is not None]
    pages = len(outcomes) - len(problems)
    if not pages and before is None:
        return failed(problems[0][1])
    results = [result for outcome in outcomes for result in outcome.results]
    if before is not None:
        results = sorted([*before.prediction["result"], *results], key=lambda result: result.get("item_index", 0))
    missing = tuple(outcome.place for outcome in outcomes if outcome.error is not None)
    prediction = prediction_of(results) | ({"model_version": PARTIAL_VERSION} if missing else {})
    return Outcome(Kept(prediction, missing), problems, pages)


def failed(problem: str) -> Outcome:
    """Nothing could be read of a task."""
    return Outcome(None, [("", problem)], 0)
