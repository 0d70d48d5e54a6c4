"""Who reads tasks: the readers of this machine."""

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

from boxocr.commands.errors import CommandFailed
from boxocr.errors import BoxOCRError
from boxocr.labeling import LabelingConfig
from boxocr.preannotation import read_task
from boxocr.reading.jobs import Priority
from boxocr.runtime import Runtime
from boxocr.settings import Settings
from boxocr.tasks import Task

logger = logging.getLogger(__name__)

# While readers read, so many more tasks have their pages fetched and decoded, so that none waits.
AHEAD = 2


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a task.

    Attributes:
        prediction: as Label Studio takes it; None when no page of it could be read.
        problem: why, in one or two sentences.
        pages: how many it has.
    """

    prediction: dict[str, Any] | None
    problem: str = ""
    pages: int = 1


class Workers(Protocol):
    """Read tasks side by side.

    Attributes:
        slots: how many tasks they should have at a time to be busy.
    """

    slots: int

    def submit(self, task: Task) -> Future[Outcome]:
        """Read a task."""
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
        self._services = Runtime(settings)
        self._services.start()
        if self._services.problem is not None:
            raise CommandFailed(self._services.problem.message, self._services.problem.remedy)
        self.slots = settings.ocr_workers + AHEAD
        self._threads = ThreadPoolExecutor(self.slots, thread_name_prefix="task")

    def submit(self, task: Task) -> Future[Outcome]:
        """Read a task."""
        return self._threads.submit(read, task, self._label_config, self._services)

    def close(self) -> None:
        """Stop the readers, whatever they do."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._services.close()
        self._threads.shutdown()


def read(task: Task, label_config: str, services: Runtime) -> Outcome:
    """Read a task, whatever happens.

    Args:
        task: with ``data`` and, where Label Studio has it, its ``id``.
        label_config: XML.
        services: running.
    """
    pages = 1
    try:
        labeling = LabelingConfig.parse(label_config, task["data"])
        pages = sum(len(labeling.page_urls(image, task["data"])) for image in labeling.images())
        prediction = read_task(task, label_config, services, priority=Priority.BACKGROUND)
    except BoxOCRError as error:
        return Outcome(None, error.sentence, pages)
    except Exception as error:
        # A defect of ours must not cost the others their texts.
        logger.exception("A task could not be read")
        return Outcome(None, f"Something went wrong inside BoxOCR ({type(error).__name__}).", pages)
    return Outcome(prediction, pages=pages)
