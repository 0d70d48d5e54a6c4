"""HTTP connections that are limited to the hosts that the guard allows, and to a deadline.

They are urllib3's single connections, without pools and without a session: no cookies, no passwords from ``.netrc``,
and no proxy from the environment. A proxy would connect to the host itself, and so bypass the guard. Each connection
serves one request: a page is requested about once a minute, and most servers close idle connections sooner.
"""

import ipaddress
import socket
import ssl
from typing import Any

import certifi
from urllib3.connection import HTTPConnection, HTTPSConnection

from boxocr.errors import PageForbidden
from boxocr.pages.http.addresses import Guard, IPAddress
from boxocr.pages.http.urls import Origin
from boxocr.process.deadline import Deadline


class _Timed:
    """A socket with a deadline for all of its reads together.

    A socket's timeout restarts with every read, so a server that sends a byte every few seconds would occupy a thread
    for hours. http.client only reads through ``recv_into``.
    """

    deadline: Deadline | None = None

    # A mixin for two socket classes, which have the methods that the type checker misses here.
    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        if self.deadline:
            self.settimeout(self.deadline.left())  # type: ignore[attr-defined]
        return super().recv_into(*args, **kwargs)  # type: ignore[misc, no-any-return]


class _TimedSocket(_Timed, socket.socket):
    pass


class _TimedTLSSocket(_Timed, ssl.SSLSocket):
    pass


def trusting_context() -> ssl.SSLContext:
    """A context that trusts the system's certificate authorities (or those in ``SSL_CERT_FILE``), and Mozilla's."""
    context = ssl.create_default_context()
    # Container images without ca-certificates have no system authorities.
    context.load_verify_locations(certifi.where())
    return context


class Connector:
    """Opens connections for pages.

    Args:
        guard: decides which hosts are allowed.
    """

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._tls: ssl.SSLContext | None = None

    def connection(self, origin: Origin, deadline: Deadline) -> HTTPConnection:
        """A connection to the origin, which the first request opens through :meth:`open`."""
        if origin.scheme == "http":
            return _Connection(self, origin, deadline)
        return _TLSConnection(self, origin, deadline)

    def tls(self) -> ssl.SSLContext:
        """The shared context of all connections; see :func:`trusting_context`."""
        # No lock is needed: two threads at the same time would create equal contexts.
        if self._tls is None:
            context = trusting_context()
            context.sslsocket_class = _TimedTLSSocket
            self._tls = context
        return self._tls

    def open(self, origin: Origin, deadline: Deadline) -> socket.socket:
        """A socket connected to one of the origin's addresses, all of which the guard allows.

        Raises:
            PageForbidden: the guard forbids one of the addresses.
            OSError: none of the addresses accepts a connection.
        """
        found = socket.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
        if not self._guard.allows(origin, [_ip_address(address) for *_, address in found]):
            raise PageForbidden(
                f"The page is on {origin.host[:253]}, a private host that this server is not allowed to contact.",
                f"If this is intended, add {origin.host[:253]} to ALLOWED_IMAGE_HOSTS.",
            )
        failure = OSError("the host has no address")
        for family, kind, protocol, _, address in found:
            opened = _TimedSocket(family, kind, protocol)
            try:
                # Five seconds are enough for a distant host, and leave time for the host's next address.
                opened.settimeout(min(5.0, deadline.left()))
                opened.connect(address)
                opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError as error:
                opened.close()
                failure = error
            else:
                opened.deadline = deadline
                return opened
        raise failure


def _ip_address(address: tuple[Any, ...]) -> IPAddress:
    return ipaddress.ip_address(address[0])


class _Connection(HTTPConnection):
    def __init__(self, connector: Connector, origin: Origin, deadline: Deadline) -> None:
        super().__init__(origin.host, origin.port, timeout=deadline.left())
        self._target = (connector, origin, deadline)

    def _new_conn(self) -> socket.socket:
        connector, origin, deadline = self._target
        return connector.open(origin, deadline)


class _TLSConnection(HTTPSConnection):
    def __init__(self, connector: Connector, origin: Origin, deadline: Deadline) -> None:
        super().__init__(origin.host, origin.port, timeout=deadline.left(), ssl_context=connector.tls())
        self._target = (connector, origin, deadline)

    def _new_conn(self) -> socket.socket:
        connector, origin, deadline = self._target
        return connector.open(origin, deadline)

    def connect(self) -> None:
        super().connect()
        if isinstance(self.sock, _TimedTLSSocket):
            self.sock.deadline = self._target[2]
