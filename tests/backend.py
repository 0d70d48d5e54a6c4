"""The server as it is deployed: gunicorn with its configuration, in a process of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.servers.ports import free_port

ROOT = Path(__file__).parent.parent

# The sources take precedence over an installed package.
PYTHONPATH = f"{ROOT / 'src'}{os.pathsep}{ROOT}"

GUNICORN = [str(Path(sys.executable).parent / "gunicorn"), "--config", str(ROOT / "gunicorn.conf.py")]

# The command that ``make run`` executes.
SERVE = [sys.executable, "-m", "boxocr", "serve"]

# Variables that the server inherits. With the last one, coverage also measures the processes that tests start.
_KEPT = ("PATH", "HOME", "LANG", "SSL_CERT_FILE", "COVERAGE_PROCESS_CONFIG")

START_SECONDS = 60
STOP_SECONDS = 40


@dataclass(frozen=True)
class Backend:
    """A running server.

    Attributes:
        url: without a slash at the end.
        log: the file with the server's output.
        pid: of gunicorn's master process.
    """

    url: str
    log: Path
    pid: int

    def get(self, path: str, **more: Any) -> requests.Response:
        return requests.get(self.url + path, timeout=100, **more)

    def post(self, path: str, body: object, **more: Any) -> requests.Response:
        return requests.post(self.url + path, json=body, timeout=100, **more)

    def says(self, text: str) -> str:
        """Wait until the log contains this text; returns the rest of its line."""
        until = time.monotonic() + START_SECONDS
        while text not in (log := self.log.read_text()) or "\n" not in log.partition(text)[2]:
            assert time.monotonic() < until, log
            time.sleep(0.02)
        return log.partition(text)[2].splitlines()[0]

    def predict(self, body: object) -> list[Any]:
        """The results of a /predict that must be answered with 200."""
        answer = self.post("/predict", body)
        assert answer.status_code == 200, (answer.reason, answer.text)
        results: list[Any] = answer.json()["results"]
        return results


def clean_environment(**variables: str) -> dict[str, str]:
    """An environment in which this project reads no variables but these."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return kept | variables


def one_reader(page_server: str, engine: str, **more: str) -> dict[str, str]:
    """Settings of a server with one reader that may fetch from the page server, plus ``more``."""
    return {"ALLOWED_IMAGE_HOSTS": page_server.removeprefix("http://"), "OCR_ENGINE": engine, "OCR_WORKERS": "1"} | more


@contextmanager
def running(
    folder: Path,
    environment: Mapping[str, str],
    *,
    application: str = "_wsgi:app",
    command: Sequence[str] = (),
    port: int | None = None,
) -> Iterator[Backend]:
    """Start the server and stop it afterwards.

    Args:
        folder: for the log. It is also the working directory, so that a developer's .env file does not affect tests.
        environment: variables for the server, which inherits only a few others from this process.
        application: what gunicorn serves.
        command: starts the server instead of gunicorn.
        port: a free one by default.
    """
    port = port or free_port()
    log = folder / "backend.log"
    defaults = {"PYTHONPATH": PYTHONPATH, "HOST": "127.0.0.1", "PORT": str(port)}
    variables = clean_environment(**(defaults | dict(environment)))
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own server
            [*(command or (*GUNICORN, application))],
            cwd=folder,
            env=variables,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(url, process, log)
        yield Backend(url, log, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


def refused(folder: Path, environment: Mapping[str, str], *, before: Sequence[str] = ()) -> tuple[int, str]:
    """Start a server that must refuse to start.

    Args:
        folder: the server's working directory.
        environment: variables for the server.
        before: words to put before the command.

    Returns:
        The exit status, and everything that the server printed.
    """
    variables = clean_environment(PYTHONPATH=PYTHONPATH, HOST="127.0.0.1", PORT=str(free_port()))
    done = subprocess.run(  # noqa: S603 - our own server
        [*before, *GUNICORN, "_wsgi:app"],
        cwd=folder,
        env=variables | dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )
    return done.returncode, done.stdout


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a server answers /health."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            if requests.get(f"{url}/health", timeout=1).ok:
                return
        except requests.RequestException:
            time.sleep(0.05)
    raise AssertionError(f"The server did not start:\n{log.read_text()}")
