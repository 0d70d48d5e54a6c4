"""Sends answers without a thread that waits until the caller has received them."""

import errno
import socket
import ssl
from collections import deque
from typing import Any

from boxocr.process.memory_budget import MemoryBudget

# Raised when the socket takes no more bytes at the moment.
_FULL = (BlockingIOError, InterruptedError, ssl.SSLWantWriteError, ssl.SSLWantReadError)


class Outgoing:
    """A socket whose ``sendall`` never waits: it keeps the bytes that the socket does not take, for :meth:`flush`.

    Everything else is passed to the socket, which never blocks. Not thread-safe.

    Args:
        sock: the connected socket.
        budget: for the bytes that are kept, shared by all connections.
    """

    def __init__(self, sock: socket.socket, budget: MemoryBudget) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._budget = budget
        self._kept: deque[memoryview] = deque()
        self.unsent = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def setblocking(self, flag: bool) -> None:
        """Do nothing: gunicorn would make the socket block for the thread that answers."""

    def sendall(self, data: bytes) -> None:
        """Send bytes, or keep those that the socket does not take now.

        Raises:
            OSError: the connection is closed, or the budget has no room for the bytes.
        """
        rest = memoryview(data) if self._kept else self._send(memoryview(data))
        if not len(rest):
            return
        if not self._budget.try_acquire(len(rest)):
            raise BrokenPipeError(errno.EPIPE, "too many bytes wait for callers")
        self.unsent += len(rest)
        self._kept.append(rest)

    def flush(self) -> bool:
        """Send kept bytes; returns whether all are sent.

        Raises:
            OSError: the connection is closed.
        """
        while self._kept:
            data = self._kept.popleft()
            rest = self._send(data)
            self._release(len(data) - len(rest))
            if len(rest):
                self._kept.appendleft(rest)
                return False
        return True

    def close(self) -> None:
        """Close the connection, and drop the kept bytes."""
        self._kept.clear()
        self._release(self.unsent)
        self._sock.close()

    def _send(self, rest: memoryview) -> memoryview:
        while len(rest):
            try:
                rest = rest[self._sock.send(rest) :]
            except _FULL:
                break
        return rest

    def _release(self, size: int) -> None:
        self.unsent -= size
        self._budget.release(size)
