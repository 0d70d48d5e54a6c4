"""Records the regions that Label Studio asked about while they had no text.

If such a region has text in a later request, and no mark of an accepted answer, an annotator typed the text before
accepting the answer.
"""

import hashlib
import logging
import sqlite3
import threading
import time
from collections.abc import Iterable
from pathlib import Path

from boxocr.labeling.region_states import AskedBefore

logger = logging.getLogger("boxocr.answering.asked_regions")

_FILE = "asked_regions.sqlite3"

# A region can stay pending as long as its browser tab is open.
_KEPT_SECONDS = 7 * 86_400

# About 100 bytes each. The oldest are removed beyond this: ids come from callers, who can send any number of them.
_MAX_REGIONS = 100_000
_REGIONS_BETWEEN_CLEANUPS = 1_000

# How long to wait for a lock. Other processes that share the file hold it for about a millisecond.
_LOCK_SECONDS = 2

_TABLES = """
CREATE TABLE IF NOT EXISTS asked (task BLOB, region BLOB, at REAL, PRIMARY KEY (task, region));
CREATE INDEX IF NOT EXISTS asked_at ON asked (at);
CREATE TABLE IF NOT EXISTS born (at REAL);
"""


class AskedRegions:
    """Regions by task: in ``MODEL_DIR/asked_regions.sqlite3``, shared by all processes with this folder, or in memory.

    Only digests of ids are stored. Thread-safe.

    Args:
        folder: for the file, created if it is missing; ``None`` to keep the regions in memory.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._lock = threading.Lock()
        self._added = 0
        try:
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
            self._open(folder / _FILE if folder else ":memory:")
        except (OSError, sqlite3.Error) as error:
            self._continue_in_memory(error)

    def _open(self, file: Path | str) -> None:
        self._database = sqlite3.connect(file, timeout=_LOCK_SECONDS, check_same_thread=False, isolation_level=None)
        # Data survives a crash of the process, but not of the machine. Syncing to disk would delay every box.
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.executescript(_TABLES)
        self._database.execute("INSERT INTO born SELECT ? WHERE NOT EXISTS (SELECT * FROM born)", (time.time(),))
        ((self.since,),) = self._database.execute("SELECT at FROM born LIMIT 1").fetchall()
        self._clean_up()

    def _continue_in_memory(self, error: Exception) -> None:
        # Boxes can still be read. Only text that was typed before a restart may be overlooked.
        logger.error("MODEL_DIR cannot keep the regions that were drawn, so a restart forgets them: %s", error)
        self._open(":memory:")

    def add(self, task: str, regions: Iterable[str]) -> None:
        """Record regions without text.

        Args:
            task: identifies the task among all projects.
            regions: ids.
        """
        rows = [(_digest(task), _digest(region), time.time()) for region in regions]
        if not rows:
            return
        with self._lock:
            try:
                self._insert(rows)
            except sqlite3.Error as error:
                self._continue_in_memory(error)
                self._insert(rows)

    def _insert(self, rows: list[tuple[bytes, bytes, float]]) -> None:
        self._database.executemany("INSERT OR IGNORE INTO asked VALUES (?, ?, ?)", rows)
        self._added += len(rows)
        if self._added >= _REGIONS_BETWEEN_CLEANUPS:
            self._added = 0
            self._clean_up()

    def before(self, task: str) -> AskedBefore:
        """The regions of a task that were asked about in earlier requests.

        Args:
            task: as given to :meth:`add`.
        """
        with self._lock:
            try:
                rows = self._database.execute("SELECT region FROM asked WHERE task = ?", (_digest(task),)).fetchall()
            except sqlite3.Error as error:
                self._continue_in_memory(error)
                rows = []
            return AskedBefore(_Digests(row[0] for row in rows) if rows else None, self.since)

    def _clean_up(self) -> None:
        self._database.execute("DELETE FROM asked WHERE at < ?", (time.time() - _KEPT_SECONDS,))
        self._database.execute(
            "DELETE FROM asked WHERE at <= (SELECT at FROM asked ORDER BY at DESC LIMIT 1 OFFSET ?)", (_MAX_REGIONS,)
        )

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()


class _Digests:
    """Ids of regions, kept as digests."""

    def __init__(self, digests: Iterable[bytes]) -> None:
        self._digests = frozenset(digests)

    def __contains__(self, region: object) -> bool:
        return isinstance(region, str) and _digest(region) in self._digests


def _digest(name: str) -> bytes:
    return hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=16).digest()
