"""Draw ten thousand boxes with different texts while readers are killed and pages fail.

``make soak`` writes ``bench/results/soak.json``; ``--boxes`` sets the number of boxes for a shorter run.
"""

import argparse
import contextlib
import io
import json
import os
import platform
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from PIL import Image, ImageDraw, ImageFont

from bench.processes import tree, tree_megabytes
from tests.backend import Backend, running
from tests.payloads import notes, payload, texts
from tests.servers.web import Reply, Request, web_server

RESULTS = Path(__file__).parent / "results" / "soak.json"

BOXES_ON_A_PAGE = 20
ANNOTATORS = 12
WIDTH, HEIGHT = 1200, 1600
ROW = HEIGHT // BOXES_ON_A_PAGE

# The page server's faults, for one page in FAULTY_EVERY; a box on such a page must be answered with a message.
FAULTY_PAGES = {
    "missing": Reply(status=404),
    "busy": Reply(status=429),
    "broken": Reply(status=500),
    "cut off": Reply(raw=[b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n\x89PNG\r\n\x1a\n"]),
    "no image": Reply(b"<!doctype html><p>Log in"),
}
FAULTY_EVERY = 25
KILL_EVERY_SECONDS = 3.0

# The message for the box of a killed reader.
READER_KILLED = "The OCR engine crashed on this box."


def word(number: int) -> str:
    """Return a unique text of letters that are not confused with each other, without two equal letters in a row."""
    letters = "ACEHKMNPRTWXY"
    chosen = random.Random(number * 7919 + 13)  # noqa: S311 - texts, not secrets
    start = "".join(chosen.choice(letters) for _ in range(3))
    digits = "".join("234679"[int(digit, 6)] for digit in _in_base_6(number))
    return f"{start} {digits}"


def _in_base_6(number: int) -> str:
    digits = ""
    for _ in range(6):
        number, digit = divmod(number, 6)
        digits = str(digit) + digits
    return digits


def page(number: int) -> bytes:
    """Return the page whose first box is ``number * BOXES_ON_A_PAGE``, as PNG."""
    font = ImageFont.load_default(40)
    image = Image.new("L", (WIDTH, HEIGHT), 255)
    drawing = ImageDraw.Draw(image)
    for row in range(BOXES_ON_A_PAGE):
        drawing.text((100, row * ROW + 16), word(number * BOXES_ON_A_PAGE + row), fill=0, font=font)
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=1)
    return file.getvalue()


@dataclass
class Tally:
    """Counts of the outcomes, and the response times of /health."""

    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    box_seconds: list[float] = field(default_factory=list)
    health_seconds: list[float] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)
    killed: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


