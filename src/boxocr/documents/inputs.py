"""Finds document files in folders, archives and buckets, and reports the other files."""

import os
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO

from boxocr.documents import archives, buckets
from boxocr.documents.kinds import HEAD_BYTES, Kind, kind_by_name, kind_of
from boxocr.errors import BoxOCRError, DocumentError
from boxocr.settings.environment import Settings

_BLOCK = 1 << 20

BYTES_PER_MB = 1_000_000

_HIDDEN_FOLDERS = frozenset({"__MACOSX"})
_HIDDEN_FILES = frozenset({"thumbs.db", "desktop.ini"})


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A document file.

    Attributes:
        name: for people and for tasks: the path of the file below the folder, archive or bucket that was given.
        fetched: lends a path of the file on this machine, until the next file is asked for; can raise BoxOCRError.
        address: ``s3://bucket/key`` or a path, from which an image can be shown as it is; empty for files in archives.
    """

    name: str
    fetched: Callable[[], AbstractContextManager[Path]]
    address: str = ""


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """A file that is not a document.

    Attributes:
        name: as for a document.
        reason: a few words.
    """

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class FailedFile:
    """A file or a folder that cannot be read.

    Attributes:
        name: as for a document.
        error: the reason.
    """

    name: str
    error: BoxOCRError


Found = SourceFile | SkippedFile | FailedFile


def find(inputs: Sequence[str], settings: Settings, passwords: Sequence[str] = ()) -> Iterator[Found]:
    """Yield the files at some places, in the order of their names.

    Args:
        inputs: files, folders, zip archives and ``s3://bucket/prefix``.
        settings: MAX_DOCUMENT_MB, and for buckets endpoint and keys.
        passwords: to try on encrypted files in archives.
    """
    for place in inputs:
        if place.lower().startswith(buckets.SCHEME):
            yield from _in_bucket(place, settings, passwords)
        else:
            yield from _at_path(Path(place), settings, passwords)


def checksum_of(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal digits.

    Raises:
        DocumentError: it cannot be read.
    """
    digest = sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    except OSError as error:
        raise _unreadable(error) from None
    return digest.hexdigest()


def kind_of_file(path: Path, name: str) -> Kind:
    """The kind of a document file.

    Args:
        path: of the file.
        name: the name that it was found by.

    Raises:
        DocumentError: it is empty, not a document, or cannot be read.
    """
    head = _head(path)
    if not head:
        raise DocumentError("The file is empty.", "Copy it again.")
    if kind := kind_of(head):
        return kind
    if named := kind_by_name(name):
        raise DocumentError(f"The file is not a {named.value} file, as its name says.", "Copy it again, or rename it.")
    raise DocumentError("The file is neither a PDF nor an image.", "Print it to a PDF.")


def _at_path(given: Path, settings: Settings, passwords: Sequence[str]) -> Iterator[Found]:
    name = given.name or str(given)
    if given.is_dir():
        yield from _in_folder(given, settings, passwords)
        return
    # Files that were named explicitly are not skipped, whatever their names.
    try:
        kind_of_file(given, name)
    except BoxOCRError as error:
        yield FailedFile(name, error)
        return
    yield from _file(given, name, settings, passwords)


def _in_folder(folder: Path, settings: Settings, passwords: Sequence[str]) -> Iterator[Found]:
    problems: list[FailedFile] = []

    def unreadable(error: OSError) -> None:
        place = Path(os.fsdecode(error.filename or folder))
        name = place.relative_to(folder).as_posix() if place.is_relative_to(folder) else place.name
        problems.append(FailedFile(name, _unreadable(error)))

    for place, folders, files in os.walk(folder, onerror=unreadable):
        yield from problems
        problems.clear()
        folders.sort()
        for name in list(folders):
            path = Path(place) / name
            # Links are not followed, since they can lead back to a folder above.
            if reason := "hidden folder" if is_hidden(name) else "link to a folder" if path.is_symlink() else "":
                folders.remove(name)
                yield SkippedFile(f"{path.relative_to(folder).as_posix()}/", reason)
        for name in sorted(files):
            path = Path(place) / name
            shown = path.relative_to(folder).as_posix()
            if is_hidden(name):
                yield SkippedFile(shown, "hidden file")
            elif path.is_file():
                yield from _file(path, shown, settings, passwords)
            else:
                yield SkippedFile(shown, "not a regular file")
    yield from problems


