"""How the processes of a server share the machine with each other, and how they give memory back."""

import contextlib
import ctypes
import os

# Names and numbers of glibc's mallopt, from its malloc.h.
_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8

# Pools that threads take memory from. The interpreter lets one thread run at a time, so two are enough; glibc makes
# eight for each core, and each keeps what was freed in it.
_ARENAS = 2

# What is larger than this, bytes, is a part of a page, and goes back to the system as soon as it is freed.
_OF_PAGES = 1_000_000


def give_memory_back() -> None:
    """Have the C library keep little of what was freed; before threads are started. Does nothing without glibc.

    Its defaults keep pages' worth of memory for every thread that ever decoded one.
    """
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_ARENA_MAX, _ARENAS)
        mallopt(_M_MMAP_THRESHOLD, _OF_PAGES)


def let_readers_finish() -> None:
    """Have this process not interrupt others as soon as it has something to do; before threads are started.

    With a reader on each core, what arrives has to wait for a reader anyway. But each interruption costs the reader
    what its core remembered, four boxes in a hundred. A core without work is taken at once, as ever. Linux only.
    """
    # A sandbox may forbid it.
    with contextlib.suppress(OSError, AttributeError):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
