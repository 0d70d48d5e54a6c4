"""Batches of tasks, with readings that take as long as the test says."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from bench.processes import tree_megabytes
from boxocr.answering.batches import Batches
from boxocr.answering.page_readings import PageReadings
from boxocr.errors import PageNotFound
from boxocr.pages.page import PageAddress
from boxocr.reading.pool.jobs import Priority
from boxocr.reading.types import ReadingOptions
from boxocr.reading.whole_page import Line, PageReading, ReadPage
from tests.backend import one_reader, running

CONFIG = (
    '<View><Image name="image" value="$image"/><Rectangle name="box" toName="image" model_preannotate="lines"/>'
    '<TextArea name="text" toName="image" perRegion="true"/></View>'
)


class Readings(PageReadings):
    """Says on each page what its address is, once the page was let go."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Priority]] = []
        self.begun = threading.Semaphore(0)
        self._gates: dict[str, threading.Event] = {}
        self._lock = threading.Lock()

    def let_go(self, *urls: str) -> None:
        for url in urls:
            self._gate(url).set()

    def read(self, address: PageAddress, options: ReadingOptions, *, priority: Priority) -> ReadPage:
        with self._lock:
            self.asked.append((address.url, priority))
        self.begun.release()
        assert self._gate(address.url).wait(30)
        if "missing" in address.url:
            raise PageNotFound
        line = Line(address.url, 0.9, 10, 10, 50, 20)
        return ReadPage(100, 100, PageReading((line,), "test", options.languages))

    def _gate(self, url: str) -> threading.Event:
        with self._lock:
            return self._gates.setdefault(url, threading.Event())


class Services:
    def __init__(self) -> None:
        self.page_readings: Any = Readings()
        self.default_options = ReadingOptions()


@pytest.fixture
def services() -> Services:
    return Services()


@pytest.fixture
def batches(services: Services) -> Iterator[Batches]:
    made = Batches(services, seconds=2, at_once=1)
    yield made
    made.close()
    services.page_readings.let_go(*(f"page-{number}" for number in range(10)), "missing")


def task(number: int, url: str = "") -> dict[str, Any]:
    return {"id": number, "data": {"image": url or f"page-{number}"}}


def texts(answers: list[Any]) -> list[str | None]:
    return [answer and answer["result"][-1]["value"]["text"][0] for answer in answers]


def test_a_request_gets_what_is_done_and_the_next_one_the_rest(batches: Batches, services: Services) -> None:
    readings = services.page_readings
    tasks = [task(1), task(2), task(3)]
    readings.let_go("page-1")
    assert texts(batches.read(tasks, CONFIG)) == ["page-1", None, None]
    readings.let_go("page-2", "page-3")
    for _ in range(2):
        readings.begun.acquire(timeout=10)
    rest = batches.read(tasks[1:], CONFIG)
    while None in rest:
        rest = [kept or new for kept, new in zip(rest, batches.read(tasks[1:], CONFIG), strict=True)]
    assert texts(rest) == ["page-2", "page-3"]
    # No page was read twice.
    assert [url for url, _ in readings.asked] == ["page-1", "page-2", "page-3"]
    assert {priority for _, priority in readings.asked} == {Priority.BACKGROUND}


def test_a_task_that_somebody_opens_does_not_wait_for_the_batch(batches: Batches, services: Services) -> None:
    readings = services.page_readings
    assert texts(batches.read([task(1), task(2), task(3)], CONFIG)) == [None, None, None]
    readings.let_go("page-3")
    assert texts(batches.read([task(3)], CONFIG)) == ["page-3"]
    assert readings.asked == [("page-1", Priority.BACKGROUND), ("page-3", Priority.INTERACTIVE)]


def test_two_requests_for_the_same_task_read_it_once(services: Services) -> None:
    readings = services.page_readings
    batches = Batches(services, seconds=30, at_once=3)
    with ThreadPoolExecutor(2) as requests:
        first = requests.submit(batches.read, [task(1), task(2)], CONFIG)
        for _ in range(2):
            assert readings.begun.acquire(timeout=10)
        second = requests.submit(batches.read, [task(1), task(2), task(3)], CONFIG)
        # The second request waits for the first one's pages once it has come to its third task.
        assert readings.begun.acquire(timeout=10)
        readings.let_go("page-1", "page-2", "page-3")
        assert texts(first.result(30)) == ["page-1", "page-2"]
        assert texts(second.result(30)) == ["page-1", "page-2", "page-3"]
    batches.close()
    assert sorted(url for url, _ in readings.asked) == ["page-1", "page-2", "page-3"]


def test_what_failed_is_nothing_and_read_again_when_it_is_asked_for_again(batches: Batches, services: Services) -> None:
    readings = services.page_readings
    readings.let_go("missing", "page-1")
    tasks = [task(1), task(2, "missing")]
    first = batches.read(tasks, CONFIG)
    assert texts(first) == ["page-1", None]
    assert batches.read(tasks[1:], CONFIG) == [None]
    assert [url for url, _ in readings.asked].count("missing") == 2


def test_a_task_whose_data_changed_is_read_anew(batches: Batches, services: Services) -> None:
    readings = services.page_readings
    readings.let_go("page-1", "page-2")
    assert texts(batches.read([task(1)], CONFIG)) == ["page-1"]
    assert texts(batches.read([task(1, "page-2")], CONFIG)) == ["page-2"]


def test_large_tasks_that_wait_after_the_answer_are_dropped(tmp_path: Path) -> None:
    """Their page never comes, and each brings 10 MB along."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"127.0.0.1:{silent.getsockname()[1]}"
        environment = one_reader(host, "tests.engines:Counting", BATCH_SECONDS="0.1", MAX_REQUEST_MB="64")
        with running(tmp_path, environment) as server:

            def ask(number: int) -> None:
                data = {"image": f"http://{host}/{number}.png", "text": chr(97 + number) * 10_000_000}
                tasks = [{"id": number, "data": data}, {"id": number, "data": {"image": data["image"]}}]
                assert server.predict({"tasks": tasks, "label_config": CONFIG}) == [[], []]

            ask(0)
            before = tree_megabytes(server.pid)
            for number in range(1, 20):
                ask(number)

            # Of the twenty, two are being read, and six are kept.
            assert tree_megabytes(server.pid) - before < 130
            assert " waiting tasks are too large to be kept" in server.log.read_text()
            # The server ends with the fetches, which fail now.
            silent.close()
