"""Readings kept for when the same box is asked for again: Label Studio sends regions anew until they are accepted."""

import threading
from collections.abc import Callable, Hashable

from cachetools import LRUCache

from boxocr.reading.types import Reading


class ReadingCache:
    """The last readings by what decides them.

    Args:
        entries: how many are kept; a line's takes about a kilobyte. 0 keeps none.
    """

    def __init__(self, entries: int) -> None:
        self._lock = threading.Lock()
        self._kept: LRUCache[Hashable, Reading] = LRUCache(max(entries, 0))

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Hashable, read: Callable[[], Reading]) -> Reading:
        """The reading kept under the key, else a new one, which is kept. Errors are not.

        Args:
            key: the page's digest, the area cut from it, and the options.
            read: reads the box; called without holding anything up.
        """
        with self._lock:
            kept = self._kept.get(key)
        if kept is not None:
            return kept
        reading = read()
        with self._lock:
            if self._kept.maxsize:
                self._kept[key] = reading
        return reading
