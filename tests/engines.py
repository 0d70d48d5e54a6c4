"""Engines for tests. Like an operator's own engine, they are named by import path."""

import hashlib
import itertools
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from boxocr.reading.types import Pixels, Reading, ReadingOptions

# Shape of the image with the test word, which the server has its engine read at the start.
_TEST_WORD = (56, 140)


class Counting:
    """Reads "reading N" in the Nth crop, not counting the test word."""

    name, version = "counting", "1"

    def __init__(self) -> None:
        self._asked = 0

    def languages(self) -> Sequence[str]:
        return ["eng"]

    def read(self, crop: Pixels, options: ReadingOptions) -> Reading:
        if crop.shape == _TEST_WORD:
            return Reading("2468", 0.9, self.name, options.languages)
        self._asked += 1
        return Reading(f"reading {self._asked}", 0.9, self.name, options.languages)


class FailingFirst(Counting):
    """Fails on the first box."""

    def read(self, crop: Pixels, options: ReadingOptions) -> Reading:
        if super().read(crop, options).text == "reading 1":
            raise RuntimeError
        return Reading("at last", 0.9, self.name, options.languages)


class Misreading(Counting):
    """Reads the same everywhere."""

    def read(self, crop: Pixels, options: ReadingOptions) -> Reading:  # noqa: ARG002 - it does not look
        return Reading("Z468", 0.9, self.name, options.languages)


class DoubtfulFirst(Counting):
    """Doubts two words of the first box, and notes that a part of the box could not be read."""

    def read(self, crop: Pixels, options: ReadingOptions) -> Reading:
        if super().read(crop, options).text == "reading 1":
            note = "A part of the box could not be read."
            return Reading("Room 1O4,\nl5 beds", 0.3, self.name, options.languages, doubtful=("1O4,", "l5"), note=note)
        return Reading("Room 104", 0.95, self.name, options.languages)


class Slow(Counting):
    """Takes longer for the test word than a start waits."""

    def read(self, crop: Pixels, options: ReadingOptions) -> Reading:
        if crop.shape == _TEST_WORD:
            time.sleep(3)
        return super().read(crop, options)


class Hostile(Counting):
    """Reads text that would run a script if it were treated as markup."""

    def read(self, crop: Pixels, options: ReadingOptions) -> Reading:  # noqa: ARG002 - it does not look
        return Reading("<img src=x onerror=\"document.title='run'\"> & co", 0.9, self.name, options.languages)


class CrashingOnTall(Counting):
    """Crashes on crops that are higher than wide."""

    def read(self, crop: Pixels, options: ReadingOptions) -> Reading:
        if crop.shape[0] > crop.shape[1]:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().read(crop, options)


class HangingOnTall(Counting):
    """Hangs on crops that are higher than wide, once it has created a file, and takes half a second for others."""

    def read(self, crop: Pixels, options: ReadingOptions) -> Reading:
        if crop.shape[0] > crop.shape[1]:
            Path("hanging").touch()
            hashlib.pbkdf2_hmac("sha256", b"", b"", 1_000_000_000)
        time.sleep(0.5)
        return super().read(crop, options)


class SurerEachTime(Counting):
    """Is more confident of each reading than of the one before."""

    def read(self, crop: Pixels, options: ReadingOptions) -> Reading:
        reading = super().read(crop, options)
        return replace(reading, confidence=min(0.5 + self._asked / 100, 1.0))


class Polyglot(Counting):
    """Knows eng, and a language for each of the 64 combinations of three letters from a to d."""

    def languages(self) -> Sequence[str]:
        return ["eng", *("".join(letters) for letters in itertools.product("abcd", repeat=3))]


class Deliberate(Counting):
    """Takes most of a second for each line."""

    seconds = 0.8

    def read(self, crop: Pixels, options: ReadingOptions) -> Reading:
        if crop.shape != _TEST_WORD:
            time.sleep(self.seconds)
        return super().read(crop, options)


class Unhurried(Deliberate):
    """Takes a tenth of a second for each line."""

    seconds = 0.1


class Illegible(Counting):
    """Fails on everything but the test word."""

    def read(self, crop: Pixels, options: ReadingOptions) -> Reading:
        if crop.shape != _TEST_WORD:
            raise RuntimeError
        return super().read(crop, options)


class FailingInColour(Counting):
    """Fails on crops in colour: on boxes of a page with colour. Whole pages and split boxes are read in grey."""

    def read(self, crop: Pixels, options: ReadingOptions) -> Reading:
        if crop.ndim == 3:
            raise RuntimeError
        return super().read(crop, options)
