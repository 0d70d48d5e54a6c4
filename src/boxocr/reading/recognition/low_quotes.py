"""Low opening quotes („), found in the ink of a line, for models that do not know them and give nothing for them."""

import numpy as np
from numpy.typing import NDArray

from boxocr.reading.line_image import runs_of

LOW_QUOTE = "\u201e"

# The ink of a low quote begins below this share of the line's height. It is this wide, in line heights; a comma is
# narrower. The gap between its two strokes is at most the fourth number.
_TOP = 0.5
_NARROWEST, _WIDEST, _BETWEEN = 0.15, 0.7, 0.2


def find(ink: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the first column of each low opening quote, and the column after its last.

    Args:
        ink: of a line image, ``(height, width)``.
    """
    rows = np.flatnonzero(ink.any(axis=1))
    if not rows.size:
        return []
    height = int(rows[-1]) + 1 - int(rows[0])
    upper = ink[: int(rows[0]) + round(_TOP * height)]
    # Two strokes of a quote are taken together, letters are not.
    pieces: list[tuple[int, int, bool]] = []
    for first, last in runs_of(np.asarray(ink.any(axis=0))):
        is_low = not upper[:, first:last].any()
        if is_low and pieces and pieces[-1][2] and first - pieces[-1][1] <= _BETWEEN * height:
            pieces[-1] = (pieces[-1][0], last, is_low)
        else:
            pieces.append((first, last, is_low))
    before = (0, -ink.shape[1], False)
    return [
        (first, last)
        for (_, end, _), (first, last, is_low), (start, *_) in zip([before, *pieces], pieces, pieces[1:], strict=False)
        # Commas and dots are nearer to the letter before them.
        if is_low and start - last < first - end and _NARROWEST * height <= last - first <= _WIDEST * height
    ]
