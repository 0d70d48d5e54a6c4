"""What became of each region that was to be read, and how long each stage took, for whoever wants to know.

:func:`observe` is where a metrics exporter, a status page or a tracer subscribes. Whoever answers a region does so
inside :func:`observed`, which collects the time of each stage; :func:`note` adds what is known of the attempt.
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
"""Id of the request that this thread answers; empty outside of one. The server sets it."""


@dataclass(slots=True)
class Attempt:
    """A region or a whole page that was to be read, and what came of it. Complete and final when observers get it.

    Attributes:
        task_id: of the region's task; ``None`` when Label Studio sent none.
        region_id: as Label Studio names it; of a whole page ``page 3``, or the Image's name where that has one page.
        request_id: of the request that brought it, as in the log; empty outside of a request.
        began: when, in seconds since 1970.
        stages: seconds in each stage that it went through; a page or a reading that was at hand needed none.
        seconds: in all.
        options: how it was to be read; ``None`` when it failed before that was known.
        crop: the pixels as drawn; ``None`` for a whole page, and when none were cut, since it failed before or the
            reading was at hand.
        reading: what was read, perhaps without text; ``None`` when that failed.
        error: why the region got no text; ``None`` when it got some.
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
    """Call ``observer`` after each attempt; what this returns ends that.

    It is called in the thread that answers the region, before the answer is given, so it must be quick, and by several
    threads at once. What it raises is logged and hurts nobody.
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
    """Take all stages inside for the attempt's, keep the error that ends it, and tell the observers."""
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
    """Tell something of the attempt under way in this thread, if there is one; see :class:`Attempt`."""
    attempt = _current.get()
    if attempt is not None:
        attempt.options = options or attempt.options
        attempt.crop = attempt.crop if crop is None else crop
        attempt.reading = reading or attempt.reading
