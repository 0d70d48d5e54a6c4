"""A process that turns document files into page images, and is killed if it takes too long.

PDFium and the image decoders are C and C++ code. A damaged file can crash them, keep them busy for hours, or make them
allocate all memory. After each of these the process is replaced, and the next file is unaffected.
"""

import contextlib
import pickle
import resource
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol, Self

from boxocr.documents.kinds import Kind
from boxocr.documents.page_image import PageImage
from boxocr.errors import BoxOCRError, DocumentError
from boxocr.process import child, logs
from boxocr.process.killable import KillableProcess, ProcessGone

# Starting takes a second on an idle machine.
_START_SECONDS = 120.0

# Opening reads a PDF's table of objects, or walks through the frames of a TIFF.
_OPEN_SECONDS = 60.0

# The largest pages take some seconds.
_PAGE_SECONDS = 120.0

# A page of 100 megapixels needs one gigabyte while it is decoded and encoded.
_MAX_BYTES = 6 << 30


@dataclass(frozen=True)
class RenderingOptions:
    """How pages are rendered.

    Attributes:
        dpi: resolution of PDF pages.
        passwords: to try on encrypted PDFs.
        max_megapixels: of a page.
    """

    dpi: float
    passwords: tuple[str, ...]
    max_megapixels: float


# Requests to the process, and their arguments.
_OPEN, _PAGE = "open", "page"


class Document(Protocol):
    """A document file."""

    def __len__(self) -> int: ...

    def page(self, index: int) -> PageImage:
        """The page with this index.

        Raises:
            BoxOCRError: it cannot be turned into an image.
        """
        ...


class Renderer:
    """Renders documents one after the other, in a process of its own. Not thread-safe.

    Args:
        options: for all documents.
    """

    def __init__(self, options: RenderingOptions) -> None:
        self._options = options
        self._process: KillableProcess | None = None

    def __enter__(self) -> Self:
        """Return the renderer. The process is started for the first document."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self._kill()

    def open(self, path: Path, kind: Kind) -> int:
        """Open a document, and close the one before.

        Returns:
            The number of its pages.

        Raises:
            BoxOCRError: it cannot be opened.
        """
        try:
            return self._opened(path, kind)
        except ProcessGone:
            # The system kills processes when it runs out of memory, so the file need not be the cause: it is tried
            # again.
            pass
        try:
            return self._opened(path, kind)
        except ProcessGone:
            raise _crashed("The file") from None

    def pages(self, path: Path, kind: Kind, indexes: Iterable[int]) -> Iterator[tuple[int, PageImage | BoxOCRError]]:
        """Yield pages of the open document, each with its index, or the error if it cannot be rendered.

        The next page is rendered while the caller works on this one.

        Args:
            path: of the document, to open it again after a page that ended the process.
            kind: of the document.
            indexes: of the pages.
        """
        sent: int | None = None
        try:
            for index in [*indexes, None]:
                ready, found = sent, None if sent is None else self._page(sent)
                sent = None
                if index is not None:
                    self._request(path, kind, index)
                    sent = index
                if ready is not None and found is not None:
                    yield ready, found
        finally:
            if sent is not None:
                # The answer must not be taken for the answer to the next request.
                self._kill()

    def _request(self, path: Path, kind: Kind, index: int) -> None:
        """Ask for a page; if the process has ended, the document is opened again first."""
        if self._process is not None and not self._process.is_killed:
            with contextlib.suppress(ProcessGone):
                self._send(_PAGE, index)
                return
        self.open(path, kind)
        with contextlib.suppress(ProcessGone):
            self._send(_PAGE, index)

    def _opened(self, path: Path, kind: Kind) -> int:
        self._send(_OPEN, path, kind)
        return int(self._answer("The file", _OPEN_SECONDS))

    def _page(self, index: int) -> PageImage | BoxOCRError:
        try:
            page: PageImage = self._answer(f"Page {index + 1}", _PAGE_SECONDS)
        except BoxOCRError as error:
            return error
        except ProcessGone:
            return _crashed(f"Page {index + 1}")
        return page

    def _send(self, *request: object) -> None:
        if self._process is None or self._process.is_killed:
            arguments = (self._options, logs.configured())
            self._process = KillableProcess(_serve, arguments, name="renderer", start_seconds=_START_SECONDS)
        self._process.send(pickle.dumps(request))

    def _answer(self, subject: str, seconds: float) -> Any:
        if self._process is None:
            raise ProcessGone
        try:
            # From a process of our own.
            done, result = pickle.loads(self._process.receive(seconds))  # noqa: S301 # nosec B301
        except TimeoutError:
            raise DocumentError(
                f"{subject} took longer than {seconds:.0f} seconds.", "Save the file again with another program."
            ) from None
        if done:
            return result
        raise result

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()
        self._process = None


def _crashed(subject: str) -> DocumentError:
    return DocumentError(f"{subject} crashed the library that reads it.", "Save the file again with another program.")


def _serve(connection: Connection, options: RenderingOptions, log: logs.Settings) -> None:
    """Answer requests until the other end is closed.

    Args:
        connection: is sent an empty message first. Receives pickled requests, and is sent ``(True, result)`` or
            ``(False, error)`` for each.
        options: for all documents.
        log: how the process logs.
    """
    child.prepare(log)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (_MAX_BYTES, _MAX_BYTES))
    document: Document | None = None
    with contextlib.suppress(EOFError, OSError):
        connection.send_bytes(b"")
        while True:
            # From the process that started this one.
            request = pickle.loads(connection.recv_bytes())  # noqa: S301 # nosec B301
            try:
                if request[0] == _OPEN:
                    document = None
                    document = _opened(request[1], request[2], options)
                    answer: tuple[bool, object] = True, len(document)
                else:
                    answer = True, _page(document, request[1])
            except BoxOCRError as error:
                answer = False, error
            except MemoryError:
                answer = False, DocumentError("It needs more memory than is allowed.", "Save it smaller.")
            except Exception as error:  # noqa: BLE001 - the libraries raise many kinds for damaged files
                answer = False, DocumentError(f"It could not be read ({type(error).__name__}).")
            connection.send_bytes(pickle.dumps(answer))


def _opened(path: Path, kind: Kind, options: RenderingOptions) -> Document:
    if kind is Kind.PDF:
        from boxocr.documents.pdf import PdfFile  # noqa: PLC0415 - loads PDFium, which images do not need

        return PdfFile(path, options.passwords, options.dpi, options.max_megapixels)
    from boxocr.documents.images import ImageDocument  # noqa: PLC0415 - PDFs do not need it

    return ImageDocument(path, kind, options.max_megapixels)


def _page(document: Document | None, index: int) -> PageImage:
    if document is None:
        raise DocumentError
    return document.page(index)
