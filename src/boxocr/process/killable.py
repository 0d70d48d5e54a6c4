"""A process that runs one job at a time, and is killed if it takes too long."""

import contextlib
import multiprocessing
import os
import select
import time
from collections.abc import Callable, Sequence
from multiprocessing import reduction
from multiprocessing.context import SpawnContext, SpawnProcess
from pathlib import Path


class ProcessGone(Exception):
    """The process ended, or did not start."""

    def __init__(self) -> None:
        super().__init__("the process ended")


class KillableProcess:
    """A process and the pipe to it. Not thread-safe, except for :meth:`kill`.

    Args:
        target: an importable function. It is called with its end of the pipe and ``args``, and sends a message once it
            is ready.
        args: further arguments, which are pickled.
        name: of the process.
        start_seconds: how long it may take until it is ready.

    Attributes:
        is_killed: whether :meth:`kill` was called, which also happens if the process dies.

    Raises:
        ProcessGone: from the constructor, if the process dies or is not ready in time.
    """

    def __init__(self, target: Callable[..., None], args: Sequence[object], *, name: str, start_seconds: float) -> None:
        # Spawned, since a fork copies locks that other threads hold, which are then never released in the child.
        context: SpawnContext = multiprocessing.get_context("spawn")
        self._connection, other_end = context.Pipe()
        self._process: SpawnProcess = context.Process(target=target, args=(other_end, *args), name=name, daemon=True)
        self._started = time.monotonic()
        self._process.start()
        # The parent's copy of the child's end is closed, since otherwise the pipe does not report the child's death.
        other_end.close()
        # Registered once, since Connection.poll creates a selector on each call.
        self._answered = select.poll()
        self._answered.register(self._connection, select.POLLIN)
        self.is_killed = False
        try:
            self.receive(start_seconds)
        except (TimeoutError, ProcessGone):
            raise ProcessGone from None

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid or 0

    def send(self, message: bytes) -> None:
        """Send a message.

        Raises:
            ProcessGone: the process is dead.
        """
        try:
            self._connection.send_bytes(message)
        except OSError:
            self.kill()
            raise ProcessGone from None

    def has_answered(self, timeout: float) -> bool:
        """Whether there is a message, or the process has died, within ``timeout`` seconds."""
        return bool(self._answered.poll(timeout * 1000))

    def receive(self, timeout: float) -> bytes:
        """Wait for the next message.

        Raises:
            TimeoutError: after ``timeout`` seconds; the process was killed.
            ProcessGone: the process died.
        """
        if not self.has_answered(timeout):
            self.kill()
            raise TimeoutError
        try:
            return self._connection.recv_bytes()
        except (EOFError, OSError):
            self.kill()
            raise ProcessGone from None

    def send_file(self, descriptor: int) -> None:
        """Send an open file, which the process receives with :func:`multiprocessing.reduction.recv_handle`.

        Raises:
            ProcessGone: the process is dead.
        """
        try:
            reduction.send_handle(self._connection, descriptor, self.pid)
        except OSError:
            self.kill()
            raise ProcessGone from None

    def cpu_seconds(self) -> float:
        """The processor time of the process; the time since its start on systems that do not report it."""
        try:
            # The program's name, in parentheses, can contain spaces, so the fields are split after it.
            fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        except OSError:
            return time.monotonic() - self._started
        user, system = fields[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def starved_seconds(self) -> float:
        """How long the main thread of the process has waited for a processor; 0 on systems that do not report it."""
        try:
            # Nanoseconds on a processor, nanoseconds of waiting for one, and number of time slices.
            waited = Path(f"/proc/{self.pid}/schedstat").read_text(encoding="ascii").split()[1]
        except (OSError, IndexError):
            return 0.0
        return int(waited) / 1e9

    def kill(self) -> None:
        """Kill the process. Thread-safe."""
        # SIGKILL, since SIGTERM is only handled when C code returns, which can take seconds.
        self.is_killed = True
        with contextlib.suppress(ValueError, AttributeError):
            self._process.kill()
            # The kernel takes a while to release gigabytes.
            self._process.join(5)
