"""Decodes image files in processes that are killed if they take too long."""

import logging
import math
import pickle
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np

from boxocr.errors import PageError, PageTimeout, PageTooCostly
from boxocr.pages.image.incomplete import Box
from boxocr.pages.image.lanes import Lane
from boxocr.pages.image.processes import DecoderProcess, DecoderProcesses
from boxocr.pages.image.worker import ABANDON, GO_ON, Converted, Job, Opened, Step
from boxocr.process.deadline import Deadline
from boxocr.process.fair_places import Requester
from boxocr.process.killable import ProcessGone
from boxocr.process.memory_budget import MemoryBudget

logger = logging.getLogger(__name__)

# For a page in RGB. A page without colour takes a third of this.
BYTES_PER_PIXEL = 3

# Larger pages have a lane of their own, so small pages do not wait for them. 24 megapixels take 0.2 s on an idle core.
_LARGE_PIXELS = 30_000_000

# Processor time to open a file before it is stopped if others wait, s. A TIFF with 190,000 strips takes 0.25 s.
_SECONDS_TO_OPEN = 2.0

# Interval at which a decoding checks for limits and waiting decodings, s.
_LOOK_SECONDS = 0.1

_REMEDY = "Save it again as an ordinary PNG or JPEG, or raise PAGE_DECODE_TIMEOUT."

_NOBODY = Requester()


@dataclass(frozen=True, slots=True)
class DecodedImage:
    """A decoded page.

    Attributes:
        pixels: as in :class:`~boxocr.pages.page.Page`.
        missing: the area that a damaged file does not contain; None if the page is whole.
    """

    pixels: np.ndarray
    missing: Box | None


class _Crashed(Exception):
    """The process died, because it crashed or because the system killed it."""


class _IsLarge(Exception):
    """The page belongs in the lane for large pages."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A file to decode.

    Attributes:
        data: its bytes.
        requester: on whose behalf; the places are shared fairly.
        deadline: for everything, including a second attempt.
    """

    data: bytes
    requester: Requester
    deadline: Deadline


@dataclass(slots=True)
class _Decoding:
    """A file being decoded.

    Attributes:
        process: decodes the file.
        lane: gives the place and the memory.
        wanted: the file.
        cpu_at_start: processor time of the process before this file, s.
        allowance: processor time, s, after which the decoding counts as slow and is stopped if others wait.
        seconds: time of this decoding so far, without the time that it waited for memory.
    """

    process: DecoderProcess
    lane: Lane
    wanted: _Wanted
    cpu_at_start: float
    allowance: float = _SECONDS_TO_OPEN
    seconds: float = 0.0

    @property
    def is_slow(self) -> bool:
        """Whether it has taken longer than an honest file would."""
        return self.process.cpu_seconds() - self.cpu_at_start > self.allowance


