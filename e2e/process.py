"""Servers as child processes on free ports of 127.0.0.1, and waiting for them."""

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

# The sources stand before whatever is installed.
PYTHONPATH = f"{REPOSITORY / 'src'}{os.pathsep}{REPOSITORY}"

# What a child needs from the caller's environment. The rest of it could change what is tested.
_INHERITED = ("PATH", "HOME", "LANG", "TMPDIR")

# Label Studio's first start brings a hundred migrations, and the machine may be busy.
_START_SECONDS = 180

# Whatever a server wants from the internet finds a closed port; 9 is "discard".
_OFFLINE = {
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "NO_PROXY": "127.0.0.1,localhost",
}


class NotInTimeError(AssertionError):
    """What a test waited for did not come true in time."""


def until(condition: Callable[[], T], what: str, *, seconds: float = 30, pause: float = 0.1) -> T:
    """Ask until the condition's answer is true, and give that answer back.

    Raises:
        NotInTimeError: it was not true after this many seconds.
    """
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() > deadline:
            raise NotInTimeError(f"after {seconds} s still not so: {what} (last answer: {answer!r})")
        time.sleep(pause)
    return answer


def answers(url: str) -> bool:
    """Whether a GET of the address succeeds."""
    try:
        urllib.request.urlopen(url, timeout=2).close()  # noqa: S310 - addresses of our own servers
    except OSError:
        return False
    return True


class Server:
    """One server process; its output goes to ``log``.

    It leads a process group of its own, so that stopping it takes its children along.
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
            AssertionError: it ended, or did not answer in time; its last words are added.
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
        """End the process and its children; they have five seconds to do so by themselves."""
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
        """Stop the process and start it again, with the same port."""
        self.stop()
        self.start()

    def output(self, start: int = 0) -> str:
        """What it printed so far, from this byte on."""
        return self.log.read_bytes()[start:].decode(errors="replace")
