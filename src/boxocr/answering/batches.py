"""Many tasks read as a whole: in parallel, answered in time, and gone on with when the time was too short.

Label Studio's "Retrieve predictions" sends all tasks in one request and gives up after 100 seconds. So a request gets
what is done by then; the rest goes on being read, and waits for the next request.
"""

import hashlib
import json
import logging
import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, TypeAlias

from boxocr.answering.whole_tasks import PageServices, read_task
from boxocr.errors import BoxOCRError
from boxocr.labeling.tasks import Task
from boxocr.reading.pool.jobs import Priority

logger = logging.getLogger("boxocr.answering.batches")

Prediction: TypeAlias = dict[str, Any]

# Tasks that are read or wait for it, over all requests; those beyond are answered with nothing, and asked for again.
_MOST_UNDER_WAY = 5000

# Predictions that wait to be fetched: one of a full page takes half a megabyte.
_MOST_UNFETCHED = 200

# Threads for tasks that somebody opened, beside those in the background.
_OPENED_AT_ONCE = 8


class Batches:
    """Reads tasks as a whole, for requests that cannot wait for all of them. Safe to use from any thread.

    Args:
        services: read the pages.
        seconds: how long a request waits.
        at_once: how many tasks are read side by side in the background.
    """

    def __init__(self, services: PageServices, *, seconds: float, at_once: int) -> None:
        self._services = services
        self._seconds = seconds
        self._lock = threading.Lock()
        self._under_way: dict[str, Future[Prediction]] = {}
        self._unfetched: OrderedDict[str, Prediction] = OrderedDict()
        self._background = ThreadPoolExecutor(at_once, "batch")
        self._opened = ThreadPoolExecutor(_OPENED_AT_ONCE, "opened-task")
        self._closed = False

    def read(self, tasks: Sequence[Task], label_config: str) -> list[Prediction | None]:
        """Predictions of as many tasks as can be read in time, in their order; None for the others.

        A task that failed is None too, and read again when it is asked for again.

        Args:
            tasks: whose labeling config asks for whole pages. A single one is one that somebody opened and waits for.
            label_config: of their project, XML.
        """
        priority = Priority.INTERACTIVE if len(tasks) == 1 else Priority.BACKGROUND
        keys = [_key(task, label_config) for task in tasks]
        asked = {key: self._future(key, task, label_config, priority) for key, task in zip(keys, tasks, strict=True)}
        futures = {key: future for key, future in asked.items() if future is not None}
        done, late = wait(futures.values(), self._seconds)
        if late:
            logger.info("%d of %d tasks are done; the others go on being read.", len(done), len(tasks))
        answers = {key: self._fetched(key, future) for key, future in futures.items() if future in done}
        return [answers.get(key) for key in keys]

    def close(self) -> None:
        """Forget what waits to be read, and let what is being read run out."""
        with self._lock:
            self._closed = True
        for executor in (self._background, self._opened):
            executor.shutdown(wait=False, cancel_futures=True)

    def _future(self, key: str, task: Task, label_config: str, priority: Priority) -> Future[Prediction] | None:
        with self._lock:
            if key in self._unfetched:
                return _of(self._unfetched[key])
            known = self._under_way.get(key)
            # What only waits in the background is begun anew for somebody who opened it and waits.
            if known is not None and not (priority is Priority.INTERACTIVE and known.cancel()):
                return known
            if self._closed or len(self._under_way) >= _MOST_UNDER_WAY:
                return None
            executor = self._opened if priority is Priority.INTERACTIVE else self._background
            self._under_way[key] = executor.submit(self._read, key, task, label_config, priority)
            return self._under_way[key]

    def _read(self, key: str, task: Task, label_config: str, priority: Priority) -> Prediction:
        try:
            prediction = read_task(task, label_config, self._services, priority=priority)
        except BaseException:
            with self._lock:
                self._under_way.pop(key, None)
            raise
        with self._lock:
            self._under_way.pop(key, None)
            self._unfetched[key] = prediction
            if len(self._unfetched) > _MOST_UNFETCHED:
                # The pages' readings are kept for longer, so this one costs little when it is asked for after all.
                self._unfetched.popitem(last=False)
        return prediction

    def _fetched(self, key: str, future: Future[Prediction]) -> Prediction | None:
        with self._lock:
            self._unfetched.pop(key, None)
        if future.cancelled():
            return None
        try:
            return future.result()
        except BoxOCRError as error:
            logger.warning("A task could not be read: %s (%s)", error.message, error.code)
        except Exception:
            # A defect must not cost the other tasks of the request their predictions.
            logger.exception("A task could not be read")
        return None


def _of(prediction: Prediction) -> Future[Prediction]:
    done: Future[Prediction] = Future()
    done.set_result(prediction)
    return done


def _key(task: Task, label_config: str) -> str:
    decides = [task.get("id"), task["data"], label_config]
    return hashlib.sha256(json.dumps(decides, sort_keys=True, default=str).encode()).hexdigest()
