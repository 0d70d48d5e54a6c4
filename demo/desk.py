"""``make demo``: start Label Studio, an S3 server and BoxOCR on this machine, with a project that is ready to draw in.

Everything listens on 127.0.0.1 and keeps its data in one folder, so that the next start continues with the same data.
Environment variables, with their defaults:

    DEMO_FOLDER         folder for data, logs and secrets (.demo)
    LABEL_STUDIO_PORT   port of Label Studio (8080)
    S3_PORT             port of the S3 server (9000)
    PORT                port of BoxOCR (9090)
    LABEL_STUDIO_VENV   venv with Label Studio (.venv-label-studio)
"""

import contextlib
import fcntl
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
HOST = "127.0.0.1"
USER, S3_USER, BUCKET = "annotator@example.com", "demo", "pages"

# On its first start Label Studio runs all its database migrations.
_START_SECONDS = 300

# The S3 server would wait longer for idle connections; its data is already on disk.
_STOP_SECONDS = 8
_LAST_LINES = 15

_WEED = ("master", "volume", "filer", "master.grpc", "volume.grpc", "filer.grpc", "s3.grpc")


class DemoError(Exception):
    """The demo cannot continue; the message gives the reason and the remedy."""


@dataclass(frozen=True)
class Demo:
    """Folder, ports and secrets of the demo.

    Attributes:
        folder: for data, logs and secrets.
        label_studio, s3, boxocr: ports.
        inner: ports of the S3 server's components, which must not change between starts.
        password: of Label Studio's user.
        token: of Label Studio's user.
        s3_secret: secret key of the S3 server's user.
    """

    folder: Path
    label_studio: int
    s3: int
    boxocr: int
    inner: Mapping[str, int]
    password: str
    token: str
    s3_secret: str

    @classmethod
    def load(cls) -> "Demo":
        """Load the saved configuration, or create one."""
        folder = Path(os.environ.get("DEMO_FOLDER") or ROOT / ".demo").resolve()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept = folder / "desk.json"
        if not kept.exists():
            new = {
                "password": secrets.token_urlsafe(12),
                "token": secrets.token_hex(20),
                "s3_secret": secrets.token_urlsafe(24),
                "inner": dict(zip(_WEED, _free_ports(len(_WEED)), strict=True)),
            }
            kept.touch(mode=0o600)
            kept.write_text(json.dumps(new, indent=1))
        return cls(
            folder,
            label_studio=_port("LABEL_STUDIO_PORT", 8080),
            s3=_port("S3_PORT", 9000),
            boxocr=_port("PORT", 9090),
            **json.loads(kept.read_text()),
        )

    @property
    def label_studio_url(self) -> str:
        """Address of Label Studio."""
        return f"http://{HOST}:{self.label_studio}"

    @property
    def s3_url(self) -> str:
        """Address of the S3 server."""
        return f"http://{HOST}:{self.s3}"

    @property
    def boxocr_url(self) -> str:
        """Address of BoxOCR."""
        return f"http://{HOST}:{self.boxocr}"

    def settings(self) -> dict[str, str]:
        """Return the environment variables for BoxOCR and its commands."""
        return {
            "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
            "HOST": HOST,
            "PORT": str(self.boxocr),
            "STATUS_PAGE": "true",
            "MODEL_DIR": str(self.folder / "models"),
            "LABEL_STUDIO_HOST": self.label_studio_url,
            "LABEL_STUDIO_ACCESS_TOKEN": self.token,
            "AWS_ENDPOINT": self.s3_url,
            "AWS_ACCESS_KEY_ID": S3_USER,
            "AWS_SECRET_ACCESS_KEY": self.s3_secret,
        }


@dataclass
class Servers:
    """The started processes, each in its own process group, so that its children are stopped with it."""

    folder: Path
    started: list[tuple[str, "subprocess.Popen[bytes]"]] = field(default_factory=list)

    def start(self, name: str, command: Sequence[object], environment: dict[str, str], *, folder: Path) -> None:
        """Start a server whose output goes to ``NAME.log``."""
        with self._log(name).open("wb") as log:
            process = subprocess.Popen(
                [str(part) for part in command],
                cwd=folder,
                env=_inherited() | environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.started.append((name, process))

    def wait_for(self, url: str) -> None:
        """Wait until a server answers.

        Raises:
            DemoError: if one of the servers exited, or this one takes too long.
        """
        deadline = time.monotonic() + _START_SECONDS
        while True:
            self.check()
            with contextlib.suppress(OSError):
                urllib.request.urlopen(url, timeout=2).close()  # noqa: S310 - an address of our own
                return
            if time.monotonic() > deadline:
                raise DemoError(f"Nothing answers at {url}. The logs are in {self.folder}.")
            time.sleep(0.2)

    def check(self) -> None:
        """Check that all servers are running.

        Raises:
            DemoError: if one exited.
        """
        for name, process in self.started:
            if process.poll() is not None:
                last = self._log(name).read_text(errors="replace").splitlines()[-_LAST_LINES:]
                raise DemoError("\n".join([f"{name} ended. The last lines of {self._log(name)}:", *last]))

    def stop(self) -> None:
        """Stop all servers at once, and kill those that take too long."""
        deadline = time.monotonic() + _STOP_SECONDS
        for sign in (signal.SIGTERM, signal.SIGKILL):
            for _, process in self.started:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, sign)
            for _, process in self.started:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(max(0.1, deadline - time.monotonic()))

    def _log(self, name: str) -> Path:
        return self.folder / f"{name.lower().replace(' ', '-')}.log"


