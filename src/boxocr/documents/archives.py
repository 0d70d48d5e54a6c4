"""Files in zip archives. No file is written under its name in the archive, and sizes are limited while unpacking."""

import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

from boxocr.errors import DocumentError

_BLOCK = 1 << 20

# The directory of an archive is kept in memory, some hundred bytes for each file.
_MOST_MEMBERS = 200_000

_ENCRYPTED = 0x1

# Raised by zipfile for damaged archives and unsupported compression methods.
_DAMAGE = (OSError, zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError)


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive.

    Attributes:
        name: its path in the archive.
        size: bytes, as the archive says.
        problem: the reason why it is not unpacked, or None.
        info: the library's object for it.
    """

    name: str
    size: int
    problem: DocumentError | None
    info: zipfile.ZipInfo


class Archive:
    """An open zip archive.

    Args:
        path: of the archive.
        passwords: to try on encrypted files.

    Raises:
        DocumentError: it is damaged, or has too many files.
    """

    def __init__(self, path: Path, passwords: Sequence[str]) -> None:
        self._passwords = [password.encode() for password in passwords]
        try:
            self._archive = zipfile.ZipFile(path)
        except _DAMAGE:
            raise DocumentError("The archive is damaged, or cut off.", "Pack it again.") from None
        if len(self._archive.filelist) > _MOST_MEMBERS:
            self._archive.close()
            raise DocumentError(
                f"The archive has more than {_MOST_MEMBERS:,} files.", "Unpack it, and name the folder."
            )

    def __enter__(self) -> Self:
        """Return the archive."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the archive."""
        self._archive.close()

    def members(self) -> list[Member]:
        """The files in the order of their names, without folders."""
        found = [_member(info) for info in self._archive.filelist if not info.is_dir()]
        return sorted(found, key=lambda member: member.name)

    def head(self, member: Member, size: int) -> bytes:
        """The first bytes of a file.

        Raises:
            DocumentError: it is damaged, or encrypted with another password.
        """
        for password in self._possible(member):
            try:
                with self._archive.open(member.info, pwd=password) as file:
                    return file.read(size)
            except _DAMAGE:
                raise _damaged() from None
            except RuntimeError:
                # The password is wrong.
                continue
        raise self._encrypted()

    def extract(self, member: Member, to: IO[bytes], most: int) -> None:
        """Unpack a file.

        Args:
            member: the file.
            to: gets its bytes.
            most: how many bytes it may have, whatever the archive says.

        Raises:
            DocumentError: it is larger, damaged, or encrypted with another password.
            OSError: the bytes cannot be written.
        """
        for password in self._possible(member):
            to.seek(0)
            to.truncate()
            try:
                with self._archive.open(member.info, pwd=password) as file:
                    _copy(file, to, most)
            except DocumentError:
                # One wrong password in 256 opens a file without decrypting it.
                if password is None:
                    raise
            except (zipfile.BadZipFile, NotImplementedError):
                raise _damaged() from None
            except RuntimeError:
                # The password is wrong.
                continue
            else:
                return
        raise self._encrypted()

    def _possible(self, member: Member) -> Sequence[bytes | None]:
        return self._passwords if member.info.flag_bits & _ENCRYPTED else [None]

    def _encrypted(self) -> DocumentError:
        if self._passwords:
            return DocumentError("It is encrypted with another password than those given.", "Correct --password.")
        return DocumentError("It is encrypted.", "Give its password with --password.")


def _copy(file: IO[bytes], to: IO[bytes], most: int) -> None:
    copied = 0
    while True:
        try:
            block = file.read(_BLOCK)
        except _DAMAGE:
            raise _damaged() from None
        if not block:
            return
        copied += len(block)
        if copied > most:
            raise DocumentError("The file is larger than the archive says.", "Pack the archive again.")
        to.write(block)


def _member(info: zipfile.ZipInfo) -> Member:
    parts = info.filename.replace("\\", "/").split("/")
    problem = None
    if ".." in parts or not parts[0] or ":" in parts[0]:
        problem = DocumentError("Its name leads out of the archive.", "Pack the archive with relative names.")
    return Member(info.filename, info.file_size, problem, info)


def _damaged() -> DocumentError:
    return DocumentError(
        "It is damaged, or packed in a way that is not supported.", "Pack the archive again, without encryption."
    )
