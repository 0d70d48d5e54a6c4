"""Watch a server under load: response times of /health, memory, and processes that are killed periodically."""

import contextlib
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import requests

from bench.processes import ProcessKind, processes_of, tree_megabytes
from tests.backend import Backend


@dataclass
class Samples:
    """Measurements during a run.

    Attributes:
        health_seconds: response times of /health, each over a new connection.
        health_failures: requests for /health without an answer, or with another status than 200.
        megabytes: memory of all processes of the server, sampled twice a second.
        killed: processes killed, by kind.
    """

    health_seconds: list[float] = field(default_factory=list)
    health_failures: list[str] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)
    killed: Counter[ProcessKind] = field(default_factory=Counter)


@contextlib.contextmanager
def monitored(server: Backend, kinds: Sequence[ProcessKind], kill_every: float) -> Iterator[Samples]:
    """Request /health, sample the memory, and kill processes until the context exits.

    Args:
        server: to watch.
        kinds: one process of each is killed every ``kill_every`` seconds, with SIGKILL and SIGSEGV alternately.
        kill_every: seconds.
    """
    samples, over = Samples(), threading.Event()
    chosen = random.Random(1)  # noqa: S311 - which process dies is no secret

    def repeat(task: Callable[[], None], pause: float) -> None:
        while not over.wait(pause):
            task()

    def kill() -> None:
        for kind in kinds:
            _kill_one(kind, server, samples, chosen)

    tasks: list[tuple[Callable[[], None], float]] = [
        (partial(_request_health, server, samples), 0.05),
        # Often enough for a short run to have samples in each quarter.
        (lambda: samples.megabytes.append(tree_megabytes(server.pid)), 0.5),
        (kill, kill_every),
    ]
    threads = [threading.Thread(target=repeat, args=task) for task in tasks]
    for thread in threads:
        thread.start()
    try:
        yield samples
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _request_health(server: Backend, samples: Samples) -> None:
    began = time.monotonic()
    try:
        requests.get(f"{server.url}/health", timeout=60).raise_for_status()
    except requests.RequestException as error:
        samples.health_failures.append(f"/health: {type(error).__name__}")
    samples.health_seconds.append(time.monotonic() - began)


def _kill_one(kind: ProcessKind, server: Backend, samples: Samples, chosen: random.Random) -> None:
    if running := processes_of(kind, server.pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(chosen.choice(running), (signal.SIGKILL, signal.SIGSEGV)[samples.killed[kind] % 2])
            samples.killed[kind] += 1