def _file(path: Path, name: str, settings: Settings, passwords: Sequence[str]) -> Iterator[Found]:
    try:
        kind = kind_of(_head(path))
        size = path.stat().st_size
    except OSError as error:
        yield FailedFile(name, _unreadable(error))
        return
    except DocumentError as error:
        yield FailedFile(name, error)
        return
    if kind is None and kind_by_name(name) is None:
        yield SkippedFile(name, "neither a PDF nor an image")
    elif kind is Kind.ZIP:
        yield from _in_archive(path, name, settings, passwords)
    elif too_large := _too_large(size, settings):
        yield FailedFile(name, too_large)
    else:
        yield SourceFile(name, lambda: _as_it_is(path), str(path))


def _in_archive(path: Path, name: str, settings: Settings, passwords: Sequence[str]) -> Iterator[Found]:
    try:
        archive = archives.Archive(path, passwords)
    except BoxOCRError as error:
        yield FailedFile(name, error)
        return
    with archive:
        for member in archive.members():
            yield _member(archive, member, f"{name}/{member.name}", settings)


def _member(archive: archives.Archive, member: archives.Member, name: str, settings: Settings) -> Found:
    if any(map(is_hidden, member.name.split("/"))):
        return SkippedFile(name, "hidden file")
    problem = member.problem or _too_large(member.size, settings)
    if problem:
        return FailedFile(name, problem)
    try:
        kind = kind_of(archive.head(member, HEAD_BYTES))
    except DocumentError as error:
        return FailedFile(name, error)
    if kind is Kind.ZIP:
        return SkippedFile(name, "an archive inside an archive")
    if kind is None and kind_by_name(member.name) is None:
        return SkippedFile(name, "neither a PDF nor an image")
    most = int(settings.max_document_mb * BYTES_PER_MB)
    return SourceFile(name, lambda: _temporary(lambda file: archive.extract(member, file, most)))


def _in_bucket(url: str, settings: Settings, passwords: Sequence[str]) -> Iterator[Found]:
    try:
        bucket = buckets.Bucket(url, settings)
        for entry in bucket.entries():
            # The name has no scheme: Label Studio would replace an address in a task's data by one that it can open.
            shown = f"{bucket.name}/{entry.key}"
            below = entry.key.removeprefix(bucket.prefix)
            if any(map(is_hidden, below.split("/"))):
                yield SkippedFile(shown, "hidden file")
            elif kind_by_name(entry.key) is None:
                yield SkippedFile(shown, "neither a PDF nor an image, by its name")
            elif too_large := _too_large(entry.size, settings):
                yield FailedFile(shown, too_large)
            elif kind_by_name(entry.key) is Kind.ZIP:
                with _temporary(_downloading(bucket, entry.key)) as path:
                    yield from _in_archive(path, shown, settings, passwords)
            else:
                yield SourceFile(shown, _lending(bucket, entry.key), f"{buckets.SCHEME}{shown}")
    except BoxOCRError as error:
        yield FailedFile(url[:80], error)


def _downloading(bucket: buckets.Bucket, key: str) -> Callable[[IO[bytes]], None]:
    return lambda file: bucket.download(key, file)


def _lending(bucket: buckets.Bucket, key: str) -> Callable[[], AbstractContextManager[Path]]:
    return lambda: _temporary(_downloading(bucket, key))


def is_hidden(name: str) -> bool:
    """Whether a file or folder was made by the system, such as ``.DS_Store`` or ``._page.png``, or is hidden."""
    return (
        (name.startswith(".") and name not in (".", "..")) or name in _HIDDEN_FOLDERS or name.lower() in _HIDDEN_FILES
    )


@contextmanager
def _as_it_is(path: Path) -> Iterator[Path]:
    yield path


@contextmanager
def _temporary(write: Callable[[IO[bytes]], None]) -> Iterator[Path]:
    """A file that exists while it is lent."""
    with tempfile.NamedTemporaryFile(prefix="boxocr-import-") as file:
        try:
            write(file)
            file.flush()
        except OSError as error:
            raise DocumentError(
                f"It cannot be unpacked: {error.strerror}.", "Check the free space in the folder for temporary files."
            ) from None
        yield Path(file.name)


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(HEAD_BYTES)
    except OSError as error:
        raise _unreadable(error) from None


def _too_large(size: int, settings: Settings) -> DocumentError | None:
    if size <= settings.max_document_mb * BYTES_PER_MB:
        return None
    return DocumentError(
        f"The file has {size / BYTES_PER_MB:.0f} MB, more than {settings.max_document_mb:g}.",
        "Split it, or raise MAX_DOCUMENT_MB.",
    )


def _unreadable(error: OSError) -> DocumentError:
    reason = re.sub(r"\W*$", "", error.strerror or type(error).__name__)
    return DocumentError(f"It cannot be read: {reason}.", "Check its name and its permissions.")
