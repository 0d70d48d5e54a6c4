"""``boxocr learn``: rules and recognizer heads for a project, from the corrections in Label Studio."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from typing import TextIO

from boxocr.commands import training
from boxocr.label_studio.errors import CommandFailed
from boxocr.learning.store import AlreadyLearning, LearnedState, LearnedStateUnusable, LearnedStore
from boxocr.settings.environment import Settings

Say = Callable[[str], None]


class Action(Enum):
    """An action on the learned versions of a project."""

    LEARN = auto()
    DUE = auto()
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
        version: the version to use; None for other actions.
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
    with _plain_errors():
        match work.action:
            case Action.LEARN | Action.DUE:
                due = work.action is Action.DUE
                state = training.learn(settings, store, say, progress, only_if_due=due)
                if state is not None:
                    _describe(state, say)
                    say(f"Version {store.current()} is in use. Running servers notice it within seconds.")
            case Action.DRY_RUN:
                _dry_run(settings, store, say, progress)
            case Action.SHOW:
                _show(store, say)
            case Action.USE if work.version is not None:
                store.load(work.version)
                store.use(work.version)
                say(f"Version {work.version} is in use. Running servers notice it within seconds.")
            case Action.OFF:
                store.off()
                say(f"Project {work.project} is read as if nothing was learned. All versions are kept.")
            case Action.FORGET:
                store.forget()
                say(f"All learned versions of project {work.project} are deleted.")


def _dry_run(settings: Settings, store: LearnedStore, say: Say, progress: TextIO) -> None:
    state = training.dry_run(settings, store, say, progress)
    if state.rules.rules or state.heads:
        _describe(state, say)
    else:
        say(training.NOTHING_HELPS)
    say("Nothing was saved.")


def _show(store: LearnedStore, say: Say) -> None:
    current, versions, history = store.current(), store.versions(), store.history()
    if history.last is not None:
        say(f"Last run, {history.last.at}: {history.last.sentence}")
    if not versions:
        say("Nothing was learned yet.")
        return
    say(f"Versions: {', '.join(map(str, versions))}. In use: {current or 'none'}.")
    for number, sentence in history.rolled_back.items():
        if number in versions:
            say(sentence)
    if current is not None:
        state = store.load(current)
        say(f"Version {current} was learned at {state.learned} from {state.corrections:,} corrections.")
        _describe(state, say)
    for sentence in history.conflicts:
        say(sentence)


def _describe(state: LearnedState, say: Say) -> None:
    for sentence in state.evidence:
        say(sentence)
    for label, before, after in state.examples:
        say(f"  {label}: {_on_one_line(before)} → {_on_one_line(after)}")


def _on_one_line(text: str) -> str:
    return text.replace("\n", " ↵ ")


@contextmanager
def _plain_errors() -> Iterator[None]:
    try:
        yield
    except (LearnedStateUnusable, AlreadyLearning) as error:
        raise CommandFailed(error.message, error.remedy) from None
    except OSError as error:
        raise CommandFailed(
            f"MODEL_DIR cannot be written: {error.strerror}.", "Check the folder and its disk."
        ) from None
