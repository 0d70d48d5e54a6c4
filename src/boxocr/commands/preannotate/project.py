"""Tasks of a project without predictions, and the storage of predictions in it."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from queue import Empty, Queue
from typing import Any

import httpx

from boxocr.commands.preannotate.items import PARTIAL_VERSION, Item, Prediction
from boxocr.label_studio.client import LabelStudioAPI
from boxocr.label_studio.errors import CommandFailed, LabelStudioRefused
from boxocr.learning.applied import ProjectLearning

_MOST_PREDICTIONS = 200
_MOST_CHARACTERS = 10_000_000

# Label Studio updates all tasks of the project whenever predictions are stored, so the pause after a request is a
# multiple of the request's duration.
_PAUSE_FACTOR = 4.0
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.5, 60.0

_REFUSED = (httpx.codes.BAD_REQUEST, httpx.codes.REQUEST_ENTITY_TOO_LARGE)


class ProjectTasks:
    """The tasks of a project without a prediction of this version, requested page by page.

    Args:
        api: Label Studio.
        project: its number.
        model_version: of the predictions.
    """

    def __init__(self, api: LabelStudioAPI, project: int, model_version: str) -> None:
        self._api = api
        self._project = project
        self._model_version = model_version

    def items(self) -> Iterator[Item]:
        """Yield the tasks by number. Each request begins after the last number, so new predictions skip no task."""
        last = 0
        while True:
            # Label Studio's default page size.
            tasks, _ = self._api.tasks_without(self._project, self._model_version, after=last, most=100)
            if not tasks:
                return
            for task in tasks:
                yield Item(f"Task {task.id}", {"id": task.id, "data": task.data})
            last = tasks[-1].id

    def count(self) -> int:
        """Current number of these tasks."""
        return self._api.tasks_without(self._project, self._model_version, after=0, most=1)[1]


class ProjectPredictions:
    """Stores predictions in batches, in a thread of its own.

    Args:
        api: Label Studio.
        project: its number.
        learned: the project's rules.

    Attributes:
        on_error: called when Label Studio stops accepting predictions.
    """

    def __init__(self, api: LabelStudioAPI, project: int, learned: ProjectLearning) -> None:
        self._api = api
        self._project = project
        self._learned = learned
        self._waiting: Queue[tuple[Item, Prediction, bool] | None] = Queue()
        self._failures: list[tuple[str, str]] = []
        self._error: CommandFailed | None = None
        self._pause = _SHORTEST_PAUSE
        self.on_error: Callable[[CommandFailed], None] = lambda _: None
        self._thread = threading.Thread(target=self._store_all, name="predictions", daemon=True)
        self._thread.start()

    def add(self, item: Item, prediction: Prediction, *, again: bool) -> None:
        """Queue a prediction.

        Args:
            item: the task.
            prediction: of the task.
            again: whether to replace an incomplete prediction that may have been stored before.
        """
        learned = self._learned.apply(prediction)
        if prediction["model_version"] == PARTIAL_VERSION:
            learned["model_version"] = PARTIAL_VERSION
        self._waiting.put((item, learned, again))

    def flush(self) -> list[tuple[str, str]]:
        """Store all queued predictions. Nothing can be added afterwards.

        Returns:
            Name and reason of each prediction that Label Studio refused.

        Raises:
            CommandFailed: Label Studio stopped answering.
        """
        self._waiting.put(None)
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._failures

    def _store_all(self) -> None:
        try:
            more = True
            while more:
                batch, more = self._next()
                if batch:
                    began = time.monotonic()
                    self._store(batch)
                    taken = time.monotonic() - began
                    self._pause = min(max(taken * _PAUSE_FACTOR, _SHORTEST_PAUSE), _LONGEST_PAUSE)
        except CommandFailed as error:
            self._error = error
            self.on_error(error)

    def _next(self) -> tuple[list[tuple[Item, dict[str, Any]]], bool]:
        """The next batch, and whether further batches may follow."""
        batch: list[tuple[Item, dict[str, Any]]] = []
        until, characters = time.monotonic() + self._pause, 0
        while len(batch) < _MOST_PREDICTIONS and characters < _MOST_CHARACTERS:
            try:
                # The first prediction of a batch is awaited without a deadline.
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
            # Label Studio refuses the whole request. Bisecting finds the invalid predictions and stores the valid ones.
            middle = len(batch) // 2
            self._store(batch[:middle])
            self._store(batch[middle:])
