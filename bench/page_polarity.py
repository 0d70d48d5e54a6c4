"""Whether only light text on dark paper is inverted, and not dark text on light paper, for :mod:`bench.documents`."""

from collections.abc import Iterable

from boxocr.reading import prepare
from boxocr.reading.types import Pixels


def polarity(pages: Iterable[Pixels]) -> str:
    """Count the pages that :func:`boxocr.reading.prepare.dark_on_light` inverts, and the negatives that it inverts.

    Args:
        pages: dark on light, grey or RGB.

    Returns:
        A sentence.
    """
    number = inverted = negatives = 0
    for page in pages:
        image = prepare.grey(prepare.bounded(page))
        number += 1
        inverted += prepare.dark_on_light(image) is not image
        negatives += bool((prepare.dark_on_light(255 - image) == image).all())
    return f"Polarity: {inverted} of {number} pages and {negatives} of {number} negatives are inverted."
