"""``boxocr import``: turns the pages of documents into tasks of a project."""

import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from boxocr.answering.whole_tasks import prediction_of
from boxocr.commands.connect import open_api
from boxocr.commands.import_destinations import Destination, StoredName, check_apart, destination
from boxocr.commands.import_progress import ImportProgress
from boxocr.commands.import_remarks import Remark
from boxocr.commands.import_tasks import TaskBatch
from boxocr.commands.import_text_layers import LayerRegions, TextLayers
from boxocr.documents import inputs
from boxocr.documents.inputs import FailedFile, SkippedFile, SourceFile
from boxocr.documents.kinds import Kind
from boxocr.documents.page_image import PageImage
from boxocr.documents.renderer import Renderer, RenderingOptions
from boxocr.errors import BoxOCRError
from boxocr.label_studio.errors import CommandFailed, command_errors
from boxocr.label_studio.imports import ProjectImports
from boxocr.labeling.config import LabelingConfig
from boxocr.labeling.marks import Result
from boxocr.labeling.page_column import PageColumn, page_column
from boxocr.labeling.source_columns import COLUMNS, page_of, source_columns
from boxocr.settings.environment import Settings

Say = Callable[[str], None]

_Pages = Iterator[tuple[int, PageImage | BoxOCRError]]

# Shells report a signal as 128 plus its number.
_TERMINATED = 128 + signal.SIGTERM


@dataclass(frozen=True, slots=True)
class Work:
    """The arguments of the command.

    Attributes:
        inputs: files, folders, zip archives and ``s3://bucket/prefix``.
        project: number of the project.
        to: where the pages are stored: a folder or ``s3://bucket/prefix``; None to upload them.
        dpi: resolution of PDF pages.
        passwords: to try on encrypted files.
        text_layer: whether text layers of PDFs become predictions.
    """

    inputs: Sequence[str]
    project: int
    to: str | None
    dpi: float
    passwords: tuple[str, ...]
    text_layer: bool


@dataclass(slots=True)
class Outcome:
    """The result of a run.

    Attributes:
        files: number of documents with pages that were imported.
        pages: number of these pages.
        layers: number of pages whose text layer became regions.
        known: number of documents that had been imported before.
        skipped: name and reason of each file that is not a document.
        remarks: about pages and documents that were imported.
        failures: name and reason of each document or page that was not imported.
    """

    files: int = 0
    pages: int = 0
    layers: int = 0
    known: int = 0
    skipped: list[tuple[str, str]] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    failures: list[tuple[str, BoxOCRError]] = field(default_factory=list)

    @property
    def succeeded(self) -> bool:
        """Whether documents were found, and all of them are in the project."""
        return not self.failures and bool(self.files or self.known)


def import_documents(work: Work, settings: Settings, say: Say) -> Outcome:
    """Import all documents that are not in the project yet.

    Args:
        work: the arguments.
        settings: of the server.
        say: prints a sentence of the summary.

    Raises:
        CommandFailed: the run cannot continue. What it has imported stays, and the next run continues from there.
    """
    outcome = Outcome()
    check_apart(work.inputs, work.to)
    with ExitStack() as stack:
        stack.enter_context(_ending_on_sigterm())
        api = stack.enter_context(open_api(settings))
        with command_errors():
            labeling = LabelingConfig.parse(api.project(work.project).label_config, {})
            column = page_column(labeling)
            layers = stack.enter_context(TextLayers(labeling, column, settings))
        if column.name in COLUMNS:
            raise CommandFailed(
                f"The labeling config shows ${column.name}, which is a column for the origin of a page.",
                "Give the Image another column, such as $image.",
            )
        imports = ProjectImports(api, work.project)
        options = RenderingOptions(work.dpi, work.passwords, settings.max_page_megapixels)
        renderer = stack.enter_context(Renderer(options))
        progress = stack.enter_context(ImportProgress(sys.stderr))
        # Entered last, so that it is flushed before anything else is closed.
        batch = stack.enter_context(TaskBatch(imports))
        store = destination(work.to, imports, settings)
        used_layers = layers if work.text_layer and layers.wanted else None
        importer = _Importer(imports, column, store, renderer, used_layers, batch, progress, outcome)
        for found in inputs.find(work.inputs, settings, work.passwords):
            importer.add(found)
    say(_summary(outcome, progress))
    if outcome.files:
        say(f"They are in project {work.project}.")
    return outcome


