"""``boxocr learn``: rules and a recognizer head for a project, from the corrections in Label Studio."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, TextIO

from boxocr.commands.annotated_tasks import batches_of_tasks
from boxocr.commands.connect import open_api
from boxocr.commands.report import read_boxes
from boxocr.errors import BoxOCRError, EngineNotUsable
from boxocr.label_studio.client import LabelStudioAPI, Project
from boxocr.label_studio.errors import CommandFailed
from boxocr.labeling.annotations import Json
from boxocr.learning.boxes import Box, BoxReader
from boxocr.learning.crops import Borrow, crop_of
from boxocr.learning.project_head import LearnedHead, learn_head
from boxocr.learning.rules import AppliedRules, LearnedRule, Value, learn_rules
from boxocr.learning.store import LearnedState, LearnedStateUnusable, LearnedStore
from boxocr.learning.training import Line
from boxocr.pages.store import PageStore
from boxocr.reading.recognition.engine_settings import EngineSettings
from boxocr.settings.environment import Settings, available_cores

if TYPE_CHECKING:
    from boxocr.reading.recognition.ppocr import PPOCR

_EXAMPLES = 10

_ENGINES_WITH_HEADS = ("auto", "ppocr")

# The newest boxes. More lines take minutes to train with, and add little.
_MOST_LINES = 1_000

# With the addresses of their pages and all regions.
_TASKS_AT_ONCE = 100

Say = Callable[[str], None]


class Action(Enum):
    """An action on the learned versions of a project."""

    LEARN = auto()
    DRY_RUN = auto()
    SHOW = auto()
    USE = auto()
    OFF = auto()
    FORGET = auto()


@dataclass(frozen=True, slots=True)
class Work:
    """A project and an action.

    Attributes:
        project: its number.
        action: learn by default.
        version: to use; None for other actions.
    """

    project: int
    action: Action = Action.LEARN
    version: int | None = None


def learn(work: Work, settings: Settings, say: Say, progress: TextIO) -> None:
    """Learn from a project's corrections, or change which version is in use.

    Args:
        work: project and action.
        settings: the server's.
        say: prints a sentence.
        progress: a terminal or a log.

    Raises:
        CommandFailed: there is no MODEL_DIR, Label Studio does not answer or refuses, or the disk refuses.
    """
    if settings.model_dir is None:
        raise CommandFailed("There is no folder for learned versions.", "Set MODEL_DIR.")
    store = LearnedStore(settings.model_dir, work.project)
    with _disk():
        match work.action:
            case Action.LEARN | Action.DRY_RUN:
                _learn(work, settings, store, say, progress)
            case Action.SHOW:
                _show(store, say)
            case Action.USE if work.version is not None:
                _use(store, work.version, say)
            case Action.OFF:
                store.off()
                say(f"Project {work.project} is read as if nothing was learned. All versions are kept.")
            case Action.FORGET:
                store.forget()
                say(f"All learned versions of project {work.project} are deleted.")


def _learn(work: Work, settings: Settings, store: LearnedStore, say: Say, progress: TextIO) -> None:
    with open_api(settings) as api:
        project = api.project(work.project)
        boxes = [box for box in read_boxes(api, project, progress) if box.outcome.is_compared]
        values = [_value(box) for box in boxes]
        say(f"{len(values):,} suggestions that annotators accepted or corrected.")
        learned = learn_rules(values)
        # Where annotators keep a part of a line, or write it in another way, their text is not that of the line.
        printed = [box for box in boxes if box.label not in learned]
        head = _learn_head(api, project, printed, settings, say, progress)
    state = LearnedState(
        rules=AppliedRules({label: one.rule for label, one in learned.items()}),
        head=head.head,
        labels=head.labels,
        evidence=(*(_evidence(label, one) for label, one in learned.items()), *_evidence_of_head(head)),
        examples=_examples(values, learned),
    )
    if not learned and head.head is None:
        say("Neither a rule nor a recognizer head helps on pages that it was not learned from.")
        if store.current() is None:
            return
        # The version in use may come from annotations that Label Studio does not have any more.
        say("The annotations do not support the version in use any more.")
    for sentence in _described(state):
        say(sentence)
    if work.action is Action.DRY_RUN:
        say("Nothing was saved.")
        return
    number = store.save(state)
    say(f"Version {number} is in use. Running servers notice it within seconds.")


def _learn_head(  # noqa: PLR0913, PLR0917 - everything that the command has opened
    api: LabelStudioAPI, project: Project, boxes: Sequence[Box], settings: Settings, say: Say, progress: TextIO
) -> LearnedHead:
    """A recognizer head, if PP-OCR is used and one helps."""
    if settings.ocr_engine not in _ENGINES_WITH_HEADS or not boxes:
        return LearnedHead()
    try:
        from boxocr.reading.recognition.ppocr import PPOCR  # noqa: PLC0415 - PP-OCR can be missing
    except ImportError:
        say("PP-OCR is not installed, so no recognizer head is learned.")
        return LearnedHead()
    recognizer = PPOCR(EngineSettings(settings.ocr_lang, None, "", settings.ocr_timeout, available_cores()))
    pages = PageStore(settings)
    try:
        source = _LineSource(api, project, pages.borrow, recognizer)
        lines = list(source.lines(boxes[-_MOST_LINES:], progress))
        if source.failures:
            say(f"{source.failures} boxes are left out, since their pages could not be fetched: {source.reason}")
        say(f"{len(lines):,} boxes with one line of text.")
        return learn_head(lines, recognizer.trunk.base)
    finally:
        pages.close()


class _LineSource:
    """Lines of boxes, with pages that are fetched as they are needed."""

    def __init__(self, api: LabelStudioAPI, project: Project, borrow: Borrow, recognizer: "PPOCR") -> None:
        self.failures = 0
        self.reason = ""
        self._api = api
        self._project = project
        self._borrow = borrow
        self._recognizer = recognizer
        self._reader = BoxReader(project.id, project.label_config)

    def lines(self, boxes: Sequence[Box], progress: TextIO) -> Iterator[Line]:
        by_task: dict[int, list[Box]] = {}
        for box in boxes:
            by_task.setdefault(box.task, []).append(box)
        batches = batches_of_tasks(self._api, self._project.id, progress, after=min(by_task) - 1, most=_TASKS_AT_ONCE)
        for task in itertools.chain.from_iterable(tasks for tasks, _ in batches):
            yield from filter(None, (self._line(box, task) for box in by_task.get(task["id"], ())))

    def _line(self, box: Box, task: Json) -> Line | None:
        region = self._reader.region(task, box)
        if region is None:
            return None
        from boxocr.learning.lines import line_of  # noqa: PLC0415 - needs PP-OCR

        try:
            crop = crop_of(region, task, self._project.label_config, self._borrow)
            return line_of(box, crop, self._recognizer)
        except EngineNotUsable as error:
            raise CommandFailed(error.message, error.remedy) from None
        except BoxOCRError as error:
            self.failures += 1
            self.reason = error.message
            return None


def _show(store: LearnedStore, say: Say) -> None:
    current, versions = store.current(), store.versions()
    if not versions:
        say("Nothing was learned yet.")
        return
    say(f"Versions: {', '.join(map(str, versions))}. In use: {current or 'none'}.")
    if current is not None:
        try:
            state = store.load(current)
        except LearnedStateUnusable as error:
            raise CommandFailed(error.message, error.remedy) from None
        say(f"Version {current} was learned at {state.learned}.")
        for sentence in _described(state):
            say(sentence)


def _use(store: LearnedStore, number: int, say: Say) -> None:
    try:
        store.load(number)
        store.use(number)
    except LearnedStateUnusable as error:
        raise CommandFailed(error.message, error.remedy) from None
    say(f"Version {number} is in use. Running servers notice it within seconds.")


def _value(box: Box) -> Value:
    return Value(text=box.submitted, page=str(box.task), baseline=box.reading, label=box.label)


def _evidence(label: str, learned: LearnedRule) -> str:
    return f"{label or 'Boxes without label'}: {learned.rule.words()} ({learned.verdict.sentence()})"


def _evidence_of_head(learned: LearnedHead) -> list[str]:
    if learned.head is None:
        return []
    labels = ", ".join(sorted(label or "boxes without label" for label in learned.labels))
    return [f"A recognizer head for {labels} ({learned.verdict.sentence()})"]


def _examples(values: Sequence[Value], learned: dict[str, LearnedRule]) -> tuple[tuple[str, str, str], ...]:
    """Some readings that change, from all labels in turn."""
    changed: dict[str, list[tuple[str, str, str]]] = {label: [] for label in learned}
    for value in values:
        rule = learned.get(value.label)
        text = rule.rule.apply(value.baseline) if rule else value.baseline
        if text != value.baseline:
            changed[value.label].append((value.label, value.baseline, text))
    found = [examples[place] for place in range(_EXAMPLES) for examples in changed.values() if place < len(examples)]
    return tuple(found[:_EXAMPLES])


def _described(state: LearnedState) -> Iterator[str]:
    yield from state.evidence
    for label, before, after in state.examples:
        yield f"  {label}: {_on_one_line(before)} → {_on_one_line(after)}"


def _on_one_line(text: str) -> str:
    return text.replace("\n", " ↵ ")


@contextmanager
def _disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CommandFailed(
            f"MODEL_DIR cannot be written: {error.strerror}.", "Check the folder and its disk."
        ) from None
