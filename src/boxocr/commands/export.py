"""``boxocr export``: training data and documents from the annotations in Label Studio."""

import json
import secrets
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TextIO

from boxocr.commands.annotated_tasks import TaskProgress, batches_of_tasks
from boxocr.commands.connect import open_api
from boxocr.commands.writing import check_folders, writing
from boxocr.documents.data_card import DataCard, SetCounts
from boxocr.documents.formats import Format
from boxocr.documents.splits import SETS, Shares, divide
from boxocr.documents.writer import Writer
from boxocr.errors import BoxOCRError
from boxocr.label_studio.client import LabelStudioAPI, Project
from boxocr.label_studio.errors import CommandFailed
from boxocr.labeling.annotations import TaskConfigs
from boxocr.labeling.regions import Region
from boxocr.learning.annotated_pages import AnnotatedTask, TaskPage, annotated_task
from boxocr.learning.annotators import Annotators, chosen
from boxocr.pages.page import PageAddress
from boxocr.pages.store import PageStore
from boxocr.settings.environment import Settings

# Tasks per request, with their results. In larger requests, Label Studio takes longer for each task.
_TASKS_AT_ONCE = 200

_NO_ANNOTATION = "tasks without such an annotation"
_NO_REGIONS = "pages without regions"
_FAILED = "pages that could not be fetched"
_FAILED_TASKS = "tasks without usable page addresses"

Say = Callable[[str], None]
ReportFailure = Callable[[str, BoxOCRError], None]


@dataclass(frozen=True, slots=True)
class Work:
    """The arguments of the command.

    Attributes:
        project: its number.
        output_format: of the files.
        output: folder for the files; it must be empty or missing.
        annotators: which annotation of a task is exported.
        shares: of the sets; None for those of the format.
        seed: of the division into sets.
    """

    project: int
    output_format: Format
    output: Path
    annotators: Annotators
    shares: Shares | None
    seed: int


def export(work: Work, settings: Settings, say: Say, report_failure: ReportFailure, progress: TextIO) -> bool:
    """Write the annotations of a project in a format.

    The output folder appears when all files are complete. Until then they are in a hidden folder next to it.

    Args:
        work: project, format and folder.
        settings: the server's.
        say: prints a sentence.
        report_failure: called with the name and the error of each page or task that cannot be exported.
        progress: a terminal or a log.

    Returns:
        Whether all pages could be exported.

    Raises:
        CommandFailed: the folder is not empty, Label Studio does not answer or refuses, there is nothing to export, or
            the disk refuses.
    """
    output = work.output.resolve()
    check_folders([work.output])
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise CommandFailed(f"{work.output} exists and is not an empty folder.", "Name another, or move it away.")
    with ExitStack() as stack, writing():
        api = stack.enter_context(open_api(settings))
        project = api.project(work.project)
        folder = output.parent / f".{output.name}-{secrets.token_hex(4)}"
        folder.mkdir()
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        run = _Run(work, project, folder, report_failure)
        tasks = stack.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8", dir=folder))
        run.collect(api, tasks, progress)
        pages = PageStore(settings)
        stack.callback(pages.close)
        run.write(tasks, pages, progress)
        run.finish()
        folder.replace(output)
    for sentence in run.summary():
        say(sentence)
    say(f"Written: {work.output}")
    return not run.has_failed


