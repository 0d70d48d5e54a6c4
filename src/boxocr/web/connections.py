"""Connections of callers, without a thread until a request has arrived, and after it was answered."""

import contextlib
import ipaddress
import socket
import ssl
import struct
import time
from enum import Enum, auto
from typing import Any

from gunicorn.sock import ssl_wrap_socket
from gunicorn.workers.gthread import TConn

from boxocr.web.arrivals import Admission, ArrivingRequests

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

# All addresses of an IPv6 network of this size usually belong to one caller.
_IPV6_PREFIX = 64


class Progress(Enum):
    """The state of a connection after bytes arrived."""

    WAITING = auto()
    REQUEST = auto()
    CLOSED = auto()


class Connection(TConn):  # type: ignore[misc] # published without types
    """A connection.

    Args:
        cfg: gunicorn's configuration.
        sock: accepted.
        client: address of the caller.
        admission: decides which bodies are received.
        seconds: for a request to arrive, and for the caller to take some of its answer.

    Attributes:
        deadline: when the connection is closed unless a request has arrived by then; in seconds of the monotonic clock.
        caller: groups the connections of a caller.
        is_polled: whether the worker's loop waits for bytes.
    """

    def __init__(self, cfg: Any, sock: socket.socket, client: Any, admission: Admission, seconds: float) -> None:
        # Sending fails after this time without progress, when a client does not read its answer.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", int(seconds), 0))
        address = sock.getsockname()
        if cfg.is_ssl:
            sock.setblocking(False)
            sock = ssl_wrap_socket(sock, cfg)
        super().__init__(cfg, sock, client, address)
        # gunicorn's handle() then neither waits for data nor creates a parser that reads from the socket.
        self.initialized = self.data_ready = True
        self.parser = ArrivingRequests(cfg, client, admission)
        self.caller = caller_of(client)
        self.is_polled = False
        self._handshaking = bool(cfg.is_ssl)
        self._closing = False
        self._seconds = seconds
        self.deadline = time.monotonic() + seconds

    @property
    def is_idle(self) -> bool:
        """Whether no byte of a request has arrived."""
        return not self.parser.has_begun and not self._closing

    @property
    def has_partial_request(self) -> bool:
        """Whether some bytes of a request have arrived."""
        return self.parser.has_begun and not self._closing

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

    def keep(self, seconds: float) -> Progress:
        """Wait for the next request.

        Args:
            seconds: until the connection is closed if it does not begin.
        """
        self.sock.setblocking(False)
        self.deadline = time.monotonic() + seconds
        return Progress.REQUEST if self.parser.next_one() else Progress.WAITING

    def finish(self, seconds: float) -> Progress:
        """Close the connection so that the last answer arrives: discard what follows, for a while."""
        self._closing = True
        self.deadline = time.monotonic() + seconds
        try:
            self.sock.setblocking(False)
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
            # Decrypted bytes do not make the socket readable.
            if not (isinstance(self.sock, ssl.SSLSocket) and self.sock.pending()):
                return Progress.WAITING

    def _discard(self) -> Progress:
        return Progress.WAITING if self.sock.recv(65_536) else Progress.CLOSED


def caller_of(client: Any) -> str:
    """The caller behind an address of a connection: an IPv4 address, or a network of IPv6 addresses."""
    host = str(client[0]) if isinstance(client, tuple) else ""
    with contextlib.suppress(ValueError):
        address = ipaddress.ip_address(host.partition("%")[0])
        if isinstance(address, ipaddress.IPv6Address):
            if address.ipv4_mapped is not None:
                return str(address.ipv4_mapped)
            return str(ipaddress.ip_network((int(address), _IPV6_PREFIX), strict=False))
    return host
