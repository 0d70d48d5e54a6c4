"""Reads batches of whole tasks in parallel, and keeps reading after the request that asked for them was answered.

Label Studio's "Retrieve predictions" sends all tasks in one request, and gives up after 100 seconds. So a request is
answered in time with the tasks that are finished; the others are kept for the next request.
"""

import hashlib
import json
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, TypeAlias

from boxocr.answering.whole_tasks import PageServices, read_task
from boxocr.errors import BoxOCRError
from boxocr.labeling.tasks import Task
from boxocr.learning.applied import NOTHING, ProjectLearning
from boxocr.reading.pool.jobs import Priority

logger = logging.getLogger("boxocr.answering.batches")

Prediction: TypeAlias = dict[str, Any]

# Tasks of all requests that are being read or waiting. Further ones are answered with nothing, and requested again.
_MAX_IN_PROGRESS = 5000

# Predictions waiting for their next request; one of a full page takes half a megabyte.
_MAX_FINISHED = 200

# Threads for opened tasks, in addition to those for background tasks.
_OPENED_THREADS = 8


class Batches:
    """Reads whole tasks for requests that cannot wait for all of them. Thread-safe.

    Args:
        services: read the pages.
        seconds: timeout of a request.
        at_once: how many background tasks are read at the same time.
    """

    def __init__(self, services: PageServices, *, seconds: float, at_once: int) -> None:
        self._services = services
        self._seconds = seconds
        self._lock = threading.Lock()
        self._in_progress: dict[str, Future[Prediction]] = {}
        self._finished: OrderedDict[str, Prediction] = OrderedDict()
        self._background = ThreadPoolExecutor(at_once, "batch")
        self._opened = ThreadPoolExecutor(_OPENED_THREADS, "opened-task")
        self._closed = False

    def read(
        self, tasks: Sequence[Task], label_config: str, learned: ProjectLearning = NOTHING
    ) -> list[Prediction | None]:
        """The predictions of all tasks that are finished in time, in their order; None for the others.

        A failed task is None too, and read again in its next request.

        Args:
            tasks: to be read as a whole. A single one was opened by an annotator, who is waiting for it.
            label_config: of their project, XML.
            learned: of their project.
        """
        priority = Priority.INTERACTIVE if len(tasks) == 1 else Priority.BACKGROUND
        keys = [_key(task, label_config, learned) for task in tasks]

        def read(task: Task) -> Prediction:
            return read_task(task, label_config, self._services, priority=priority, learned=learned)

        asked = {key: self._future(key, task, priority, read) for key, task in zip(keys, tasks, strict=True)}
        futures = {key: future for key, future in asked.items() if future is not None}
        done, late = wait(futures.values(), self._seconds)
        if late:
            logger.info("%d of %d tasks are finished; the others are still being read.", len(done), len(tasks))
        answers = {key: self._fetched(key, future) for key, future in futures.items() if future in done}
        return [answers.get(key) for key in keys]

    def close(self) -> None:
        """Drop the waiting tasks, and let those being read finish."""
        with self._lock:
            self._closed = True
        for executor in (self._background, self._opened):
            executor.shutdown(wait=False, cancel_futures=True)

    def _future(
        self, key: str, task: Task, priority: Priority, read: Callable[[Task], Prediction]
    ) -> Future[Prediction] | None:
        with self._lock:
            if key in self._finished:
                return _done(self._finished[key])
            known = self._in_progress.get(key)
            # A task that is still waiting in the background is started again when an annotator opens it.
            if known is not None and not (priority is Priority.INTERACTIVE and known.cancel()):
                return known
            if self._closed or len(self._in_progress) >= _MAX_IN_PROGRESS:
                return None
            executor = self._opened if priority is Priority.INTERACTIVE else self._background
            self._in_progress[key] = executor.submit(self._read, key, task, read)
            return self._in_progress[key]

    def _read(self, key: str, task: Task, read: Callable[[Task], Prediction]) -> Prediction:
        try:
            prediction = read(task)
        except BaseException:
            with self._lock:
                self._in_progress.pop(key, None)
            raise
        with self._lock:
            self._in_progress.pop(key, None)
            self._finished[key] = prediction
            if len(self._finished) > _MAX_FINISHED:
                # The readings of its pages are kept longer, so it is cheap to make again.
                self._finished.popitem(last=False)
        return prediction

    def _fetched(self, key: str, future: Future[Prediction]) -> Prediction | None:
        with self._lock:
            self._finished.pop(key, None)
        if future.cancelled():
            return None
        try:
            return future.result()
        except BoxOCRError as error:
            logger.warning("A task could not be read: %s (%s)", error.message, error.code)
        except Exception:
            # A defect must not cost the request's other tasks their predictions.
            logger.exception("A task could not be read")
        return None


def _done(prediction: Prediction) -> Future[Prediction]:
    done: Future[Prediction] = Future()
    done.set_result(prediction)
    return done


def _key(task: Task, label_config: str, learned: ProjectLearning) -> str:
    # A path of a head stands for its content.
    parts = [task.get("id"), task["data"], label_config, learned.heads]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()