class _Run:
    """One export.

    Args:
        work: project, format and folder.
        project: with its labeling config.
        folder: for the files; empty.
        report_failure: called with the name and the error of each page or task that cannot be exported.
    """

    def __init__(self, work: Work, project: Project, folder: Path, report_failure: ReportFailure) -> None:
        self._work = work
        self._project = project
        self._folder = folder
        self._report_failure = report_failure
        self._configs = TaskConfigs(project.label_config)
        self._shares = work.shares or work.output_format.shares
        self._set_of: dict[str, str] = {}
        self._writers: dict[str, Writer] = {}
        self._counts: dict[str, SetCounts] = {}
        self._left_out: Counter[str] = Counter()

    @property
    def has_failed(self) -> bool:
        """Whether a page or a task could not be exported."""
        return bool(self._left_out[_FAILED] or self._left_out[_FAILED_TASKS])

    def collect(self, api: LabelStudioAPI, tasks: TextIO, progress: TextIO) -> None:
        """Store the tasks with their annotation in a file, and divide their pages into sets.

        With the file, later edits of annotations do not matter, and the tasks need not fit into memory.
        """
        keys: dict[str, None] = {}
        for batch, _ in batches_of_tasks(api, self._project.id, progress, most=_TASKS_AT_ONCE):
            for task in batch:
                annotation = chosen(task, self._work.annotators, self._configs)
                if annotation is None:
                    self._left_out[_NO_ANNOTATION] += 1
                    continue
                try:
                    found = annotated_task(task, annotation, self._configs)
                except BoxOCRError as error:
                    self._left_out[_FAILED_TASKS] += 1
                    self._report_failure(f"Task {task['id']}", error)
                    continue
                keys.update(dict.fromkeys(self._key(found, page) for page, _ in self._pages(found, Counter())))
                kept = {"id": task["id"], "data": task["data"], "annotation": annotation}
                tasks.write(f"{json.dumps(kept)}\n")
        self._set_of = divide(keys, self._shares, self._work.seed)

    def write(self, tasks: TextIO, store: PageStore, progress: TextIO) -> None:
        """Write the pages of the tasks in the file."""
        tasks.seek(0)
        with TaskProgress(progress, "pages") as shown:
            shown.found(len(self._set_of))
            for line in tasks:
                kept = json.loads(line)
                task = annotated_task(kept, kept["annotation"], self._configs)
                for page, regions in self._pages(task, self._left_out):
                    self._write_page(task, page, regions, store)
                    shown.done(1)

    def finish(self) -> None:
        """Finish the files, and write the data card.

        Raises:
            CommandFailed: there is nothing to export.
        """
        for name, writer in self._writers.items():
            writer.close()
            self._counts[name].regions = writer.written
            self._left_out += writer.left_out
        if not sum(counts.regions for counts in self._counts.values()):
            reasons = ", ".join(f"{count:,} {reason}" for reason, count in self._left_out.items())
            raise CommandFailed(
                f"There is nothing to export{f': {reasons}' if reasons else ''}.",
                "Submit annotations, or choose other ones with --annotators.",
            )
        card = DataCard(
            project=self._project.title,
            title=self._work.output_format.title,
            annotators=self._work.annotators,
            shares=self._shares,
            seed=self._work.seed,
            sets={name or "all": self._counts[name] for name in self._names()},
            left_out=+self._left_out,
        )
        (self._folder / "README.md").write_text(card.markdown(), encoding="utf-8", newline="\n")

    def summary(self) -> Iterator[str]:
        """Sentences for the operator."""
        for name in self._names():
            counts = self._counts[name]
            where = f"{name}: " if name else ""
            yield f"{where}{counts.pages:,} pages with {counts.regions:,} regions."
        for reason, count in sorted(self._left_out.items()):
            yield f"Left out: {count:,} {reason}."

    def _names(self) -> list[str]:
        return [name for name in ("", *SETS) if name in self._counts]

    def _pages(self, task: AnnotatedTask, left_out: Counter[str]) -> Iterator[tuple[TaskPage, list[Region]]]:
        """The pages of a task that are exported, with their regions."""
        regions = task.regions_by_page(left_out)
        for page in task.pages:
            if regions[page.number] or self._work.output_format.needs_all_pages:
                yield page, regions[page.number]
            else:
                left_out[_NO_REGIONS] += 1

    def _key(self, task: AnnotatedTask, page: TaskPage) -> str:
        """A key that is equal for pages that must be in the same set, such as one page that several tasks show."""
        pages = task.pages if self._work.output_format.by_task else (page,)
        # Hashed, since an address can contain a whole image.
        return sha256("\n".join(one.address for one in pages).encode()).hexdigest()

    def _write_page(self, task: AnnotatedTask, page: TaskPage, regions: list[Region], store: PageStore) -> None:
        name = self._set_of[self._key(task, page)] if self._shares.is_divided else ""
        try:
            with store.borrow(PageAddress(page.address, task.number)) as lent:
                annotated = task.page(page, regions, lent.width, lent.height, self._left_out)
                self._writer(name).add(annotated, lent.pixels)
        except BoxOCRError as error:
            self._left_out[_FAILED] += 1
            self._report_failure(f"Task {task.number}, page {page.number}", error)
            return
        counts = self._counts[name]
        counts.pages += 1
        counts.characters += sum(len(region.text) for region in annotated.regions)
        counts.labels.update(region.label for region in annotated.regions)

    def _writer(self, name: str) -> Writer:
        if name not in self._writers:
            folder = self._folder / name
            folder.mkdir(exist_ok=True)
            self._writers[name] = self._work.output_format.writer(folder)
            self._counts[name] = SetCounts()
        return self._writers[name]
