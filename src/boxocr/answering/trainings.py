"""Trainings in the background: each is a run of ``boxocr learn`` in a process that only uses idle cores.

A webhook may be forged. So its annotations are only counted, to decide when to start a run. The run fetches the
annotations from Label Studio, and learns nothing if there are too few.
"""

import logging
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping

from cachetools import LRUCache

from boxocr.errors import TrainingNotPossible
from boxocr.labeling.marks import suggestion_of
from boxocr.learning.applied import project_number
from boxocr.learning.live_check import LEAST_BOXES
from boxocr.learning.store import LearnedStore
from boxocr.process.scheduling import use_idle_scheduling
from boxocr.settings.environment import Settings

logger = logging.getLogger("boxocr.answering.trainings")

# LRU-evicted: project ids come from callers, so the set is unbounded.
_PROJECTS = 1_000

# Further projects are not queued; their next event tries again.
_MOST_WAITING = 100

# Counted events start no run this soon after the project's last run, so that forged events cost Label Studio little.
_PAUSE_SECONDS = 300.0

_LONGEST_SECONDS = 3_600.0

_STOP_SECONDS = 5.0


class Trainings:
    """Runs ``boxocr learn`` for one project at a time. Thread-safe; no call waits for a run.

    Args:
        settings: of the server.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._condition = threading.Condition()
        # By project: True for a run that "Start Training" requested, False for one that is due after counted events.
        self._waiting: OrderedDict[int, bool] = OrderedDict()
        self._counts: LRUCache[int, int] = LRUCache(_PROJECTS)
        self._ended: LRUCache[int, float] = LRUCache(_PROJECTS)
        self._process: subprocess.Popen[str] | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    def start(self, project: str) -> None:
        """Queue a training; it begins when those queued before it have ended.

        Args:
            project: its number, as requests carry it.

        Raises:
            TrainingNotPossible: a setting is missing, or the request has no project number.
        """
        if missing := self._settings.missing_for_learning():
            error = TrainingNotPossible(remedy=f"Set {', '.join(missing)}.")
            logger.warning("%s %s", error.message, error.remedy)
            raise error
        number = project_number(project)
        if number is None:
            raise TrainingNotPossible("The request has no project to learn from.", "Send the project's number.")
        self._enqueue(number, asked=True)

    def count(self, project: str, annotation: object) -> None:
        """Count the suggestions in a submitted annotation; with ``LEARN=auto`` a run follows when there are enough.

        Args:
            project: its number, as requests carry it.
            annotation: of the event.
        """
        number, found = project_number(project), _suggestions(annotation)
        if self._settings.learn != "auto" or self._settings.model_dir is None or number is None or not found:
            return
        with self._condition:
            self._counts[number] = self._counts.get(number, 0) + found
            counted = self._counts[number]
            if time.monotonic() - self._ended.get(number, float("-inf")) < _PAUSE_SECONDS:
                return
        if counted >= _needed(LearnedStore(self._settings.model_dir, number)):
            self._enqueue(number, asked=False)

    def close(self) -> None:
        """Stop. A run that is interrupted changes nothing."""
        with self._condition:
            self._closed = True
            self._waiting.clear()
            process = self._process
            self._condition.notify()
        if process is not None:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()

    def _enqueue(self, number: int, *, asked: bool) -> None:
        with self._condition:
            if self._closed or (len(self._waiting) >= _MOST_WAITING and number not in self._waiting):
                return
            self._waiting[number] = asked or self._waiting.get(number, False)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run_all, name="trainings", daemon=True)
                self._thread.start()
            self._condition.notify()

    def _run_all(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._waiting or self._closed)
                if self._closed:
                    return
                number, asked = self._waiting.popitem(last=False)
                self._counts.pop(number, None)
            try:
                self._run(number, asked=asked)
            except Exception:
                # A defect must not end the thread.
                logger.exception("Learning from project %s failed", number)
            with self._condition:
                self._process = None
                self._ended[number] = time.monotonic()

    def _run(self, number: int, *, asked: bool) -> None:
        logger.info("Learning from project %s", number)
        command = [sys.executable, "-m", "boxocr", "learn", "--project", str(number)]
        # Standard output is dropped: it contains texts of pages, which do not belong in a log.
        with subprocess.Popen(  # noqa: S603 - our own command
            command if asked else [*command, "--if-due"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            use_idle_scheduling(process.pid)
            with self._condition:
                self._process = process
                if self._closed:
                    process.terminate()
            try:
                _, errors = process.communicate(timeout=_LONGEST_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                errors = "It took too long."
        self._report(number, process.returncode, " ".join(errors.split()))

    def _report(self, number: int, code: int, errors: str) -> None:
        if self._closed or self._settings.model_dir is None:
            return
        if code:
            logger.warning("Learning from project %s failed: %s", number, errors[-500:] or f"exit code {code}")
            return
        last = LearnedStore(self._settings.model_dir, number).history().last
        if last is not None:
            logger.log(logging.INFO if last.ok else logging.WARNING, "Project %s: %s", number, last.sentence)


def _needed(store: LearnedStore) -> int:
    """How many more suggestions must be submitted before a run is worthwhile."""
    history = store.history()
    missing = history.next_corrections - history.corrections
    # If a version is in use, runs between trainings check it.
    return missing if store.current() is None else min(missing, LEAST_BOXES)


def _suggestions(annotation: object) -> int:
    """Number of texts in an annotation that BoxOCR suggested."""
    results = annotation.get("result") if isinstance(annotation, Mapping) else None
    if not isinstance(results, list):
        return 0
    return sum(isinstance(result, dict) and suggestion_of(result) is not None for result in results)
