"""Measure annotators' waits over HTTP against the running server, the reference recipe and the bare engine.

All contenders of a scenario alternate within one run, so that other load on the machine affects them equally; the
ratios matter. ``python -m bench.latency`` prints a table and writes ``bench/results/latency.json``.
"""

import argparse
import contextlib
import json
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from bench.contenders import REFERENCE_LANGUAGES, BareEngine, missing_for_reference, prepared, reference
from bench.pages import MadePage, make_page
from bench.processes import watched
from boxocr.geometry import Area
from boxocr.pages.crop import cut
from boxocr.pages.decode import Decoder
from boxocr.pages.page import Page
from boxocr.settings.environment import available_cores
from tests.backend import Backend, running
from tests.servers.s3 import ACCESS_KEY, SECRET_KEY, S3Server, s3_server
from tests.servers.web import Reply, Request, web_server

RESULTS = Path(__file__).parent / "results" / "latency.json"

# Periods of three seconds in which annotators draw; periods of bare engines alternate with them.
_STRETCHES = 8

CONFIG = (
    '<View><Image name="image" value="$ocr"/><Rectangle name="box" toName="image" smart="true"/>'
    '<TextArea name="text" toName="image" perRegion="true"/></View>'
)


@dataclass
class Times:
    """Times of one contender in one scenario, in milliseconds."""

    name: str
    milliseconds: list[float] = field(default_factory=list)

    def measure(self, action: Callable[..., object], *arguments: object) -> None:
        """Call ``action`` once and record its duration."""
        began = time.perf_counter()
        action(*arguments)
        self.milliseconds.append((time.perf_counter() - began) * 1000)

    @property
    def median(self) -> float:
        """Return the median."""
        return statistics.median(self.milliseconds)

    @property
    def p95(self) -> float:
        """Return the 95th percentile."""
        return sorted(self.milliseconds)[int(len(self.milliseconds) * 0.95)]


