r"""The list of a run's pages, in a file: it is needed three times, and can be larger than memory.

Each line is a JSON object for a document: ``name``, ``addresses`` of its pages and, if its pages were rendered,
``sha256`` of the document, ``numbers`` of the pages, and whether they are ``complete``. The next run does not render a
complete document again. The file is replaced when the list is complete. A run that is stopped before that leaves a
partial file, whose lines the next run uses too.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self

from boxocr.label_studio.errors import CommandFailed


@dataclass(frozen=True, slots=True)
class ListedDocument:
    """A document with the addresses of its pages.

    Attributes:
        name: of the document.
        addresses: of its pages.
        checksum: of the document, if its pages were rendered; otherwise empty.
        numbers: of the pages, from 1, if they were rendered.
        complete: whether these are all pages of the document.
    """

    name: str
    addresses: tuple[str, ...]
    checksum: str = ""
    numbers: tuple[int, ...] = ()
    complete: bool = True


class PageList:
    """A list that is written once, and read afterwards.

    Args:
        path: of its file.

    Raises:
        CommandFailed: the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._partial = path.with_name(f"{path.name}.partial")
        self._before = path.with_name(f"{path.name}.before")
        # Checksum → offset of the document's line in the file of earlier runs.
        self._places: dict[str, int] = {}
        self.pages = self.documents = 0
        try:
            self._keep_earlier()
            self._earlier: IO[bytes] = self._before.open("rb")
            self._out: IO[bytes] = self._partial.open("wb")
        except OSError as error:
            raise self._refused(error) from None

    def __enter__(self) -> Self:
        """Return the list, to be written."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Close the file, and put it in place unless an error ended the writing."""
        try:
            self._out.close()
            self._earlier.close()
            if kind is None:
                self._partial.replace(self._path)
                self._before.unlink(missing_ok=True)
        except OSError as error:
            raise self._refused(error) from None

    def rendered(self, checksum: str) -> ListedDocument | None:
        """A document that an earlier run rendered; None if there is none."""
        place = self._places.get(checksum)
        if place is None:
            return None
        self._earlier.seek(place)
        return _document(json.loads(self._earlier.readline()))

    def add(self, document: ListedDocument) -> None:
        """Add a document.

        Raises:
            CommandFailed: the file cannot be written.
        """
        line: dict[str, Any] = {"name": document.name, "addresses": document.addresses}
        if document.checksum:
            line |= {"sha256": document.checksum, "numbers": document.numbers, "complete": document.complete}
        try:
            self._out.write(json.dumps(line).encode() + b"\n")
            # Rendered pages are expensive; a killed run must not lose them.
            if document.checksum:
                self._out.flush()
        except OSError as error:
            raise self._refused(error) from None
        self.documents += 1
        self.pages += len(document.addresses)

    def __iter__(self) -> Iterator[ListedDocument]:
        """Yield the documents of the complete list in order."""
        with self._path.open("rb") as lines:
            for line in lines:
                yield _document(json.loads(line))

    def _keep_earlier(self) -> None:
        """Join the lines of earlier runs about completely rendered documents into one file, and index them."""
        joined = self._before.with_name(f"{self._before.name}.partial")
        with joined.open("wb") as out:
            for path in (self._before, self._path, self._partial):
                for line in _whole_lines(path):
                    found = json.loads(line)
                    if found.get("complete"):
                        self._places[found["sha256"]] = out.tell()
                        out.write(line)
            out.flush()
            os.fsync(out.fileno())
        joined.replace(self._before)

    def _refused(self, error: OSError) -> CommandFailed:
        return CommandFailed(
            f"{self._path.name} cannot be written: {error.strerror}.",
            "Check the folder, and the free space on its disk.",
        )


def _whole_lines(path: Path) -> Iterator[bytes]:
    if path.exists():
        with path.open("rb") as lines:
            # A killed run can leave an incomplete line at the end.
            yield from (line for line in lines if line.startswith(b"{") and line.endswith(b"}\n"))


def _document(found: Mapping[str, Any]) -> ListedDocument:
    return ListedDocument(
        name=found["name"],
        addresses=tuple(found["addresses"]),
        checksum=found.get("sha256", ""),
        numbers=tuple(found.get("numbers", ())),
        complete=found.get("complete", True),
    )
