"""``boxocr review``: regions whose submitted text or place is probably wrong, found by reading them again."""

import importlib.util
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal, TextIO

from boxocr import __version__
from boxocr.commands.annotated_tasks import batches_of_tasks
from boxocr.commands.connect import open_api
from boxocr.commands.writing import check_folders, writing
from boxocr.errors import BoxOCRError
from boxocr.label_studio.client import LabelStudioAPI, Project
from boxocr.label_studio.errors import command_errors
from boxocr.labeling import results
from boxocr.labeling.annotations import regions_in
from boxocr.learning import review_page
from boxocr.learning.crops import as_data_address
from boxocr.learning.report_page import Picture
from boxocr.learning.review import REPORTED, Suspect, review
from boxocr.learning.review_page import Reviews
from boxocr.learning.second_reading import Filled, Reviewed, SecondReader, with_texts
from boxocr.pages.crop import cut
from boxocr.pages.store import PageStore
from boxocr.reading.pool.jobs import Priority
from boxocr.reading.pool.pool import ReaderPool
from boxocr.reading.types import ReadingOptions
from boxocr.settings.environment import Settings

FIELD = "boxocr_review"
"""The field of a task's data that takes its score."""

FILLED_VERSION = f"boxocr-filled-{__version__}"
"""The ``model_version`` of predictions for regions without text. It does not contain that of whole pages."""

# Built-in engines, each with a module that must be installed for it.
_MODULES = {"tesseract": "tesserocr", "ppocr": "rapidocr"}

_TASKS_AT_ONCE = 100

# Suspects with a picture in the HTML report. With this many, the report has a few megabytes.
_MOST_PICTURES = 300

Say = Callable[[str], None]
ReportFailure = Callable[[str, BoxOCRError], None]


@dataclass(frozen=True, slots=True)
class Work:
    """The arguments of the command.

    Attributes:
        project: its number.
        html, json: the files to write; None for none.
        write: whether each task's score is stored in its data.
        fill: where to store texts for regions without text; None to store none.
    """

    project: int
    html: Path | None = None
    json: Path | None = None
    write: bool = False
    fill: Literal["predictions", "annotations"] | None = None


def run_review(work: Work, settings: Settings, say: Say, report_failure: ReportFailure, progress: TextIO) -> bool:
    """Review a project.

    Args:
        work: project and output.
        settings: the server's.
        say: prints a sentence.
        report_failure: called with the name and the error of each page that cannot be read.
        progress: a terminal or a log.

    Returns:
        Whether all pages could be read.

    Raises:
        CommandFailed: Label Studio does not answer or refuses, the readers do not start, or a file cannot be written.
    """
    files = [path for path in (work.html, work.json) if path is not None]
    check_folders(files)
    with ExitStack() as stack:
        api = stack.enter_context(open_api(settings))
        project = api.project(work.project)
        pages = PageStore(settings)
        stack.callback(pages.close)
        pool = _pool(settings)
        with command_errors():
            stack.enter_context(pool)
        reader = SecondReader(
            project.id,
            project.label_config,
            default=ReadingOptions(settings.ocr_lang, engine=settings.ocr_engine),
            engines=_engines(settings.ocr_engine),
            read=partial(pool.read, priority=Priority.BACKGROUND),
            borrow=pages.borrow,
            report_failure=report_failure,
            fills=work.fill is not None,
        )
        stack.callback(reader.close)
        read: list[Reviewed] = []
        numbers: list[int] = []
        for tasks, _ in batches_of_tasks(api, project.id, progress, most=_TASKS_AT_ONCE):
            for task in tasks:
                read += reader.task(task)
                numbers.append(task["id"])
        suspects = review([one.evidence for one in read])
        by_score = sorted(zip(suspects, read, strict=True), key=lambda pair: -pair[0].score)
        reported = [(suspect, one) for suspect, one in by_score if suspect.score >= REPORTED]
        counts = Counter({"tasks": len(numbers), "regions": len(read), "regions reported": len(reported)})
        address = f"{api.url}/projects/{project.id}"
        reviews = Reviews(project.title, address, [suspect for suspect, _ in reported], counts)
        _write_files(work, reviews, [one for _, one in reported], pages)
        if work.write:
            _write_scores(api, project, numbers, suspects)
        stored = _fill(api, project, reader.filled, work.fill) if work.fill else ""
    for sentence in _summary(reviews, reader):
        say(sentence)
    if work.write:
        say(f"The score of each task is in its field {FIELD}.")
    if stored:
        say(stored)
    for path in files:
        say(f"Written: {path}")
    return not reader.failures