class Annotator:
    """Sends the requests that Label Studio sends, over one persistent connection.

    The benchmark shares the cores with the server, so this does as little as possible: a full HTTP client spends 0.6 ms
    per box on headers, which a real annotator's client spends on another machine.
    """

    def __init__(self, backend: Backend) -> None:
        host, _, port = backend.url.removeprefix("http://").partition(":")
        self._socket = socket.create_connection((host, int(port)), timeout=100)
        self._received = self._socket.makefile("rb")

    def ask(self, url: str, values: list[dict[str, float]] | None, config: str = CONFIG) -> list[str]:
        """Send boxes on a page, or open the task (None); return the texts of the boxes.

        Raises:
            RuntimeError: a box came back without text.
        """
        results = None if values is None else [
            {"id": f"r{number}", "type": "rectangle", "from_name": "box", "to_name": "image", "value": value,
             "original_width": 100, "original_height": 100, "image_rotation": 0}
            for number, value in enumerate(values)
        ]  # fmt: skip
        body = {
            "tasks": [{"id": 1, "data": {"ocr": url}}],
            "label_config": config,
            "params": {"context": None if results is None else {"result": results}},
        }
        answer = json.loads(self._post(json.dumps(body).encode()))["results"][0]
        if values is None:
            return []
        texts = [part["value"]["text"][0] for part in answer["result"] if part["type"] == "textarea"]
        if len(texts) != len(values):
            message = f"a box came back without text: {answer}"
            raise RuntimeError(message)
        return texts

    def _post(self, body: bytes) -> bytes:
        head = (
            f"POST /predict HTTP/1.1\r\nHost: boxocr\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        )
        self._socket.sendall(f"{head}\r\n\r\n".encode() + body)
        length = 0
        while (line := self._received.readline().strip()) != b"":
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return self._received.read(length)


@dataclass(frozen=True)
class Setup:
    """The measured server and its page sources."""

    backend: Backend
    folder: Path
    web: str
    s3: S3Server

    def address(self, kind: str, page: MadePage, number: int) -> str:
        """Return an address at which the server has not fetched this page before."""
        name = f"{page.size[0]}-{number}.jpg"
        if kind == "file":
            (self.folder / name).write_bytes(page.copy(number))
            return f"/data/local-files/?d={name}"
        if kind == "s3":
            return self.s3.put(name, page.copy(number))
        return f"{self.web}/{page.size[0]}/{number}"


@contextlib.contextmanager
def setup(pages: dict[int, MadePage], **settings: str) -> Iterator[Setup]:
    """Start all servers; on exit they are stopped and their files removed."""

    def page(request: Request) -> Reply:
        _, width, number = request.path.split("/")
        found = next(made for made in pages.values() if made.size[0] == int(width))
        return Reply(found.copy(int(number)), headers={"Content-Type": "image/jpeg"})

    with (
        tempfile.TemporaryDirectory() as folder,
        tempfile.TemporaryDirectory() as store,
        tempfile.TemporaryDirectory() as log,
        s3_server(Path(store)) as s3,
        web_server() as web,
    ):
        web.routes[""] = page
        environment = {
            "OCR_ENGINE": "tesseract",
            "ALLOWED_IMAGE_HOSTS": web.origin,
            "REQUESTS_PER_SECOND": "0",
            "AWS_ENDPOINT": s3.url,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "LOCAL_FILES_DOCUMENT_ROOT": folder,
            "LOCAL_FILES_FOLDERS": ".",
            **settings,
        }
        with running(Path(log), environment) as backend:
            yield Setup(backend, Path(folder), web.url, s3)


class Bench:
    """The scenarios, in the order of the table."""

    def __init__(
        self, setup: Setup, pages: dict[int, MadePage], rounds: int, *, readers: int, with_reference: bool
    ) -> None:
        self.setup = setup
        self.pages = pages
        self.readers = readers
        self.rounds = rounds
        self.with_reference = with_reference
        self.annotator = Annotator(setup.backend)
        self.bare_engine = BareEngine()
        self.fresh = iter(range(1, 10**9))
        self.rows: list[dict[str, Any]] = []

    def report(self, scenario: str, times: list[Times], against: str) -> None:
        """Print and record a scenario: medians, 95th percentiles, and ratios to one of the contenders."""
        base = next(each.median for each in times if each.name == against)
        print(f"\n{scenario}")
        for each in times:
            ratio = each.median / base
            print(f"  {each.name:34} p50 {each.median:8.1f} ms   p95 {each.p95:8.1f} ms   {ratio:6.2f} x {against}")
            self.rows.append(
                {"scenario": scenario, "contender": each.name, "p50": each.median, "p95": each.p95,
                 "ratio": ratio, "against": against, "runs": len(each.milliseconds)}
            )  # fmt: skip

    def second_box(self) -> None:
        """Measure a box on a cached page, the bare engine and the reference recipe."""
        page = self.pages[9]
        address = self.setup.address("http", page, next(self.fresh))
        decoded = Page(Decoder(100, at_once=1).decode(page.jpeg), "bench")
        self.annotator.ask(address, [page.value(0)])
        ours, bare = Times("BoxOCR"), Times("bare engine, prepared crop")
        single, triple = Times("reference, eng"), Times(f"reference, {REFERENCE_LANGUAGES}")
        for turn in range(self.rounds):
            left, top, width, height = page.lines[turn % len(page.lines)].box
            crop = prepared(cut(decoded, Area(left, top, width + turn * 0.37, height)))
            ours.measure(self.annotator.ask, address, [page.value(turn, turn * 0.37)])
            bare.measure(self.bare_engine.read, crop)
            if self.with_reference and turn % 4 == 0:
                single.measure(reference, page, turn, "eng")
                triple.measure(reference, page, turn, REFERENCE_LANGUAGES)
        times = [ours, bare, *([single, triple] if self.with_reference else [])]
        self.report("second box on a page of 9 megapixels, one line of English", times, bare.name)

    def first_box(self, megapixels: int) -> None:
        """Measure a box on an uncached page from each kind of source."""
        page = self.pages[megapixels]
        kinds = {kind: Times(f"BoxOCR, page from {kind}") for kind in ("file", "http", "s3")}
        single, triple = Times("reference, eng"), Times(f"reference, {REFERENCE_LANGUAGES}")
        for turn in range(max(self.rounds // 8, 5)):
            for kind, times in kinds.items():
                address = self.setup.address(kind, page, next(self.fresh))
                times.measure(self.annotator.ask, address, [page.value(turn)])
            if self.with_reference:
                single.measure(reference, page, turn, "eng")
                triple.measure(reference, page, turn, REFERENCE_LANGUAGES)
        contenders = [*kinds.values(), *([single, triple] if self.with_reference else [])]
        scenario = f"first box on a page of {megapixels} megapixels (reference: page at hand)"
        self.report(scenario, contenders, contenders[0].name)

    def after_opening(self) -> None:
        """Measure a box drawn one second after the task was opened, and a second box."""
        page = self.pages[24]
        first, second = Times("first box, task opened 1 s before"), Times("second box")
        for turn in range(max(self.rounds // 8, 5)):
            address = self.setup.address("http", page, next(self.fresh))
            self.annotator.ask(address, None)
            time.sleep(1)
            first.measure(self.annotator.ask, address, [page.value(turn)])
            second.measure(self.annotator.ask, address, [page.value(turn, 3)])
        self.report("first box after the task was opened, 24 megapixels", [first, second], second.name)

    def ten_boxes(self) -> None:
        """Measure ten boxes in one request, and a single box."""
        page = self.pages[9]
        address = self.setup.address("http", page, next(self.fresh))
        self.annotator.ask(address, [page.value(0)])
        ten, one = Times("ten boxes in one request"), Times("one box")
        for turn in range(max(self.rounds // 4, 5)):
            boxes = [page.value(turn * 10 + part, turn * 0.41) for part in range(10)]
            ten.measure(self.annotator.ask, address, boxes)
            one.measure(self.annotator.ask, address, [page.value(turn, 7 + turn * 0.43)])
        self.report("ten boxes in one request", [ten, one], one.name)

    def annotators(self, count: int) -> None:
        """Measure concurrent annotators who draw without a pause, and bare engines on all cores."""
        page = self.pages[9]
        address = self.setup.address("http", page, next(self.fresh))
        Annotator(self.setup.backend).ask(address, [page.value(0)])
        # Alternating in short periods, so that other load on the machine slows both.
        ours, bare, own, waits = [], [], [], Times(f"{count} annotators: one box")
        for stretch in range(_STRETCHES):
            began, spent = time.perf_counter(), time.process_time()
            ours.append(self._drawn_per_second(page, address, count, waits, stretch))
            own.append((time.process_time() - spent) / (time.perf_counter() - began) / available_cores())
            bare.append(bare_boxes_per_second(page, self.readers, seconds=3))
        rate, engine = statistics.median(ours), statistics.median(bare)
        share = statistics.median(our / its for our, its in zip(ours, bare, strict=True))
        # The annotators of this benchmark run on the same cores; real ones do not.
        client = statistics.median(own)
        scenario = f"{count} annotators at once, {self.readers} readers"
        print(f"\n{scenario}")
        print(f"  p50 {waits.median:.1f} ms   p95 {waits.p95:.1f} ms   {rate:.1f} boxes/s")
        print(
            f"  {self.readers} bare engines: {engine:.1f} boxes/s   share {share:.2f}"
            f"   of the cores without the client's {client:.1%}: {share / (1 - client):.2f}"
        )
        self.rows.append(
            {"scenario": scenario, "contender": "BoxOCR", "p50": waits.median, "p95": waits.p95,
             "boxes_per_second": rate, "bare_engines": engine, "share": share, "client": client}
        )  # fmt: skip

    def _drawn_per_second(self, page: MadePage, address: str, count: int, waits: Times, stretch: int) -> float:
        until = time.perf_counter() + 3
        lock = threading.Lock()
        done = 0

        def draw(number: int) -> None:
            nonlocal done
            annotator = Annotator(self.setup.backend)
            turn = 0
            while time.perf_counter() < until:
                own = Times("")
                value = page.value(turn * 7 + number, 0.001 * (turn + 1) + number * 0.5 + stretch * 0.013)
                own.measure(annotator.ask, address, [value])
                turn += 1
                with lock:
                    waits.milliseconds += own.milliseconds
                    done += 1

        began = time.perf_counter()
        threads = [threading.Thread(target=draw, args=(number,)) for number in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return done / (time.perf_counter() - began)


def bare_boxes_per_second(page: MadePage, engines: int, seconds: float) -> float:
    """Return the throughput of bare engines on prepared crops, each engine in its own process."""
    with ProcessPoolExecutor(engines, mp_context=get_context("spawn")) as pool:
        return sum(pool.map(_bare_rate, [page] * engines, [seconds] * engines))


def _bare_rate(page: MadePage, seconds: float) -> float:
    decoded = Page(Decoder(100, at_once=1).decode(page.jpeg), "bench")
    crops = [prepared(cut(decoded, Area(*line.box))) for line in page.lines]
    engine = BareEngine()
    engine.read(crops[0])
    began, done = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        engine.read(crops[done % len(crops)])
        done += 1
    return done / (time.perf_counter() - began)


def main() -> None:
    """Run the selected scenarios, print and save the results."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=80, help="how often the quick scenarios are repeated")
    parser.add_argument("--output", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    absent = missing_for_reference()
    if absent:
        print(f"Without the reference recipe: it needs {absent}.")
    pages = {megapixels: make_page(megapixels) for megapixels in (9, 24)}
    cores = available_cores()
    with setup(pages) as running_setup, watched(running_setup.backend.pid) as memory:
        bench = Bench(running_setup, pages, arguments.rounds, readers=cores, with_reference=not absent)
        bench.second_box()
        bench.first_box(9)
        bench.first_box(24)
        bench.after_opening()
        bench.ten_boxes()
        for count in (1, 4, 16):
            bench.annotators(count)
    print(f"\npeak memory of all processes: {memory.peak:.0f} MB")
    rows = [*bench.rows, {"scenario": "peak memory", "contender": "BoxOCR", "megabytes": memory.peak}]
    for readers in range(1, cores):
        with setup(pages, OCR_WORKERS=str(readers)) as running_setup:
            bench = Bench(running_setup, pages, arguments.rounds, readers=readers, with_reference=False)
            bench.annotators(16)
            rows += bench.rows
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
