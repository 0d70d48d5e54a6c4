r"""The journal: the results so far, in a file that survives an interrupted run.

The first line identifies the work. Each further line has the key of a task in hexadecimal digits, a space, and the
prediction as JSON; if pages are missing, a tab and their list follow. Lines are only appended. Of two lines with the
same key the later one counts. A last line without a line break was cut off by a crash, and is dropped.
"""

import fcntl
import json
import os
import re
import time
from hashlib import sha256
from pathlib import Path
from typing import Self

from boxocr import MODEL_VERSION
from boxocr.commands.preannotate.items import KEY_BYTES, Kept
from boxocr.label_studio.errors import CommandFailed

_FORMAT = "boxocr journal 1"
_KEY_DIGITS = 2 * KEY_BYTES

_LINE = re.compile(rb"[0-9a-f]{%d} \{.*\}(\t\[.*\])?\n" % _KEY_DIGITS)

# Written lines survive a crash of the process. Syncing protects them against a loss of power.
_SECONDS_BETWEEN_SYNCS = 1.0


class Journal:
    """Predictions by key. Safe for one writing thread and any number of reading ones.

    Args:
        path: of its file, which is created if missing.
        label_config: of the tasks. A journal with another labeling config belongs to other work.
        model_version: of the predictions. A journal with another version belongs to other work.

    Raises:
        CommandFailed: the journal belongs to other work or is in use, or the file cannot be written.
    """

    def __init__(self, path: Path, label_config: str, model_version: str = MODEL_VERSION) -> None:
        self.path = path
        self._places: dict[bytes, int] = {}
        self._partial: set[bytes] = set()
        self._synced = time.monotonic()
        head = {
            "format": _FORMAT,
            "model_version": model_version,
            "label_config": sha256(label_config.encode()).hexdigest(),
        }
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise self._refused(error) from None
        try:
            self._open(json.dumps(head).encode() + b"\n")
        except OSError as error:
            os.close(self._file)
            raise self._refused(error) from None
        except CommandFailed:
            os.close(self._file)
            raise

    def __enter__(self) -> Self:
        """Return the open journal."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        os.close(self._file)

    def __contains__(self, key: bytes) -> bool:
        """Whether all pages of the task were read."""
        return key in self._places and key not in self._partial

    def __len__(self) -> int:
        return len(self._places)

    def get(self, key: bytes) -> Kept | None:
        """The result of a task; None if there is none."""
        place = self._places.get(key)
        if place is None:
            return None
        # The first tab ends the prediction, since JSON escapes tabs in strings.
        prediction, _, missing = self._line(place)[_KEY_DIGITS + 1 :].partition(b"\t")
        return Kept(json.loads(prediction), tuple((image, index) for image, index in json.loads(missing or b"[]")))

    def add(self, key: bytes, kept: Kept) -> None:
        """Append the result of a task.

        Raises:
            CommandFailed: the file cannot be written.
        """
        missing = f"\t{json.dumps(kept.missing)}" if kept.missing else ""
        prediction = json.dumps(kept.prediction, ensure_ascii=False)
        line = f"{key.hex()} {prediction}{missing}\n".encode(errors="surrogatepass")
        try:
            self._append(line)
            if time.monotonic() - self._synced > _SECONDS_BETWEEN_SYNCS:
                self.sync()
        except OSError as error:
            raise self._refused(error) from None
        self._note(key, line, self._end - len(line))

    def sync(self) -> None:
        """Flush the file to the disk."""
        os.fsync(self._file)
        self._synced = time.monotonic()

    def remove(self) -> None:
        """Delete the file, once all results are stored elsewhere."""
        self.path.unlink(missing_ok=True)

    def _open(self, head: bytes) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandFailed(
                f"Another run is using {self.path.name}.", "Wait until it has ended, or end it."
            ) from None
        with self.path.open("rb") as lines:
            found = lines.readline()
            if found.endswith(b"\n") and found != head:
                raise CommandFailed(
                    f"{self.path.name} has the results of another labeling config or another version of BoxOCR.",
                    "Delete it to read everything again, or move it away.",
                )
            self._end = 0
            if found == head:
                self._end = len(head)
                for line in lines:
                    # After a crash of the machine, the rest of the file can be arbitrary bytes.
                    if not _LINE.fullmatch(line):
                        break
                    self._note(bytes.fromhex(line[:_KEY_DIGITS].decode()), line, self._end)
                    self._end += len(line)
        os.ftruncate(self._file, self._end)
        if not self._end:
            self._append(head)

    def _note(self, key: bytes, line: bytes, place: int) -> None:
        if line.endswith(b"]\n"):
            self._partial.add(key)
        else:
            self._partial.discard(key)
        self._places[key] = place

    def _append(self, line: bytes) -> None:
        written = 0
        # On a disk that is nearly full, pwrite can write only a part.
        while written < len(line):
            written += os.pwrite(self._file, line[written:], self._end + written)
        self._end += len(line)

    def _line(self, place: int) -> bytes:
        piece, line = 65_536, b""
        while b"\n" not in line:
            line += os.pread(self._file, piece, place + len(line))
        return line[: line.index(b"\n")]

    def _refused(self, error: OSError) -> CommandFailed:
        return CommandFailed(
            f"{self.path.name} cannot be written: {error.strerror}.",
            "Check the folder, and the free space on its disk.",
        )
