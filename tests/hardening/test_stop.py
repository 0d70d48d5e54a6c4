"""A server that is told to stop answers what it has begun, and takes nothing new."""

import os
import signal
import threading
import time
from pathlib import Path

import requests

from tests.backend import Backend, one_reader, running
from tests.payloads import one_box, texts


def is_up(server: Backend) -> bool:
    try:
        return requests.get(f"{server.url}/health", timeout=5).ok
    except requests.ConnectionError:
        return False


def test_requests_under_way_are_answered_when_the_server_stops(tmp_path: Path, page_server: str) -> None:
    with running(tmp_path, one_reader(page_server, "tests.reading.fake_engines:Naps", READING_CACHE="0")) as server:
        found: list[dict[str, str]] = []

        def draw(number: int) -> None:
            found.append(texts(server.predict(one_box(page_server, x=7 + number))[0]["result"]))

        threads = [threading.Thread(target=draw, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        time.sleep(0.3)  # they wait for one reader, half a second each
        began = time.monotonic()
        os.kill(server.pid, signal.SIGTERM)
        for thread in threads:
            thread.join()
        while is_up(server) and time.monotonic() - began < 30:
            time.sleep(0.1)
        assert not is_up(server)

    assert len(found) == 4
    assert all(text["DeBKjm31i2"].startswith("(") for text in found)
    assert "Traceback" not in server.log.read_text()
