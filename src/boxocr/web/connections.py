"""Connections of callers. A connection has a thread only while a request on it is being answered."""

import contextlib
import ipaddress
import socket
import ssl
import time
from enum import Enum, auto
from typing import Any

from gunicorn.sock import ssl_wrap_socket
from gunicorn.workers.gthread import TConn

from boxocr.process.memory_budget import MemoryBudget
from boxocr.web.arrivals import Admission, ArrivingRequests
from boxocr.web.outgoing import Outgoing

# A caller may take as long for an answer as for a request, plus the time for the answer's bytes at this rate.
_SLOWEST_BYTES_PER_SECOND = 100_000

# How long a connection is still read after the last answer.
_FINISH_SECONDS = 1.0

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

# All addresses of an IPv6 network of this size usually belong to one caller.
_IPV6_PREFIX = 64


class Progress(Enum):
    """The state of a connection after bytes arrived."""

    WAITING = auto()
    SENDING = auto()
    REQUEST = auto()
    CLOSED = auto()


class Connection(TConn):  # type: ignore[misc] # published without types
    """A connection.

    Args:
        cfg: gunicorn's configuration.
        sock: the accepted socket.
        client: address of the caller.
        admission: decides which bodies are received.
        answers: budget for answers that callers have not received yet.
        seconds: time for a request to arrive.

    Attributes:
        deadline: when the connection is closed unless its wait has ended, in seconds of the monotonic clock.
        caller: the caller that the connection counts for.
        polled: the progress that the worker's loop polls for; None if it does not poll.
    """

    def __init__(  # noqa: PLR0913 - three are gunicorn's
        self, cfg: Any, sock: socket.socket, client: Any, *, admission: Admission, answers: MemoryBudget, seconds: float
    ) -> None:
        address = sock.getsockname()
        if cfg.is_ssl:
            sock.setblocking(False)
            sock = ssl_wrap_socket(sock, cfg)
        super().__init__(cfg, Outgoing(sock, answers), client, address)
        # With these, gunicorn's handle() neither waits for data nor creates a parser that reads from the socket.
        self.initialized = self.data_ready = True
        self.parser = ArrivingRequests(cfg, client, admission)
        self.caller = caller_of(client)
        self.polled: Progress | None = None
        self._handshaking = bool(cfg.is_ssl)
        self._closing = False
        self._kept_for = 0.0
        self._seconds = seconds
        self.deadline = time.monotonic() + seconds

    @property
    def is_idle(self) -> bool:
        """Whether no byte of a request has arrived."""
        return not self.parser.has_begun and not self._closing

    @property
    def has_partial_request(self) -> bool:
        """Whether a part of a request has arrived, and the rest is awaited."""
        return self.polled is Progress.WAITING and self.parser.has_begun and not self._closing

    def receive(self) -> Progress:
        """Receive the bytes that have arrived, without waiting."""
        try:
            if self._handshaking:
                self.sock.do_handshake()
                self._handshaking = False
            return self._discard() if self._closing else self._receive()
        except (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return Progress.WAITING
        except OSError:
            return Progress.CLOSED

    def answered(self, *, keep: float) -> Progress:
        """Send what is left of the answer, and continue with the connection.

        Args:
            keep: seconds to wait for the next request; 0 to close the connection.
        """
        self._kept_for = keep
        self.deadline = time.monotonic() + self._seconds + self.sock.unsent / _SLOWEST_BYTES_PER_SECOND
        return self.flush()

    def flush(self) -> Progress:
        """Send more of the answer, without waiting."""
        try:
            if not self.sock.flush():
                return Progress.SENDING
            if self._kept_for:
                self.deadline = time.monotonic() + self._kept_for
                return Progress.REQUEST if self.parser.next_one() else Progress.WAITING
            # Closing now could lose the answer if the caller still sends, so only the sending side is shut down.
            self._closing = True
            self.deadline = time.monotonic() + _FINISH_SECONDS
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            return Progress.CLOSED
        return self.receive()

    def close(self, graceful: bool = False) -> None:  # noqa: ARG002 - of the base class
        """Close the connection at once."""
        self.parser.release()
        with contextlib.suppress(OSError):
            self.sock.close()

    def _receive(self) -> Progress:
        was_idle = self.is_idle
        while True:
            data = self.sock.recv(self.parser.wanted)
            if not data:
                return Progress.REQUEST if self.parser.end() else Progress.CLOSED
            if was_idle:
                was_idle = False
                self.deadline = time.monotonic() + self._seconds
            if self.parser.add(data):
                return Progress.REQUEST
            if self.parser.expects_continue:
                self.sock.send(_CONTINUE)
                self.parser.continued()
            # TLS may have decrypted further bytes already, for which polling the socket would not wake up the loop.
            if not (self.cfg.is_ssl and self.sock.pending()):
                return Progress.WAITING

    def _discard(self) -> Progress:
        return Progress.WAITING if self.sock.recv(65_536) else Progress.CLOSED


def caller_of(client: Any) -> str:
    """The caller that a connection's address belongs to: an IPv4 address, or a network of IPv6 addresses."""
    host = str(client[0]) if isinstance(client, tuple) else ""
    with contextlib.suppress(ValueError):
        address = ipaddress.ip_address(host.partition("%")[0])
        if isinstance(address, ipaddress.IPv6Address):
            if address.ipv4_mapped is not None:
                return str(address.ipv4_mapped)
            return str(ipaddress.ip_network((int(address), _IPV6_PREFIX), strict=False))
    return host
