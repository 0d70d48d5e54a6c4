"""Collects requests as they arrive, piece by piece, so that no thread waits for a request that is not complete.

gunicorn's parser still parses heads and bodies. The code here only determines when the parser has all that it needs,
and gives it bytes from memory.
"""

import re
from collections import deque
from typing import Protocol

from gunicorn.http.body import Body, ChunkedReader
from gunicorn.http.errors import LimitRequestHeaders, NoMoreData
from gunicorn.http.message import Request
from gunicorn.http.parser import RequestParser
from gunicorn.http.unreader import Unreader

from boxocr.errors import BoxOCRError, RequestTooLarge

# Longest head of a request. nginx accepts four times 8 kB by default. Each connection can hold this much in memory
# before its caller is known.
_MAX_HEAD_BYTES = 32_768

# The end of a head, or a bare line feed, for which gunicorn refuses the head at once.
_HEAD_END = re.compile(rb"\r\n\r\n|(?<!\r)\n")
_HEAD_END_BYTES = 4

_CHUNK_SIZE = re.compile(rb"\s*([0-9a-fA-F]{1,12})\s*(?:;.*)?", re.DOTALL)
_MAX_CHUNK_LINE_BYTES = 8_192


class Admission(Protocol):
    """Decides which bodies are received."""

    def reserve(self, request: Request, length: int | None) -> int:
        """Reserve memory for a body.

        Args:
            request: the request's head.
            length: of the body in bytes; None for a chunked body, which may turn out to be small.

        Returns:
            The reserved bytes.

        Raises:
            BoxOCRError: the body must not be received; the request is answered with this error.
        """

    def release(self, reserved: int) -> None:
        """Return reserved bytes."""

    @property
    def max_body(self) -> int:
        """Largest body, in bytes."""


class ReceivedBody(Body):  # type: ignore[misc] # published without types
    """The body of a request, in memory. Reading it never waits.

    Args:
        reader: gunicorn's reader for the format of the body.
    """


class _Refused:
    """The reader of a body that was not received. It raises the reason."""

    def __init__(self, reason: BoxOCRError) -> None:
        self._reason = reason

    def read(self, size: int) -> bytes:  # noqa: ARG002 - the interface of gunicorn's readers
        raise self._reason


class _Received(Unreader):  # type: ignore[misc] # published without types
    """Gives gunicorn's parser the bytes that were received."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: deque[bytes] = deque()

    def add(self, data: bytes) -> None:
        # The parser would take an empty piece for the end of the connection.
        if data:
            self._pieces.append(data)

    def chunk(self, size_hint: int | None = None) -> bytes:  # noqa: ARG002 - of the base class
        return self._pieces.popleft() if self._pieces else b""

    def take_all(self) -> bytes:
        """All bytes that the parser has not used."""
        rest = [self.take_buffered(), *self._pieces]
        self._pieces.clear()
        return b"".join(rest)


class ChunkedEnd:
    """Finds the end of a body in chunks (RFC 9112, section 7.1)."""

    def __init__(self) -> None:
        self._line = b""
        # Bytes of the current chunk, including the line break after it, that are still to come.
        self._rest = 0
        self._in_trailers = False

    def is_in(self, data: bytes) -> bool:
        """Whether the body ends in these bytes, which follow the last call's. A malformed body counts as ended."""
        data = self._line + data
        position = min(self._rest, len(data))
        self._rest -= position
        while position < len(data):
            end = data.find(b"\r\n", position)
            if end < 0:
                break
            line, position = data[position:end], end + 2
            if self._in_trailers:
                if not line:
                    return True
                continue
            size = _CHUNK_SIZE.fullmatch(line)
            if size is None:
                return True
            length = int(size[1], 16)
            self._in_trailers = not length
            if length:
                step = min(length + 2, len(data) - position)
                self._rest = length + 2 - step
                position += step
        self._line = data[position:]
        return len(self._line) > _MAX_CHUNK_LINE_BYTES


