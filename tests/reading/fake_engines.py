"""Engines with one fault each. Like an operator's own engine, they are named by import path."""

# ruff: noqa: ARG002 - a fault needs no arguments

import hashlib
import os
import resource
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from boxocr.reading.types import Pixels, Reading, ReadingOptions


class Healthy:
    """Returns what it was given as its text. The faulty engines differ from it in one thing."""

    name, version = "healthy", "1.0"

    def languages(self) -> Sequence[str]:
        return ["eng"]

    def read(self, crop: Pixels, options: ReadingOptions) -> Reading:
        return Reading(f"{crop.shape} {options.charset}", 0.5, self.name, options.languages)


class Killed(Healthy):
    """Dies as if the system killed it for lack of memory."""

    def read(self, crop: Pixels, options: ReadingOptions) -> NoReturn:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError


class Crashes(Healthy):
    """Dies like native code that reads past the end of an array."""

    def read(self, crop: Pixels, options: ReadingOptions) -> NoReturn:
        signal.signal(signal.SIGSEGV, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGSEGV)
        raise AssertionError


class Hangs(Healthy):
    """Never answers, and writes its process id into the file that the charset names."""

    def read(self, crop: Pixels, options: ReadingOptions) -> NoReturn:
        if options.charset:
            Path(options.charset).write_text(str(os.getpid()))
        while True:
            time.sleep(60)


class HangsInNativeCode(Hangs):
    """Never answers, and keeps Python from handling signals meanwhile."""

    def read(self, crop: Pixels, options: ReadingOptions) -> NoReturn:
        Path(options.charset).write_text(str(os.getpid()))
        hashlib.pbkdf2_hmac("sha256", b"", b"", 1_000_000_000)
        raise AssertionError


class Naps(Healthy):
    """Takes half a second."""

    def read(self, crop: Pixels, options: ReadingOptions) -> Reading:
        time.sleep(0.5)
        return super().read(crop, options)


class SpeaksGarbage(Healthy):
    """Returns text that cannot be encoded as UTF-8, control characters, and a confidence out of range."""

    def read(self, crop: Pixels, options: ReadingOptions) -> Reading:
        return Reading(
            "caf\u00e9\ud800\x00\x1b[1m\tx \r\n\n\x0c second\u2028third  \n", 12.5, self.name, options.languages
        )


class SpeaksBytes(Healthy):
    """Returns bytes that are not valid UTF-8."""

    def read(self, crop: Pixels, options: ReadingOptions) -> Reading:
        text: Any = b"caf\xe9 ok"
        return Reading(text, float("nan"), self.name, options.languages)


class _Unpicklable(Exception):
    def __init__(self, first: object, second: object) -> None:
        super().__init__("secret path /root/x")
        self.lock = (first, second, lambda: None)


class Raises(Healthy):
    """Raises an error that cannot be sent to another process."""

    def read(self, crop: Pixels, options: ReadingOptions) -> NoReturn:
        raise _Unpicklable(1, 2)


class RunsOutOfMemory(Healthy):
    """Requests more memory than the system provides."""

    def read(self, crop: Pixels, options: ReadingOptions) -> Reading:
        taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        before = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (taken + 100_000_000, before[1]))
        try:
            np.ones(1_000_000_000, np.uint8)
        finally:
            resource.setrlimit(resource.RLIMIT_AS, before)
        return super().read(crop, options)


class GivesNothing(Healthy):
    """Forgets to return a reading."""

    def read(self, crop: Pixels, options: ReadingOptions) -> Any:
        return None


class DoesNotStart(Healthy):
    """Raises when it is created, since something that it needs is missing."""

    def __init__(self) -> None:
        raise OSError("no model")


class DiesAtStart(Healthy):
    """Crashes while it loads."""

    def __init__(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


class NotAnEngine:
    """Has no method of an engine."""