def main() -> int:
    """Start all servers, and run them until Ctrl-C."""
    # Ctrl-C as well, because a shell ignores it for background jobs.
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, _interrupt)
    try:
        demo = Demo.load()
        with _locked(demo), contextlib.ExitStack() as stack:
            _check_ports(demo)
            servers = Servers(demo.folder)
            stack.callback(servers.stop)
            try:
                _start_all(demo, servers)
                while True:
                    servers.check()
                    time.sleep(1)
            except KeyboardInterrupt:
                print("\nStopping Label Studio, the S3 server and BoxOCR. Your data is kept for the next start.")
                # A second Ctrl-C would leave some servers running.
                signal.signal(signal.SIGINT, signal.SIG_IGN)
                return 0
    except DemoError as error:
        print(error, file=sys.stderr)
        return 1


def _start_all(demo: Demo, servers: Servers) -> None:
    print("Starting Label Studio, an S3 server and BoxOCR. The first start takes a minute.", flush=True)
    _start_label_studio(demo, servers)
    _start_s3(demo, servers)
    gunicorn = [BIN / "gunicorn", "--config", ROOT / "gunicorn.conf.py", "_wsgi:app"]
    # The developer's own .env file has no effect, because it is not in this folder.
    servers.start("BoxOCR", gunicorn, demo.settings(), folder=demo.folder)
    for url in (f"{demo.s3_url}/healthz", f"{demo.boxocr_url}/health", f"{demo.label_studio_url}/health"):
        servers.wait_for(url)
    command = [sys.executable, "-m", "boxocr", "demo", "--url", demo.boxocr_url, "--bucket", BUCKET]
    if subprocess.run(command, env=_inherited() | demo.settings(), cwd=demo.folder, check=False).returncode:
        raise DemoError(f"The project could not be created. The logs are in {demo.folder}.")
    print(f"Log in as {USER} with the password {demo.password}")
    print(f"BoxOCR's status page is at {demo.boxocr_url}/")
    print("Ctrl-C stops everything.", flush=True)


def _start_label_studio(demo: Demo, servers: Servers) -> None:
    data = demo.folder / "label-studio"
    data.mkdir(exist_ok=True)
    venv = ROOT / (os.environ.get("LABEL_STUDIO_VENV") or ".venv-label-studio")
    command = [venv / "bin/label-studio", "start", "--no-browser", "--internal-host", HOST]
    environment = {
        "LABEL_STUDIO_BASE_DATA_DIR": str(data),
        "LABEL_STUDIO_USERNAME": USER,
        "LABEL_STUDIO_PASSWORD": demo.password,
        "LABEL_STUDIO_USER_TOKEN": demo.token,
        "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
        # All servers have loopback addresses, which Label Studio refuses by default.
        "USE_DEFAULT_BANNED_SUBNETS": "false",
        "LATEST_VERSION_CHECK": "false",
        "COLLECT_ANALYTICS": "false",
        "SENTRY_DSN": "",
        "FRONTEND_SENTRY_DSN": "",
    }
    servers.start("Label Studio", [*command, "--port", demo.label_studio], environment, folder=data)


def _start_s3(demo: Demo, servers: Servers) -> None:
    data = demo.folder / "s3"
    data.mkdir(exist_ok=True)
    ports = [
        f"-{part.removesuffix('.grpc')}.port{'.grpc' * part.endswith('.grpc')}={port}"
        for part, port in demo.inner.items()
    ]
    command = [
        *(BIN / "weed", "-logtostderr=true", "server", f"-dir={data}", f"-ip={HOST}", f"-ip.bind={HOST}", *ports),
        *("-master.telemetry=false", "-master.volumeSizeLimitMB=64", "-volume.max=16", "-volume.preStopSeconds=1"),
        *("-filer", f"-filer.localSocket={data / 'filer.sock'}", "-s3", f"-s3.port={demo.s3}"),
        *(f"-s3.localSocket={data / 's3.sock'}", "-s3.port.iceberg=0", "-s3.port.lance=0"),
    ]
    keys = {"AWS_ACCESS_KEY_ID": S3_USER, "AWS_SECRET_ACCESS_KEY": demo.s3_secret}
    servers.start("S3 server", command, keys, folder=data)


def _inherited() -> dict[str, str]:
    """Return the basic environment variables; others could be meant for another server."""
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "SSL_CERT_FILE")
    return {name: os.environ[name] for name in kept if name in os.environ}


@contextlib.contextmanager
def _locked(demo: Demo) -> Iterator[None]:
    with (demo.folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoError("The demo is running already. Ctrl-C in its terminal stops it.") from None
        yield


def _port(variable: str, usual: int) -> int:
    try:
        return int(os.environ.get(variable) or usual)
    except ValueError:
        raise DemoError(f"{variable} must be the number of a port.") from None


def _check_ports(demo: Demo) -> None:
    named = {"LABEL_STUDIO_PORT": demo.label_studio, "S3_PORT": demo.s3, "PORT": demo.boxocr}
    for name, port in named.items():
        if not _free(port):
            raise DemoError(f"Port {port} is taken. Name another one: make demo {name}={port + 1}")
    if taken := [port for port in demo.inner.values() if not _free(port)]:
        raise DemoError(f"Port {taken[0]}, which the demo's S3 server needs, is taken by another program.")


def _free(port: int) -> bool:
    with socket.socket() as probe:
        # Connections in TIME_WAIT do not occupy the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _free_ports(count: int) -> list[int]:
    """Return free ports below the ephemeral range, so that they are still free on the next start."""
    ports: set[int] = set()
    while len(ports) < count:
        port = 20000 + secrets.randbelow(12000)
        if _free(port):
            ports.add(port)
    return sorted(ports)


def _interrupt(*_: Any) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
