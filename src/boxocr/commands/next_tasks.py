"""``boxocr next``: lists the tasks whose correction helps most."""

import heapq
from typing import TextIO

from boxocr.commands.annotated_tasks import TaskProgress
from boxocr.commands.connect import open_api
from boxocr.diagnosis.report import Printer
from boxocr.label_studio.client import LabelStudioAPI
from boxocr.learning.page_gain import PageGain, gain_of
from boxocr.settings.environment import Settings

# Tasks per request. Each comes with all regions of its predictions.
_TASKS_AT_ONCE = 200


def list_next(project: int, most: int, settings: Settings, printer: Printer, progress: TextIO) -> None:
    """Print the tasks without annotations on which most texts are expected to be wrong.

    Args:
        project: its number.
        most: how many tasks.
        settings: the server's.
        printer: prints the list.
        progress: a terminal or a log.

    Raises:
        CommandFailed: Label Studio does not answer or refuses.
    """
    with open_api(settings) as api:
        api.project(project)
        gains, without = _gains(api, project, progress)
        url = api.url
    for one in heapq.nlargest(most, gains, key=lambda gain: (gain.wrong, -gain.task)):
        expected = f"{one.wrong:.1f} wrong texts expected, of {one.texts:,}"
        printer.line(f"{url}/projects/{project}/data?task={one.task}  {expected}")
    if without:
        printer.text(
            f"Tasks without annotations and predictions: {without:,}. Run boxocr preannotate --project {project}."
        )
    elif not gains:
        printer.text("All tasks have annotations.")


def _gains(api: LabelStudioAPI, project: int, progress: TextIO) -> tuple[list[PageGain], int]:
    """The gains of the tasks without annotations, and the number of these tasks that have no prediction."""
    gains: list[PageGain] = []
    last = without = 0
    with TaskProgress(progress, "tasks") as shown:
        while True:
            tasks, left = api.tasks_to_annotate(project, after=last, most=_TASKS_AT_ONCE)
            shown.found(left)
            for gain in map(gain_of, tasks):
                if gain is None:
                    without += 1
                else:
                    gains.append(gain)
            shown.done(len(tasks))
            if len(tasks) == left:
                return gains, without
            last = tasks[-1]["id"]
