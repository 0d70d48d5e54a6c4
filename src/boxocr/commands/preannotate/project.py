"""A project of Label Studio: its tasks without predictions, and where the predictions go."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from queue import Empty, Queue
from typing import Any

import httpx

from boxocr import MODEL_VERSION
from boxocr.commands.preannotate.items import PARTIAL_VERSION, Item, Prediction
from boxocr.label_studio.client import LabelStudioAPI
from boxocr.label_studio.errors import CommandFailed, LabelStudioRefused

# Label Studio gives no more at a time unless it is told to.
_TASKS_AT_ONCE = 100

_MOST_PREDICTIONS = 200
_MOST_CHARACTERS = 10_000_000

# Label Studio looks at all tasks of the project whenever predictions are stored, so it is asked to less often the
# longer it takes: it should be idle for so many times as long as it works.
_IDLE_FOR_EACH_SECOND = 4.0
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.5, 60.0

_REFUSED = (httpx.codes.BAD_REQUEST, httpx.codes.REQUEST_ENTITY_TOO_LARGE)


class ProjectTasks:
    """The tasks of a project that have no prediction of this version, asked for as they are needed.

    Args:
        api: Label Studio.
        project: its number.
    """

    def __init__(self, api: LabelStudioAPI, project: int) -> None:
        self._api = api
        self._project = project

    def items(self) -> Iterator[Item]:
        """The tasks by number. Those that get predictions meanwhile do not shift the others."""
        last = 0
        while True:
            tasks, _ = self._api.tasks_without(self._project, MODEL_VERSION, after=last, most=_TASKS_AT_ONCE)
            if not tasks:
                return
            for task in tasks:
                yield Item(f"Task {task.id}", {"id": task.id, "data": task.data})
            last = tasks[-1].id

    def count(self) -> int:
        """How many there are now."""
        return self._api.tasks_without(self._project, MODEL_VERSION, after=0, most=1)[1]


class ProjectPredictions:
    """Stores predictions, many in a request, in a thread of its own.

    Args:
        api: Label Studio.
        project: its number.
        fail: is told when nothing can be stored any more.
    """

    def __init__(self, api: LabelStudioAPI, project: int) -> None:
        self._api = api
        self._project = project
        self._waiting: Queue[tuple[Item, Prediction, bool] | None] = Queue()
        self._failures: list[tuple[str, str]] = []
        self._error: CommandFailed | None = None
        self._pause = _SHORTEST_PAUSE
        self.on_error: Callable[[CommandFailed], None] = lambda _: None
        self._thread = threading.Thread(target=self._store_all, name="predictions", daemon=True)
        self._thread.start()

    def add(self, item: Item, prediction: Prediction, *, again: bool) -> None:
        """Take a prediction; returns at once.

        Args:
            item: the task.
            prediction: its own.
            again: one with pages missing may have been stored before, which this one takes the place of.
        """
        self._waiting.put((item, prediction, again))

    def flush(self) -> list[tuple[str, str]]:
        """Wait until all are stored; nothing can be added any more.

        Returns:
            Name and reason of each that Label Studio refused.

        Raises:
            CommandFailed: Label Studio does not answer any more.
        """
        self._waiting.put(None)
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._failures

    def _store_all(self) -> None:
        try:
            going_on = True
            while going_on:
                batch, going_on = self._next()
                if batch:
                    began = time.monotonic()
                    self._store(batch)
                    taken = time.monotonic() - began
                    self._pause = min(max(taken * _IDLE_FOR_EACH_SECOND, _SHORTEST_PAUSE), _LONGEST_PAUSE)
        except CommandFailed as error:
            self._error = error
            self.on_error(error)

    def _next(self) -> tuple[list[tuple[Item, dict[str, Any]]], bool]:
        """What is to be stored with the next request, and whether there may be more."""
        batch: list[tuple[Item, dict[str, Any]]] = []
        until, characters = time.monotonic() + self._pause, 0
        while len(batch) < _MOST_PREDICTIONS and characters < _MOST_CHARACTERS:
            try:
                # Nothing waits for a request before there is something to store.
                waiting = self._waiting.get(timeout=max(until - time.monotonic(), 0) if batch else None)
            except Empty:
                break
            if waiting is None:
                return batch, False
            item, prediction, again = waiting
            if again:
                self._api.delete_predictions(item.task["id"], PARTIAL_VERSION)
            batch.append((item, {"task": item.task["id"], **prediction}))
            characters += len(json.dumps(prediction))
        return batch, True

    def _store(self, batch: list[tuple[Item, dict[str, Any]]]) -> None:
        try:
            self._api.store_predictions(self._project, [prediction for _, prediction in batch])
        except LabelStudioRefused as refused:
            if refused.http_status not in _REFUSED:
                raise
            if len(batch) == 1:
                self._failures.append((batch[0][0].name, refused.sentence))
                return
            # One that it refuses costs all in the request: half by half the others are stored.
            middle = len(batch) // 2
            self._store(batch[:middle])
            self._store(batch[middle:])
