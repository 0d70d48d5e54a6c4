"""A process that turns document files into page images, and is killed when it takes too long.

PDFium and the decoders of images are C and C++ code. A damaged file can crash them, keep them busy for hours, or make
them allocate all memory. The process is replaced after each of these, and the next file is unaffected.
"""

import contextlib
import multiprocessing
import resource
import signal
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnContext, SpawnProcess
from pathlib import Path
from typing import Any, Protocol, Self

from boxocr.documents.kinds import Kind
from boxocr.documents.page_image import PageImage
from boxocr.errors import BoxOCRError, DocumentError
from boxocr.process.child import end_with_parent

# Starting takes a second on an idle machine.
_START_SECONDS = 120.0

# Opening reads the table of a PDF's objects, or walks through the frames of a TIFF.
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
        self._process: SpawnProcess | None = None
        self._connection: Connection[Any, Any] | None = None

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
        self._start()
        self._send(("open", path, kind))
        return int(self._answer("The file", _OPEN_SECONDS))

    def pages(self, path: Path, kind: Kind, indexes: Iterable[int]) -> Iterator[tuple[int, PageImage | BoxOCRError]]:
        """Yield pages of the open document, each with its index; the error of one that cannot be rendered.

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
                    if self._process is None:
                        self.open(path, kind)
                    self._send(("page", index))
                    sent = index
                if ready is not None and found is not None:
                    yield ready, found
        finally:
            if sent is not None:
                # Its answer must not be taken for that to the next request.
                self._kill()

    def _page(self, index: int) -> PageImage | BoxOCRError:
        try:
            page: PageImage = self._answer(f"Page {index + 1}", _PAGE_SECONDS)
        except BoxOCRError as error:
            return error
        return page

    def _start(self) -> None:
        if self._process is not None:
            return
        context: SpawnContext = multiprocessing.get_context("spawn")
        self._connection, other_end = context.Pipe()
        self._process = context.Process(target=_serve, args=(other_end, self._options), name="renderer", daemon=True)
        self._process.start()
        # While this end stays open here, the pipe does not report the death of the process.
        other_end.close()
        self._answer("The process that renders pages", _START_SECONDS)

    def _send(self, request: tuple[Any, ...]) -> None:
        if self._connection is not None:
            with contextlib.suppress(OSError):
                self._connection.send(request)

    def _answer(self, subject: str, seconds: float) -> Any:
        if self._connection is None:
            raise DocumentError
        if not self._connection.poll(seconds):
            self._kill()
            raise DocumentError(
                f"{subject} took longer than {seconds:.0f} seconds.", "Save the file again with another program."
            )
        try:
            done, result = self._connection.recv()
        except (EOFError, OSError):
            self._kill()
            raise DocumentError(
                f"{subject} crashed the library that reads it.", "Save the file again with another program."
            ) from None
        if done:
            return result
        raise result

    def _kill(self) -> None:
        if self._process is not None and self._connection is not None:
            self._process.kill()
            self._process.join()
            self._connection.close()
        self._process = self._connection = None


def _serve(connection: "Connection[Any, Any]", options: RenderingOptions) -> None:
    """Answer requests until the other end is closed."""
    # Ctrl-C reaches all processes of the terminal. This one ends with the command.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (_MAX_BYTES, _MAX_BYTES))
    connection.send((True, None))
    document: Document | None = None
    with contextlib.suppress(EOFError, OSError):
        while True:
            request: Sequence[Any] = connection.recv()
            try:
                if request[0] == "open":
                    document = None
                    document = _opened(request[1], request[2], options)
                    result: Any = len(document)
                else:
                    result = _page(document, request[1])
            except BoxOCRError as error:
                connection.send((False, type(error)(error.message, error.remedy)))
            except MemoryError:
                connection.send((False, DocumentError("It needs more memory than is allowed.", "Save it smaller.")))
            except Exception as error:  # noqa: BLE001 - the libraries raise many kinds for damaged files
                connection.send((False, DocumentError(f"It could not be read ({type(error).__name__}).")))
            else:
                connection.send((True, result))


def _opened(path: Path, kind: Kind, options: RenderingOptions) -> Document:
    if kind is Kind.PDF:
        from boxocr.documents.pdf import PdfFile  # noqa: PLC0415 - loads PDFium, which images do not need

        return PdfFile(path, options.passwords, options.dpi, options.max_megapixels)
    from boxocr.documents.images import Frames, ShownImage  # noqa: PLC0415 - PDFs do not need these

    return (
        ShownImage(path, options.max_megapixels) if kind is Kind.IMAGE else Frames(path, kind, options.max_megapixels)
    )


def _page(document: Document | None, index: int) -> PageImage:
    if document is None:
        raise DocumentError
    return document.page(index)
