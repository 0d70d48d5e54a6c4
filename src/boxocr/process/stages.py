"""Timing of the stages of a reading, summed per thread or context."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum

_collected: ContextVar["dict[Stage, float] | None"] = ContextVar("stages", default=None)


class Stage(StrEnum):
    """A stage of a reading."""

    FETCH = "fetch"  # until the page's bytes have arrived, even if another request fetches them
    DECODE = "decode"  # bytes to pixels
    WAIT = "wait"  # for a free reader
    READ = "read"  # in the reader, including the transfer to it and back


@contextmanager
def collect(seconds: dict[Stage, float]) -> Iterator[None]:
    """Add the seconds of all stages inside the context to this dictionary."""
    token = _collected.set(seconds)
    try:
        yield
    finally:
        _collected.reset(token)


@contextmanager
def stage(name: Stage) -> Iterator[None]:
    """Attribute the time of the code inside the context to this stage."""
    began = time.perf_counter()
    try:
        yield
    finally:
        add(name, time.perf_counter() - began)


def add(name: Stage, seconds: float) -> None:
    """Add time to a stage. Does nothing outside of :func:`collect`."""
    collected = _collected.get()
    if collected is not None:
        collected[name] = collected.get(name, 0.0) + seconds
