"""Services of the compose files as plain processes: their commands and variables, on free ports of 127.0.0.1."""

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.backend import PYTHONPATH, ROOT
from tests.deployment import compose
from tests.servers.ports import free_ports

_BIN = Path(sys.executable).parent
_START_SECONDS, _STOP_SECONDS, _COMMAND_SECONDS = 60, 40, 120


@dataclass(frozen=True)
class Desk:
    """The services as processes on this machine.

    Attributes:
        services: as the compose files describe them, with all variables replaced.
        addresses: the address on this machine for each address between containers, such as ``minio:9000``.
        folder: for data and logs.
    """

    services: Mapping[str, Any]
    addresses: Mapping[str, str]
    folder: Path

    def here(self, text: str) -> str:
        """The text with addresses on this machine in place of those between containers."""
        for there, here in self.addresses.items():
            text = text.replace(f"http://{there}", f"http://{here}")
        return text

    def environment(self, service: str, **more: str) -> dict[str, str]:
        """The variables of a service, and the few others that a process needs."""
        own = {name: self.here(str(value)) for name, value in self.services[service]["environment"].items()}
        inherited = {name: os.environ[name] for name in ("LANG", "SSL_CERT_FILE") if name in os.environ}
        path = f"{_BIN}:/usr/bin:/bin"
        return inherited | {"PATH": path, "HOME": str(self.folder), "PYTHONPATH": PYTHONPATH} | own | more

    def run(self, service: str) -> str:
        """Run a service that ends by itself; returns what it printed.

        Raises:
            AssertionError: the service failed.
        """
        command = [self.here(part) for part in self.services[service]["command"]]
        done = subprocess.run(  # noqa: S603 - from the repository's own file
            [str(_BIN / command[0]), *command[1:]],
            cwd=self.folder,
            env=self.environment(service),
            capture_output=True,
            text=True,
            timeout=_COMMAND_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return " ".join(done.stdout.split())

    @contextlib.contextmanager
    def _server(
        self, name: str, command: list[str], environment: Mapping[str, str], ready: str, stop: signal.Signals
    ) -> Iterator[None]:
        """Run a server while the context lasts, with a program installed beside Python. The signal ``stop`` ends it."""
        log = self.folder / f"{name}.log"
        with (
            log.open("wb") as output,
            subprocess.Popen(  # noqa: S603 - from the repository's own file
                [str(_BIN / command[0]), *command[1:]], cwd=self.folder, env=environment, stdout=output, stderr=output
            ) as process,
        ):
            try:
                deadline = time.monotonic() + _START_SECONDS
                while not _answers(ready):
                    assert process.poll() is None, log.read_text()
                    assert time.monotonic() < deadline, log.read_text()
                    time.sleep(0.1)
                yield
            finally:
                process.send_signal(stop)
                try:
                    process.wait(_STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()

    @contextlib.contextmanager
    def seaweedfs(self) -> Iterator[None]:
        """The service that replaces MinIO, with its own options except for ports and the data folder."""
        host, _, port = self.addresses["minio:9000"].partition(":")
        rest = ("master", "volume", "filer")
        names = [f"-{name}.port" for name in rest] + [f"-{name}.port.grpc" for name in (*rest, "s3")]
        own = {"-dir": str(self.folder), "-s3.port": port, "-s3.ip.bind": host, "-volume.max": "8"}
        options = [
            f"{name}={own.get(name, value)}" if given else name
            for name, given, value in (option.partition("=") for option in self.services["minio"]["command"])
        ]
        options += [f"{name}={number}" for name, number in zip(names, free_ports(len(names)), strict=True)]
        environment, ready = self.environment("minio"), f"http://{host}:{port}/healthz"
        # Killed, since on SIGTERM it takes time to save data that is thrown away anyway.
        with self._server("minio", ["weed", *options], environment, ready, signal.SIGKILL):
            yield

    @contextlib.contextmanager
    def boxocr(self) -> Iterator[str]:
        """The backend, started with the image's command; yields its address."""
        host, _, port = self.addresses["boxocr:9090"].partition(":")
        _, *arguments = compose.dockerfile().command
        command = ["gunicorn", "--config", str(ROOT / "gunicorn.conf.py"), *arguments]
        url = f"http://{host}:{port}"
        environment = self.environment("boxocr", HOST=host, PORT=port)
        with self._server("boxocr", command, environment, f"{url}/health", signal.SIGTERM):
            yield url


def healthy(address: str) -> bool:
    """Whether the image's health check succeeds for a server at ``host:port``."""
    python, *arguments = compose.dockerfile().check
    environment = {"PORT": address.partition(":")[2], "PATH": "/usr/bin:/bin"}
    done = subprocess.run(  # noqa: S603 - from the repository's own file
        [str(_BIN / python), *arguments], env=environment, capture_output=True, timeout=30, check=False
    )
    return done.returncode == 0


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=2).close()  # noqa: S310 - addresses of our own servers
    except OSError:
        return False
    return True
