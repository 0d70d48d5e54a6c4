"""Reads batches of whole tasks in parallel, and keeps reading after their request was answered.

Label Studio's "Retrieve predictions" sends all tasks in one request, and gives up after 100 seconds. So a request is
answered in time with the predictions that are finished. The other tasks are read meanwhile, for the next request.
"""

import hashlib
import json
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, TypeAlias

from boxocr.answering.whole_tasks import PageServices, read_task
from boxocr.errors import BoxOCRError
from boxocr.labeling.tasks import Task
from boxocr.learning.applied import NOTHING, ProjectLearning
from boxocr.reading.pool.jobs import Priority

logger = logging.getLogger("boxocr.answering.batches")

Prediction: TypeAlias = dict[str, Any]

# Tasks of all requests that are being read or waiting. Further tasks get no prediction until they are requested again.
_MAX_IN_PROGRESS = 5000

# Bytes of data of the tasks that still wait after their request was answered. Further ones are dropped.
_MAX_WAITING_BYTES = 64_000_000

# Finished predictions that are kept until they are requested again. That of a full page takes half a megabyte.
_MAX_FINISHED = 200

# Threads for opened tasks, in addition to those for background tasks.
_OPENED_THREADS = 8


@dataclass(slots=True)
class _Job:
    """A task that is being read, or waits to be read.

    Attributes:
        size: of the task's data, in bytes.
        read: reads the task. It holds the task's data, and an executor keeps the arguments of its calls, so it is
            replaced once the job has begun or was dropped.
        future: of its prediction.
        requests: number of requests that wait for it.
    """

    size: int
    read: Callable[[], Prediction]
    future: Future[Prediction]
    requests: int = 0

    def drop(self) -> bool:
        """Cancel the job and free its data, unless it has begun; returns whether it was cancelled."""
        if not self.future.cancel():
            return False
        self.read = _no_data
        return True


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
        # In the order in which they were requested.
        self._in_progress: dict[str, _Job] = {}
        self._finished: OrderedDict[str, Prediction] = OrderedDict()
        self._background = ThreadPoolExecutor(at_once, "batch")
        self._opened = ThreadPoolExecutor(_OPENED_THREADS, "opened-task")
        self._closed = False

    def read(
        self, tasks: Sequence[Task], label_config: str, learned: ProjectLearning = NOTHING
    ) -> list[Prediction | None]:
        """The predictions in the order of the tasks; None for a task that is not finished in time.

        A task that failed is None too, and is read again when it is requested again.

        Args:
            tasks: to be read as a whole. A single task was opened by an annotator, who is waiting for it.
            label_config: of their project, XML.
            learned: of their project.
        """
        priority = Priority.INTERACTIVE if len(tasks) == 1 else Priority.BACKGROUND
        jobs: dict[str, _Job] = {}
        keys = []
        for task in tasks:
            data = json.dumps(task["data"], sort_keys=True, default=str)
            keys.append(_key(task.get("id"), data, label_config, learned))
            # Label Studio also sends fields that are not needed, such as annotations.
            needed: Task = {"id": task.get("id"), "data": task["data"]}

            def read(needed: Task = needed) -> Prediction:
                return read_task(needed, label_config, self._services, priority=priority, learned=learned)

            if keys[-1] not in jobs:
                job = self._job(keys[-1], _bytes_of(data), priority, read)
                if job is not None:
                    jobs[keys[-1]] = job
        done, late = wait([job.future for job in jobs.values()], self._seconds)
        if late:
            logger.info("%d of %d tasks are finished; the others are still being read.", len(done), len(tasks))
        answers = {key: self._fetched(key, job.future) for key, job in jobs.items() if job.future in done}
        self._leave(jobs.values())
        return [answers.get(key) for key in keys]

    def close(self) -> None:
        """Drop the waiting tasks, and let those being read finish."""
        with self._lock:
            self._closed = True
        for executor in (self._background, self._opened):
            executor.shutdown(wait=False, cancel_futures=True)

    def _job(self, key: str, size: int, priority: Priority, read: Callable[[], Prediction]) -> _Job | None:
        with self._lock:
            if key in self._finished:
                return _Job(size, _no_data, _done(self._finished[key]))
            known = self._in_progress.get(key)
            # When an annotator opens a task that still waits in the background, it is queued again with priority.
            if known is not None and not (priority is Priority.INTERACTIVE and known.drop()):
                known.requests += 1
                return known
            if self._closed or len(self._in_progress) >= _MAX_IN_PROGRESS:
                return None
            executor = self._opened if priority is Priority.INTERACTIVE else self._background
            job = _Job(size, read, Future(), requests=1)
            job.future = executor.submit(self._read, key, job)
            self._in_progress[key] = job
            return job

    def _leave(self, jobs: Iterable[_Job]) -> None:
        """Note that a request has been answered, and drop waiting tasks whose data would take too much memory."""
        dropped, size = 0, 0
        with self._lock:
            for job in jobs:
                job.requests -= 1
            for key, job in [*self._in_progress.items()]:
                size += 0 if job.requests else job.size
                if size > _MAX_WAITING_BYTES and not job.requests and job.drop():
                    size -= job.size
                    del self._in_progress[key]
                    dropped += 1
        if dropped:
            logger.info(
                "%d waiting tasks are too large to be kept; they are read when they are requested again.", dropped
            )

    def _read(self, key: str, job: _Job) -> Prediction:
        read, job.read = job.read, _no_data
        try:
            prediction = read()
        except BaseException:
            with self._lock:
                self._in_progress.pop(key, None)
            raise
        with self._lock:
            self._in_progress.pop(key, None)
            self._finished[key] = prediction
            if len(self._finished) > _MAX_FINISHED:
                # The readings of its pages are kept longer, so this prediction is cheap to compute again.
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


def _no_data() -> Prediction:
    raise CancelledError


def _done(prediction: Prediction) -> Future[Prediction]:
    done: Future[Prediction] = Future()
    done.set_result(prediction)
    return done


def _key(number: object, data: str, label_config: str, learned: ProjectLearning) -> str:
    # A head is identified by its path, so its content need not be hashed.
    parts = json.dumps([number, label_config, learned.heads], default=str)
    return hashlib.sha256(f"{parts} {data}".encode("utf-8", "surrogatepass")).hexdigest()


def _bytes_of(data: str) -> int:
    """Estimate the memory of a task's data."""
    # Each of these characters begins or separates a value. A short string or one-key object takes about 100 bytes.
    return len(data) + 100 * sum(map(data.count, "{[,:"))
