"""Tasks from documents in a folder, an archive or a bucket."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

from boxocr.commands.import_destinations import Destination, StoredName, document_root, local_files_address
from boxocr.commands.import_progress import ImportProgress
from boxocr.commands.preannotate.items import Item
from boxocr.commands.preannotate.page_list import ListedDocument, PageList
from boxocr.documents import inputs
from boxocr.documents.buckets import SCHEME
from boxocr.documents.inputs import FailedFile, Found, SkippedFile, SourceFile
from boxocr.documents.kinds import Kind, kind_by_name
from boxocr.documents.page_image import PageImage
from boxocr.documents.renderer import Renderer, RenderingOptions
from boxocr.errors import BoxOCRError, DocumentError
from boxocr.label_studio.errors import CommandFailed, command_errors
from boxocr.labeling.config import LabelingConfig
from boxocr.labeling.page_column import PageColumn, page_column
from boxocr.labeling.source_columns import source_columns
from boxocr.settings.environment import Settings

# Files that browsers and this server can read where they are, so their pages need not be rendered.
_SHOWN = (Kind.IMAGE, Kind.AVIF)

_NEEDS_PLACE = "Name a place for images of its pages with --to, or use boxocr import."


@dataclass(slots=True)
class FoundFiles:
    """The files that did not become tasks.

    Attributes:
        skipped: name and reason of each file that is not a document.
        failures: name and reason of each document, or page of one, that cannot be read.
    """

    skipped: list[tuple[str, str]]
    failures: list[tuple[str, str]]


class Documents:
    """A task for each page, or for each document if the labeling config has ``valueList``.

    Images that Label Studio can show where they are keep their addresses. The pages of other documents are rendered.

    Args:
        label_config: its Image tag defines the column for the addresses.
        pages: the complete list of pages.

    Raises:
        CommandFailed: there is not exactly one such column.
    """

    def __init__(self, label_config: str, pages: PageList) -> None:
        self._column = column_of(label_config)
        self._pages = pages

    def items(self) -> Iterator[Item]:
        """Yield the tasks."""
        for document in self._pages:
            if self._column.is_list:
                columns = source_columns(document.name, document.checksum, None) if document.checksum else {}
                yield Item(document.name, {"data": self._column.data(list(document.addresses)) | columns})
                continue
            for place, address in enumerate(document.addresses):
                if document.checksum:
                    number = document.numbers[place]
                    columns = source_columns(document.name, document.checksum, number)
                    yield Item(f"{document.name}, page {number}", {"data": self._column.data([address]) | columns})
                else:
                    yield Item(document.name, {"data": self._column.data([address])})

    entries = items

    def count(self) -> int:
        """Number of tasks."""
        return self._pages.documents if self._column.is_list else self._pages.pages


def column_of(label_config: str) -> PageColumn:
    """The column for the addresses of pages.

    Raises:
        CommandFailed: there is not exactly one such column.
    """
    with command_errors():
        return page_column(LabelingConfig.parse(label_config, {}))


def list_documents(  # noqa: PLR0913 - each is one of the command's own inputs
    place: str,
    pages: PageList,
    *,
    column: PageColumn,
    store: Destination | None,
    options: RenderingOptions,
    settings: Settings,
    out: TextIO,
) -> FoundFiles:
    """List the pages of documents, and render those that Label Studio cannot show where they are.

    Args:
        place: a folder, a file, an archive, or ``s3://bucket/prefix``.
        pages: the list to fill.
        column: of the pages. If it takes a list of pages, a document with an unreadable page is left out.
        store: where rendered pages are stored; None if the operator named no place for them.
        options: for rendering.
        settings: of the server.
        out: a terminal or a log, for the progress.

    Raises:
        CommandFailed: Label Studio cannot show files at the place and ``store`` is None, or pages cannot be stored.
    """
    root = None if place.lower().startswith(SCHEME) else _root_of(Path(place), settings, needed=store is None)
    with Renderer(options) as renderer, ImportProgress(out) as progress:
        lister = _Lister(pages, column.is_list, store, renderer, root, progress, FoundFiles([], []))
        for file in inputs.find([place], settings, options.passwords):
            lister.add(file)
    return lister.found


@dataclass(frozen=True, slots=True)
class _Lister:
    """Lists files one after the other; see :func:`list_documents`.

    Attributes:
        whole: whether a document with an unreadable page is left out.
        root: Label Studio's document root; None for a bucket, or if it is not known.
    """

    pages: PageList
    whole: bool
    store: Destination | None
    renderer: Renderer
    root: Path | None
    progress: ImportProgress
    found: FoundFiles

    def add(self, file: Found) -> None:
        match file:
            case SkippedFile():
                self.found.skipped.append((file.name, file.reason))
            case FailedFile():
                self.found.failures.append((file.name, file.error.sentence))
            case SourceFile():
                try:
                    self._list(file)
                except CommandFailed:
                    raise
                except BoxOCRError as error:
                    self.found.failures.append((file.name, error.sentence))
                self.progress.ended()

    def _list(self, file: SourceFile) -> None:
        address = self._address(file)
        # An image is not opened here, but when it is read.
        if address and kind_by_name(file.name) in _SHOWN:
            self.pages.add(ListedDocument(file.name, (address,)))
            return
        with file.fetched() as path:
            kind = inputs.kind_of_file(path, file.name)
            if address and (kind in _SHOWN or (kind is Kind.TIFF and self._is_read(path))):
                self.pages.add(ListedDocument(file.name, (address,)))
            elif self.store is None:
                raise DocumentError(f"Label Studio does not show {kind.value} files there.", _NEEDS_PLACE)
            else:
                name = StoredName(file.name, inputs.checksum_of(path))
                document = self.pages.rendered(name.checksum) or self._rendered(path, kind, name, self.store)
                if document.addresses:
                    self.pages.add(replace(document, name=file.name))

    def _is_read(self, path: Path) -> bool:
        """Whether a TIFF is read where it is: this server reads the first frame, although browsers show no TIFF."""
        if self.store is not None:
            return False
        if self.renderer.open(path, Kind.TIFF) > 1:
            raise DocumentError("It has several frames, of which only the first would be read.", _NEEDS_PLACE)
        return True

    def _rendered(self, path: Path, kind: Kind, name: StoredName, store: Destination) -> ListedDocument:
        addresses: list[str] = []
        numbers: list[int] = []
        count = self.renderer.open(path, kind)
        for index, page in self.renderer.pages(path, kind, range(count)):
            if isinstance(page, PageImage):
                addresses.append(store.store(name, index, page))
                numbers.append(index + 1)
                self.progress.page()
            elif self.whole:
                raise type(page)(f"Page {index + 1}: {page.message}", page.remedy)
            else:
                self.found.failures.append((f"{name.name}, page {index + 1}", page.sentence))
        return ListedDocument(name.name, tuple(addresses), name.checksum, tuple(numbers), count == len(numbers))

    def _address(self, file: SourceFile) -> str:
        """The address under which Label Studio shows the file where it is; empty if it cannot."""
        if file.address.startswith(SCHEME) or not file.address:
            return file.address
        path = Path(file.address).resolve()
        return local_files_address(path, self.root) if self.root and path.is_relative_to(self.root) else ""


def _root_of(place: Path, settings: Settings, *, needed: bool) -> Path | None:
    """Label Studio's document root.

    Args:
        place: of the documents.
        settings: of the server.
        needed: whether images must be shown where they are, so that the root is required.
    """
    if not place.exists():
        raise CommandFailed("--folder does not exist.", "Name the folder with the documents.")
    if not needed and settings.local_files_document_root is None:
        return None
    root = document_root(settings)
    if needed and not place.resolve().is_relative_to(root):
        raise CommandFailed(
            "The folder is not below LOCAL_FILES_DOCUMENT_ROOT, so Label Studio could not show its images.",
            "Move it there, correct LOCAL_FILES_DOCUMENT_ROOT, or name a place for images of its pages with --to.",
        )
    return root
