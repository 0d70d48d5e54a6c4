"""Reader processes: warm, bounded in number, killed at the deadline."""

import logging
import os
import pickle
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Self, TypeVar

from boxocr.errors import BoxOCRError, EngineUnavailable, LanguageMissing, ReaderCrashed, ReadingError, ReadingTimeout
from boxocr.process import stages
from boxocr.process.killable import ProcessGone
from boxocr.process.stages import Stage
from boxocr.reading import page_frame, prepare
from boxocr.reading.pool import probe
from boxocr.reading.pool.jobs import Job, JobQueue, Priority
from boxocr.reading.pool.reader_process import START_SECONDS, ReaderProcess
from boxocr.reading.pool.worker import Reader
from boxocr.reading.recognition.engine_settings import EngineSettings
from boxocr.reading.types import Pixels, Reading, ReadingOptions
from boxocr.reading.whole_page import Line, PageReading
from boxocr.settings import engine_names

T = TypeVar("T")

_log = logging.getLogger(__name__)

# A whole page may take this many times as long as a box.
PAGE_TIMEOUTS = 3

# A reader that is killed while it starts is started again, and its job kept. After this many failures in a row the
# engine is considered broken.
_GIVE_UP_AFTER = 3


class ReaderPool:
    """A fixed number of reader processes, each with warm engines, that do one job at a time.

    A thread per process takes the jobs, enforces the deadline, and starts another process when one is lost.
    Thread-safe. Nothing runs before :meth:`start`, which must be called after the last ``fork``.

    Args:
        workers: how many reader processes.
        timeout: seconds for reading a crop; then its reader is killed and replaced.
        engine: ``auto``, ``tesseract``, ``pytesseract``, ``ppocr`` or ``package.module:Class``.
        languages: codes to load before the first crop.
        tessdata: folder with Tesseract's language data that takes precedence over the installed ones.
        models: folder with models of the PP-OCR family that take precedence over the installed ones.
    """

    def __init__(  # noqa: PLR0913 - each is a setting
        self,
        *,
        workers: int,
        timeout: float,
        engine: str = "auto",
        languages: str = "eng",
        tessdata: str | None = None,
        models: str | None = None,
    ) -> None:
        self._workers = workers
        self._engine = engine
        # More threads than cores gain nothing: readers share the cores.
        threads = max((os.cpu_count() or 1) // workers, 1)
        self._settings = EngineSettings(languages, tessdata, "", timeout, threads, models)
        self._description: tuple[str, list[str]] = "", []
        self._changed = threading.Condition()
        self._jobs: JobQueue | None = None
        self._supervisors: list[threading.Thread] = []
        self._alive: set[ReaderProcess] = set()
        self._failed_in_a_row = 0
        self._replaced = 0
        self._closed = threading.Event()

    def __enter__(self) -> Self:
        """Start the readers."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the readers."""
        self.close()

    def start(self) -> None:
        """Start all readers, and wait until each has loaded its engine.

        Raises:
            EngineNotUsable: when there is no such engine, or a part of it is not installed.
            EngineUnavailable: when the engine does not start.
            LanguageMissing: when the engine does not have one of the languages.
        """
        with self._changed:
            if self._jobs is not None:
                return
            self._closed.clear()
            jobs = self._jobs = JobQueue(self._workers)
        settings = self._settings = replace(self._settings, links=tempfile.mkdtemp(prefix="boxocr-tessdata-"))
        self._supervisors = [
            threading.Thread(target=self._supervise, args=(jobs, settings), name=f"reader-{number}", daemon=True)
            for number in range(self._workers)
        ]
        for supervisor in self._supervisors:
            supervisor.start()
        try:
            self._wait_until_started()
            self._description = self._run(Reader.describe, self._engine, priority=Priority.CHECK)
            self._check_languages()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Kill all readers. Unfinished jobs get a ``ReadingError``."""
        self._closed.set()
        with self._changed:
            jobs, self._jobs = self._jobs, None
            alive = tuple(self._alive)
        if jobs is None:
            return
        jobs.close(_shutting_down())
        for reader in alive:
            reader.kill()
        for supervisor in self._supervisors:
            if supervisor is not threading.current_thread():
                supervisor.join(START_SECONDS)
        shutil.rmtree(self._settings.links, ignore_errors=True)

    def read(self, crop: Pixels, options: ReadingOptions, *, priority: Priority = Priority.INTERACTIVE) -> Reading:
        """Read the text in ``crop``: uint8, ``(height, width)`` grey or ``(height, width, 3)`` RGB.

        Raises:
            LanguageMissing: when one of the languages is not installed.
            ReadingTimeout: when it took longer than the pool's timeout. The time in the queue does not count, and for
                background work neither does the time in which the reader waits for a processor.
            ReaderCrashed: when the reader died on it.
            EngineUnavailable: when the options name an engine that does not start.
            ReadingError: when the engine failed in another way.
        """
        return self._run(Reader.read, prepare.bounded(crop), options, priority=priority)

    def read_page(
        self, page: Pixels, options: ReadingOptions, *, priority: Priority = Priority.BACKGROUND
    ) -> PageReading:
        """Read all of ``page``: uint8, ``(height, width)`` grey or ``(height, width, 3)`` RGB, in any orientation.

        Raises:
            BoxOCRError: as :meth:`read`; a page may take three times as long.
        """
        # Grey has a third of the bytes to send.
        image, frame = page_frame.in_grey(page)
        timeout = PAGE_TIMEOUTS * self._settings.timeout
        return self._run(Reader.read_page, image, frame, options, timeout=timeout, priority=priority)

    def find_layout(self, page: Pixels, *, priority: Priority = Priority.INTERACTIVE) -> tuple[Line, ...]:
        """Find where the text of ``page`` is, for :func:`~boxocr.reading.whole_page.under`.

        Raises:
            EngineUnavailable: where Tesseract's library is missing.
            BoxOCRError: as :meth:`read`.
        """
        options = ReadingOptions(languages=self._settings.languages)
        return self._run(Reader.find_layout, *page_frame.reduced(page), options, priority=priority)

    def languages(self) -> list[str]:
        """Return the codes of the languages that the pool's engine had when the pool started."""
        return list(self._description[1])

    def describe(self) -> str:
        """Return the name and version of the pool's engine, such as ``tesseract 5.5.4``."""
        return self._description[0]

    def probe(self) -> None:
        """Read a small rendered word with the configured languages.

        Raises:
            BoxOCRError: with the reason, unless the engine reads.
        """
        probe.check(partial(self.read, priority=Priority.CHECK), ReadingOptions(languages=self._settings.languages))

    def processes(self) -> list[int]:
        """Return the process ids of the living readers."""
        with self._changed:
            return sorted(reader.pid for reader in self._alive)

    @property
    def waiting(self) -> int:
        """Number of jobs in the queue."""
        return self._jobs.waiting if self._jobs else 0

    @property
    def replaced(self) -> int:
        """Number of readers lost to a deadline or a crash since the start."""
        return self._replaced

    def _run(
        self,
        method: Callable[..., T],
        *args: object,
        timeout: float | None = None,
        priority: Priority = Priority.INTERACTIVE,
    ) -> T:
        """Have a method of a reader run; records the time in the queue and in the reader."""
        job = Job(method, args, timeout or self._settings.timeout, priority)
        jobs = self._jobs
        if jobs is None:
            raise EngineUnavailable("The OCR readers are not running.", "Start the server again.")
        began = time.monotonic()
        jobs.put(job)
        try:
            result: T = job.future.result()
            return result
        finally:
            ended = time.monotonic()
            taken = job.taken or ended
            # The traceback of an error has this frame, and would keep the image until the next garbage collection.
            del job
            stages.add(Stage.WAIT, taken - began)
            stages.add(Stage.READ, ended - taken)

    def _check_languages(self) -> None:
        """Raise LanguageMissing for a language that a built-in engine lacks. Custom engines define their own codes."""
        known = self.languages()
        missing = [code for code in self._settings.languages.split("+") if code not in known]
        if missing and not engine_names.is_own(self._engine):
            raise LanguageMissing(
                f"{self.describe()} does not read {', '.join(missing)}.",
                "Choose another language with OCR_LANG, or another engine with OCR_ENGINE.",
            )

    def _wait_until_started(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: len(self._alive) == self._workers or self._failed_in_a_row, START_SECONDS)
            if len(self._alive) < self._workers:
                raise _start_failed()

    def _supervise(self, jobs: JobQueue, settings: EngineSettings) -> None:
        """Run a reader, and replace it when it is lost, until the pool is closed. Runs in a thread of its own."""
        job: Job | None = None
        while not self._closed.is_set():
            reader = self._spawn(jobs, settings)
            if reader is not None:
                job = self._serve(jobs, reader, job)
            elif job is not None and self._failed_in_a_row >= _GIVE_UP_AFTER:
                job.future.set_exception(_start_failed())
                jobs.done(job)
                job = None
        if job is not None:
            job.future.set_exception(_shutting_down())

    def _spawn(self, jobs: JobQueue, settings: EngineSettings) -> ReaderProcess | None:
        """Start a reader. After a failure, pause and return None."""
        try:
            reader = ReaderProcess(self._engine, settings)
        except (ProcessGone, OSError) as error:
            _log.error("An OCR reader does not start: %s", error)
            with self._changed:
                self._failed_in_a_row += 1
                self._changed.notify_all()
                none_left = not self._alive and self._failed_in_a_row >= _GIVE_UP_AFTER
            if none_left:
                jobs.fail_waiting(_start_failed())
            self._closed.wait(2.0)
            return None
        with self._changed:
            self._alive.add(reader)
            self._failed_in_a_row = 0
            self._changed.notify_all()
            if not self._closed.is_set():
                return reader
        reader.kill()
        return None

    def _serve(self, jobs: JobQueue, reader: ReaderProcess, job: Job | None) -> Job | None:
        """Give a reader one job after the other until it is lost or the pool is closed.

        Args:
            jobs: the queue.
            reader: is alive.
            job: the first job, if it was already taken from the queue.

        Returns:
            A job that was taken but never reached the reader, to be given to another reader. The job did not cause the
            loss: any reader can be killed when the system runs out of memory.
        """
        while True:
            job = job or jobs.take()
            if job is None:
                reader.kill()
                return None
            if not self._send(job, reader):
                return job
            while job is not None and not job.future.done():
                answer = self._answer(job, reader)
                if answer is None:
                    jobs.done(job)
                    return None
                # Send the next job before this one is resolved, so that the reader does not sit idle meanwhile.
                following = jobs.take(wait=False)
                is_there = following is None or self._send(following, reader)
                _resolve(job, answer)
                jobs.done(job)
                if not is_there:
                    return following
                job = following
            if job is not None:
                jobs.done(job)
                job = None

    def _send(self, job: Job, reader: ReaderProcess) -> bool:
        """Send a job to a reader, and return whether the reader is alive. A job that cannot be sent is failed."""
        try:
            reader.send(pickle.dumps((job.method, job.args), protocol=5))
        except ProcessGone:
            self._mark_lost(reader)
            return False
        except Exception:  # noqa: BLE001 - such as MemoryError while the page is pickled; the thread must survive
            _log.exception("A job could not be sent to a reader")
            job.future.set_exception(ReadingError())
        return True

    def _answer(self, job: Job, reader: ReaderProcess) -> bytes | None:
        """Wait for the reader's answer; None when the reader was lost, after failing the job."""
        problem: BoxOCRError
        try:
            # An annotator does not wait longer because the machine is busy.
            return reader.answer(job.timeout, patient=job.priority is Priority.BACKGROUND)
        except TimeoutError:
            problem = ReadingTimeout()
        except ProcessGone:
            problem = _shutting_down() if self._closed.is_set() else ReaderCrashed()
        self._mark_lost(reader)
        job.future.set_exception(problem)
        return None

    def _mark_lost(self, reader: ReaderProcess) -> None:
        with self._changed:
            self._alive.discard(reader)
            self._replaced += not self._closed.is_set()


def _resolve(job: Job, answer: bytes) -> None:
    """Set the result or the exception of a job's future."""
    try:
        is_result, content = pickle.loads(answer)  # noqa: S301 - from a process of our own # nosec B301
        (job.future.set_result if is_result else job.future.set_exception)(content)
    except Exception:  # noqa: BLE001 - the thread must survive
        _log.exception("An answer of a reader could not be unpacked")
        job.future.set_exception(ReadingError())


def _start_failed() -> EngineUnavailable:
    return EngineUnavailable("The OCR readers do not start.", "Their error is in the server's log.")


def _shutting_down() -> ReadingError:
    return ReadingError("The reading was cancelled: the server is shutting down.", "Try again.")
