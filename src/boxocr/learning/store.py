"""Learned state on disk: versions of a project's rules and heads, in ``MODEL_DIR/learned/<project>/<version>/``.

A version is written to a folder with another name, which is then renamed, so that readers see all of it or nothing.
``current`` holds the version in use, and is replaced in the same way. Several servers may share the folder.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from boxocr.errors import BoxOCRError
from boxocr.learning.history import History
from boxocr.learning.rules import AppliedRules
from boxocr.learning.state_files import (
    OWNER_ONLY,
    OWNER_ONLY_FOLDER,
    as_json,
    read_head,
    read_json,
    replace,
    write,
    write_heads,
)
from boxocr.reading.recognition.head import HEAD_ERRORS, Head

_FORMAT = "boxocr learned 2"
_KEPT = 5
_OFF, _NONE = "off", "none"
_STATE, _EXAMPLES, _CURRENT, _HISTORY = "state.json", "examples.json", "current", "history.json"
_LOCK, _LEARNING, _NEW = ".lock", ".learning", ".new-"


class LearnedStateUnusable(BoxOCRError):
    """A version on disk is broken, or there is none."""

    code = "learned_state_unusable"
    message = "A learned version cannot be used."
    remedy = "Run boxocr learn again, or boxocr learn --forget."


class AlreadyLearning(BoxOCRError):
    """Another process learns from the same project."""

    code = "already_learning"
    message = "Another process is learning from this project."
    remedy = "Wait until it has ended."


@dataclass(frozen=True)
class LearnedState:
    """One version of a project's rules and heads.

    Attributes:
        rules: by label.
        heads: for the recognizer, by label; labels can share one.
        head_paths: the heads' files by label, whose contents never change; empty before the version is saved.
        learned: when it was learned, in ISO format.
        corrections: how many boxes it was learned from.
        evidence: sentences for people about the rules and heads, with the figures that speak for them.
        examples: label, reading without the version, and reading with it; kept for the newest version only.
    """

    rules: AppliedRules = field(default_factory=AppliedRules)
    heads: Mapping[str, Head] = field(default_factory=dict)
    head_paths: Mapping[str, str] = field(default_factory=dict)
    learned: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    corrections: int = 0
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
        self.project = project

    @classmethod
    def all(cls, model_dir: Path) -> "list[LearnedStore]":
        """The stores of all projects that were learned from."""
        folder = model_dir / "learned"
        if not folder.is_dir():
            return []
        numbers = sorted(int(path.name) for path in folder.iterdir() if path.name.isdecimal() and path.is_dir())
        return [cls(model_dir, number) for number in numbers]

    def versions(self) -> list[int]:
        """The versions there are, oldest first."""
        if not self.folder.is_dir():
            return []
        return sorted(int(path.name) for path in self.folder.iterdir() if path.name.isdecimal() and path.is_dir())

    def current(self) -> int | None:
        """The version in use; None when there is none, or learning is off."""
        name = self._pointer()
        return int(name) if name.isdecimal() and int(name) in self.versions() else None

    def is_off(self) -> bool:
        """Whether learning was switched off; then only a person switches it on again."""
        return self._pointer() == _OFF

    def save(self, state: LearnedState) -> int:
        """Write a version and use it. Deletes versions before the last five, and the examples of older versions.

        Returns:
            Its number.

        Raises:
            OSError: the disk refuses. The version in use stays in use.
        """
        with self._locked():
            # Left by processes that were killed while they wrote.
            for left in self.folder.glob(f"{_NEW}*"):
                shutil.rmtree(left, ignore_errors=True)
            number = max(self.versions(), default=0) + 1
            with tempfile.TemporaryDirectory(dir=self.folder, prefix=_NEW) as new:
                folder = Path(new) / str(number)
                folder.mkdir(mode=OWNER_ONLY_FOLDER)
                content = _as_json(state) | {"heads": write_heads(folder, state.heads)}
                write(folder / _STATE, as_json(content))
                write(folder / _EXAMPLES, as_json(state.examples))
                folder.rename(self.folder / str(number))
            self._point(str(number))
            *older, _ = versions = self.versions()
            for old in older:
                # Examples hold texts that Label Studio may not have any more.
                (self.folder / str(old) / _EXAMPLES).unlink(missing_ok=True)
            for old in versions[:-_KEPT]:
                shutil.rmtree(self.folder / str(old), ignore_errors=True)
            return number

    def load(self, number: int) -> LearnedState:
        """Read a version.

        Args:
            number: one of :meth:`versions`.

        Raises:
            LearnedStateUnusable: it is broken, or there is no such version.
        """
        self._require(number)
        folder = self.folder / str(number)
        name = f"Learned version {number} of project {self.project}"
        try:
            found = read_json(folder / _STATE)
            if found["format"] != _FORMAT:
                raise LearnedStateUnusable(f"{name} is of another release of BoxOCR.")
            paths = {str(label): folder / Path(str(file)).name for label, file in found["heads"].items()}
            heads = {path: read_head(path) for path in set(paths.values())}
            return LearnedState(
                rules=AppliedRules.from_json(found["rules"]),
                heads={label: heads[path] for label, path in paths.items()},
                head_paths={label: str(path) for label, path in paths.items()},
                learned=str(found["learned"]),
                corrections=int(found["corrections"]),
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
            self._require(number)
            self._point(str(number))

    def _require(self, number: int) -> None:
        if number not in self.versions():
            raise LearnedStateUnusable(
                f"There is no version {number}.", "boxocr learn --show lists the versions that there are."
            )

    def roll_back(self, number: int) -> int | None:
        """Use the version before this one, or none.

        Returns:
            The version that is used now.

        Raises:
            OSError: the disk refuses.
        """
        with self._locked():
            rolled_back = self.history().rolled_back
            earlier = [one for one in self.versions() if one < number and one not in rolled_back]
            self._point(str(earlier[-1]) if earlier else _NONE)
            return earlier[-1] if earlier else None

    def off(self) -> None:
        """Use no version, but keep all.

        Raises:
            OSError: the disk refuses.
        """
        if self.folder.is_dir():
            with self._locked():
                self._point(_OFF)

    def forget(self) -> None:
        """Delete all versions, and all that is known of them.

        Raises:
            OSError: the disk refuses.
        """
        if self.folder.is_dir():
            shutil.rmtree(self.folder)

    def history(self) -> History:
        """The history of the project; empty if it cannot be read."""
        try:
            return History.from_json(read_json(self.folder / _HISTORY))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return History()

    def remember(self, history: History) -> None:
        """Write the history.

        Raises:
            OSError: the disk refuses.
        """
        with self._locked():
            replace(self.folder / _HISTORY, as_json(history.as_json()))

    @contextlib.contextmanager
    def learning(self) -> Iterator[None]:
        """Keep other processes from learning from the project at the same time, on this machine or another.

        Raises:
            AlreadyLearning: another process is learning.
            OSError: the disk refuses.
        """
        with self._lock(_LEARNING) as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise AlreadyLearning from None
            yield

    def is_learning(self) -> bool:
        """Whether a process learns from the project now."""
        try:
            # Opened, not created: a lock file that another user owns would keep the server from learning.
            lock = os.open(self.folder / _LEARNING, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(lock)
        return False

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Only one process writes at a time, on this machine or on another with the same folder."""
        with self._lock(_LOCK) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @contextlib.contextmanager
    def _lock(self, name: str) -> Iterator[int]:
        self.folder.mkdir(mode=OWNER_ONLY_FOLDER, parents=True, exist_ok=True)
        lock = os.open(self.folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, OWNER_ONLY)
        try:
            yield lock
        finally:
            os.close(lock)

    def _pointer(self) -> str:
        try:
            return (self.folder / _CURRENT).read_text(encoding="ascii").strip()
        except (OSError, ValueError):
            return ""

    def _point(self, name: str) -> None:
        replace(self.folder / _CURRENT, name.encode())


def _as_json(state: LearnedState) -> dict[str, Any]:
    return {
        "format": _FORMAT,
        "rules": state.rules.as_json(),
        "learned": state.learned,
        "corrections": state.corrections,
        "evidence": list(state.evidence),
    }


def _read_examples(path: Path) -> tuple[tuple[str, str, str], ...]:
    try:
        return tuple((str(label), str(before), str(after)) for label, before, after in read_json(path))
    except FileNotFoundError:
        return ()
