"""gunicorn's worker with threads, which does not wait for ever for clients that send byte by byte.

A thread that waits for the rest of a request serves nobody, and gunicorn itself sets no limit once the first byte came.
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

_LOOK_EVERY_SECONDS = 0.5

_LINGER_SECONDS = 1.0

# Of gunicorn's timeout, 120 s, a small part.
_TELL_EVERY_SECONDS = 1.0


class Arrivals:
    """Connections whose request is still on its way, each with a time limit. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until: dict[socket.socket, float] = {}
        self._watching = False

    def expect(self, connection: socket.socket, seconds: float) -> None:
        """Cut the connection off unless its request is here in so many seconds."""
        with self._lock:
            self._until[connection] = time.monotonic() + seconds
            if not self._watching:
                self._watching = True
                threading.Thread(target=self._watch, name="arrivals", daemon=True).start()

    def is_here(self, connection: object) -> None:
        """The request has arrived, or its connection is done with."""
        with self._lock:
            self._until.pop(connection, None)  # type: ignore[call-overload]

    def _watch(self) -> None:
        while True:
            time.sleep(_LOOK_EVERY_SECONDS)
            now = time.monotonic()
            with self._lock:
                late = [connection for connection, until in self._until.items() if until < now]
                for connection in late:
                    del self._until[connection]
            for connection in late:
                logger.info("A request did not arrive in time, and its connection was closed.")
                # The thread that waits for data wakes up and finds none.
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


arrivals = Arrivals()
"""Of this process: the worker expects requests, the application tells when it has read one."""


def _finish(connection: socket.socket) -> None:
    """End a connection, so that the last answer arrives: what the client still sends is read for a moment.

    gunicorn does that in the thread that accepts connections, and for two seconds each: whoever goes on sending would
    keep everybody out.
    """
    until = time.monotonic() + _LINGER_SECONDS
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_WR)
        while (left := until - time.monotonic()) > 0:
            connection.settimeout(left)
            if not connection.recv(65536):
                break
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RD)


# gunicorn's words when the application does not load, by their last argument where that matters. The application has
# said why by then.
_SAID_BETTER = {
    "Worker (pid:%s) exited with code %s.": (Arbiter.APP_LOAD_ERROR,),
    "Shutting down: %s": None,
    "Reason: %s": ("App failed to load.",),
}


class WithoutAccessLog(Logger):  # type: ignore[misc] # published without types
    """gunicorn's logger; the application's own line for each request says more than an access log would."""

    def error(self, msg: Any, *args: Any, **kwargs: Any) -> None:
        """Write an error, unless it only repeats that the application refused to start."""
        if msg in _SAID_BETTER and (_SAID_BETTER[msg] is None or args[-1:] == _SAID_BETTER[msg]):
            return
        super().error(msg, *args, **kwargs)

    def access(self, resp: Any, req: Any, environ: Any, request_time: Any) -> None:
        """Write nothing, where gunicorn would gather all headers for a line that goes nowhere."""


class Worker(ThreadWorker):  # type: ignore[misc] # published without types
    """gunicorn's, with time limits for both directions: ``request_seconds`` is set by ``gunicorn.conf.py``."""

    request_seconds = 30.0

    _told = 0.0

    def load_wsgi(self) -> None:
        """Load the application. One that refuses to start ends the server, which would start it again and again."""
        try:
            super().load_wsgi()
        except SystemExit as error:
            # gunicorn prints the message, and ends with a status that says that nothing was served.
            raise AppImportError(error.code) from None

    def notify(self) -> None:
        """Tell the master process that this one lives, by touching a file: not twice for each request."""
        now = time.monotonic()
        if now - self._told > _TELL_EVERY_SECONDS:
            self._told = now
            super().notify()

    def handle(self, conn: Any) -> Any:
        """Serve one request of a connection; runs in a thread of the pool."""
        if not conn.initialized:
            # A client that takes nothing of its answer is left alone by the system after this time.
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
        """Have the application answer a request whose head is here."""
        keep = super().handle_request(req, conn)
        # What is left of a body that was not read to its end is waited for too.
        arrivals.expect(conn.sock, self.request_seconds)
        return keep
