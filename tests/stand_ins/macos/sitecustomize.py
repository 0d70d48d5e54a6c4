"""Removes the functions of Linux that macOS does not have. Python imports a module of this name at start."""

import ctypes
import os
from typing import Any

for name in ("sched_getaffinity", "sched_setaffinity", "sched_setscheduler", "sched_param", "SCHED_BATCH"):
    delattr(os, name)

_getattr = ctypes.CDLL.__getattr__


def _without_mallopt(library: ctypes.CDLL, name: str) -> Any:
    if name == "mallopt":
        raise AttributeError(name)
    return _getattr(library, name)


ctypes.CDLL.__getattr__ = _without_mallopt  # type: ignore[method-assign]
