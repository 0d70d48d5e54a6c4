"""How the processes of a server share the machine with each other, and how they give memory back."""

import contextlib
import ctypes
import os

# Number of glibc's mallopt, from its malloc.h.
_M_ARENA_MAX = -8

# Pools that threads take memory from. The interpreter lets one thread run at a time, so two are enough; glibc makes
# eight for each core, and each keeps what was freed in it.
_ARENAS = 2


def limit_malloc_arenas() -> None:
    """Have all threads of this process take memory from the same few pools; before threads are started.

    Else each keeps for itself what it once needed to decode a page. Does nothing where the C library is not glibc.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)


def use_batch_scheduling() -> None:
    """Have this process not interrupt others as soon as it has something to do; before threads are started.

    With a reader on each core, what arrives has to wait for a reader anyway. But each interruption costs the reader
    what its core remembered, four boxes in a hundred. A core without work is taken at once, as ever. Linux only.
    """
    # A sandbox may forbid it.
    with contextlib.suppress(OSError, AttributeError):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