def _pool(settings: Settings) -> ReaderPool:
    return ReaderPool(
        workers=settings.ocr_workers,
        timeout=settings.ocr_timeout,
        engine=settings.ocr_engine,
        languages=settings.ocr_lang,
        tessdata=str(settings.tessdata_prefix) if settings.tessdata_prefix else None,
    )


def _engines(chosen: str) -> list[str]:
    """Two engines that read independently of each other, or one if no other is installed.

    Args:
        chosen: ``OCR_ENGINE``; an engine of the user's own is one of the two.
    """
    installed = [name for name, module in _MODULES.items() if importlib.util.find_spec(module) is not None]
    return [*([chosen] if ":" in chosen else []), *installed][:2]


def _write_files(work: Work, reviews: Reviews, regions: Sequence[Reviewed], pages: PageStore) -> None:
    """Write the requested files; ``regions`` are those of the suspects."""
    with writing():
        if work.html is not None:
            pictures = [_picture(one, pages) for one in regions[:_MOST_PICTURES]]
            page = review_page.as_html(reviews, pictures, datetime.now().astimezone())
            work.html.write_text(page, encoding="utf-8")
        if work.json is not None:
            content = json.dumps(review_page.as_json(reviews), indent=2, ensure_ascii=False)
            work.json.write_text(f"{content}\n", encoding="utf-8")


def _picture(one: Reviewed, pages: PageStore) -> Picture:
    try:
        with pages.borrow(one.page) as page:
            return Picture(as_data_address(cut(page, one.area)), "")
    except BoxOCRError as error:
        return Picture("", error.message)


def _write_scores(api: LabelStudioAPI, project: Project, tasks: Sequence[int], suspects: Sequence[Suspect]) -> None:
    """Store the highest score of a task's regions in its data."""
    scores = dict.fromkeys(tasks, 0.0)
    for suspect in suspects:
        scores[suspect.evidence.task] = max(scores[suspect.evidence.task], round(suspect.score, 3))
    for number, score in scores.items():
        # The task is fetched again, since it may have changed while pages were read.
        found, _ = api.annotated_tasks(project.id, after=number - 1, most=1)
        if found and found[0]["id"] == number and found[0]["data"].get(FIELD) != score:
            api.change_task_data(number, {**found[0]["data"], FIELD: score})


def _fill(api: LabelStudioAPI, project: Project, filled: Sequence[Filled], where: str) -> str:
    """Store texts for regions that were submitted without one; returns a sentence about the result."""
    by_annotation: defaultdict[tuple[int, int], list[Filled]] = defaultdict(list)
    for one in filled:
        by_annotation[one.task, one.annotation].append(one)
    if where == "predictions":
        for task in {task for task, _ in by_annotation}:
            api.delete_predictions(task, FILLED_VERSION)
        rows = [{"task": task, **_prediction(own)} for (task, _), own in by_annotation.items()]
        if rows:
            api.store_predictions(project.id, rows)
        return f"{len(filled)} texts of regions without text are stored as predictions of {FILLED_VERSION}."
    count = 0
    for (_, annotation), own in by_annotation.items():
        now = api.annotation(annotation)
        empty = {region.id for region in regions_in(now) if not region.has_text(None)}
        texts = {one.region.id: results.with_text(one.region, one.text_area, one.reading) for one in own}
        # Only regions that are still empty are filled, since an annotator may have typed a text meanwhile.
        kept = {identity: found for identity, found in texts.items() if identity in empty}
        if kept:
            api.change_annotation(annotation, with_texts(now["result"], kept))
            count += len(kept)
    return f"{count} regions without text have one now. Their text results have the origin “prediction”."


def _prediction(filled: Sequence[Filled]) -> dict[str, Any]:
    found = [result for one in filled for result in results.with_text(one.region, one.text_area, one.reading)]
    return results.prediction(found, FILLED_VERSION)


def _summary(reviews: Reviews, reader: SecondReader) -> list[str]:
    counts, suspects = reviews.counts, reviews.suspects
    if not counts["regions"]:
        return ["There are no submitted regions yet."]
    kinds = Counter(suspect.findings[0].kind for suspect in suspects)
    said = f": {', '.join(f'{count} {kind}' for kind, count in kinds.most_common())}" if kinds else ""
    sentences = [f"{counts['regions']:,} regions of {counts['tasks']:,} tasks; {len(suspects):,} are suspicious{said}."]
    sentences += [f"Left out: {count:,} {reason}" for reason, count in sorted(reader.left_out.items())]
    return sentences
