"""The order of decodings: files that take long make way for others."""

import threading
from dataclasses import dataclass

from boxocr.pages.image.processes import DecoderProcess


@dataclass(slots=True, eq=False)
class Decoding:
    """A file being decoded.

    Attributes:
        process: decodes it.
        nbytes: memory that it needs, in addition to file and page.
        reserved: bytes of the working budget that it holds.
        seconds: that it took so far.
        is_slow: whether it made way for others.
        is_stopped: whether it was stopped in favour of others.
    """

    process: DecoderProcess
    nbytes: int = 0
    reserved: int = 0
    seconds: float = 0.0
    is_slow: bool = False
    is_stopped: bool = False


class Lanes:
    """A number of places for decodings that began, and as many for those that take long. Thread-safe.

    A decoding that takes long gives up its place, so others begin however many hostile files there are. If too many
    take long, the one that has taken longest is stopped.

    Args:
        places: in each of the two lanes.
        slow_bytes: memory of all decodings in the slow lane; a single one may need more.
    """

    def __init__(self, places: int, slow_bytes: float) -> None:
        self._places = places
        self._slow_bytes = slow_bytes
        self._free = threading.BoundedSemaphore(places)
        self._lock = threading.Lock()
        self._slow: list[Decoding] = []

    def enter(self) -> None:
        """Wait for a place."""
        self._free.acquire()

    def leave(self, decoding: Decoding | None) -> None:
        """Give up the place of a decoding; None if it did not begin."""
        if decoding is None or not decoding.is_slow:
            self._free.release()
            return
        with self._lock:
            if decoding in self._slow:
                self._slow.remove(decoding)

    def slow_down(self, decoding: Decoding) -> None:
        """Move a decoding to the slow lane."""
        with self._lock:
            while self._slow and not self._fits(decoding):
                oldest = self._slow.pop(0)
                oldest.is_stopped = True
                oldest.process.kill()
            self._slow.append(decoding)
            decoding.is_slow = True
        self._free.release()

    def _fits(self, decoding: Decoding) -> bool:
        nbytes = sum(other.nbytes for other in self._slow) + decoding.nbytes
        return len(self._slow) < self._places and nbytes <= self._slow_bytes
