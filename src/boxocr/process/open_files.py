"""The number of files and connections that this process may have open."""

import contextlib
import resource


def raise_limit(wanted: int) -> int:
    """Raise the limit for open files as far as needed and permitted; returns how many of the wanted files it allows.

    Args:
        wanted: number of open files that are enough.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    # macOS has a further limit, which can be lower than this one, and refuses to exceed it.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        return most
    return soft