class ArrivingRequests(RequestParser):  # type: ignore[misc] # published without types
    """The requests of a connection, one after the other.

    :meth:`add` takes bytes until a request is complete. The next item of the iterator is then that request; it raises
    gunicorn's exceptions if the request is malformed.

    Args:
        cfg: gunicorn's configuration.
        client: address of the caller, as gunicorn has it.
        admission: decides which bodies are received.
    """

    def __init__(self, cfg: object, client: object, admission: Admission) -> None:
        super().__init__(cfg, (), client)
        self.unreader = _Received()
        self._admission = admission
        self._reserved = 0
        self._start()

    def _start(self) -> None:
        self._head = bytearray()
        self._has_head = False
        self._error: BaseException | None = None
        # Whether bytes of the body were not received, so that the connection cannot be used for another request.
        self._cut = False
        self._missing = 0
        self._size = 0
        self._end: ChunkedEnd | None = None

    @property
    def has_begun(self) -> bool:
        """Whether a byte of the request has arrived."""
        return self._has_head or bool(self._head)

    def is_for(self, method: str, path: str) -> bool:
        """Whether the request that has arrived has this method and path."""
        return self._error is None and (self.mesg.method, self.mesg.path) == (method, path)

    @property
    def wanted(self) -> int:
        """Maximum number of bytes to receive next: not more than the body still needs, once its length is known."""
        return 65_536 if not self._missing else min(self._missing, 1_048_576)

    @property
    def expects_continue(self) -> bool:
        """Whether the caller waits for "100 Continue" before it sends the body."""
        return self._has_head and self._error is None and bool(self.mesg._expected_100_continue)  # noqa: SLF001 - gunicorn has no other name for it

    def continued(self) -> None:
        """Note that the caller need not wait for "100 Continue" any more."""
        self.mesg._expected_100_continue = False  # noqa: SLF001 - see above

    def add(self, data: bytes) -> bool:
        """Take bytes from the connection; returns whether the request is complete, or refused."""
        if self._has_head:
            return self._add_to_body(data)
        searched = max(0, len(self._head) - _HEAD_END_BYTES + 1)
        self._head += data
        if not _HEAD_END.search(self._head, searched) and len(self._head) <= _MAX_HEAD_BYTES:
            return False
        return self._parse_head()

    def end(self) -> bool:
        """Note that the caller sends no more; returns whether there is a request to be answered nevertheless."""
        self._cut = True
        return self._has_head

    def next_one(self) -> bool:
        """Prepare for the next request, after an answer; returns whether it has arrived already."""
        rest = self.unreader.take_all()
        self._start()
        return bool(rest) and self.add(rest)

    def release(self) -> None:
        """Return the memory that was reserved for the body."""
        self._admission.release(self._reserved)
        self._reserved = 0

    def __next__(self) -> Request:
        """The request that has arrived. gunicorn calls this in a thread."""
        if self._error is not None:
            raise self._error
        return self.mesg

    def finish_body(self, deadline: float | None = None, max_bytes: int | None = None) -> bool:
        """Discard the unread part of the body; returns whether the connection can be used again."""
        return not self._cut and bool(super().finish_body(deadline, max_bytes))

    def _parse_head(self) -> bool:
        self.unreader.add(bytes(self._head))
        self._head.clear()
        self._has_head = True
        try:
            super().__next__()
        except NoMoreData:
            self._error = LimitRequestHeaders(f"more than {_MAX_HEAD_BYTES} bytes")
        except Exception as error:  # noqa: BLE001 - raised again in the thread that answers
            self._error = error
        if self._error is not None:
            return True
        reader = self.mesg.body.reader
        length = None if isinstance(reader, ChunkedReader) else reader.length
        self.mesg.body = ReceivedBody(reader)
        if length == 0:
            return True
        try:
            self._reserved = self._admission.reserve(self.mesg, length)
        except BoxOCRError as error:
            return self._refuse(error)
        if length is None:
            self._end = ChunkedEnd()
        else:
            self._missing = length
        return self._add_to_body(self.unreader.take_all())

    def _add_to_body(self, data: bytes) -> bool:
        self.unreader.add(data)
        self._size += len(data)
        if self._end is None:
            self._missing = max(0, self._missing - len(data))
            return not self._missing
        if self._size > self._admission.max_body:
            return self._refuse(RequestTooLarge())
        if self._size > self._reserved:
            self.release()
            try:
                self._reserved = self._admission.reserve(self.mesg, self._admission.max_body)
            except BoxOCRError as error:
                return self._refuse(error)
        return self._end.is_in(data)

    def _refuse(self, error: BoxOCRError) -> bool:
        # "100 Continue" is not sent, so a caller that waits for it does not send the body.
        self.continued()
        self.unreader.take_all()
        self.mesg.body = ReceivedBody(_Refused(error))
        self._cut = True
        return True
