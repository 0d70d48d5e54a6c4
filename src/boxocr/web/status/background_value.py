"""Slow values, computed in the background so that no request waits for them."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

logger = logging.getLogger(__name__)


class BackgroundValue(Generic[T]):
    """The last result of a slow function. Reading an old result refreshes it, in at most one thread at a time.

    Args:
        compute: returns the value. If it raises, the exception is logged, and the last value stays.
        seconds: age at which a value is refreshed.
    """

    def __init__(self, compute: Callable[[], T], seconds: float) -> None:
        self._compute = compute
        self._seconds = seconds
        self._lock = threading.Lock()
        self._last: T | None = None
        self._again_at = 0.0
        self._refreshing = False

    def last(self) -> T | None:
        """The last value, without waiting; ``None`` before the first one is computed."""
        with self._lock:
            if not self._refreshing and time.monotonic() >= self._again_at:
                self._refreshing = True
                threading.Thread(target=self._refresh, name="status-refresh", daemon=True).start()
            return self._last

    def _refresh(self) -> None:
        found = None
        try:
            found = self._compute()
        except Exception:
            logger.exception("A value for the status page could not be computed")
        with self._lock:
            self._last = found if found is not None else self._last
            self._again_at = time.monotonic() + self._seconds
            self._refreshing = False
