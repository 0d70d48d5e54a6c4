"""``boxocr report``: how often suggestions were right, from the annotations in Label Studio."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TextIO

from boxocr.commands.annotated_tasks import batches_of_tasks
from boxocr.commands.connect import open_api
from boxocr.commands.writing import check_folders, writing
from boxocr.errors import BoxOCRError
from boxocr.label_studio.client import LabelStudioAPI, Project
from boxocr.learning import report_page
from boxocr.learning.boxes import Box, BoxReader
from boxocr.learning.crops import Borrow, as_data_address, crop_of
from boxocr.learning.figures import Report, Scored, report_on
from boxocr.learning.journal import BoxJournal
from boxocr.learning.report_page import Picture
from boxocr.learning.store import LearnedStore
from boxocr.pages.store import PageStore
from boxocr.settings.environment import Settings

# Tasks per request, for which Label Studio takes about two seconds. In larger requests, it takes longer for each task.
TASKS_AT_ONCE = 500

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Work:
    """The arguments of the command.

    Attributes:
        projects: their numbers.
        html, json, csv: the files to write; None for none.
    """

    projects: Sequence[int]
    html: Path | None
    json: Path | None
    csv: Path | None


def report(work: Work, settings: Settings, say: Say, progress: TextIO) -> Report:
    """Read the annotations, write the files, and print the most important figures.

    Args:
        work: projects and files.
        settings: the server's.
        say: prints a sentence.
        progress: a terminal or a log.

    Raises:
        CommandFailed: Label Studio does not answer or refuses, or a file cannot be written. The next run continues
            after the last request that was answered.
    """
    files = [path for path in (work.html, work.json, work.csv) if path is not None]
    check_folders(files)
    with open_api(settings) as api:
        projects = {number: api.project(number) for number in dict.fromkeys(work.projects)}
        boxes = [box for project in projects.values() for box in read_boxes(api, project, progress)]
        found = report_on(boxes)
        _remember(settings, found, say)
        titles = {number: project.title for number, project in projects.items()}
        with writing():
            if work.html is not None:
                pictures = _pictures(api, projects, found.worst, settings)
                links = {one.box: _link(api.url, one.box) for one in found.worst}
                page = report_page.as_html(found, titles, pictures, links, datetime.now().astimezone())
                work.html.write_text(page, encoding="utf-8")
            if work.json is not None:
                content = json.dumps(report_page.as_json(found, titles), indent=2, ensure_ascii=False)
                work.json.write_text(f"{content}\n", encoding="utf-8")
            if work.csv is not None:
                with work.csv.open("w", encoding="utf-8", newline="") as file:
                    report_page.write_csv(boxes, file)
    for sentence in _summary(found):
        say(sentence)
    for path in files:
        say(f"Written: {path}")
    return found


def _remember(settings: Settings, found: Report, say: Say) -> None:
    """Keep the figures of each project for the status page."""
    if settings.model_dir is None:
        return
    try:
        for number, figures in found.groups["project"].items():
            store = LearnedStore(settings.model_dir, int(number))
            store.remember(store.history().with_accuracy(figures.as_json()))
    except OSError as error:
        say(f"The status page does not get these figures, since MODEL_DIR cannot be written: {error.strerror}.")


def read_boxes(api: LabelStudioAPI, project: Project, progress: TextIO, folder: Path = Path()) -> Iterator[Box]:
    """The boxes of all annotations of a project; an interrupted run is continued.

    Args:
        api: Label Studio.
        project: of the annotations.
        progress: a terminal or a log.
        folder: for the journal, which an interrupted run leaves behind.

    Raises:
        CommandFailed: Label Studio does not answer or refuses, or the disk refuses.
    """
    reader = BoxReader(project.id, project.label_config)
    digest = sha256(project.label_config.encode()).hexdigest()
    path = folder / f"boxocr-report-{project.id}.journal"
    journal = BoxJournal(path, {"url": api.url, "label_config": digest})
    with writing():
        last, known = journal.load()
    yield from known
    for tasks, more in batches_of_tasks(api, project.id, progress, after=last, most=TASKS_AT_ONCE):
        boxes = [box for task in tasks for box in reader.boxes(task)]
        yield from boxes
        if more:
            with writing():
                journal.add(tasks[-1]["id"], boxes)
    journal.remove()


def _pictures(
    api: LabelStudioAPI, projects: dict[int, Project], worst: Sequence[Scored], settings: Settings
) -> dict[Box, Picture]:
    if not worst:
        return {}
    pages = PageStore(settings)
    try:
        return {one.box: _picture(api, projects[one.box.project], one.box, pages.borrow) for one in worst}
    finally:
        pages.close()


def _picture(api: LabelStudioAPI, project: Project, box: Box, borrow: Borrow) -> Picture:
    try:
        tasks, _ = api.annotated_tasks(project.id, after=box.task - 1, most=1)
        region = BoxReader(project.id, project.label_config).region(tasks[0], box) if tasks else None
        if region is None:
            return Picture("", "The box was deleted meanwhile.")
        return Picture(as_data_address(crop_of(region, tasks[0], project.label_config, borrow)), "")
    except BoxOCRError as error:
        return Picture("", error.message)


def _link(url: str, box: Box) -> str:
    return f"{url}/projects/{box.project}/data?task={box.task}&annotation={box.annotation}"


def _summary(found: Report) -> list[str]:
    total = found.total
    if not total.boxes:
        return ["There are no submitted annotations with text yet."]
    sentences = [f"{found.annotations:,} annotations with {total.boxes:,} boxes."]
    if total.accepted_share is not None:
        sentences.append(f"{total.accepted_share:.1%} of the suggestions were accepted unchanged.")
    if total.cer is not None:
        sentences.append(
            f"Character error rate {total.cer:.2%}: {total.edits:,} edits in {total.characters:,} characters."
        )
    sentences += [one.sentence() for one in found.conflicts]
    sentences.append(f"Keystrokes saved: {total.keystrokes_saved:,}, needed: {total.keystrokes_needed:,}.")
    return sentences
