"""Where a row of flags is set."""

import numpy as np
from numpy.typing import NDArray


def runs_of(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the first place and the place after the last of each unbroken run of set flags."""
    # By hand: numpy.diff with something before and after takes five times as long for a line's few hundred flags.
    framed = np.zeros(len(flags) + 2, np.bool_)
    framed[1:-1] = flags
    edges = np.flatnonzero(framed[1:] != framed[:-1])
    return [(int(first), int(end)) for first, end in zip(edges[::2], edges[1::2], strict=True)]
