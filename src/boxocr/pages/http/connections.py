"""HTTP connections that go only where the guard allows, and end when their time is over.

urllib3's connections are used one by one, without its pools and without a session above them: there are no cookies, no
``.netrc`` whose password would go along, and no proxy from the environment, which would connect in our stead, past the
guard. Each connection serves one exchange: a page is asked for about once a minute, when a kept connection would mostly
be found closed.
"""

import ipaddress
import socket
import ssl
from typing import Any

import certifi
from urllib3.connection import HTTPConnection, HTTPSConnection

from boxocr.errors import PageForbidden
from boxocr.pages.http.addresses import Guard, IPAddress
from boxocr.pages.http.deadline import Deadline
from boxocr.pages.http.urls import Origin

# Long enough for a distant host, short enough to try a name's next address.
CONNECT_SECONDS = 5.0


class _Timed:
    """A socket that waits for data until the deadline, however many pieces the data comes in.

    A plain time limit starts anew with every piece, so a server that sends a byte every few seconds would hold a thread
    for hours. Everything that is read from a connection goes through ``recv_into``.
    """

    deadline: Deadline | None = None

    # Mixed into two classes of sockets, which have what the type checker misses here.
    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        if self.deadline:
            self.settimeout(self.deadline.left())  # type: ignore[attr-defined]
        return super().recv_into(*args, **kwargs)  # type: ignore[misc, no-any-return]


class _TimedSocket(_Timed, socket.socket):
    pass


class _TimedTLSSocket(_Timed, ssl.SSLSocket):
    pass


def trusting_context() -> ssl.SSLContext:
    """A context that checks certificates with the system's authorities, or ``SSL_CERT_FILE``, and Mozilla's."""
    context = ssl.create_default_context()
    # A container image without ca-certificates has none of its own.
    context.load_verify_locations(certifi.where())
    return context


class Connector:
    """Makes connections for pages.

    Args:
        guard: says where connections may go.
    """

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._tls: ssl.SSLContext | None = None

    def connection(self, origin: Origin, deadline: Deadline) -> HTTPConnection:
        """A connection to the origin, not yet made: the first request makes it, and :meth:`open` is asked then."""
        if origin.scheme == "http":
            return _Connection(self, origin, deadline)
        return _TLSConnection(self, origin, deadline)

    def tls(self) -> ssl.SSLContext:
        """What certificates are checked with: the system's authorities, or ``SSL_CERT_FILE``, and Mozilla's."""
        # Two threads that make it at once make the same.
        if self._tls is None:
            context = trusting_context()
            context.sslsocket_class = _TimedTLSSocket
            self._tls = context
        return self._tls

    def open(self, origin: Origin, deadline: Deadline) -> socket.socket:
        """A socket connected to one of the origin's addresses, all of which were judged.

        Raises:
            PageForbidden: the guard does not allow one of them.
            OSError: no connection.
        """
        found = socket.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
        if not self._guard.allows(origin, [_address(place) for *_, place in found]):
            raise PageForbidden(
                f"The page lies on {origin.host[:253]}, which is in a private network that this server may not ask.",
                f"If that is meant, add {origin.host[:253]} to ALLOWED_IMAGE_HOSTS.",
            )
        failure = OSError("the name has no address")
        for family, kind, protocol, _, place in found:
            opened = _TimedSocket(family, kind, protocol)
            try:
                opened.settimeout(min(CONNECT_SECONDS, deadline.left()))
                opened.connect(place)
                opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError as error:
                opened.close()
                failure = error
            else:
                opened.deadline = deadline
                return opened
        raise failure


def _address(place: tuple[Any, ...]) -> IPAddress:
    return ipaddress.ip_address(place[0])


class _Connection(HTTPConnection):
    def __init__(self, connector: Connector, origin: Origin, deadline: Deadline) -> None:
        super().__init__(origin.host, origin.port, timeout=deadline.left())
        self._way = (connector, origin, deadline)

    def _new_conn(self) -> socket.socket:
        connector, origin, deadline = self._way
        return connector.open(origin, deadline)


class _TLSConnection(HTTPSConnection):
    def __init__(self, connector: Connector, origin: Origin, deadline: Deadline) -> None:
        super().__init__(origin.host, origin.port, timeout=deadline.left(), ssl_context=connector.tls())
        self._way = (connector, origin, deadline)

    def _new_conn(self) -> socket.socket:
        connector, origin, deadline = self._way
        return connector.open(origin, deadline)

    def connect(self) -> None:
        super().connect()
        if isinstance(self.sock, _TimedTLSSocket):
            self.sock.deadline = self._way[2]
