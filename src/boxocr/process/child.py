"""Set-up of a child process that its parent may kill."""

import multiprocessing
import os
import resource
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import wait
from pathlib import Path

from boxocr.process import logs, scheduling


def prepare(log: logs.Settings) -> None:
    """Prepare this process for its work. Call it before threads are started.

    Args:
        log: how the process logs.
    """
    # Ctrl-C reaches all processes of a terminal, but the parent decides when its children end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    scheduling.limit_malloc_arenas()
    end_with_parent()
    logs.configure(*log)


def silence_libraries() -> None:
    """Drop what C libraries print on standard error. Python's own output still goes there. Call it before logging.

    libtiff prints a line for each damaged row, so that one file could write gigabytes to the log.
    """
    descriptor = sys.__stderr__.fileno() if sys.__stderr__ is not None else -1
    if descriptor < 0:
        return
    sys.stderr = os.fdopen(os.dup(descriptor), "w", buffering=1, errors="backslashreplace")
    with open(os.devnull, "wb") as nothing:  # noqa: PTH123 - os.devnull is a device
        os.dup2(nothing.fileno(), descriptor)


@contextmanager
def limited_memory(more_bytes: int) -> Iterator[None]:
    """Limit the memory that this process can get from the operating system, in addition to what it has, to these bytes.

    Without /proc, as on macOS, there is no limit.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    try:
        used = int(Path("/proc/self/statm").read_bytes().split()[0]) * resource.getpagesize()
    except OSError:
        yield
        return
    limit = used + more_bytes
    resource.setrlimit(resource.RLIMIT_AS, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def end_with_parent() -> None:
    """End this process as soon as its parent has ended, whatever it is doing."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch(sentinel: int) -> None:
        wait([sentinel])
        os._exit(0)

    # In a thread, since a main thread that is busy or hangs would not notice that its parent is gone.
    threading.Thread(target=watch, args=(parent.sentinel,), name="parent-watch", daemon=True).start()
