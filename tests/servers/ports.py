"""Ports that nobody listens on."""

import contextlib
import socket


def free_ports(number: int) -> list[int]:
    """So many ports of 127.0.0.1, all different; held open until all are found."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
