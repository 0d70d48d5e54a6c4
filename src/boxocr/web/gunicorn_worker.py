"""gunicorn's threaded worker, with time limits for slow clients.

A thread that waits for the rest of a request is not available to others, and gunicorn has no limit for that.
"""

import contextlib
import logging
import socket
import struct
import threading
import time
from typing import Any

from gunicorn.arbiter import Arbiter
from gunicorn.errors import AppImportError
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import ThreadWorker

logger = logging.getLogger("boxocr.web.gunicorn_worker")

# A small fraction of gunicorn's timeout of 120 s.
_NOTIFY_SECONDS = 1.0


class Arrivals:
    """Connections with an incomplete request, each with a deadline. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until: dict[socket.socket, float] = {}
        self._watching = False

    def expect(self, connection: socket.socket, seconds: float) -> None:
        """Close the connection unless :meth:`is_here` is called within this time."""
        with self._lock:
            self._until[connection] = time.monotonic() + seconds
            if not self._watching:
                self._watching = True
                threading.Thread(target=self._watch, name="arrivals", daemon=True).start()

    def is_here(self, connection: object) -> None:
        """The request is complete, or its connection is no longer used."""
        with self._lock:
            self._until.pop(connection, None)  # type: ignore[call-overload] # any object may be asked for

    def _watch(self) -> None:
        while True:
            time.sleep(0.5)
            now = time.monotonic()
            with self._lock:
                late = [connection for connection, until in self._until.items() if until < now]
                for connection in late:
                    del self._until[connection]
            for connection in late:
                logger.info("A request did not arrive in time, and its connection was closed.")
                # Wakes the thread that waits for data.
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


arrivals = Arrivals()
"""For this process: the worker adds connections, the application removes them once it has read the request."""


def _finish(connection: socket.socket) -> None:
    """Close a connection so that the last answer arrives: read what the client still sends, for a limited time.

    gunicorn does that for up to two seconds in the thread that accepts connections, where clients that keep sending
    would block all others.
    """
    until = time.monotonic() + 1.0
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_WR)
        while (left := until - time.monotonic()) > 0:
            connection.settimeout(left)
            if not connection.recv(65536):
                break
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RD)


# gunicorn's messages when the application does not load, with their last argument if it matters. By then the
# application has printed the reason.
_REDUNDANT = {
    "Worker (pid:%s) exited with code %s.": (Arbiter.APP_LOAD_ERROR,),
    "Shutting down: %s": None,
    "Reason: %s": ("App failed to load.",),
}


class WithoutAccessLog(Logger):  # type: ignore[misc] # published without types
    """gunicorn's logger without an access log, which the application's own line per request replaces."""

    def error(self, msg: Any, *args: Any, **kwargs: Any) -> None:
        """Log an error, unless it only repeats that the application refused to start."""
        if msg in _REDUNDANT and (_REDUNDANT[msg] is None or args[-1:] == _REDUNDANT[msg]):
            return
        super().error(msg, *args, **kwargs)

    def access(self, resp: Any, req: Any, environ: Any, request_time: Any) -> None:
        """Do nothing. gunicorn would collect all headers for a line that is not written."""


class Worker(ThreadWorker):  # type: ignore[misc] # published without types
    """gunicorn's threaded worker with time limits in both directions. ``gunicorn.conf.py`` sets ``request_seconds``."""

    request_seconds = 30.0

    _notified = 0.0

    def load_wsgi(self) -> None:
        """Load the application. If it refuses to start, end the server, which would restart it over and over."""
        try:
            super().load_wsgi()
        except SystemExit as error:
            # gunicorn prints the message and exits with its status for applications that do not load.
            raise AppImportError(error.code) from None

    def notify(self) -> None:
        """Touch the file by which the master sees that this worker lives: once a second, not twice per request."""
        now = time.monotonic()
        if now - self._notified > _NOTIFY_SECONDS:
            self._notified = now
            super().notify()

    def handle(self, conn: Any) -> Any:
        """Serve a request of a connection, in a thread of the pool."""
        if not conn.initialized:
            # Sending fails after this time without progress, when a client does not read its answer.
            longest = struct.pack("ll", int(self.request_seconds), 0)
            with contextlib.suppress(OSError):
                conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, longest)
        arrivals.expect(conn.sock, self.request_seconds)
        try:
            result = super().handle(conn)
        finally:
            arrivals.is_here(conn.sock)
        if not result:
            _finish(conn.sock)
        return result

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Call the application once the head of a request has arrived."""
        keep = super().handle_request(req, conn)
        # The rest of an unread body has a deadline too.
        arrivals.expect(conn.sock, self.request_seconds)
        return keep
