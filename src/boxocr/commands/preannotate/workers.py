"""Workers that read tasks: the readers of this machine."""

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
from boxocr.learning.applied import NOTHING, ProjectLearning
from boxocr.reading.pool.jobs import Priority
from boxocr.settings.environment import Settings

logger = logging.getLogger(__name__)

# Tasks whose pages are fetched and decoded while all readers are busy, so that no reader has to wait for a page.
AHEAD = 2

# How much longer a page may take to decode than one that an annotator waits for. Readers have as much patience.
_PATIENCE = 10


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a task.

    Attributes:
        kept: all results of the task, old and new; None if no page could be read.
        problems: name and reason for each page that could not be read. The name is empty for the task as a whole.
        pages: number of pages read now.
        warnings: name of each page that was read in part only, and a sentence about it.
    """

    kept: Kept | None
    problems: Sequence[tuple[str, str]]
    pages: int
    warnings: Sequence[tuple[str, str]] = ()


class Workers(Protocol):
    """Read tasks in parallel.

    Attributes:
        slots: number of tasks to submit at a time to keep all readers busy.
    """

    slots: int

    def submit(self, task: Task, before: Kept | None) -> Future[Outcome]:
        """Read a task, or its missing pages."""
        ...

    def close(self) -> None:
        """Stop without waiting for tasks in progress."""
        ...


class LocalWorkers:
    """The readers of this machine, as many as OCR_WORKERS.

    Args:
        settings: of the server.
        label_config: of all tasks.
        learned: of their project.

    Raises:
        CommandFailed: the readers do not start.
    """

    def __init__(self, settings: Settings, label_config: str, learned: ProjectLearning = NOTHING) -> None:
        self._label_config = label_config
        self._services = Services(batch_settings(settings))
        self._services.start()
        if self._services.problem is not None:
            raise CommandFailed(self._services.problem.message, self._services.problem.remedy)
        self._learned = learned
        self.slots = settings.ocr_workers + AHEAD
        self._threads = ThreadPoolExecutor(self.slots, thread_name_prefix="task")

    def submit(self, task: Task, before: Kept | None) -> Future[Outcome]:
        """Read a task, or its missing pages."""
        return self._threads.submit(read, task, self._label_config, self._services, before, self._learned)

    def close(self) -> None:
        """Stop the readers at once."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._services.close()
        self._threads.shutdown()


def batch_settings(settings: Settings) -> Settings:
    """The settings for workers.

    Each page is needed only once, so no page is cached. Nobody waits for a page, so a machine that is busy with other
    work may take longer to decode it.
    """
    patient = {"page_cache_mb": 0, "page_decode_timeout": _PATIENCE * settings.page_decode_timeout}
    return settings.model_copy(update=patient)


def read(
    task: Task, label_config: str, services: Services, before: Kept | None, learned: ProjectLearning = NOTHING
) -> Outcome:
    """Read a task. Never raises.

    Args:
        task: with ``data``, and its ``id`` if Label Studio has one.
        label_config: XML.
        services: running.
        before: an earlier result; only its missing pages are read. None to read all pages.
        learned: of the project.
    """
    only = before.missing if before else None
    try:
        outcomes = read_pages(task, label_config, services, priority=Priority.BACKGROUND, only=only, learned=learned)
    except BoxOCRError as error:
        return failed(error.sentence)
    except Exception as error:
        # A defect must not end the run.
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
    warnings = [(outcome.name, outcome.warning) for outcome in outcomes if outcome.warning]
    return Outcome(Kept(prediction, missing), problems, pages, warnings)


def failed(problem: str) -> Outcome:
    """The outcome of a task without any page that could be read."""
    return Outcome(None, [("", problem)], 0)
