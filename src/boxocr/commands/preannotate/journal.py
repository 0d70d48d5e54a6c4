r"""The journal: what was read so far, in a file that outlives a run that was broken off.

The first line says what it is the journal of. Every further line is the key of a task in hexadecimal digits, a space,
and the prediction as JSON; where pages are missing, a tab and these follow. Lines are only ever added, and of two with
the same key the later one counts; a last line without its line end was being written when a run
died, and is dropped.
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

# Lines survive the end of the process as soon as they are written; this is for the machine's power supply.
_SECONDS_BETWEEN_SYNCS = 1.0


class Journal:
    """Predictions by key. Safe for one thread that adds and others that look.

    Args:
        path: of its file, which is made where there is none.
        label_config: that the tasks are read by. What was read by another one is not the same work.

    Raises:
        CommandFailed: it belongs to other work, another run holds it, or the disk refuses.
    """

    def __init__(self, path: Path, label_config: str) -> None:
        self.path = path
        self._places: dict[bytes, int] = {}
        self._partial: set[bytes] = set()
        self._synced = time.monotonic()
        head = {
            "format": _FORMAT,
            "model_version": MODEL_VERSION,
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
        """It is open already."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the file."""
        os.close(self._file)

    def __contains__(self, key: bytes) -> bool:
        """Whether all pages of the task were read."""
        return key in self._places and key not in self._partial

    def __len__(self) -> int:
        return len(self._places)

    def get(self, key: bytes) -> Kept | None:
        """What was read of the task, None when that is nothing."""
        place = self._places.get(key)
        if place is None:
            return None
        # A tab within JSON's strings is escaped.
        prediction, _, missing = self._line(place)[_KEY_DIGITS + 1 :].partition(b"\t")
        return Kept(json.loads(prediction), tuple((image, index) for image, index in json.loads(missing or b"[]")))

    def add(self, key: bytes, kept: Kept) -> None:
        """Keep what was read of a task.

        Raises:
            CommandFailed: the disk refuses.
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
        """Make sure that all of it is on the disk."""
        os.fsync(self._file)
        self._synced = time.monotonic()

    def remove(self) -> None:
        """Delete the file: all that it holds is elsewhere."""
        self.path.unlink(missing_ok=True)

    def _open(self, head: bytes) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandFailed(
                f"Another run is at work with {self.path.name}.", "Wait until it has ended, or end it."
            ) from None
        with self.path.open("rb") as lines:
            found = lines.readline()
            if found.endswith(b"\n") and found != head:
                raise CommandFailed(
                    f"{self.path.name} holds what was read with another labeling config or another version of BoxOCR.",
                    "Delete it to read everything anew, or move it away.",
                )
            self._end = 0
            if found == head:
                self._end = len(head)
                for line in lines:
                    # Where the machine itself went down, there can be anything.
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
        # A disk that is nearly full takes a part.
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
            f"{self.path.name} cannot be written: {error.strerror}.", "Check the folder, and the room on its disk."
        )