def draw(server: Backend, pages: str, number: int, tally: Tally) -> None:
    """Draw one box and check its answer."""
    row = number % BOXES_ON_A_PAGE
    faulty = number % FAULTY_EVERY == 0
    name = list(FAULTY_PAGES)[number // FAULTY_EVERY % len(FAULTY_PAGES)]
    address = f"{pages}/{name}/{number}" if faulty else f"{pages}/pages/{number // BOXES_ON_A_PAGE}"
    body = payload("one-box", "")
    body["tasks"][0]["data"]["ocr"] = address
    value = {"x": 100 * 70 / WIDTH, "y": 100 * row / BOXES_ON_A_PAGE, "width": 40.0, "height": 100 / BOXES_ON_A_PAGE}
    body["params"]["context"]["result"][0]["value"] |= value
    body["params"]["context"]["result"][0]["id"] = f"box-{number}"
    began = time.monotonic()
    outcome, wrong = outcome_of(server, body, number, faulty=faulty)
    with tally.lock:
        tally.box_seconds.append(time.monotonic() - began)
        tally.outcomes[outcome] += 1
        if wrong:
            tally.wrong.append(wrong)


def outcome_of(server: Backend, body: dict[str, Any], number: int, *, faulty: bool) -> tuple[str, str]:
    """Return the outcome of a box, and the error in it, if any."""
    while True:
        try:
            answer = server.post("/predict", body)
        except requests.RequestException as error:
            return "no answer", f"box {number}: {type(error).__name__}"
        if answer.status_code != requests.codes.service_unavailable:
            break
        time.sleep(float(answer.headers["Retry-After"]))
    if answer.status_code != requests.codes.ok:
        return f"status {answer.status_code}", f"box {number}: {answer.reason}"
    return outcome_of_results(answer.json()["results"][0]["result"], number, faulty=faulty)


def outcome_of_results(results: list[dict[str, Any]], number: int, *, faulty: bool) -> tuple[str, str]:
    """Return the same for an answer with status 200."""
    if {result["id"] for result in results} != {f"box-{number}"}:
        return "another's box", f"box {number}: {results}"
    read, said = texts(results).get(f"box-{number}"), notes(results)
    if faulty:
        return ("fault told", "") if said and read is None else ("fault not told", f"box {number}: {read}")
    if read is None:
        told = bool(said) and READER_KILLED in said[0]
        return ("reader killed, told", "") if told else ("no text", f"box {number}: {said}")
    read = read.replace(" ", "")
    if read == word(number).replace(" ", ""):
        return "text", ""
    # A reading may have a wrong letter; the text of another box differs in its digits, which encode its number.
    others = {word(other).replace(" ", "") for other in range(max(0, number - 2000), number + 2000) if other != number}
    return ("another's text", f"box {number}: {read}, not {word(number)}") if read in others else ("misread", "")


@contextlib.contextmanager
def monitor(server: Backend, tally: Tally) -> Iterator[None]:
    """Request /health, sample the memory, and kill readers with both signals alternately, until the end."""
    over = threading.Event()

    def ask_health() -> None:
        with requests.Session() as session:
            while not over.wait(0.05):
                began = time.monotonic()
                session.get(f"{server.url}/health", timeout=60).raise_for_status()
                tally.health_seconds.append(time.monotonic() - began)

    def sample_memory() -> None:
        # Often enough for a short run to have samples in each quarter.
        while not over.wait(0.5):
            tally.megabytes.append(tree_megabytes(server.pid))

    def kill() -> None:
        chosen = random.Random(1)  # noqa: S311 - which reader dies is no secret
        while not over.wait(KILL_EVERY_SECONDS):
            readers = [pid for pid in tree(server.pid) if b"spawn_main" in _command(pid)]
            if readers:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(chosen.choice(readers), (signal.SIGKILL, signal.SIGSEGV)[tally.killed % 2])
                    tally.killed += 1

    threads = [threading.Thread(target=task) for task in (ask_health, sample_memory, kill)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def quantile(seconds: list[float], share: float) -> float:
    """Return the quantile for this share, in milliseconds."""
    return round(sorted(seconds)[min(int(len(seconds) * share), len(seconds) - 1)] * 1000, 1)


def soak(boxes: int) -> dict[str, Any]:
    """Draw ``boxes`` boxes and return the outcomes."""
    tally = Tally()

    def answer(request: Request) -> Reply:
        _, kind, number = request.path.split("/")
        return FAULTY_PAGES.get(kind) or Reply(page(int(number)), headers={"Content-Type": "image/png"})

    with web_server() as web, tempfile.TemporaryDirectory() as folder:
        web.routes[""] = answer
        # A small cache, so that pages are evicted.
        environment = {"ALLOWED_IMAGE_HOSTS": web.origin, "OCR_ENGINE": "tesseract", "PAGE_CACHE_MB": "40"}
        # The annotators draw as fast as they get answers, and all from one address.
        environment |= {"REQUESTS_PER_SECOND": "0"}
        with running(Path(folder), environment) as server:
            began = time.monotonic()
            with monitor(server, tally), ThreadPoolExecutor(ANNOTATORS) as annotators:
                list(annotators.map(lambda number: draw(server, web.url, number, tally), range(boxes)))
            seconds = time.monotonic() - began
        log = server.log.read_text()
    quarter = max(len(tally.megabytes) // 4, 1)
    return {
        "boxes": boxes,
        "seconds": round(seconds, 1),
        "outcomes": dict(tally.outcomes.most_common()),
        "wrong": tally.wrong[:20],
        "readers_killed": tally.killed,
        "tracebacks_in_the_log": log.count("Traceback"),
        "box_ms": {"p50": quantile(tally.box_seconds, 0.5), "p99": quantile(tally.box_seconds, 0.99)},
        "health_ms": {
            "asked": len(tally.health_seconds),
            "p50": quantile(tally.health_seconds, 0.5),
            "p99.9": quantile(tally.health_seconds, 0.999),
            "max": quantile(tally.health_seconds, 1),
        },
        "memory_mb": {
            "second_quarter_mean": round(sum(tally.megabytes[quarter : 2 * quarter]) / quarter),
            "last_quarter_mean": round(sum(tally.megabytes[-quarter:]) / quarter),
            "peak": round(max(tally.megabytes, default=0)),
        },
        "machine": {"cores": os.cpu_count(), "python": platform.python_version()},
    }


def violations(found: dict[str, Any]) -> list[str]:
    """Return the failed conditions."""
    text, misread = found["outcomes"].get("text", 0), found["outcomes"].get("misread", 0)
    memory = found["memory_mb"]
    promises = {
        "every box is answered, and none with another's text": not found["wrong"],
        "nearly all that is read is read rightly": misread <= 0.02 * (text + misread),
        "/health answers within a second at p99.9": found["health_ms"]["p99.9"] < 1000,
        "memory stays flat": memory["last_quarter_mean"] <= 1.15 * memory["second_quarter_mean"] + 30,
        "nothing is logged as an exception": found["tracebacks_in_the_log"] == 0,
    }
    return [promise for promise, kept in promises.items() if not kept]


def main() -> None:
    """Run the soak test, print and save the figures; fail if a condition is violated."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--boxes", type=int, default=10_000)
    parser.add_argument("--no-file", action="store_true", help="only print the figures")
    arguments = parser.parse_args()
    found = soak(arguments.boxes)
    written = json.dumps(found, indent=2)
    print(written)
    if not arguments.no_file:
        RESULTS.write_text(f"{written}\n")
    broken = violations(found)
    sys.exit(f"Not kept: {'; '.join(broken)}" if broken else 0)


if __name__ == "__main__":
    main()
