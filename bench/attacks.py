"""Hostile traffic: files that are expensive to decode, a host that never completes a page, and idle connections."""

import contextlib
import itertools
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

import requests

from bench.idle_connections import IdleConnections
from tests.backend import Backend
from tests.hardening import hostile
from tests.payloads import boxes_on_pages, notes, task_opened, texts
from tests.servers.web import Reply, Request, web_server

# Together with 24 annotators, these send as many requests at once as the server answers (OCR_QUEUE).
FILE_SENDERS = 4
DRIP_SENDERS = 4

DRIPPING_PAGES = 8
DRIP_SECONDS = 1.0

DRIPPING = "dripping host"

# The outcome if the sender waited as long as Label Studio does.
GAVE_UP = "gave up"

# Parts of messages, and the outcomes that they mean. The soak test kills readers too.
_MESSAGES = {
    "was stopped": "stopped",
    "waited too long": "waited",
    "did not send the page in time": "not fetched",
    "could not be reached": "not fetched",
    "Decoding the page's image crashed": "decoder killed",
    "file has more than": "too many parts",
    "tags that share their values": "too many parts",
    "takes more memory to decode": "too much memory",
    "The OCR engine crashed on this box": "reader killed",
    "Reading took too long": "reading stopped",
}

# The annotators' payloads have project 1.
FILE_PROJECT, DRIPPING_PROJECT = 2, 3


def files() -> dict[str, bytes]:
    """Return the hostile files by name. The slow ones are within all limits; the others are refused."""
    return {
        "slow JPEG of 98 megapixels": hostile.many_scans(9_900, 100),
        "slow JPEG of 25 megapixels": hostile.many_scans(5_000, 100),
        "slow TIFF of 190,000 strips": hostile.many_strips(190_000),
        "JPEG of 300 scans": hostile.many_scans(8_000, 300),
        "JPEG of a million segments": hostile.many_segments(1_000_000),
        "GIF of a million comments": hostile.many_comments(1_000_000),
        "PNG of 100,000 chunks": hostile.many_chunks(100_000),
        "TIFF of two million strips": hostile.many_strips(2_000_000),
        "TIFF with a tile of 30,000 x 30,000": hostile.large_tile(30_000),
        "TIFF with a tile of 100 MB": hostile.deep_tile(4_096),
        "TIFF of 400 tags with the same megabyte": hostile.shared_values(400),
    }


class Attack:
    """Hostile traffic for a server, until the context exits.

    Args:
        server: must be allowed to fetch pages from 127.0.0.1.

    Attributes:
        outcomes: of the requests, by file or ``dripping host``: ``read``, ``answered`` (an opened task), messages
            (``stopped`` while it was decoded, ``waited`` too long for others, ``too many parts``, ``too much memory``,
            ``not fetched`` in time, ``decoder killed`` twice, ``reader killed``, ``reading stopped``, ``unexpected
            message``), ``asked to wait`` (503), ``gave up`` (after 100 seconds), ``no answer``, ``status ...``.
        idle: the connections without a request.
    """

    def __init__(self, server: Backend) -> None:
        self._server = server
        self._files = files()
        self._names = list(self._files)
        self._file_host, self._dripping_host = "", ""
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._stack = contextlib.ExitStack()
        self.outcomes: dict[str, Counter[str]] = {name: Counter() for name in (*self._names, DRIPPING)}
        self.idle = IdleConnections(server)

    @property
    def unanswered(self) -> list[str]:
        """Requests that were not answered as they should have been."""
        return [
            f"{count} x {name}: {outcome}"
            for name, outcomes in self.outcomes.items()
            for outcome, count in outcomes.items()
            if outcome.startswith(("no answer", "status", "unexpected", GAVE_UP))
        ]

    def __enter__(self) -> Self:
        """Open the idle connections, and begin to send."""
        files_from, dripping = (self._stack.enter_context(web_server()) for _ in range(2))
        files_from.routes[""] = self._page
        dripping.routes[""] = lambda _: Reply(raw=self._drip())
        self._file_host, self._dripping_host = files_from.url, dripping.url
        self._stack.enter_context(self.idle)
        senders = self._stack.enter_context(ThreadPoolExecutor(FILE_SENDERS + DRIP_SENDERS))
        sending = [senders.submit(self._send_files, sender) for sender in range(FILE_SENDERS)]
        sending += [senders.submit(self._name_dripping_pages, sender) for sender in range(DRIP_SENDERS)]

        def end() -> None:
            self._over.set()
            for sender in sending:
                sender.result()

        self._stack.callback(end)
        return self

    def __exit__(self, *_: object) -> None:
        """Wait for the answers to the last requests."""
        self._stack.close()

    def _page(self, request: Request) -> Reply:
        """Return the reply to ``/KIND/NUMBER``: a file with trailing bytes that make it different from all others."""
        _, kind, number = request.path.split("/")
        return Reply(self._files[self._names[int(kind)]] + number.encode())

    def _drip(self) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n\x89PNG\r\n\x1a\n"
        while not self._over.wait(DRIP_SECONDS):
            yield b"\0"

    def _send_files(self, sender: int) -> None:
        """Request a box on one file after the other. Each sender begins with another file."""
        for number in itertools.count(sender * len(self._names) // FILE_SENDERS):
            kind = number % len(self._names)
            self._send(self._names[kind], boxes_on_pages(FILE_PROJECT, [f"{self._file_host}/{kind}/{sender}-{number}"]))
            if self._over.is_set():
                return

    def _name_dripping_pages(self, sender: int) -> None:
        """Open tasks whose pages never arrive, and draw boxes on them."""
        for number in itertools.count():
            urls = [f"{self._dripping_host}/{sender}-{number}-{page}" for page in range(DRIPPING_PAGES)]
            self._send(DRIPPING, task_opened(DRIPPING_PROJECT, urls))
            self._send(DRIPPING, boxes_on_pages(DRIPPING_PROJECT, urls))
            if self._over.is_set():
                return

    def _send(self, name: str, body: dict[str, Any]) -> None:
        try:
            answer = self._server.post("/predict", body)
            outcome = _outcome(answer)
        except requests.ReadTimeout:
            outcome = GAVE_UP
        except requests.RequestException as error:
            outcome = f"no answer: {type(error).__name__}"
        else:
            if "Retry-After" in answer.headers:
                self._over.wait(float(answer.headers["Retry-After"]))
        with self._lock:
            self.outcomes[name][outcome] += 1


def _outcome(answer: requests.Response) -> str:
    if answer.status_code == requests.codes.service_unavailable:
        return "asked to wait"
    if answer.status_code != requests.codes.ok:
        return f"status {answer.status_code}"
    # An opened task gets an empty list instead of a prediction.
    results = [result for prediction in answer.json()["results"] if prediction for result in prediction["result"]]
    said = " ".join(notes(results))
    # Most of the files are blank, and one has 16 x 16 pixels.
    if texts(results) or "No text found" in said or "smaller than 3 pixels" in said:
        return "read"
    if not said:
        return "answered"
    return next((outcome for part, outcome in _MESSAGES.items() if part in said), f"unexpected message: {said[:200]}")
