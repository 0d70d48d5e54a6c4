"""Records of attempts to read a region: outcome, and the time of each stage.

Metrics, the status page and tracers subscribe with :func:`observe`. A region is answered inside :func:`observed`, which
collects the time of each stage; :func:`note` adds details to the attempt.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TypeAlias

from boxocr.errors import BoxOCRError
from boxocr.process.stages import Stage, collect
from boxocr.reading.types import Pixels, Reading, ReadingOptions

logger = logging.getLogger(__name__)

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""Id of the request that this thread handles; empty outside of a request. Set by the server."""


@dataclass(slots=True)
class Attempt:
    """An attempt to read a region or a whole page. Observers get it when it is complete; it never changes after that.

    Attributes:
        task_id: of the region's task; ``None`` when Label Studio sent none.
        region_id: the region's id in Label Studio; for a whole page ``page 3``, or the name of a single-page Image.
        request_id: of its request, as in the log; empty outside of a request.
        began: start time in seconds since 1970.
        stages: seconds in each stage of the attempt; a cached page or reading skips its stages.
        seconds: total.
        options: for the engine; ``None`` when the attempt failed before they were known.
        crop: the pixels as drawn; ``None`` for a whole page, for a cached reading, and when the attempt failed before
            the crop was made.
        reading: the engine's result, possibly without text; ``None`` when it failed.
        error: the reason why the region got no text; ``None`` when it got text.
    """

    task_id: int | None
    region_id: str
    request_id: str = field(default_factory=request_id.get)
    began: float = field(default_factory=time.time)
    stages: dict[Stage, float] = field(default_factory=dict)
    seconds: float = 0.0
    options: ReadingOptions | None = None
    crop: Pixels | None = None
    reading: Reading | None = None
    error: BoxOCRError | None = None


Observer: TypeAlias = Callable[[Attempt], None]

_current: ContextVar[Attempt | None] = ContextVar("attempt", default=None)
_lock = threading.Lock()
_observers: tuple[Observer, ...] = ()


def observe(observer: Observer) -> Callable[[], None]:
    """Call ``observer`` after each attempt, until the returned function is called.

    The observer runs in the thread that answers the region, before the answer is sent, so it must be fast and
    thread-safe. Its exceptions are logged and do not affect the answer.
    """
    global _observers  # noqa: PLW0603 - observers live as long as the process
    with _lock:
        _observers = (*_observers, observer)

    def end() -> None:
        global _observers  # noqa: PLW0603 - as above
        with _lock:
            _observers = tuple(kept for kept in _observers if kept is not observer)

    return end


@contextmanager
def observed(attempt: Attempt) -> Iterator[Attempt]:
    """Record the stages and the error of the code inside, then notify the observers."""
    token = _current.set(attempt)
    began = time.perf_counter()
    try:
        with collect(attempt.stages):
            yield attempt
    except BoxOCRError as error:
        attempt.error = error
        raise
    except Exception:
        attempt.error = BoxOCRError()
        raise
    finally:
        attempt.seconds = time.perf_counter() - began
        _current.reset(token)
        for observer in _observers:
            try:
                observer(attempt)
            except Exception:
                logger.exception("An observer of readings failed")


def note(*, options: ReadingOptions | None = None, crop: Pixels | None = None, reading: Reading | None = None) -> None:
    """Add details to the attempt of this thread, if there is one; see :class:`Attempt`."""
    attempt = _current.get()
    if attempt is not None:
        attempt.options = options or attempt.options
        attempt.crop = attempt.crop if crop is None else crop
        attempt.reading = reading or attempt.reading
