"""The order of decodings: files that take long make way for others."""

import threading
from collections import Counter
from dataclasses import dataclass

from boxocr.pages.image.processes import DecoderProcess
from boxocr.process.fair_places import FairPlaces, Requester, Shares


@dataclass(slots=True, eq=False)
class Decoding:
    """A file being decoded.

    Attributes:
        process: decodes it.
        requester: of the file.
        nbytes: memory that it needs, in addition to file and page.
        reserved: bytes of the working budget that it holds.
        seconds: that it took so far.
        is_slow: whether it made way for others.
        is_stopped: whether it was stopped in favour of others.
    """

    process: DecoderProcess
    requester: Requester
    nbytes: int = 0
    reserved: int = 0
    seconds: float = 0.0
    is_slow: bool = False
    is_stopped: bool = False


class Lanes:
    """A number of places for decodings that began, and as many for those that take long. Thread-safe.

    A decoding that takes long gives up its place, so others begin however many hostile files there are. If too many
    take long, one of the requester with the most of them is stopped.

    Args:
        places: in each of the two lanes.
        slow_bytes: memory of all decodings in the slow lane; a single one may need more.
    """

    def __init__(self, places: int, slow_bytes: float) -> None:
        self._places = places
        self._slow_bytes = slow_bytes
        # A requester that is alone may use all places, since each is free again after a second.
        self._prompt = FairPlaces(Shares(places, places, places))
        self._lock = threading.Lock()
        self._slow: list[Decoding] = []

    def enter(self, requester: Requester) -> None:
        """Wait for a place."""
        self._prompt.take(requester)

    def leave(self, requester: Requester, decoding: Decoding | None) -> None:
        """Give up the place of a requester's decoding; None if it did not begin."""
        if decoding is None or not decoding.is_slow:
            self._prompt.give_back(requester)
            return
        with self._lock:
            if decoding in self._slow:
                self._slow.remove(decoding)

    def slow_down(self, decoding: Decoding) -> None:
        """Move a decoding to the slow lane."""
        with self._lock:
            while self._slow and not self._fits(decoding):
                stopped = self._dispensable(decoding)
                self._slow.remove(stopped)
                stopped.is_stopped = True
                stopped.process.kill()
            self._slow.append(decoding)
            decoding.is_slow = True
        self._prompt.give_back(decoding.requester)

    def _fits(self, decoding: Decoding) -> bool:
        nbytes = sum(other.nbytes for other in self._slow) + decoding.nbytes
        return len(self._slow) < self._places and nbytes <= self._slow_bytes

    def _dispensable(self, newest: Decoding) -> Decoding:
        """The decoding that has taken longest, of those whose requester has the most."""
        counts = Counter(decoding.requester for decoding in (*self._slow, newest))
        return max(self._slow, key=lambda decoding: (counts[decoding.requester], decoding.seconds))
