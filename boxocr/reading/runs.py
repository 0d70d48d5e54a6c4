"""Where a row of flags is set."""

import numpy as np
from numpy.typing import NDArray


def runs_of(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the first place and the place after the last of each unbroken run of set flags."""
    edges = np.flatnonzero(np.diff(flags.view(np.int8), prepend=0, append=0))
    return [(int(first), int(end)) for first, end in zip(edges[::2], edges[1::2], strict=True)]
