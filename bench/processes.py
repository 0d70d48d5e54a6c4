"""Memory use of a process and its descendants."""

import contextlib
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


def tree_megabytes(pid: int) -> float:
    """Return the memory of a process and its descendants in MB: proportional set sizes, shared pages counted once."""
    return sum(_proportional(each) for each in tree(pid)) / 1024


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
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    found = re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)
    return int(found.group(1)) if found else 0
