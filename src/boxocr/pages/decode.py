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

from boxocr.errors import PageError, PageTooCostly
from boxocr.pages.image.incomplete import Box
from boxocr.pages.image.lanes import Decoding, Lanes
from boxocr.pages.image.processes import DecoderProcesses
from boxocr.pages.image.worker import Converted, Job, Opened, Step
from boxocr.process.fair_places import Requester
from boxocr.process.killable import ProcessGone
from boxocr.process.memory_budget import MemoryBudget

logger = logging.getLogger(__name__)

# RGB; a page without colour takes a third.
BYTES_PER_PIXEL = 3

# After this time a decoding makes way for others. A page of 24 megapixels takes 0.2 s on an idle core.
_PROMPT_SECONDS = 1.0

_NEXT_STEP = b""

_NOBODY = Requester()

_REMEDY = "Save it again as an ordinary PNG or JPEG, or raise PAGE_DECODE_TIMEOUT."


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
    """The process died, for a reason of its own or of the system's."""


class Decoder:
    """Decodes image files. Thread-safe.

    Args:
        max_megapixels: a page with more is refused before it is decoded.
        at_once: decodings at the same time; as many again may take longer than a second.
        budget: for the decoded pages. Each takes ``pixels.nbytes`` of it, which the caller releases; the next decoding
            waits until there is enough.
        working_bytes: for all decodings at the same time, in addition to files and pages, and the same again for those
            that take longer than a second; one alone may need more.
        timeout: seconds for a file, without the time that it waits for others or for memory.
        processes: decode the files; by default the decoder has its own.
    """

    def __init__(  # noqa: PLR0913 - all but two have a default
        self,
        max_megapixels: float,
        at_once: int,
        budget: MemoryBudget | None = None,
        working_bytes: float = math.inf,
        *,
        timeout: float = 20.0,
        processes: DecoderProcesses | None = None,
    ) -> None:
        self._max_megapixels = max_megapixels
        self._budget = budget or MemoryBudget(math.inf)
        self._working_budget = MemoryBudget(working_bytes)
        self._timeout = timeout
        self._lanes = Lanes(at_once, working_bytes)
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

    def decode_image(self, data: bytes, requester: Requester = _NOBODY) -> DecodedImage:
        """Decode an image file; the first of several frames.

        Args:
            data: the file.
            requester: shares the places with others.

        Raises:
            PageTooLarge: more pixels than allowed.
            PageTooCostly: it takes too much time or memory, or it crashed two processes.
            PageUndecodable: it is not an image, of an unsupported format, damaged or incomplete.
        """
        try:
            return self._attempt(data, requester)
        except _Crashed:
            # The system kills processes when it runs out of memory, and the file need not be the cause.
            logger.warning("A process that decodes images was lost.")
        try:
            return self._attempt(data, requester)
        except _Crashed:
            raise PageTooCostly("Decoding the page's image crashed.") from None

    def _attempt(self, data: bytes, requester: Requester) -> DecodedImage:
        with self._begun(requester) as decoding:
            process = decoding.process
            process.send(pickle.dumps(Job(len(data), self._max_megapixels)))
            process.window.send(np.frombuffer(data, np.uint8), self._go_on(decoding), self._taken(decoding))
            opened = self._next_step(decoding)
            if not isinstance(opened, Opened):
                raise ProcessGone
            decoding.nbytes = opened.bytes_to_decode
            if not decoding.is_slow:
                self._working_budget.acquire(decoding.nbytes)
                decoding.reserved = decoding.nbytes
            decoding.process.send(_NEXT_STEP)
            self._next_step(decoding)
            page_bytes = opened.pixels * BYTES_PER_PIXEL
            self._budget.acquire(page_bytes)
            try:
                image = self._converted(decoding)
            except BaseException:
                self._budget.release(page_bytes)
                raise
            self._budget.release(page_bytes - image.pixels.nbytes)
            return image

    def _converted(self, decoding: Decoding) -> DecodedImage:
        decoding.process.send(_NEXT_STEP)
        converted = self._next_step(decoding)
        if not isinstance(converted, Converted):
            raise ProcessGone
        pixels = np.empty(converted.shape, np.uint8)
        decoding.process.window.receive(pixels.reshape(-1), self._taken(decoding), self._go_on(decoding))
        pixels.setflags(write=False)
        return DecodedImage(pixels, converted.missing)

    @contextmanager
    def _begun(self, requester: Requester) -> Iterator[Decoding]:
        """A process and a place for a file, given back at the end."""
        self._lanes.enter(requester)
        decoding: Decoding | None = None
        has_ended = False
        try:
            decoding = Decoding(self._processes.acquire(), requester)
            yield decoding
            has_ended = True
        except ProcessGone:
            if decoding is None:
                raise PageError("The page's image could not be decoded: no process starts.", "Try again.") from None
            if decoding.is_stopped:
                raise PageTooCostly(
                    f"Decoding the page's image took {decoding.seconds:.0f} s and was stopped in favour of others.",
                    _REMEDY,
                ) from None
            raise _Crashed from None
        except PageError:
            has_ended = True
            raise
        finally:
            self._lanes.leave(requester, decoding)
            if decoding is not None:
                self._working_budget.release(decoding.reserved)
                if has_ended and not decoding.process.is_killed:
                    self._processes.release(decoding.process)
                else:
                    decoding.process.kill()
                    self._processes.start()

    def _next_step(self, decoding: Decoding) -> Step:
        """Wait for the process to end its step.

        Raises:
            PageError: the step failed, or took too long.
            ProcessGone: the process died, or was stopped.
        """
        step: Step = pickle.loads(self._received(decoding))  # noqa: S301 - from a process of our own # nosec B301
        if isinstance(step, PageError):
            raise step
        return step

    def _received(self, decoding: Decoding) -> bytes:
        """The next message of the process. One that takes long makes way for others."""
        process, began = decoding.process, time.monotonic()
        try:
            prompt = min(_PROMPT_SECONDS, self._timeout) - decoding.seconds
            if not decoding.is_slow and not process.has_answered(max(prompt, 0)):
                self._lanes.slow_down(decoding)
                self._working_budget.release(decoding.reserved)
                decoding.reserved = 0
            return process.receive(max(began + self._timeout - decoding.seconds - time.monotonic(), 0))
        except TimeoutError:
            raise PageTooCostly(
                f"Decoding the page's image took more than {self._timeout:g} s and was stopped.", _REMEDY
            ) from None
        finally:
            decoding.seconds += time.monotonic() - began

    def _taken(self, decoding: Decoding) -> Callable[[], object]:
        return partial(self._received, decoding)

    @staticmethod
    def _go_on(decoding: Decoding) -> Callable[[], object]:
        return partial(decoding.process.send, _NEXT_STEP)
