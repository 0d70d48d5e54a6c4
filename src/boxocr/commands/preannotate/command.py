"""``boxocr preannotate``: reads the pages of many tasks."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from boxocr.commands.connect import open_api
from boxocr.commands.import_destinations import BucketPages, Destination, FolderPages, check_apart
from boxocr.commands.preannotate import output
from boxocr.commands.preannotate.documents import Documents, FoundFiles, column_of, list_documents
from boxocr.commands.preannotate.journal import Journal
from boxocr.commands.preannotate.page_list import PageList
from boxocr.commands.preannotate.progress import Progress
from boxocr.commands.preannotate.project import ProjectPredictions, ProjectTasks
from boxocr.commands.preannotate.run import Run, Summary
from boxocr.commands.preannotate.tasks_file import TasksFile
from boxocr.commands.preannotate.workers import LocalWorkers, Workers
from boxocr.documents.buckets import SCHEME
from boxocr.documents.renderer import RenderingOptions
from boxocr.label_studio.errors import CommandFailed, command_errors
from boxocr.labeling.config import LabelingConfig
from boxocr.learning.applied import NOTHING, LearnedProjects, ProjectLearning
from boxocr.settings.environment import Settings

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Work:
    """The arguments of the command. Exactly one of ``project``, ``tasks`` and ``documents`` is set.

    Attributes:
        project: number of a project.
        tasks: a file in Label Studio's import format.
        documents: a folder, a file, an archive, or ``s3://bucket/prefix``.
        output: the file to write, unless there is a project.
        config: file with the labeling config, unless there is a project.
        to: where rendered pages are stored: a folder or ``s3://bucket/prefix``; None to render none.
        dpi: resolution of PDF pages.
        passwords: to try on encrypted files.
        ray: address of a Ray cluster; None to use this machine.
    """

    project: int | None
    tasks: Path | None
    documents: str | None
    output: Path | None
    config: Path | None
    to: str | None
    dpi: float
    passwords: tuple[str, ...]
    ray: str | None


def preannotate(work: Work, settings: Settings, say: Say, report_failure: Callable[[str, str], None]) -> Summary:
    """Read all tasks that have not been read before.

    Args:
        work: the arguments.
        settings: of the server.
        say: prints a sentence of the summary.
        report_failure: called with the name and the reason of each failure at the end.

    Raises:
        CommandFailed: the run cannot continue. Its results are kept, and the next run continues from there.
    """
    done = _file(work, settings, say) if work.project is None else _project(work.project, work.ray, settings, say)
    for name, warning in done.warnings:
        say(f"{name}: {warning}")
    for name, reason in done.failures:
        report_failure(name, reason)
    return done


def _project(number: int, cluster: str | None, settings: Settings, say: Say) -> Summary:
    with ExitStack() as stack:
        api = stack.enter_context(open_api(settings))
        label_config = api.project(number).label_config
        _check_labeling_config(label_config, say)
        if not api.tasks(number, most=1):
            raise CommandFailed(f"Project {number} has no tasks.", "Import documents with boxocr import.")
        learned = LearnedProjects(settings.model_dir).of(str(number))
        path = Path(f"boxocr-project-{number}.journal")
        journal = stack.enter_context(Journal(path, label_config, learned.model_version))
        workers = stack.enter_context(_workers(cluster, settings, label_config, say, learned))
        store = ProjectPredictions(api, number, learned)
        progress = Progress(sys.stderr)
        run = Run(ProjectTasks(api, number, learned.model_version), workers, journal, progress, store)
        store.on_error = run.fail
        done = run.run()
        if done.stopped is None and not done.failures:
            journal.remove()
    _print_summary(done, progress, say)
    if done.stopped is None:
        say(f"The predictions are in project {number}.")
    return done


def _file(work: Work, settings: Settings, say: Say) -> Summary:
    if work.output is None or work.config is None:
        raise CommandFailed("The output file or the labeling config is missing.", "Add --output and --config.")
    try:
        label_config = work.config.read_text(encoding="utf-8")
    except OSError as error:
        raise CommandFailed(f"{work.config.name} cannot be read: {error.strerror}.", "Check --config.") from None
    except ValueError:
        raise CommandFailed(f"{work.config.name} is not text in UTF-8.", "Check --config.") from None
    _check_labeling_config(label_config, say)
    with ExitStack() as stack:
        path = work.output.with_name(f"{work.output.name}.journal")
        journal = stack.enter_context(Journal(path, label_config))
        source: TasksFile | Documents
        found = FoundFiles([], [])
        if work.tasks is not None:
            source = TasksFile(work.tasks)
        else:
            source, found = _documents(work, work.output, label_config, settings)
            # The folders and buckets that limit addresses in tasks do not apply: the operator named the documents, and
            # the command writes the addresses itself.
            settings = settings.model_copy(update={"local_files_folders": (".",), "allowed_buckets": ()})
        for name, reason in found.skipped:
            say(f"{name}: {reason}, skipped.")
        if next(source.entries(), None) is None:
            return _nothing(found)
        workers = stack.enter_context(_workers(work.ray, settings, label_config, say))
        progress = Progress(sys.stderr)
        done = Run(source, workers, journal, progress).run()
        done.failures += found.failures
        if done.stopped is None:
            output.write(work.output, source, journal)
    _print_summary(done, progress, say)
    if done.stopped is None:
        say(f"The tasks with their predictions are in {work.output.name}.")
    return done


def _documents(work: Work, output_file: Path, label_config: str, settings: Settings) -> tuple[Documents, FoundFiles]:
    """List the pages of documents, and render them where necessary."""
    column = column_of(label_config)
    store: Destination | None = None
    check_apart([work.documents or ""], work.to)
    if work.to is not None:
        in_bucket = work.to.lower().startswith(SCHEME)
        store = BucketPages(work.to, settings, None) if in_bucket else FolderPages(Path(work.to), settings, None)
    options = RenderingOptions(work.dpi, work.passwords, settings.max_page_megapixels)
    with PageList(output_file.with_name(f"{output_file.name}.pages")) as pages:
        found = list_documents(
            work.documents or "",
            pages,
            column=column,
            store=store,
            options=options,
            settings=settings,
            out=sys.stderr,
        )
    return Documents(label_config, pages), found


def _nothing(found: FoundFiles) -> Summary:
    """The summary of a run without tasks.

    Raises:
        CommandFailed: no document or task was found at all.
    """
    if not found.failures:
        raise CommandFailed("No documents or tasks were found.", "Check the name of the folder, prefix or file.")
    return Summary(failures=found.failures)


@contextmanager
def _workers(
    cluster: str | None, settings: Settings, label_config: str, say: Say, learned: ProjectLearning = NOTHING
) -> Iterator[Workers]:
    workers: Workers
    if cluster is None:
        workers = LocalWorkers(settings, label_config, learned)
    else:
        try:
            from boxocr.commands.preannotate.cluster import RayWorkers  # noqa: PLC0415 - Ray is an extra requirement
        except ImportError:
            raise CommandFailed("Ray is not installed.", "Install it with make run EXTRAS=ray.") from None
        workers = nodes = RayWorkers(cluster, settings, label_config, learned)
        say(f"Nodes of the Ray cluster: {len(nodes)}, with {nodes.cores} cores in all.")
    try:
        yield workers
    finally:
        workers.close()


def _check_labeling_config(label_config: str, say: Say) -> None:
    """Raise CommandFailed if the labeling config does not request whole pages; print its warnings."""
    with command_errors():
        warnings = LabelingConfig.parse(label_config, {}).warnings()
    if "model_preannotate" not in label_config:
        raise CommandFailed(
            "The labeling config does not ask for whole pages to be read.",
            'Add model_preannotate="lines" to its TextArea.',
        )
    for sentence in warnings:
        say(sentence)


def _print_summary(done: Summary, progress: Progress, say: Say) -> None:
    before = f" {done.known} had been read before." if done.known else ""
    say(
        f"Read {done.read} tasks, {progress.pages} pages in {progress.seconds:.1f} s: {progress.rate:.2f} pages per "
        f"second.{before}"
    )
    if done.stopped is not None:
        say("Stopped before the end. The results are kept: run the same command again for the rest.")
    if done.failures:
        them = "it" if len(done.failures) == 1 else "them"
        say(f"{len(done.failures)} failed; the same command tries {them} again.")
