"""Bounds on what a request may bring, each broken on purpose through the running server."""

import base64
import json
import socket
import threading
import time
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import numpy as np
import pytest
import requests
from PIL import Image

from boxocr.errors import ReadingError
from boxocr.geometry import Area
from boxocr.pages.crop import borrow_crop, bytes_to_cut, cut
from boxocr.pages.decode import Decoder
from boxocr.pages.page import Page
from boxocr.process.memory_budget import MemoryBudget
from boxocr.reading import prepare
from tests.backend import Backend, one_reader, running
from tests.payloads import notes, payload, texts

THREADS = 12


@pytest.fixture(scope="module")
def small(page_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    """A server with narrow bounds."""
    narrow = {
        "MAX_REQUEST_MB": "2",
        "MAX_TASKS": "3",
        "MAX_REGIONS": "5",
        "REQUEST_TIMEOUT": "2",
        "THREADS": str(THREADS),
    }
    environment = one_reader(page_server, "tests.engines:Counting", **narrow)
    with running(tmp_path_factory.mktemp("small"), environment) as backend:
        yield backend


def test_a_request_with_too_many_tasks_is_refused(small: Backend, page_server: str) -> None:
    body = payload("task-opened", page_server)
    body["tasks"] *= 3
    assert small.predict(body) == [[]] * 3
    body["tasks"] *= 2

    answer = small.post("/predict", body)

    assert answer.status_code == 413
    assert answer.json()["error"]["message"] == "The request has more than 3 tasks."


def test_of_too_many_regions_the_first_are_read_and_the_others_kept(small: Backend, page_server: str) -> None:
    body = payload("one-box", page_server)
    (first,) = body["params"]["context"]["result"]
    body["params"]["context"]["result"] = [
        first | {"id": f"r{number}", "value": first["value"] | {"x": number}} for number in range(8)
    ]

    results = small.predict(body)[0]["result"]

    assert sorted(texts(results)) == ["r0", "r1", "r2", "r3", "r4"]
    assert [result["id"] for result in results if result["type"] != "textarea"] == [f"r{n}" for n in range(8)]
    assert notes(results) == 3 * [
        "BoxOCR: Only 5 regions are read at a time. Accept those that have their text, then move or resize this one."
    ]


def connect(server: Backend) -> socket.socket:
    host, port = server.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=20)


def is_cut_off(connection: socket.socket) -> bool:
    try:
        while connection.recv(4096):
            pass
    except TimeoutError:
        return False
    except ConnectionError:
        return True
    return True


