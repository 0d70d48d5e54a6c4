"""A run: reads every task that is not in the journal, and appends each result to it."""

import logging
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from boxocr.commands.preannotate.items import Item, Prediction, Source
from boxocr.commands.preannotate.journal import Journal
from boxocr.commands.preannotate.progress import Progress
from boxocr.commands.preannotate.workers import Outcome, Workers, failed
from boxocr.label_studio.errors import CommandFailed

logger = logging.getLogger(__name__)


class Store(Protocol):
    """A destination for predictions."""

    def add(self, item: Item, prediction: Prediction, *, again: bool) -> None:
        """Queue a prediction. If ``again``, it replaces an earlier one with missing pages."""
        ...

    def flush(self) -> list[tuple[str, str]]:
        """Store all queued predictions.

        Returns:
            Name and reason of each refused prediction.

        Raises:
            CommandFailed: predictions cannot be stored.
        """
        ...


@dataclass(slots=True)
class Summary:
    """The result of a run.

    Attributes:
        read: number of tasks with pages that were read.
        known: number of tasks that were read in earlier runs.
        failures: name and reason of each task, or page of a task, that could not be read or stored.
        warnings: name of each page that was read in part only, and a sentence about it.
        stopped: number of the signal that stopped the run; None if it completed.
    """

    read: int = 0
    known: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[tuple[str, str]] = field(default_factory=list)
    stopped: int | None = None


@dataclass(frozen=True, slots=True)
class _Read:
    item: Item
    key: bytes
    again: bool
    future: Future[Outcome]


@dataclass(frozen=True, slots=True)
class _Known:
    item: Item
    key: bytes


@dataclass(frozen=True, slots=True)
class _Counted:
    total: int


@dataclass(frozen=True, slots=True)
class _Stop:
    signal: int


@dataclass(frozen=True, slots=True)
class _Fed:
    """All tasks have been submitted."""

    number: int


class Run:
    """A run in the main thread, which receives the signals.

    Another thread iterates over the source and submits tasks. Results come back through a queue of events, which only
    the main thread handles, so that no lock is needed.

    Args:
        source: of the tasks.
        workers: that read them.
        journal: gets the results.
        progress: is updated.
        store: also gets the predictions, if they are stored one by one.
    """

    def __init__(
        self, source: Source, workers: Workers, journal: Journal, progress: Progress, store: Store | None = None
    ) -> None:
        self._source = source
        self._workers = workers
        self._journal = journal
        self._progress = progress
        self._store = store
        self._events: SimpleQueue[_Read | _Known | _Counted | _Stop | _Fed | BaseException] = SimpleQueue()
        self._slots = threading.Semaphore(workers.slots)
        self._in_progress: set[bytes] = set()
        self._summary = Summary()

    def fail(self, error: BaseException) -> None:
        """End the run with this error. Thread-safe."""
        self._events.put(error)

    def run(self) -> Summary:
        """Read all tasks.

        Raises:
            CommandFailed: the run cannot continue. Its results are kept.
        """
        for work in (self._feed, self._count):
            threading.Thread(target=self._reported, args=(work,), name=work.__name__, daemon=True).start()
        with self._signals():
            try:
                self._take_events()
            finally:
                self._progress.close()
                self._journal.sync()
        # The signal handlers are restored now, so Ctrl-C interrupts at once.
        if self._store is not None:
            self._summary.failures += self._store.flush()
        return self._summary

    def _take_events(self) -> None:
        to_come: int | None = None
        ended = 0
        while to_come is None or ended < to_come:
            event = self._events.get()
            match event:
                case _Stop():
                    self._summary.stopped = event.signal
                    self._drain_events()
                    return
                case BaseException():
                    self._drain_events()
                    raise event
                case _Counted():
                    self._progress.counted(event.total)
                case _Fed():
                    to_come = event.number
                case _:
                    self._take(event)
                    ended += 1

    def _drain_events(self) -> None:
        try:
            while True:
                event = self._events.get_nowait()
                if isinstance(event, _Read | _Known):
                    self._take(event)
        except Empty:
            return

    def _take(self, event: _Read | _Known) -> None:
        if isinstance(event, _Known):
            self._summary.known += 1
            self._progress.known()
            kept = self._journal.get(event.key) if self._store else None
            if self._store and kept:
                self._store.add(event.item, kept.prediction, again=True)
            return
        self._slots.release()
        outcome = _outcome(event.future)
        self._progress.ended(outcome.pages)
        for page, problem in outcome.problems:
            self._summary.failures.append((f"{event.item.name}, {page}" if page else event.item.name, problem))
        self._summary.warnings += [(f"{event.item.name}, {page}", warning) for page, warning in outcome.warnings]
        if outcome.kept is not None:
            if outcome.pages:
                self._journal.add(event.key, outcome.kept)
                self._summary.read += 1
            if self._store:
                self._store.add(event.item, outcome.kept.prediction, again=event.again)
        self._in_progress.discard(event.key)

    def _feed(self) -> None:
        number = 0
        for item in self._source.items():
            key = item.key()
            number += 1
            # Tasks with the same key are read once.
            if key in self._in_progress or key in self._journal:
                self._events.put(_Known(item, key))
                continue
            self._slots.acquire()
            self._in_progress.add(key)
            before = self._journal.get(key)
            future = self._workers.submit(item.task, before)
            future.add_done_callback(partial(self._ended, item, key, before is not None))
        self._events.put(_Fed(number))

    def _ended(self, item: Item, key: bytes, again: bool, future: Future[Outcome]) -> None:
        self._events.put(_Read(item, key, again, future))

    def _count(self) -> None:
        self._events.put(_Counted(self._source.count()))

    def _reported(self, work: Callable[[], None]) -> None:
        try:
            work()
        except CommandFailed as error:
            self._events.put(error)
        except Exception as error:
            logger.exception("A run failed")
            self._events.put(CommandFailed(f"Something went wrong inside BoxOCR ({type(error).__name__})."))

    @contextmanager
    def _signals(self) -> Iterator[None]:
        def stop(number: int, _: Any) -> None:
            # A signal handler may call SimpleQueue.put, since it is reentrant.
            self._events.put(_Stop(number))

        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _outcome(future: Future[Outcome]) -> Outcome:
    try:
        return future.result()
    except CommandFailed:
        raise
    except Exception as error:
        logger.exception("A task could not be submitted")
        return failed(f"Something went wrong inside BoxOCR ({type(error).__name__}).")
