"""Servers as child processes on free ports of 127.0.0.1, and functions that wait for them."""

import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self, TypeVar

T = TypeVar("T")

HOST = "127.0.0.1"
REPOSITORY = Path(__file__).resolve().parent.parent

# The sources take precedence over an installed package.
PYTHONPATH = f"{REPOSITORY / 'src'}{os.pathsep}{REPOSITORY}"

# The variables that a child process inherits. Others could influence the tests.
_INHERITED = ("PATH", "HOME", "LANG", "TMPDIR")

# Label Studio's first start runs a hundred migrations, and the machine may be busy.
_START_SECONDS = 180

# A proxy for all requests to the internet: a closed port; 9 is "discard".
_OFFLINE = {
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "NO_PROXY": "127.0.0.1,localhost",
}


class NotInTimeError(AssertionError):
    """A condition that a test waited for did not become true in time."""


def until(condition: Callable[[], T], what: str, *, seconds: float = 30, pause: float = 0.1) -> T:
    """Call ``condition`` until it returns a true value, and return that value.

    Raises:
        NotInTimeError: if it was not true after this many seconds.
    """
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() > deadline:
            raise NotInTimeError(f"after {seconds} s still not so: {what} (last answer: {answer!r})")
        time.sleep(pause)
    return answer


def answers(url: str) -> bool:
    """Return whether a GET of the address succeeds."""
    try:
        urllib.request.urlopen(url, timeout=2).close()  # noqa: S310 - addresses of our own servers
    except OSError:
        return False
    return True


class Server:
    """A server process; its output goes to ``log``.

    It has its own process group, so that its children are stopped with it.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        folder: Path,
        ready: str,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self._command = [str(part) for part in command]
        self._folder = folder
        self._ready = ready
        inherited = {key: os.environ[key] for key in _INHERITED if key in os.environ}
        self._environment = inherited | _OFFLINE | dict(environment or {})
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Start the process and wait until ``ready`` answers.

        Raises:
            AssertionError: if it exited, or did not answer in time; the message includes its last output.
        """
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        process = self._process
        try:
            until(
                lambda: process.poll() is not None or answers(self._ready),
                f"{self.name} answers",
                seconds=_START_SECONDS,
            )
            assert process.poll() is None, f"{self.name} ended with code {process.returncode}"
        except AssertionError as failure:
            self.stop()
            failure.add_note(self.output()[-3000:])
            raise
        return self

    def stop(self) -> None:
        """Terminate the process and its children; they are killed after five seconds."""
        process, self._process = self._process, None
        if process is None:
            return
        for sign in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(process.pid, sign)
                process.wait(5)
            except ProcessLookupError:
                break
            except subprocess.TimeoutExpired:
                continue
        process.wait()

    def restart(self) -> None:
        """Restart the process with the same port."""
        self.stop()
        self.start()

    def output(self, start: int = 0) -> str:
        """Return its output so far, from this byte on."""
        return self.log.read_bytes()[start:].decode(errors="replace")
