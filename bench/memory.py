"""Whether memory grows: thousands of boxes against the running server.

``python -m bench.memory`` prints the memory of all its processes as it goes.
"""

import argparse
import contextlib
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


def tree_megabytes(pid: int) -> float:
    """Memory of a process and all its descendants: proportional set sizes, shared pages counted once."""
    return sum(_proportional(each) for each in _tree(pid)) / 1024


@dataclass
class Peak:
    """The most memory that was seen, MB."""

    peak: float = 0.0


@contextlib.contextmanager
def watched(pid: int) -> Iterator[Peak]:
    """Look at the memory of a process and its descendants every second, until the end."""
    seen, over = Peak(), threading.Event()

    def look() -> None:
        while not over.wait(1):
            seen.peak = max(seen.peak, tree_megabytes(pid))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def _tree(pid: int) -> list[int]:
    found = [pid]
    with contextlib.suppress(OSError):  # it can end while it is looked at
        for thread in Path(f"/proc/{pid}/task").glob("*/children"):
            for child in thread.read_text().split():
                found += _tree(int(child))
    return found


def _proportional(pid: int) -> int:
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    found = re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)
    return int(found.group(1)) if found else 0


def main() -> None:
    """Draw thousands of boxes, and print the memory every few hundred."""
    from bench.latency import Annotator, desk  # noqa: PLC0415 - which needs tree_megabytes
    from bench.pages import make_page  # noqa: PLC0415

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--boxes", type=int, default=5000)
    arguments = parser.parse_args()
    pages = {9: make_page(9)}
    # A small cache, so that pages come and go.
    with desk(pages, PAGE_CACHE_MB="60") as the_desk:
        annotator = Annotator(the_desk.backend)
        first = 0.0
        for box in range(1, arguments.boxes + 1):
            address = the_desk.address("http", pages[9], box // 50)
            annotator.ask(address, [pages[9].value(box, box * 0.011)])
            if box % 500 == 0:
                megabytes = tree_megabytes(the_desk.backend.pid)
                first = first or megabytes
                print(f"{box:6} boxes: {megabytes:7.1f} MB   {megabytes / first:5.2f} x after the first 500")


if __name__ == "__main__":
    main()
