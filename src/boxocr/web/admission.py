"""Which bodies of requests are received: a body from a caller without the password is not, and memory is limited."""

from collections.abc import Callable

from gunicorn.http.message import Request

from boxocr.credentials import WEBHOOK_HEADER
from boxocr.errors import Busy, RequestTooLarge
from boxocr.process.memory_budget import MemoryBudget
from boxocr.settings.environment import Settings
from boxocr.web.auth import Access
from boxocr.web.limits import BodyLimits

# For a body in chunks, which announces no length, until it is longer. It then counts as the longest one.
_CHUNKED_BYTES = 65_536


class BodyAdmission:
    """Admits bodies before they are received. :class:`boxocr.web.arrivals.Admission` describes the methods.

    Args:
        settings: of this server.
        make_room: drops one of many requests of the same caller that have not arrived yet; returns whether there was
            one.
    """

    def __init__(self, settings: Settings, make_room: Callable[[], bool] = lambda: False) -> None:
        self._limits = BodyLimits.of(settings)
        self._access = Access(settings)
        self._make_room = make_room
        self._large, self._small = MemoryBudget(self._limits.bodies), MemoryBudget(self._limits.small_bodies)

    @property
    def max_body(self) -> int:
        """Largest body, in bytes."""
        return self._limits.body

    def reserve(self, request: Request, length: int | None) -> int:
        """Reserve memory for the body of a request."""
        headers = dict(request.headers)
        authorization, token = headers.get("AUTHORIZATION", ""), headers.get(WEBHOOK_HEADER.upper(), "")
        refusal = self._access.refusal(request.method, request.path, authorization, token)
        if refusal is not None:
            raise refusal
        size = min(_CHUNKED_BYTES, self._limits.body) if length is None else length
        if size > self._limits.body:
            raise RequestTooLarge
        if size > self._limits.small:
            if not self._large.try_acquire(size):
                raise Busy
        else:
            while not self._small.try_acquire(size):
                if not self._make_room():
                    raise Busy
        return size

    def release(self, reserved: int) -> None:
        """Return reserved memory."""
        (self._large if reserved > self._limits.small else self._small).release(reserved)