HEAD = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    "start",
    [b"P", HEAD, HEAD + b"Content-Length: 100000\r\n\r\n{", HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{"],
    ids=["method", "head", "body", "chunks"],
)
def test_slow_clients_are_cut_off_and_everybody_else_is_served(small: Backend, start: bytes) -> None:
    """Twice as many of them as there are threads, each sending a byte now and then."""
    connections = [connect(small) for _ in range(2 * THREADS)]
    over = threading.Event()

    def drip(connection: socket.socket) -> None:
        try:
            connection.sendall(start)
            while not over.wait(0.3):
                connection.sendall(b" ")
        except OSError:
            pass

    threads = [threading.Thread(target=drip, args=(connection,)) for connection in connections]
    for thread in threads:
        thread.start()
    began = time.monotonic()
    try:
        assert small.get("/health").status_code == 200
        assert time.monotonic() - began < 10
        with ThreadPoolExecutor(len(connections)) as at_once:
            assert all(at_once.map(is_cut_off, connections))
        assert time.monotonic() - began < 20
    finally:
        over.set()
        for thread, connection in zip(threads, connections, strict=True):
            connection.close()
            thread.join()
    assert small.get("/health").elapsed.total_seconds() < 1


def test_a_slow_request_that_arrives_in_time_is_answered(small: Backend, page_server: str) -> None:
    body = json.dumps(payload("one-box", page_server)).encode()
    with connect(small) as connection:
        connection.sendall(HEAD + f"Content-Length: {len(body)}\r\n\r\n".encode())
        for start in range(0, len(body), 400):
            connection.sendall(body[start : start + 400])
            time.sleep(0.1)
        assert connection.recv(100).startswith(b"HTTP/1.1 200 OK")


def test_a_box_that_takes_longer_than_a_request_may_is_read(
    page_server: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    environment = one_reader(page_server, "tests.reading.fake_engines:Naps", REQUEST_TIMEOUT="0.1")
    with running(tmp_path_factory.mktemp("naps"), environment) as server:
        results = server.predict(payload("third-box-same-label", page_server))[0]["result"]
    assert texts(results)


def test_a_body_in_chunks_over_the_limit_is_refused(small: Backend) -> None:
    headers = {"Content-Type": "application/json"}
    answer = requests.post(f"{small.url}/predict", data=iter([b" " * 500_000] * 6), headers=headers, timeout=20)

    assert answer.status_code == 413


def test_a_budget_is_used_by_one_at_a_time() -> None:
    budget, order = MemoryBudget(100), []

    def work(number: int) -> None:
        with budget.reserved(60):
            order.append(number)
            time.sleep(0.05)
            order.append(number)

    with ThreadPoolExecutor(4) as at_once:
        list(at_once.map(work, range(4)))

    assert order[::2] == order[1::2]
    assert budget.try_acquire(100)
    assert not budget.try_acquire(1)
    budget.release(100)
    with budget.reserved(1000):  # more than there is, and nothing else is in use
        pass


def test_a_decoded_page_takes_of_the_budget_until_it_is_released() -> None:
    file = BytesIO()
    Image.new("RGB", (100, 100), "red").save(file, "PNG")
    budget = MemoryBudget(40_000)

    pixels = Decoder(1, 2, budget).decode(file.getvalue())
    assert pixels.nbytes == 30_000
    assert not budget.try_acquire(10_001)
    assert budget.try_acquire(10_000)
    budget.release(10_000)

    budget.release(pixels.nbytes)
    assert budget.try_acquire(40_000)


def test_a_damaged_page_takes_nothing_of_the_budget() -> None:
    file = BytesIO()
    Image.effect_noise((100, 100), 50).save(file, "BMP")
    budget = MemoryBudget(40_000)
    with pytest.raises(Exception, match="damaged"):
        Decoder(1, 2, budget).decode(file.getvalue()[:3000])
    assert budget.try_acquire(40_000)


def test_a_crop_is_freed_when_its_reading_fails() -> None:
    """The error is kept, with its traceback."""
    page = Page(np.zeros((300, 400), np.uint8), "digest")
    budget, pixels = MemoryBudget(100), []

    def read(crop: np.ndarray) -> None:
        pixels.append(weakref.ref(crop))
        raise ReadingError

    with pytest.raises(ReadingError) as kept, borrow_crop(page, Area(0, 0, 50, 20), budget) as crop:
        read(crop.pixels)

    assert kept.value.__traceback__ is not None
    assert [reference() for reference in pixels] == [None]
    assert budget.try_acquire(100)


@pytest.mark.parametrize(
    "area",
    [
        Area(0, 0, 400, 300),
        Area(-1e6, -1e6, 2e6, 2e6),
        Area(200, 0, 2000, 2000, rotation=45),
        Area(5, 5, 50, 20, rotation=9),
    ],
)
def test_cutting_takes_no_more_than_is_reckoned(area: Area) -> None:
    page = Page(np.zeros((300, 400, 3), np.uint8), "digest")

    # A pixel more on each side, since crops are whole pixels.
    assert cut(page, area).nbytes <= bytes_to_cut(page, area) * 1.1 + 3 * 2 * (400 + 300)


def test_a_crop_is_made_smaller_before_it_crosses_to_a_reader() -> None:
    crop = np.zeros((9000, 9000), np.uint8)

    assert prepare.bounded(crop).size <= prepare.MOST_PIXELS == 36_000_000


def test_bodies_that_would_fill_the_memory_are_told_to_come_back(tmp_path_factory: pytest.TempPathFactory) -> None:
    with running(
        tmp_path_factory.mktemp("bodies"), {"OCR_ENGINE": "tests.engines:Counting", "OCR_WORKERS": "1"}
    ) as server:
        held = []
        for _ in range(5):  # five of 60 MB are as much as there is room for
            connection = connect(server)
            connection.sendall(HEAD + b"Content-Length: 60000000\r\n\r\n{")
            held.append(connection)
        time.sleep(0.5)
        with connect(server) as late:
            late.sendall(HEAD + b"Content-Length: 60000000\r\n\r\n{")
            assert late.recv(100).startswith(b"HTTP/1.1 503 Too many")
        assert server.post("/predict", {"tasks": []}).status_code == 200
        for connection in held:
            connection.close()
        page = base64.b64encode(bytes(40_000_000)).decode()
        until = time.monotonic() + 10
        while (status := server.post("/webhook", {"page": page}).status_code) == 503 and time.monotonic() < until:
            time.sleep(0.1)
        assert status == 201


@pytest.mark.parametrize(
    "chunks",
    [b"5\r\n{        \r\n", b"zz\r\n", b"-1\r\n", b"ffffffffffffffffff\r\n", b"1\r\n{\r\n1\r\n}", b"0\r\nX: y\n\r\n"],
)
def test_broken_chunks_are_the_callers_fault(small: Backend, chunks: bytes) -> None:
    with connect(small) as connection:
        connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(100).startswith(b"HTTP/1.1 4")
    assert "Traceback" not in small.log.read_text()


def test_a_request_of_too_many_values_is_refused_before_they_take_memory(backend: Backend) -> None:
    """Three bytes of JSON can become seventy in memory."""

    def ask(values: int) -> requests.Response:
        body = b'{"tasks": [], "more": [' + b"[]," * values + b"0]}"
        headers = {"Content-Type": "application/json"}
        return requests.post(f"{backend.url}/predict", data=body, headers=headers, timeout=100)

    for _ in range(2):
        refused = ask(6_000_000)
        assert refused.status_code == 413
        assert refused.json()["error"]["message"] == "The request holds too many values."
    # Two of these do not fit at once: what each takes is given back.
    for _ in range(2):
        assert ask(3_000_000).json() == {"results": []}
