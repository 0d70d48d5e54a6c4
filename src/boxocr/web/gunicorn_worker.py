"""gunicorn's threaded worker, whose threads never wait for a client to send.

gunicorn gives each new connection to a thread, which then waits for the request. Here the loop that accepts connections
also receives the requests, and gives each to a thread when it is complete. If a caller does not receive an answer at
once, the loop sends the rest. So a slow connection only takes memory, and
:class:`boxocr.web.open_connections.OpenConnections` limits the number of connections.
"""

import errno
import logging
import selectors
import socket
import time
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

from gunicorn.arbiter import Arbiter
from gunicorn.errors import AppImportError
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import ThreadWorker

from boxocr.process.memory_budget import MemoryBudget
from boxocr.settings.environment import Settings
from boxocr.web.admission import BodyAdmission
from boxocr.web.connections import Connection, Progress
from boxocr.web.open_connections import OpenConnections

logger = logging.getLogger("boxocr.web.gunicorn_worker")

# Between two heartbeats: a small fraction of gunicorn's timeout of 120 s.
_NOTIFY_SECONDS = 1.0

# Between two searches for connections that are past their deadline.
_SEARCH_SECONDS = 0.5

# Memory for answers that callers have not received yet. An answer for which no memory is left is cut off.
_MAX_UNSENT_BYTES = 256_000_000

# How long a stopping worker keeps connections, as gunicorn's own worker does: clients may send requests before they
# notice the stop.
_STOP_SECONDS = 2.0

# The event to poll for, by what a connection waits for.
_EVENTS = {Progress.WAITING: selectors.EVENT_READ, Progress.SENDING: selectors.EVENT_WRITE}

# The process has no file descriptor or memory for another connection.
_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_GONE = (errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED, errno.EPROTO)


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
    """gunicorn's threaded worker, changed as the module describes. ``gunicorn.conf.py`` sets the ``settings``."""

    settings: Settings

    _notified = 0.0
    _searched = 0.0

    def init_process(self) -> None:
        """Start the threads and the loop."""
        self._open = OpenConnections(self.worker_connections - 2 * self.cfg.threads)
        self._seconds = self.settings.request_timeout
        self._admission = BodyAdmission(self.settings, self._make_room)
        self._answers = MemoryBudget(_MAX_UNSENT_BYTES)
        # A thread of its own, so that /health is answered even while all other threads are busy.
        self._health = ThreadPoolExecutor(1, "health")
        super().init_process()

    def load_wsgi(self) -> None:
        """Load the application. If it refuses to start, end the server, which would otherwise restart it forever."""
        try:
            super().load_wsgi()
        except SystemExit as error:
            # For this exception, gunicorn prints the message and exits.
            raise AppImportError(error.code) from None

    def notify(self) -> None:
        """Touch the file that tells the master that this worker is alive: once a second, not twice per request."""
        now = time.monotonic()
        if now - self._notified > _NOTIFY_SECONDS:
            self._notified = now
            super().notify()

    def accept(self, listener: socket.socket) -> None:
        """Accept a connection."""
        try:
            sock, client = listener.accept()
        except OSError as error:
            if error.errno in _EXHAUSTED:
                self._make_room()
            elif error.errno not in _GONE:
                raise
            return
        try:
            connection = Connection(
                self.cfg, sock, client, admission=self._admission, answers=self._answers, seconds=self._seconds
            )
        except OSError:
            sock.close()
            return
        self.nr_conns += 1
        if self._open.is_full:
            self._make_room()
        # Received before polling, since most clients send their request at once.
        self._go_on(connection, connection.receive())

    def enqueue_req(self, conn: Connection) -> None:
        """Have a thread answer a request."""
        threads = self._health if conn.parser.is_for("GET", "/health") else self.tpool
        threads.submit(self.handle, conn).add_done_callback(
            lambda future: self.method_queue.defer(self.finish_request, conn, future)
        )

    def finish_request(self, conn: Connection, fs: Future[Any]) -> None:
        """Wait for the next request of a connection after an answer, or close it."""
        conn.parser.release()
        keep = 0.0
        if not fs.cancelled() and fs.exception() is None and fs.result():
            keep = self.cfg.keepalive if self.alive else _STOP_SECONDS
        self._go_on(conn, conn.answered(keep=keep))

    def murder_pending(self) -> None:
        """Close the connections that are past their deadline. gunicorn calls this after each event."""
        now = time.monotonic()
        if self.alive and now - self._searched < _SEARCH_SECONDS:
            return
        self._searched = now
        late = self._open.past(now)
        begun = sum(connection.has_partial_request for connection in late)
        if begun:
            logger.info("%d requests did not arrive in time; their connections were closed.", begun)
        for connection in late:
            self._close(connection)

    def murder_keepalived(self, force: bool = False) -> None:
        """Close all connections without a request, when the worker stops."""
        if force:
            for connection in self._open.past(float("inf")):
                self._close(connection)
            self._health.shutdown(wait=False)

    def _cap_keepalive(self, deadline: float) -> None:
        """Close idle connections by this time at the latest, since the worker stops."""
        for connection in self._open:
            if connection.is_idle:
                connection.deadline = min(connection.deadline, deadline)

    def _go_on(self, connection: Connection, progress: Progress) -> None:
        """Continue with a connection that is not among the open ones, and on which no thread works."""
        if progress in _EVENTS:
            self._open.add(connection)
            if connection.polled is not progress:
                self._stop_polling(connection)
                connection.polled = progress
                self.poller.register(connection.sock, _EVENTS[progress], partial(self._happened, connection))
            return
        self._stop_polling(connection)
        if progress is Progress.REQUEST:
            self.enqueue_req(connection)
        else:
            self._close(connection)

    def _happened(self, connection: Connection, _: Any) -> None:
        # An earlier event of the same round may have closed the connection.
        if connection in self._open:
            # Removed while bytes are received, so that _make_room does not close this connection.
            self._open.remove(connection)
            is_sending = connection.polled is Progress.SENDING
            self._go_on(connection, connection.flush() if is_sending else connection.receive())

    def _stop_polling(self, connection: Connection) -> None:
        if connection.polled is not None:
            connection.polled = None
            self.poller.unregister(connection.sock)

    def _make_room(self) -> bool:
        """Close a connection of the caller with the most connections, if there are many; returns whether it did."""
        connection = self._open.of_greediest()
        if connection is None:
            return False
        self._close(connection)
        return True

    def _close(self, connection: Connection) -> None:
        if connection in self._open:
            self._open.remove(connection)
        self._stop_polling(connection)
        connection.close()
        self.nr_conns -= 1
