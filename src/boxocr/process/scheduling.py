"""Memory allocation and scheduling of the web process and the readers."""

import contextlib
import ctypes
import os


def limit_blas_threads() -> None:
    """Have OpenBLAS start no threads in this process and its children, unless the environment says otherwise.

    Call it before numpy is imported. The threads spin while they wait for each other: they take a sixth of the
    processor time of the server's start, and on busy cores they make training take three times the processor time, and
    longer.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def limit_malloc_arenas() -> None:
    """Limit the number of malloc arenas of this process. Call it before threads are started.

    Otherwise each thread's arena keeps the memory that was needed to decode a page. Without glibc this does nothing.
    """
    with contextlib.suppress(OSError, AttributeError):
        # -8 is M_ARENA_MAX in glibc's malloc.h. The interpreter runs one thread at a time, so two arenas are enough; by
        # default there are up to eight per core.
        ctypes.CDLL(None).mallopt(-8, 2)


def retain_freed_memory(nbytes: int) -> None:
    """Let malloc keep this many freed bytes for reuse. Without glibc this does nothing.

    For a page of 24 megapixels, getting memory from the system again takes longer than converting the pixels.
    """
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        # -1 is M_TRIM_THRESHOLD, and -3 is M_MMAP_THRESHOLD, with its largest value on 64-bit machines.
        library.mallopt(-1, nbytes)
        library.mallopt(-3, 33_554_432)


def return_freed_memory() -> None:
    """Return the memory that is free now to the system, and from now on each large block when it is freed.

    By default malloc keeps more memory after larger blocks were freed, such as 35 MB after a line of 1,600 pixels.
    Without glibc this does nothing.
    """
    with contextlib.suppress(OSError, AttributeError):
        # -3 is M_MMAP_THRESHOLD. Once it is set, malloc no longer raises it. The model takes a tenth longer.
        library = ctypes.CDLL(None)
        library.mallopt(-3, 262_144)
        library.malloc_trim(0)


def use_idle_scheduling(process: int) -> None:
    """Have another process, with threads that it starts later, run only on cores that would be idle.

    Args:
        process: its id.
    """
    # OSError: forbidden by a sandbox, or the process has ended. AttributeError: not Linux.
    with contextlib.suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, process, 19)
        os.sched_setscheduler(process, os.SCHED_IDLE, os.sched_param(0))


def use_batch_scheduling() -> None:
    """Schedule this process as SCHED_BATCH, so that it does not preempt the readers. Call it before starting threads.

    With a reader on each core, a request waits for a reader anyway, but each preemption costs a reader its processor
    caches: throughput drops by 4 %. An idle core is still used at once. Outside of Linux this does nothing.
    """
    # OSError: forbidden by a sandbox. AttributeError: not Linux.
    with contextlib.suppress(OSError, AttributeError):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
