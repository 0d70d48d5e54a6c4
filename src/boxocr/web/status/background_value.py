"""What takes a while to find out, found out in the background and remembered, so that nobody waits for it."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

logger = logging.getLogger(__name__)


class BackgroundValue(Generic[T]):
    """The last answer of a slow question. Asked again only when somebody wants to know, one thread at a time.

    Args:
        look: finds the answer; what it raises is logged, and the last answer stays.
        seconds: how long an answer counts as new.
    """

    def __init__(self, look: Callable[[], T], seconds: float) -> None:
        self._look = look
        self._seconds = seconds
        self._lock = threading.Lock()
        self._last: T | None = None
        self._again_at = 0.0
        self._looking = False

    def last(self) -> T | None:
        """The last answer, at once; ``None`` when there is none yet."""
        with self._lock:
            if not self._looking and time.monotonic() >= self._again_at:
                self._looking = True
                threading.Thread(target=self._find_out, name="status-value", daemon=True).start()
            return self._last

    def _find_out(self) -> None:
        found = None
        try:
            found = self._look()
        except Exception:
            logger.exception("The status page could not find out how things are")
        with self._lock:
            self._last = found if found is not None else self._last
            self._again_at = time.monotonic() + self._seconds
            self._looking = False
