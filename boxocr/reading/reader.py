"""The ladder: prepare, read, judge, and look again in other ways only when unsure."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np

from boxocr.reading import prepare
from boxocr.reading.engine import Pixels, Reading, ReadingOptions

# Tesseract's page segmentation modes: a uniform block of text, and one line taken raw, without searching for lines.
BLOCK, RAW_LINE = 6, 13

# From here on a reading is believed without a second look, below the other one the box may be turned.
SURE, LOST = 0.88, 0.55

# A box this much higher than wide holds a line that runs upwards or downwards, unless it holds many lines.
TALL = 1.5


class Recognizer(Protocol):
    """An engine that the ladder can make look at an image in one way or another: Tesseract, in one form or the other."""

    name: str
    version: str

    def languages(self) -> Sequence[str]:
        """Return the codes of the installed languages."""

    def look(self, image: Pixels, psm: int, options: ReadingOptions) -> Reading:
        """Read a grey image as it is, in one page segmentation mode."""


class Ladder:
    """An engine that looks at a crop in the ways that suit Tesseract, the likeliest first."""

    def __init__(self, recognizer: Recognizer) -> None:
        self._recognizer = recognizer
        self.name = recognizer.name
        self.version = recognizer.version

    def languages(self) -> Sequence[str]:
        """Return the codes of the installed languages."""
        return self._recognizer.languages()

    def read(self, crop: Pixels, options: ReadingOptions) -> Reading:
        """Read ``crop``; see :class:`~boxocr.reading.engine.Engine`."""
        image = prepare.grey(crop)
        if prepare.is_blank(image):
            return Reading("", 0.0, self.name, options.languages)
        image = prepare.even(prepare.dark_on_light(image))
        readings: list[Reading] = []
        for look in self._looks(image, options, readings):
            readings.append(look)
            if look.confidence >= SURE:
                break
        return best(readings)

    def _looks(self, image: Pixels, options: ReadingOptions, readings: Sequence[Reading]) -> Iterator[Reading]:
        """Look in one way after the other, as long as the caller wants another reading."""
        found = prepare.layout(image)
        yield self._upright(found, options)
        yield self._without_margin(found, options)
        if options.psm is None and len(found.lines) == 1:
            yield self._raw_line(found, options)
        height, width = image.shape
        if height > TALL * width or best(readings).confidence < LOST:
            # Text runs upwards on most spines and margins, then downwards; a page is seldom upside down.
            for degrees in (90, 270, 180):
                turned = prepare.layout(prepare.turn(image, degrees))
                yield replace(self._upright(turned, options), turned=degrees)

    def _upright(self, found: prepare.Layout, options: ReadingOptions) -> Reading:
        image = prepare.margin(prepare.enlarge(found), found.paper)
        return self._recognizer.look(image, options.psm or BLOCK, options)

    def _without_margin(self, found: prepare.Layout, options: ReadingOptions) -> Reading:
        """A margin helps tight boxes, and sometimes makes layout analysis miss a word."""
        reading = self._recognizer.look(prepare.enlarge(found), options.psm or BLOCK, options)
        return replace(reading, look=f"{reading.look}, no margin")

    def _raw_line(self, found: prepare.Layout, options: ReadingOptions) -> Reading:
        """Without searching for lines nothing of a line gets lost, if it is one."""
        return self._recognizer.look(prepare.enlarge(prepare.trimmed(found)), RAW_LINE, options)


def best(readings: Sequence[Reading]) -> Reading:
    """Return the most confident reading, a much shorter one than another discounted.

    Else a lone "=", read with 78 % where text runs sideways, would win over six lines.
    """
    longest = max(len(reading.text) for reading in readings)

    def worth(reading: Reading) -> float:
        return reading.confidence * min(1.0, 2 * len(reading.text) / longest) if longest else 0.0

    return max(readings, key=worth)
