"""The web process dies or is told to start anew in the middle of the work: it goes on, and no reader stays behind."""

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from bench.processes import tree
from tests.backend import Backend, running
from tests.payloads import one_box, texts

BOXES = 4

# For what takes a moment on an idle machine.
_SECONDS = 60


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + _SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        return b") Z " not in Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False


def text(server: Backend, page_server: str, number: int, **value: float) -> str:
    (found,) = texts(server.predict(one_box(page_server, x=7 + number, **value))[0]["result"]).values()
    return found


@pytest.fixture
def server(tmp_path: Path, page_server: str) -> Iterator[Backend]:
    """Two readers that take half a second for each box, and never come back from one that is higher than wide."""
    environment = {
        "ALLOWED_IMAGE_HOSTS": page_server.removeprefix("http://"),
        "OCR_ENGINE": "tests.engines:HangingOnTall",
        "OCR_WORKERS": "2",
        "READING_CACHE": "0",
        "MODEL_DIR": str(tmp_path),
    }
    with running(tmp_path, environment) as running_server:
        yield running_server
        log = running_server.log.read_text()
    assert "Traceback" not in log


def begun(server: Backend, page_server: str, threads: ThreadPoolExecutor) -> list[Future[str]]:
    """Some boxes that are under way, the first of them in the reader."""
    drawn = [threads.submit(text, server, page_server, number) for number in range(BOXES)]
    until(lambda: re.search(r"^boxocr_queue_length [1-9]", server.get("/metrics").text, re.MULTILINE))
    return drawn


def test_a_web_process_that_is_killed_is_replaced(server: Backend, page_server: str, tmp_path: Path) -> None:
    web, *others = tree(server.pid)[1:]
    with ThreadPoolExecutor(BOXES + 1) as threads:
        drawn = [threads.submit(text, server, page_server, 0, width=2, height=20)]
        until((tmp_path / "hanging").exists)
        drawn += begun(server, page_server, threads)
        os.kill(web, signal.SIGKILL)
        # Nobody is there to answer those that it had; Label Studio is told so at once, and the annotator draws again.
        assert {type(box.exception(_SECONDS)) for box in drawn} <= {requests.ConnectionError, type(None)}
        assert drawn[0].exception()

    assert text(server, page_server, 0).startswith("reading ")
    until(lambda: not any(map(is_alive, [web, *others])))
    assert not {web, *others} & {*tree(server.pid)}
    assert len(tree(server.pid)) == 2 + len(others)


def test_a_server_that_is_told_to_start_anew_answers_all(server: Backend, page_server: str) -> None:
    before = tree(server.pid)[1:]
    with ThreadPoolExecutor(BOXES + 1) as threads:
        drawn = begun(server, page_server, threads)
        os.kill(server.pid, signal.SIGHUP)
        until(lambda: {*tree(server.pid)[1:]} - {*before})
        drawn.append(threads.submit(text, server, page_server, BOXES))
        assert all(box.result(_SECONDS).startswith("reading ") for box in drawn)

    until(lambda: not any(map(is_alive, before)))
    assert text(server, page_server, 0).startswith("reading ")
    assert len(tree(server.pid)) == 1 + len(before)