@dataclass(slots=True)
class _Importer:
    """Imports files one after the other.

    Attributes:
        imports: of the project.
        column: of the pages.
        store: where the pages are stored.
        renderer: renders the pages.
        layers: turns text layers into regions; None if text layers are not used.
        batch: collects the tasks.
        progress: updated after each page and file.
        outcome: the result of the run so far.
        seen: checksum → name of the documents of this run, whose tasks may not be in the project yet.
    """

    imports: ProjectImports
    column: PageColumn
    store: Destination
    renderer: Renderer
    layers: TextLayers | None
    batch: TaskBatch
    progress: ImportProgress
    outcome: Outcome
    seen: dict[str, str] = field(default_factory=dict)

    def add(self, found: inputs.Found) -> None:
        """Import a file, unless it is not a document or is already in the project.

        Raises:
            CommandFailed: Label Studio does not answer, or refuses.
        """
        match found:
            case SkippedFile():
                self.outcome.skipped.append((found.name, found.reason))
            case FailedFile():
                self.outcome.failures.append((found.name, found.error))
            case SourceFile():
                try:
                    with found.fetched() as path:
                        self._import(path, found.name)
                except CommandFailed:
                    raise
                except BoxOCRError as error:
                    self.outcome.failures.append((found.name, error))
                self.progress.ended()

    def _import(self, path: Path, name: str) -> None:
        kind = inputs.kind_of_file(path, name)
        checksum = inputs.checksum_of(path)
        if checksum in self.seen:
            self.outcome.skipped.append((name, f"same content as {self.seen[checksum]}"))
            return
        self.seen[checksum] = name
        done = {page_of(data) for data in self.imports.tasks_from(checksum)}
        # A task with all pages of the document has no page number, so page_of returns None for it.
        missing = [] if None in done or (done and self.column.is_list) else self._missing(path, kind, done)
        if not missing:
            self.outcome.known += 1
            return
        stored = StoredName(name, checksum)
        add = self._as_one_task if self.column.is_list else self._as_tasks
        count = add(stored, self.renderer.pages(path, kind, missing))
        self.outcome.files += bool(count)
        self.outcome.pages += count

    def _missing(self, path: Path, kind: Kind, done: set[int | None]) -> list[int]:
        """Indexes of the pages that are not in the project."""
        return [index for index in range(self.renderer.open(path, kind)) if index + 1 not in done]

    def _as_tasks(self, document: StoredName, pages: _Pages) -> int:
        """Make a task for each page; returns their number."""
        count = 0
        for index, page in pages:
            if isinstance(page, BoxOCRError):
                self.outcome.failures.append((f"{document.name}, page {index + 1}", page))
                continue
            found = self._regions(document, page, index)
            address = self._stored(document, index, page)
            columns = source_columns(document.name, document.checksum, index + 1)
            # None rather than an empty list: a task with a prediction, even an empty one, is not read later.
            self._add([address], columns, found.results or None)
            count += 1
        return count

    def _as_one_task(self, document: StoredName, pages: _Pages) -> int:
        """Make a task for all pages; returns their number.

        Raises:
            BoxOCRError: a page cannot be rendered.
        """
        addresses: list[str] = []
        regions: list[Result] = []
        without: list[int] = []
        for index, page in pages:
            if isinstance(page, BoxOCRError):
                raise type(page)(f"Page {index + 1}: {page.message}", page.remedy)
            found = self._regions(document, page, index)
            if found.results is None:
                without.append(index + 1)
            regions += found.results or ()
            addresses.append(self._stored(document, index, page))
        if regions and without:
            # A task with a prediction is not read later, so the pages without a text layer would have no regions.
            several = len(without) > 1
            sentence = (
                f"Its text layer is not used, since {len(without)} of its {len(addresses)} pages "
                f"{'have' if several else 'has'} none that can be used."
            )
            self.outcome.remarks.append(Remark(document.name, None, sentence))
        columns = source_columns(document.name, document.checksum, None)
        self._add(addresses, columns, None if without else regions or None)
        return len(addresses)

    def _regions(self, document: StoredName, page: PageImage, index: int) -> LayerRegions:
        found = self.layers.regions(page, index) if self.layers else LayerRegions(None)
        if found.problem:
            self.outcome.remarks.append(Remark(document.name, index + 1, found.problem, found.share))
        self.outcome.layers += bool(found.results)
        return found

    def _stored(self, document: StoredName, index: int, page: PageImage) -> str:
        if page.remark:
            self.outcome.remarks.append(Remark(document.name, index + 1, page.remark))
        address = self.store.store(document, index, page)
        self.progress.page()
        return address

    def _add(self, addresses: list[str], columns: dict[str, Any], regions: Sequence[Result] | None) -> None:
        task: dict[str, Any] = {"data": self.column.data(addresses) | columns}
        if regions is not None:
            task["predictions"] = [prediction_of(regions)]
        self.batch.add(task)


def _summary(outcome: Outcome, progress: ImportProgress) -> str:
    if not (outcome.files or outcome.known or outcome.failures):
        return "No documents were found."
    said = (
        f"Imported {_number(outcome.files, 'file')} with {_number(outcome.pages, 'page')} in {progress.seconds:.1f} s"
    )
    said += f": {progress.rate:.2f} pages per second." if outcome.pages else "."
    if outcome.layers:
        said += f" {_number(outcome.layers, 'page')} got regions from text layers."
    if outcome.known:
        said += f" {_number(outcome.known, 'file')} had been imported before."
    if outcome.failures:
        said += f" {len(outcome.failures)} failed."
    return said


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


@contextmanager
def _ending_on_sigterm() -> Iterator[None]:
    """Turn SIGTERM into an exception, so that temporary files are removed."""

    def end(*_: object) -> NoReturn:
        sys.exit(_TERMINATED)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