class Decoder:
    """Decodes image files. Thread-safe.

    Args:
        max_megapixels: a page with more is refused before it is decoded.
        at_once: number of decodings at the same time. Large pages may have as many again.
        budget: memory for the decoded pages. Each takes ``pixels.nbytes`` of it, which the caller releases. A decoding
            waits until there is enough.
        working_bytes: memory for all decodings at the same time, in addition to files and pages. Large pages have as
            much again. A single decoding may need more.
        timeout: seconds for decoding a file, without waiting. Twice as many are allowed for everything, including
            waiting and a second attempt after a crash, unless the caller sets another deadline.
        processes: decode the files; by default the decoder starts its own.
    """

    def __init__(  # noqa: PLR0913 - all but two have a default
        self,
        max_megapixels: float,
        at_once: int,
        budget: MemoryBudget | None = None,
        working_bytes: float = math.inf,
        *,
        timeout: float = 30.0,
        processes: DecoderProcesses | None = None,
    ) -> None:
        self._max_megapixels = max_megapixels
        self._budget = budget or MemoryBudget(math.inf)
        self._timeout = timeout
        self._small, self._large = Lane(at_once, working_bytes), Lane(at_once, working_bytes)
        self._owns_processes = processes is None
        self._processes = processes or DecoderProcesses(at_once)

    def start(self) -> None:
        """Start a process in the background, so that the first page need not wait for it."""
        self._processes.start()

    def close(self) -> None:
        """End the idle processes, unless they were given to the constructor."""
        if self._owns_processes:
            self._processes.close()

    def decode(self, data: bytes) -> np.ndarray:
        """The pixels of an image file, as :meth:`decode_image`."""
        return self.decode_image(data).pixels

    @property
    def processes(self) -> DecoderProcesses:
        """The processes that decode the files."""
        return self._processes

    def decode_image(
        self, data: bytes, requester: Requester = _NOBODY, deadline: Deadline | None = None
    ) -> DecodedImage:
        """Decode an image file, or its first frame if it has several.

        Args:
            data: the file.
            requester: on whose behalf; the places are shared fairly.
            deadline: for waiting and decoding.

        Raises:
            PageTooLarge: more pixels than allowed.
            PageTooCostly: it takes too much time or memory, or it crashed two processes.
            PageTimeout: the deadline has passed, and the file is not known to be the cause.
            PageUndecodable: it is not an image, has an unsupported format, or is damaged or incomplete.
        """
        wanted = _Wanted(data, requester, deadline or Deadline(2 * self._timeout))
        try:
            return self._attempt(wanted)
        except _Crashed:
            # Tried once more: the system kills processes when it runs out of memory, which may not be the file's fault.
            logger.warning("A process that decodes images was lost.")
        except TimeoutError:
            raise _waited() from None
        try:
            return self._attempt(wanted)
        except _Crashed:
            raise PageTooCostly("Decoding the page's image crashed.") from None
        except TimeoutError:
            raise _waited() from None

    def _attempt(self, wanted: _Wanted) -> DecodedImage:
        try:
            return self._decoded(wanted, self._small)
        except _IsLarge:
            return self._decoded(wanted, self._large)

    def _decoded(self, wanted: _Wanted, lane: Lane) -> DecodedImage:
        data, deadline = wanted.data, wanted.deadline
        with lane.place(wanted.requester, deadline), self._begun(wanted, lane) as decoding:
            process = decoding.process
            process.send(pickle.dumps(Job(len(data), self._max_megapixels)))
            process.window.send(np.frombuffer(data, np.uint8), self._go_on(decoding), self._taken(decoding))
            opened = self._next_step(decoding)
            if not isinstance(opened, Opened):
                raise ProcessGone
            if opened.pixels > _LARGE_PIXELS and lane is self._small:
                process.send(ABANDON)
                raise _IsLarge
            decoding.allowance = opened.seconds_to_decode
            with lane.memory(opened.bytes_to_decode, deadline):
                process.send(GO_ON)
                self._next_step(decoding)
                page_bytes = opened.pixels * BYTES_PER_PIXEL
                self._budget.acquire(page_bytes, deadline.left())
                try:
                    image = self._converted(decoding)
                except BaseException:
                    self._budget.release(page_bytes)
                    raise
                self._budget.release(page_bytes - image.pixels.nbytes)
                if image.missing is not None:
                    logger.warning("A page's file is damaged or cut off, and a part of the page is missing.")
                return image

    def _converted(self, decoding: _Decoding) -> DecodedImage:
        decoding.process.send(GO_ON)
        converted = self._next_step(decoding)
        if not isinstance(converted, Converted):
            raise ProcessGone
        pixels = np.empty(converted.shape, np.uint8)
        decoding.process.window.receive(pixels.reshape(-1), self._taken(decoding), self._go_on(decoding))
        pixels.setflags(write=False)
        return DecodedImage(pixels, converted.missing)

    @contextmanager
    def _begun(self, wanted: _Wanted, lane: Lane) -> Iterator[_Decoding]:
        """Lend a process to a file. It is released at the end, or replaced if it was lost."""
        try:
            process = self._processes.acquire(wanted.deadline)
        except ProcessGone:
            raise PageError("The page's image could not be decoded: no process starts.", "Try again.") from None
        has_ended = False
        try:
            yield _Decoding(process, lane, wanted, process.cpu_seconds())
            has_ended = True
        except ProcessGone:
            raise _Crashed from None
        except (PageError, _IsLarge):
            has_ended = True
            raise
        finally:
            if has_ended and not process.is_killed:
                self._processes.release(process)
            else:
                self._processes.replace(process)

    def _next_step(self, decoding: _Decoding) -> Step:
        """Wait for the process to end its step.

        Raises:
            PageError: the step failed, or took too long.
            ProcessGone: the process died.
            TimeoutError: the deadline has passed.
        """
        step: Step = pickle.loads(self._received(decoding))  # noqa: S301 - from a process of our own # nosec B301
        if isinstance(step, PageError):
            try:
                raise step
            finally:
                # The error refers to this frame. Without del, both would stay until the garbage collector runs.
                del step
        return step

    def _received(self, decoding: _Decoding) -> bytes:
        """The next message of the process, which is killed if it takes too long."""
        process, began = decoding.process, time.monotonic()
        before = decoding.seconds
        while not process.has_answered(_LOOK_SECONDS):
            decoding.seconds = before + time.monotonic() - began
            if decoding.seconds > self._timeout:
                raise _stopped(process, f"more than {self._timeout:g} s and was stopped")
            if decoding.lane.is_wanted and decoding.is_slow:
                raise _stopped(process, f"{decoding.seconds:.0f} s and was stopped in favour of others")
            if decoding.wanted.deadline.has_passed:
                # PageTooCostly is remembered, so a slow file is not decoded again for the annotator's next box.
                if decoding.is_slow:
                    raise _stopped(process, f"{decoding.seconds:.0f} s and was stopped")
                raise TimeoutError
        decoding.seconds = before + time.monotonic() - began
        return process.receive(0)

    def _taken(self, decoding: _Decoding) -> Callable[[], object]:
        return partial(self._received, decoding)

    @staticmethod
    def _go_on(decoding: _Decoding) -> Callable[[], object]:
        return partial(decoding.process.send, GO_ON)


def _stopped(process: DecoderProcess, how: str) -> PageTooCostly:
    process.kill()
    return PageTooCostly(f"Decoding the page's image took {how}.", _REMEDY)


def _waited() -> PageTimeout:
    return PageTimeout("The server was too busy to decode the page's image.", "Try again.")
