"""The server's application in a process that frees objects by reference counting alone."""

import gc

# The server enables the collector after its start.
gc.set_threshold(0)

from _wsgi import app  # noqa: E402 - its import makes objects already

__all__ = ["app"]
