"""A limit for the requests of each caller, for servers without a password."""

import threading
import time

from cachetools import LRUCache
from flask import Flask, request

from boxocr.errors import RateLimited
from boxocr.settings.environment import Settings
from boxocr.web.connections import caller_of

# Requests saved up during a pause, in seconds, so that the first boxes of many annotators, or a program's first
# requests, are not refused.
_BURST_SECONDS = 10

# About 200 bytes each. Beyond this, the least recently seen callers are forgotten, and start again with a full bucket.
_MAX_CALLERS = 10_000


class RateLimit:
    """A token bucket for each caller. Thread-safe.

    Each caller may send ``per_second`` requests per second, and after a pause as many as for ten seconds at once.

    Args:
        per_second: requests that a caller may send per second.
    """

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._most = per_second * _BURST_SECONDS
        self._lock = threading.Lock()
        # By caller: the remaining requests, and when they were calculated.
        self._callers: LRUCache[str, tuple[float, float]] = LRUCache(_MAX_CALLERS)

    def take(self, caller: str) -> bool:
        """Count a request; returns whether the caller may send it."""
        now = time.monotonic()
        with self._lock:
            left, counted = self._callers.get(caller, (self._most, now))
            left = min(self._most, left + (now - counted) * self._per_second)
            self._callers[caller] = (left - 1 if left >= 1 else left, now)
            return left >= 1


def limit_rate(app: Flask, settings: Settings) -> None:
    """Refuse requests with a body beyond REQUESTS_PER_SECOND. Does nothing when a password is set, or with 0."""
    if not settings.is_open or not settings.requests_per_second:
        return
    limit = RateLimit(settings.requests_per_second)

    @app.before_request
    def check_rate() -> None:
        # GET requests are not limited: they are cheap, and orchestrators and browsers poll them.
        if request.method == "POST" and not limit.take(caller_of((request.remote_addr or "",))):
            raise RateLimited
