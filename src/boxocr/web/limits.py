"""Limits on request bodies and on concurrent predictions. A request over a limit is refused at once, never queued."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flask import Flask, g, request
from werkzeug.exceptions import HTTPException

from boxocr.errors import BoxOCRError, Busy, MalformedRequest, RequestTooLarge
from boxocr.process.memory_budget import MemoryBudget
from boxocr.settings.environment import Settings
from boxocr.web.arrivals import ReceivedBody


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """Limits on the memory for the bodies of requests, in bytes. Those for large bodies follow from MAX_REQUEST_MB.

    Attributes:
        body: largest body of a single request.
        bodies: total of all large bodies that arrive or are being read. While a body is read, it takes a few times its
            size.
        values: total of all large bodies once they are parsed. The densest body that Label Studio sends, a list of very
            many regions, is estimated at eight times its size, so two of the largest fit.
        small: bodies up to this size have their own budget, so that large bodies do not keep boxes from being read.
        small_bodies: total of all small bodies that arrive or are being read.
    """

    body: int
    bodies: int
    values: int
    small: int = 1_000_000
    small_bodies: int = 100_000_000

    @classmethod
    def of(cls, settings: Settings) -> "BodyLimits":
        """The limits of a server with these settings."""
        body = int(settings.max_request_mb * 1_000_000)
        # A lower MAX_REQUEST_MB does not reduce the number of concurrent requests.
        largest = max(body, 64_000_000)
        return cls(body, bodies=5 * largest, values=16 * largest)


def limit_bodies(app: Flask, settings: Settings) -> None:
    """Read each body before its endpoint runs, within the limits."""
    limits = BodyLimits.of(settings)
    bodies, values = MemoryBudget(limits.bodies), MemoryBudget(limits.values)
    app.config["MAX_CONTENT_LENGTH"] = limits.body

    @app.before_request
    def read_body() -> None:
        g.reserved = []
        # A chunked body announces no length, so it is counted as the longest one.
        length = limits.body if request.content_length is None else request.content_length
        # BoxOCR's own worker has already received the body, and reserved memory for it.
        is_received = isinstance(request.environ["wsgi.input"], ReceivedBody)
        if length > limits.small and request.method == "POST" and not is_received:
            _reserve(bodies, length)
        body = _received(limits.body)
        if len(body) > limits.small:
            size = _size_of_values(body)
            if size > limits.values:
                raise RequestTooLarge("The request holds too many values.", "Send fewer tasks at once.")
            _reserve(values, size)

    @app.teardown_request
    def release_memory(_: BaseException | None) -> None:
        for budget, size in g.get("reserved", ()):
            budget.release(size)


class PredictSlots:
    """Bounds the number of concurrent predictions, so that other endpoints always find a thread.

    Args:
        number: of predictions at the same time.
    """

    def __init__(self, number: int) -> None:
        self._slots = threading.BoundedSemaphore(number)

    @contextmanager
    def acquired(self) -> Iterator[None]:
        """Hold a slot while the context lasts.

        Raises:
            Busy: all slots are taken. Waiting would only add to the load.
        """
        if not self._slots.acquire(blocking=False):
            raise Busy
        try:
            yield
        finally:
            self._slots.release()


def _received(limit: int) -> bytes:
    try:
        body = request.get_data()
    except (HTTPException, BoxOCRError):
        raise
    except Exception as error:
        # gunicorn raises exceptions of its own for invalid chunks.
        raise MalformedRequest("The request's body did not arrive as it was announced.") from error
    # Werkzeug cuts a chunked body off at the limit without an error.
    if len(body) >= limit and request.content_length is None:
        raise RequestTooLarge
    return body


def _reserve(budget: MemoryBudget, size: int) -> None:
    """Reserve memory until the end of the request.

    Raises:
        Busy: there is not enough left.
    """
    if not budget.try_acquire(size):
        raise Busy
    g.reserved.append((budget, size))


def _size_of_values(body: bytes) -> int:
    """Estimate the memory that JSON takes once it is parsed."""
    # Each of these characters begins or separates a value. A short string or one-key object takes about 100 bytes.
    return 100 * sum(map(body.count, (b"{", b"[", b",", b":")))
