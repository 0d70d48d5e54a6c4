"""Learned state on disk: versions of a project's rules and head, in ``MODEL_DIR/learned/<project>/<version>/``.

A version is written to a folder of another name and renamed, so that readers see all of it or nothing. ``current``
holds the version in use, and is replaced the same way. Several servers may share the folder. Heads are read without
pickle, which can run code (https://numpy.org/doc/stable/reference/generated/numpy.load.html).
"""

import contextlib
import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from boxocr.errors import BoxOCRError
from boxocr.learning.rules import AppliedRules
from boxocr.reading.recognition.head import HEAD_ERRORS, MAX_BYTES, Head

_FORMAT = "boxocr learned 1"
_KEPT = 5
_OFF = "off"
_OWNER_ONLY, _OWNER_ONLY_FOLDER = 0o600, 0o700
_STATE, _EXAMPLES, _HEAD, _CURRENT, _LOCK = "state.json", "examples.json", "head-{}.npz", "current", ".lock"


class LearnedStateUnusable(BoxOCRError):
    """A version on disk is broken, or there is none."""

    code = "learned_state_unusable"
    message = "A learned version cannot be used."
    remedy = "Run boxocr learn again, or boxocr learn --forget."


@dataclass(frozen=True)
class LearnedState:
    """One version of a project's rules and head.

    Attributes:
        rules: by label.
        head: for the recognizer; None when none helps.
        labels: whose boxes the head reads.
        head_path: the head's file, whose content never changes; empty without head, and before it is saved.
        learned: when, in ISO format.
        evidence: sentences for people: the rules and the head, with the figures that speak for them.
        examples: label, reading, and text with the rules; kept for the newest version only.
    """

    rules: AppliedRules = field(default_factory=AppliedRules)
    head: Head | None = None
    labels: frozenset[str] = frozenset()
    head_path: str = ""
    learned: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    evidence: tuple[str, ...] = ()
    examples: tuple[tuple[str, str, str], ...] = ()


class LearnedStore:
    """The versions of one project.

    Args:
        model_dir: ``MODEL_DIR``.
        project: its number.
    """

    def __init__(self, model_dir: Path, project: int) -> None:
        self.folder = model_dir / "learned" / str(project)

    def versions(self) -> list[int]:
        """The versions there are, oldest first."""
        if not self.folder.is_dir():
            return []
        return sorted(int(path.name) for path in self.folder.iterdir() if path.name.isdecimal() and path.is_dir())

    def current(self) -> int | None:
        """The version in use; None when there is none, or learning is off."""
        try:
            name = (self.folder / _CURRENT).read_text(encoding="ascii").strip()
        except (OSError, ValueError):
            return None
        return int(name) if name.isdecimal() and int(name) in self.versions() else None

    def save(self, state: LearnedState) -> int:
        """Write a version and use it; versions before the last five are deleted, and older versions' examples.

        Returns:
            Its number.

        Raises:
            OSError: the disk refuses. The version in use stays in use.
        """
        with self._locked():
            number = max(self.versions(), default=0) + 1
            with tempfile.TemporaryDirectory(dir=self.folder, prefix=".new-") as new:
                folder = Path(new) / str(number)
                folder.mkdir(mode=_OWNER_ONLY_FOLDER)
                head = state.head.as_bytes() if state.head is not None else b""
                content = _as_json(state) | {"head": _HEAD.format(sha256(head).hexdigest()) if head else ""}
                _write(folder / _STATE, json.dumps(content, indent=2, ensure_ascii=False).encode())
                _write(folder / _EXAMPLES, json.dumps(state.examples, ensure_ascii=False).encode())
                if head:
                    _write(folder / content["head"], head)
                folder.rename(self.folder / str(number))
            self._point(str(number))
            *older, _ = versions = self.versions()
            for old in older:
                # They hold texts, which Label Studio may not have any more.
                (self.folder / str(old) / _EXAMPLES).unlink(missing_ok=True)
            for old in versions[:-_KEPT]:
                shutil.rmtree(self.folder / str(old), ignore_errors=True)
            return number

    def load(self, number: int) -> LearnedState:
        """Read a version.

        Args:
            number: one of :meth:`versions`.

        Raises:
            LearnedStateUnusable: it is broken.
        """
        folder = self.folder / str(number)
        name = f"Learned version {number} of project {self.folder.name}"
        try:
            found = json.loads(_read(folder / _STATE))
            if found["format"] != _FORMAT:
                raise LearnedStateUnusable(f"{name} is of another release of BoxOCR.")
            head_path = folder / Path(str(found["head"])).name if found["head"] else None
            return LearnedState(
                rules=AppliedRules.from_json(found["rules"]),
                head=_read_head(head_path) if head_path else None,
                labels=frozenset(map(str, found["labels"])),
                head_path=str(head_path or ""),
                learned=str(found["learned"]),
                evidence=tuple(map(str, found["evidence"])),
                examples=_read_examples(folder / _EXAMPLES),
            )
        except (*HEAD_ERRORS, TypeError, AttributeError) as error:
            raise LearnedStateUnusable(f"{name} cannot be read: {type(error).__name__}.") from None

    def use(self, number: int) -> None:
        """Use a version from now on.

        Raises:
            LearnedStateUnusable: there is no such version.
            OSError: the disk refuses.
        """
        with self._locked():
            if number not in self.versions():
                raise LearnedStateUnusable(
                    f"There is no version {number}.", "boxocr learn --show lists the versions that there are."
                )
            self._point(str(number))

    def off(self) -> None:
        """Use none, and keep all.

        Raises:
            OSError: the disk refuses.
        """
        if self.folder.is_dir():
            with self._locked():
                self._point(_OFF)

    def forget(self) -> None:
        """Delete all versions.

        Raises:
            OSError: the disk refuses.
        """
        if self.folder.is_dir():
            shutil.rmtree(self.folder)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """One process at a time, on this machine or on another with the same folder."""
        self.folder.mkdir(mode=_OWNER_ONLY_FOLDER, parents=True, exist_ok=True)
        lock = os.open(self.folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _OWNER_ONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _point(self, name: str) -> None:
        new = self.folder / f".{_CURRENT}-{os.getpid()}"
        _write(new, name.encode())
        new.replace(self.folder / _CURRENT)


def _as_json(state: LearnedState) -> dict[str, Any]:
    return {
        "format": _FORMAT,
        "rules": state.rules.as_json(),
        "labels": sorted(state.labels),
        "learned": state.learned,
        "evidence": list(state.evidence),
    }


def _write(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, and make sure that it is on the disk."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        message = "too large"
        raise ValueError(message)
    return content


def _read_head(path: Path) -> Head:
    content = _read(path)
    if path.name != _HEAD.format(sha256(content).hexdigest()):
        message = "the content has changed"
        raise ValueError(message)
    return Head.from_bytes(content)


def _read_examples(path: Path) -> tuple[tuple[str, str, str], ...]:
    try:
        return tuple((str(label), str(before), str(after)) for label, before, after in json.loads(_read(path)))
    except FileNotFoundError:
        return ()
