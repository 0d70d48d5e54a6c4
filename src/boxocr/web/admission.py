"""Decides which request bodies are received: none from a caller without the password, and only as memory permits."""

from collections.abc import Callable

from gunicorn.http.message import Request

from boxocr.credentials import WEBHOOK_HEADER
from boxocr.errors import Busy, RequestTooLarge
from boxocr.process.memory_budget import MemoryBudget
from boxocr.settings.environment import Settings
from boxocr.web.auth import Access
from boxocr.web.limits import BodyLimits

# Reserved for a chunked body, which announces no length. If it gets longer, it counts as a body of maximum length.
_CHUNKED_BYTES = 65_536


class BodyAdmission:
    """Admits bodies before they are received. :class:`boxocr.web.arrivals.Admission` describes the methods.

    Args:
        settings: of this server.
        make_room: closes a connection of a caller that has many, and with it a request that has not fully arrived;
            returns whether there was such a connection.
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
