"""The processes of a server, and their memory use."""

import contextlib
import enum
import itertools
import os
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


class ProcessKind(enum.Enum):
    """Kinds of child processes. The value is part of the name of something that only such a process has mapped."""

    READER = "tesserocr"
    DECODER = "boxocr-pages"


def processes_of(kind: ProcessKind, pid: int) -> list[int]:
    """Return the ids of the descendants of a server that are of this kind and have started."""
    return [each for each in tree(pid) if b"spawn_main" in _read(each, "cmdline") and _maps(each, kind)]


def tree_megabytes(pid: int) -> float:
    """Return the memory of a process and its descendants in MB: proportional set sizes, shared pages counted once."""
    return sum(_proportional(each) for each in tree(pid)) / 1024


def cpu_seconds_of_tree(pid: int) -> float:
    """Return the processor time of a process and its descendants, including descendants that have ended."""
    # The name of the program, in parentheses, can contain spaces. The numbers are utime, stime, cutime and cstime.
    fields = (_read(each, "stat").rpartition(b")")[2].split()[11:15] for each in tree(pid))
    return sum(map(int, itertools.chain.from_iterable(fields))) / os.sysconf("SC_CLK_TCK")


@dataclass
class Peak:
    """The highest memory use observed, in MB."""

    peak: float = 0.0


@contextlib.contextmanager
def watched(pid: int, every: float = 1.0) -> Iterator[Peak]:
    """Sample the memory of a process and its descendants periodically until the context exits."""
    seen, over = Peak(), threading.Event()

    def look() -> None:
        while not over.wait(every):
            seen.peak = max(seen.peak, tree_megabytes(pid))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def tree(pid: int) -> list[int]:
    """Return the ids of a process and all its descendants."""
    found = [pid]
    with contextlib.suppress(OSError):  # the process can exit meanwhile
        for thread in Path(f"/proc/{pid}/task").glob("*/children"):
            for child in thread.read_text().split():
                found += tree(int(child))
    return found


def _proportional(pid: int) -> int:
    found = re.search(rb"^Pss:\s+(\d+) kB", _read(pid, "smaps_rollup"), re.MULTILINE)
    return int(found.group(1)) if found else 0


def _maps(pid: int, kind: ProcessKind) -> bool:
    return kind.value.encode() in _read(pid, "maps")


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:  # the process can exit meanwhile
        return b""
