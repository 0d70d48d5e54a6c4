"""Pages of slow hosts, and of projects with many of them, do not keep the pages of others waiting."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.backend import Backend, one_reader, running
from tests.conftest import DATA
from tests.payloads import boxes_on_pages, task_opened, texts
from tests.servers.web import Reply, Request, WebServer, web_server
from tests.waiting import until

PAGE = (DATA / "pages" / "a.png").read_bytes()

# As many as are fetched at the same time: four requests with eight pages each.
REQUESTS, PAGES = 4, 8

GREEDY, OTHER = 1, 2


@dataclass(frozen=True)
class Hosts:
    """A server, a host that does not answer below /slow/ until it is released, and one that answers at once."""

    backend: Backend
    slow: WebServer
    fast: WebServer
    released: threading.Event


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[Hosts]:
    released = threading.Event()

    def answer(request: Request) -> Reply:
        if request.path.startswith("/slow/"):
            released.wait(60)
        return Reply(PAGE)

    with web_server() as slow, web_server() as fast:
        slow.routes[""], fast.routes[""] = answer, Reply(PAGE)
        environment = one_reader(f"{slow.origin}, {fast.origin}", "tests.engines:Counting", PAGE_TIMEOUT="60")
        with running(tmp_path, environment) as backend:
            yield Hosts(backend, slow, fast, released)
        released.set()


def ask(backend: Backend, project: int, urls: list[str]) -> list[dict[str, Any]]:
    """The results for a box on each of these pages of a task."""
    results: list[dict[str, Any]] = backend.predict(boxes_on_pages(project, urls))[0]["result"]
    return results


def open_task(backend: Backend, project: int, urls: list[str]) -> None:
    backend.predict(task_opened(project, urls))


def test_pages_of_a_slow_host_keep_no_other_page_waiting(hosts: Hosts) -> None:
    with ThreadPoolExecutor(REQUESTS) as threads:
        slow = [
            threads.submit(
                ask, hosts.backend, GREEDY, [f"{hosts.slow.url}/slow/{request}/{page}" for page in range(PAGES)]
            )
            for request in range(REQUESTS)
        ]
        until(lambda: len(hosts.slow.requests) >= 16)

        own = ask(hosts.backend, GREEDY, [f"{hosts.fast.url}/own"])
        other = ask(hosts.backend, OTHER, [f"{hosts.fast.url}/other"])
        same_host = ask(hosts.backend, OTHER, [f"{hosts.slow.url}/fast"])

        assert not any(answer.done() for answer in slow)
        assert texts(own)
        assert texts(other)
        assert texts(same_host)
        hosts.released.set()
        assert all(len(texts(answer.result())) == PAGES for answer in slow)


def test_pages_of_a_slow_host_keep_no_page_from_being_fetched_ahead(hosts: Hosts) -> None:
    open_task(hosts.backend, GREEDY, [f"{hosts.slow.url}/slow/{page}" for page in range(PAGES)])
    until(lambda: hosts.slow.requests)
    open_task(hosts.backend, GREEDY, [f"{hosts.fast.url}/own"])
    open_task(hosts.backend, OTHER, [f"{hosts.fast.url}/other", f"{hosts.slow.url}/fast"])

    until(lambda: hosts.fast.asked("/own") and hosts.fast.asked("/other") and hosts.slow.asked("/fast"))
    assert not hosts.released.is_set()
    hosts.released.set()
    until(lambda: all(hosts.slow.asked(f"/slow/{page}") for page in range(PAGES)))
