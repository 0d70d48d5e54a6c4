"""Connections to a server that never send a request."""

import resource
import selectors
import socket
import threading
from typing import Self

from tests.backend import Backend

SILENT = 900
HALF_HEADS = 60
HALF_HEAD = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"

# Files that this process may need for other things.
_OTHER_FILES = 1_000


class IdleConnections:
    """Connections that send nothing, or half the head of a request, until the context exits.

    Args:
        server: what they are connected to.

    Attributes:
        closed: connections that the server closed; each is replaced.
        refused: attempts to open one that failed; each is repeated.
    """

    def __init__(self, server: Backend) -> None:
        host, port = server.url.removeprefix("http://").split(":")
        self._address = host, int(port)
        self._selector = selectors.DefaultSelector()
        self._connections: dict[int, tuple[socket.socket, bytes]] = {}
        self._over = threading.Event()
        self._holder = threading.Thread(target=self._hold)
        self.closed = 0
        self.refused = 0

    def __enter__(self) -> Self:
        """Open all connections."""
        _raise_file_limit()
        for start in [b""] * SILENT + [HALF_HEAD] * HALF_HEADS:
            self._open(start)
        self._holder.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Close all connections."""
        self._over.set()
        self._holder.join()
        for descriptor in [*self._connections]:
            self._close(descriptor)
        self._selector.close()

    def _hold(self) -> None:
        """Replace the connections that the server closes."""
        missing: list[bytes] = []
        while not self._over.is_set():
            for key, _ in self._selector.select(timeout=0.2):
                if self._is_closed(key.fd):
                    missing.append(self._close(key.fd))
                    self.closed += 1
            missing = [start for start in missing if not self._open(start)]

    def _open(self, start: bytes) -> bool:
        """Open a connection and send the start of a request; return whether the server accepted it."""
        try:
            connection = socket.create_connection(self._address, timeout=5)
            connection.sendall(start)
        except OSError:
            self.refused += 1
            return False
        connection.setblocking(False)
        self._selector.register(connection, selectors.EVENT_READ)
        self._connections[connection.fileno()] = connection, start
        return True

    def _is_closed(self, descriptor: int) -> bool:
        connection, _ = self._connections[descriptor]
        try:
            return not connection.recv(1000)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def _close(self, descriptor: int) -> bytes:
        """Close a connection, and return the start of a request that was sent on it."""
        connection, start = self._connections.pop(descriptor)
        self._selector.unregister(connection)
        connection.close()
        return start


def _raise_file_limit() -> None:
    """Allow this process a file for each connection."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, SILENT + HALF_HEADS + _OTHER_FILES), hard))
