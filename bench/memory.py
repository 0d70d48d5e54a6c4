"""Measure memory growth over thousands of boxes against the running server.

``python -m bench.memory`` prints the memory of all server processes during the run.
"""

import argparse

from bench.latency import Annotator, setup
from bench.pages import make_page
from bench.processes import tree_megabytes


def main() -> None:
    """Draw thousands of boxes, and print the memory every few hundred boxes."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--boxes", type=int, default=5000)
    arguments = parser.parse_args()
    pages = {9: make_page(9)}
    # A small cache, so that pages are evicted.
    with setup(pages, PAGE_CACHE_MB="60") as running_setup:
        annotator = Annotator(running_setup.backend)
        first = 0.0
        for box in range(1, arguments.boxes + 1):
            address = running_setup.address("http", pages[9], box // 50)
            annotator.ask(address, [pages[9].value(box, box * 0.011)])
            if box % 500 == 0:
                megabytes = tree_megabytes(running_setup.backend.pid)
                first = first or megabytes
                print(f"{box:6} boxes: {megabytes:7.1f} MB   {megabytes / first:5.2f} x after the first 500")


if __name__ == "__main__":
    main()
