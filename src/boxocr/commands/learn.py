"""``boxocr learn``: rules for a project's values, from the corrections in Label Studio."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from typing import TextIO

from boxocr.commands.connect import open_api
from boxocr.commands.report import read_boxes
from boxocr.label_studio.errors import CommandFailed
from boxocr.learning.boxes import Box
from boxocr.learning.rules import AppliedRules, LearnedRule, Value, learn_rules
from boxocr.learning.store import LearnedState, LearnedStateUnusable, LearnedStore
from boxocr.settings.environment import Settings

_EXAMPLES = 10

Say = Callable[[str], None]


class Action(Enum):
    """What to do with what a project has taught."""

    LEARN = auto()
    DRY_RUN = auto()
    SHOW = auto()
    USE = auto()
    OFF = auto()
    FORGET = auto()


@dataclass(frozen=True, slots=True)
class Work:
    """A project and what to do.

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
        work: what to do.
        settings: the server's.
        say: prints a sentence.
        progress: a terminal or a log.

    Raises:
        CommandFailed: there is no MODEL_DIR, Label Studio does not answer or refuses, or the disk refuses.
    """
    if settings.model_dir is None:
        raise CommandFailed("There is no folder for what projects teach.", "Set MODEL_DIR.")
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
                say(f"Everything that project {work.project} has taught is deleted.")


def _learn(work: Work, settings: Settings, store: LearnedStore, say: Say, progress: TextIO) -> None:
    with open_api(settings) as api:
        boxes = list(read_boxes(api, api.project(work.project), progress))
    values = [_value(box) for box in boxes if box.outcome.is_compared]
    say(f"{len(values):,} suggestions that annotators accepted or corrected.")
    learned = learn_rules(values)
    state = LearnedState(
        rules=AppliedRules({label: one.rule for label, one in learned.items()}),
        evidence=tuple(_evidence(label, one) for label, one in learned.items()),
        examples=_examples(values, learned),
    )
    if not learned:
        say("No rule helps on pages that it was not learned from.")
        if store.current() is None:
            return
        # The version in use may come from annotations that Label Studio does not have any more.
        say("The version in use has rules, which the annotations do not support any more.")
    for sentence in _described(state):
        say(sentence)
    if work.action is Action.DRY_RUN:
        say("Nothing was saved.")
        return
    number = store.save(state)
    say(f"Version {number} is in use. Running servers notice it within seconds.")


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
