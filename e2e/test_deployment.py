"""``make demo``, and the services in docker-compose.yml."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from e2e.annotator import Annotator, log_in
from e2e.conftest import SHOTS
from e2e.label_studio import LabelStudioServer, Project, copy_prepared_database, venv_of
from e2e.pages import Box
from e2e.process import HOST, REPOSITORY, Server, until
from tests.deployment.compose import BASE, SEAWEEDFS, load
from tests.deployment.services import Desk
from tests.deployment.test_compose_files import PASSWORDS, SET
from tests.servers.ports import free_ports

# A line of examples/pages/invoice.png, and its position in percent.
_LINE, _LINE_BOX = "Total due", Box(58, 73.8, 17, 3.6)

# Number of tasks: each sample page is there twice, as an upload and from the bucket.
_TASKS = 2 * len(list((REPOSITORY / "examples" / "pages").glob("*.png")))

_START_SECONDS = 280


class _Demo:
    """``make demo`` without the installation."""

    def __init__(self, folder: Path, ports: dict[str, str]) -> None:
        self.output = ""
        self._process = subprocess.Popen(
            [sys.executable, str(REPOSITORY / "demo" / "desk.py")],
            env={"PATH": os.environ["PATH"], "HOME": str(folder), "DEMO_FOLDER": str(folder / "desk")}
            | {name: os.environ[name] for name in ("LABEL_STUDIO_VENV",) if name in os.environ}
            | ports,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self.output += line

    def wait(self) -> None:
        """Wait until everything is running."""
        until(
            lambda: "Ctrl-C stops everything" in self.output or self._process.poll() is not None,
            "the demo is ready",
            seconds=_START_SECONDS,
        )
        assert self._process.poll() is None, self.output

    def stop(self) -> int:
        """Interrupt it like Ctrl-C; return the exit code."""
        self._process.send_signal(signal.SIGINT)
        return self.exit_code()

    def exit_code(self) -> int:
        """Wait until it has exited."""
        code = self._process.wait(60)
        self._reader.join()
        assert self._process.stdout
        self._process.stdout.close()
        return code


@contextlib.contextmanager
def _demo(folder: Path, ports: dict[str, str]) -> Iterator[_Demo]:
    demo = _Demo(folder, ports)
    try:
        demo.wait()
        yield demo
    finally:
        code = demo.stop()
    assert code == 0, demo.output


def test_make_demo_ends_in_a_project_where_a_box_becomes_text(tmp_path: Path, browser: Browser) -> None:
    numbers = free_ports(3)
    ports = dict(zip(("LABEL_STUDIO_PORT", "S3_PORT", "PORT"), map(str, numbers), strict=True))
    data = tmp_path / "desk" / "label-studio"
    data.mkdir(parents=True)
    copy_prepared_database(venv_of(LabelStudioServer.VENV), data)
    with _demo(tmp_path, ports) as demo:
        url, number = _link(demo.output)
        kept = tmp_path / "desk" / "desk.json"
        assert kept.stat().st_mode & 0o077 == 0
        secrets = json.loads(kept.read_text())
        assert f"with the password {secrets['password']}" in demo.output
        label_studio = LabelStudioServer.started_by_others(tmp_path, url, secrets["token"])
        task = _read_a_box(browser, Project(label_studio, number), "make-demo", secrets["password"])
    for port in numbers:
        with socket.socket() as probe:
            assert probe.connect_ex((HOST, port)), f"port {port} still answers"

    with _demo(tmp_path, ports) as demo:
        assert _link(demo.output) == (url, number)
        said = " ".join(demo.output.split())
        assert f"Its {_TASKS // 2} sample pages are there." in said
        assert "Nothing to change" in said
        project = Project(label_studio, number)
        assert len(project.tasks()) == _TASKS
        assert project.saved(task).only.text == _LINE
    label_studio.stop()


def test_the_demo_says_which_port_is_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        demo = _Demo(tmp_path, {"LABEL_STUDIO_PORT": str(port)})
        until(lambda: "is taken" in demo.output, "the demo says what is wrong")
        assert f"Port {port} is taken. Name another one: make demo LABEL_STUDIO_PORT={port + 1}" in demo.output
        assert demo.exit_code() == 1


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """The services of ``docker compose --profile label-studio up`` as processes, with SeaweedFS instead of MinIO."""
    s3, backend, label_studio = (f"{HOST}:{port}" for port in free_ports(3))
    services = load(BASE, SEAWEEDFS, environment=SET)["services"]
    addresses = {"minio:9000": s3, "boxocr:9090": backend, "label-studio:8080": label_studio}
    desk = Desk(services, addresses, tmp_path)
    venv = venv_of(LabelStudioServer.VENV)
    copy_prepared_database(venv, tmp_path)
    port = label_studio.partition(":")[2]
    server = Server(
        "label-studio",
        [venv / "bin/label-studio", "start", "--no-browser", "--internal-host", HOST, "--port", port],
        folder=tmp_path,
        ready=f"http://{label_studio}/health",
        environment=services["label-studio"]["environment"]
        | {"LABEL_STUDIO_BASE_DATA_DIR": str(tmp_path), "SENTRY_DSN": "", "FRONTEND_SENTRY_DSN": ""},
    )
    try:
        with desk.seaweedfs():
            desk.run("samples")
            with desk.boxocr():
                server.start()
                yield desk
    finally:
        server.stop()


def test_the_services_of_compose_make_a_desk(desk: Desk, browser: Browser, tmp_path: Path) -> None:
    said = desk.run("demo")
    link, number = _link(said)
    # The address for people on the machine, not the one for containers.
    assert link == "http://localhost:8080"
    token = PASSWORDS["LABEL_STUDIO_ACCESS_TOKEN"]
    url = f"http://{desk.addresses['label-studio:8080']}"
    label_studio = LabelStudioServer.started_by_others(tmp_path, url, token)
    _read_a_box(browser, Project(label_studio, number), "compose", PASSWORDS["LABEL_STUDIO_PASSWORD"])
    again = desk.run("demo")
    assert "Nothing to change" in again
    label_studio.stop()


def _link(said: str) -> tuple[str, int]:
    found = re.search(r"(http://[\w.:]+)/projects/(\d+)/data", said)
    assert found, said
    return found[1], int(found[2])


def _read_a_box(browser: Browser, project: Project, name: str, password: str) -> int:
    """Draw a box on the invoice in the bucket, accept its text and submit; return the task's id."""
    tasks = project.label_studio.get(
        "/api/tasks", project=project.id, page_size=100, fields="all", resolve_uri="false"
    )["tasks"]
    assert len(tasks) == _TASKS
    (task,) = (one["id"] for one in tasks if "s3://pages/samples/invoice.png" in one["data"].values())
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    try:
        tab = context.new_page()
        url = project.label_studio.url
        log_in(tab, url, password)
        SHOTS.mkdir(exist_ok=True)
        annotator = Annotator(tab, url, SHOTS / f"{name}.png")
        annotator.open(project, task)
        annotator.read(_LINE_BOX)
        annotator.submit()
    finally:
        context.close()
    assert project.saved(task).only.text == _LINE
    return int(task)
