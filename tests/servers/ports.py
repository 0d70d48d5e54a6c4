"""Ports that nothing listens on."""

import contextlib
import itertools
import os
import random
import socket

_HOST = "127.0.0.1"

# Below the ports that Linux (from 32768 on) and macOS (from 49152 on) use for outgoing connections: a server may need a
# minute until it binds its port, which must stay free until then.
_FIRST = 20000
# pytest-xdist's workers run at the same time and must not choose the same port.
_PER_WORKER = 1000
_WORKERS = 12

_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _WORKERS
# The start is random, since several test runs may share the machine. A port is reused as late as possible.
_start = random.randrange(_PER_WORKER)  # noqa: S311 - not a secret
_candidates = itertools.cycle(_FIRST + _worker * _PER_WORKER + (_start + n) % _PER_WORKER for n in range(_PER_WORKER))


def free_ports(number: int) -> list[int]:
    """This many ports of 127.0.0.1, all different."""
    found: list[int] = []
    while len(found) < number:
        port = next(_candidates)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((_HOST, port))
            found.append(port)
    return found


def free_port() -> int:
    """A port of 127.0.0.1."""
    return free_ports(1)[0]
