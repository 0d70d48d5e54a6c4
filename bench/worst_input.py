"""Measure the server's peak memory with default limits while sixteen annotators send the largest accepted input.

``python -m bench.worst_input`` prints the peak of all server processes for each step, and fails if it exceeds the bound
in docs/reliability.md.
"""

import argparse
import io
import json
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import requests
from PIL import Image, ImageDraw, ImageFont

from bench.latency import CONFIG
from bench.processes import tree, watched
from tests.backend import Backend, running
from tests.servers.web import Reply, Request, web_server

ANNOTATORS = 16

# The run is aborted if the machine has less free memory than this, in MB.
LEAST_FREE = 3000

WHOLE_PAGES = CONFIG.replace("<View>", '<View><Label value="x"/>').replace(
    'perRegion="true"', 'perRegion="true" model_preannotate="lines"'
)

BOX = {"x": 5, "y": 5, "width": 30, "height": 1, "rotation": 0}
PAGE = {"x": 0, "y": 0, "width": 100, "height": 100, "rotation": 0}
SLANTED = {"x": 50, "y": 0, "width": 70, "height": 70, "rotation": 45}


def picture(side: int) -> Image.Image:
    """Return a page in colour, covered with text."""
    page = Image.linear_gradient("L").resize((side, side))
    page = Image.merge("RGB", (page.point(lambda value: 200 + value // 5), page.rotate(90), page.rotate(180)))
    drawing = ImageDraw.Draw(page)
    font = ImageFont.load_default(side // 120)
    for row in range(0, side, side // 80):
        drawing.text((side // 50, row), "Total amount due 1,284.50 EUR " * 4, fill=(20, 20, 60), font=font)
    return page


def files(side: int) -> dict[str, bytes]:
    """Return the files that need the most memory to decode, by name."""
    page = picture(side)
    with_alpha = page.copy()
    with_alpha.putalpha(200)
    noise = np.random.default_rng(1).integers(0, 256, (side * 46 // 100, side * 46 // 100, 3), np.uint8)
    kinds: dict[str, tuple[Image.Image, dict[str, Any]]] = {
        "jpeg": (page, {"format": "JPEG", "quality": 60}),
        # The decoder keeps the coefficients of the whole page, 16 bits each.
        "progressive": (page, {"format": "JPEG", "quality": 60, "progressive": True, "subsampling": 0}),
        "png": (page, {"format": "PNG", "compress_level": 1}),
        "alpha": (with_alpha, {"format": "PNG", "compress_level": 1}),
        # The maximum number of bytes of a page.
        "noise": (Image.fromarray(noise), {"format": "PNG", "compress_level": 0}),
    }
    found = {}
    for name, (image, options) in kinds.items():
        file = io.BytesIO()
        image.save(file, **options)
        found[name] = file.getvalue()
    return found


def request(url: str, values: list[dict[str, Any]] | None, config: str = CONFIG) -> dict[str, Any]:
    """Return a /predict request for boxes on a page, or for the whole page (None)."""
    results = None if values is None else [
        {"id": f"r{number}", "type": "rectangle", "from_name": "box", "to_name": "image", "value": value,
         "original_width": 100, "original_height": 100, "image_rotation": 0}
        for number, value in enumerate(values)
    ]  # fmt: skip
    context = None if results is None else {"result": results}
    return {"tasks": [{"id": 1, "data": {"ocr": url}}], "label_config": config, "params": {"context": context}}


def padded(megabytes: int, piece: str) -> bytes:
    """Return a request of this many megabytes, most of it in a field that is not used."""
    pieces = ",".join([piece] * (megabytes * 1_000_000 // (len(piece) + 1)))
    body = request("data:,", [BOX])
    return json.dumps(body)[:-1].encode() + b', "more": [' + pieces.encode() + b"]}"


def steps(url: str, megabytes: int) -> dict[str, list[Callable[[int], bytes]]]:
    """Return the concurrent requests by the name of the step."""

    def on(kind: str, values: list[dict[str, Any]] | None, config: str = CONFIG) -> Callable[[int], bytes]:
        return lambda number: json.dumps(request(f"{url}/{kind}/{number}", values, config)).encode()

    many = [BOX | {"y": number % 990 / 10, "height": 1 + number / 10_000} for number in range(1000)]
    return {
        "pages in JPEG": [on("jpeg", [PAGE]), on("jpeg", [BOX]), on("jpeg", [SLANTED])],
        "pages in progressive JPEG": [on("progressive", [PAGE]), on("progressive", [BOX])],
        "pages in PNG": [on("png", [PAGE]), on("png", [BOX]), on("alpha", [PAGE]), on("alpha", [BOX])],
        "files of 64 MB": [on("noise", [PAGE]), on("noise", [BOX])],
        "whole pages": [on("jpeg", None, WHOLE_PAGES), on("png", None, WHOLE_PAGES)],
        "1000 boxes in a request": [on("jpeg", many), *[on("jpeg", [BOX])] * 7],
        "large texts": [lambda _: padded(megabytes, '"' + "x" * 1000 + '"')],
        "many small values": [lambda _: padded(megabytes, '{"":0}')],
        "all of it": [
            *(
                on("progressive", [PAGE]),
                on("progressive", [BOX]),
                on("alpha", [PAGE]),
                on("alpha", [BOX]),
                on("noise", [PAGE]),
                on("noise", [BOX]),
                on("jpeg", many),
            ),
            *(on("png", None, WHOLE_PAGES), lambda _: padded(megabytes, '{"":0}')),
        ],
    }


def free_megabytes() -> float:
    """Return the available memory of the machine."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable")) / 1024


def measure(server: Backend, senders: list[Callable[[int], bytes]], first: int) -> tuple[float, dict[str, int]]:
    """Return the peak in MB while all annotators send at once, and the number of answers by status."""
    statuses: dict[str, int] = {}

    def send(number: int) -> None:
        body = senders[number % len(senders)](first + number)
        headers = {"Content-Type": "application/json"}
        try:
            answer = requests.post(f"{server.url}/predict", data=body, headers=headers, timeout=600)
            status = str(answer.status_code)
        except requests.RequestException as error:
            status = type(error).__name__
        statuses[status] = statuses.get(status, 0) + 1

    with watched(server.pid, every=0.2) as seen, ThreadPoolExecutor(ANNOTATORS) as annotators:
        list(annotators.map(send, range(ANNOTATORS)))
    return seen.peak, statuses


def main() -> None:
    """Measure each step, and print the peaks."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--side", type=int, default=10_000, help="side length of the pages in pixels")
    parser.add_argument("--megabytes", type=int, default=60, help="size of the largest requests")
    parser.add_argument("--workers", default="2", help="number of readers")
    parser.add_argument("--steps", default="", help="run only the steps whose name contains this")
    parser.add_argument("--most", type=float, default=5.0, help="fail above this peak, in gigabytes")
    arguments = parser.parse_args()
    made = files(arguments.side)
    print("files, MB: ", {name: round(len(file) / 1e6, 1) for name, file in made.items()})

    def page(asked: Request) -> Reply:
        _, kind, number = asked.path.split("/")
        # Different trailing bytes, so that every cache treats it as a different page.
        return Reply(made[kind] + number.encode())

    with web_server() as web, tempfile.TemporaryDirectory() as folder:
        web.routes[""] = page
        environment = {"ALLOWED_IMAGE_HOSTS": web.origin, "OCR_ENGINE": "tesseract", "OCR_WORKERS": arguments.workers}
        # Whole pages take long, but the duration of a reading does not affect its memory.
        environment |= {"OCR_TIMEOUT": "3", "BATCH_SECONDS": "10"}
        with running(Path(folder), environment) as server:
            over = threading.Event()

            def watchdog() -> None:
                while not over.wait(0.2):
                    if free_megabytes() < LEAST_FREE:
                        print("The machine is running out of memory; aborted.")
                        for pid in tree(server.pid):
                            os.kill(pid, signal.SIGKILL)
                        return

            threading.Thread(target=watchdog, daemon=True).start()
            worst = 0.0
            for at, (name, senders) in enumerate(steps(web.url, arguments.megabytes).items()):
                if arguments.steps in name:
                    peak, statuses = measure(server, senders, at * ANNOTATORS)
                    worst = max(worst, peak)
                    print(f"{name:30} {peak:6.0f} MB   {statuses}", flush=True)
            over.set()
    print(f"peak {worst / 1000:.1f} GB")
    if worst / 1000 > arguments.most:
        sys.exit(f"Not kept: it stays under {arguments.most:g} GB")


if __name__ == "__main__":
    main()
