"""A run of ``boxocr learn``: reads the annotations of a project, checks the version in use, and learns a new one."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

from boxocr.commands.connect import open_api
from boxocr.commands.line_source import Lines, lines_of
from boxocr.commands.report import read_boxes
from boxocr.label_studio.client import LabelStudioAPI, Project
from boxocr.label_studio.errors import CommandFailed
from boxocr.learning.boxes import Box
from boxocr.learning.conventions import conflicts
from boxocr.learning.figures import report_on
from boxocr.learning.history import History
from boxocr.learning.live_check import LEAST_BOXES, Followed, followers, is_worse, verdict_on
from boxocr.learning.project_heads import LearnedHeads, in_turn, is_illegible, learn_heads
from boxocr.learning.rules import AppliedRules, LearnedRule, Value, learn_rules
from boxocr.learning.store import LearnedState, LearnedStateUnusable, LearnedStore
from boxocr.settings.environment import Settings, available_cores

# The newest boxes are used. Training with more lines takes minutes, and adds little.
_MOST_LINES = 1_000

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Rollback:
    """A version that was rolled back, and why."""

    version: int
    sentence: str

    def written_into(self, history: History) -> History:
        """The history with this rollback."""
        rolled_back = {**history.rolled_back, self.version: self.sentence}
        return replace(history, rolled_back=rolled_back).with_event(self.sentence, ok=False)


@dataclass(frozen=True, slots=True)
class Run:
    """A run on one project.

    Attributes:
        api: Label Studio.
        project: to learn from.
        store: of the project's learned versions.
        settings: the server's.
        say: prints a sentence.
        progress: a terminal or a log.
    """

    api: LabelStudioAPI
    project: Project
    store: LearnedStore
    settings: Settings
    say: Say
    progress: TextIO

    def boxes(self, folder: Path) -> list[Box]:
        """The boxes of all annotations.

        Args:
            folder: for the journal, which an interrupted run leaves behind.
        """
        return list(read_boxes(self.api, self.project, self.progress, folder))

    def learn(self, boxes: Sequence[Box]) -> LearnedState:
        """The rules and heads that help on pages that they were not learned from."""
        values = [value_of(box) for box in boxes]
        learned = learn_rules(values)
        # Boxes with a rule are left out: their texts are not what the line says, but a part of it or another spelling.
        heads = self._learn_heads([box for box in boxes if box.label not in learned])
        return LearnedState(
            rules=AppliedRules({label: one.rule for label, one in learned.items()}),
            heads=heads.heads,
            corrections=len(boxes),
            evidence=(*(_evidence(label, one) for label, one in learned.items()), *_evidence_of_heads(heads)),
            examples=in_turn([_examples(values, learned), heads.examples]),
        )

    def check(self, boxes: Sequence[Box]) -> "Rollback | None":
        """Roll the version in use back if it does worse than reading without it.

        Args:
            boxes: accepted or corrected.

        Returns:
            The rollback; None without one.
        """
        number = self.store.current()
        if number is None:
            return None
        try:
            state = self.store.load(number)
        except LearnedStateUnusable:
            return None
        found = followers(boxes, number, state.learned)
        if len(found) < LEAST_BOXES:
            return None
        verdict = verdict_on(self._followed(found, state))
        if not is_worse(verdict):
            self.say(f"Version {number} on boxes that were submitted since: {verdict.sentence()}.")
            return None
        sentence = (
            f"Version {number} is not used any more: on {verdict.examples} boxes annotators made "
            f"{verdict.edits_after} edits, and without it they would have made {verdict.edits_before}."
        )
        earlier = self.store.roll_back(number)
        return Rollback(number, f"{sentence} Version {earlier} is in use." if earlier else sentence)

    def _followed(self, boxes: Sequence[Box], state: LearnedState) -> list[Followed]:
        """Boxes with the text that reading without this version gives.

        For a box with a rule, that is its reading before the rule. A line with a head is read again without the head.
        """
        read = [
            Followed(box.submitted, str(box.task), box.reading, box.suggested)
            for box in boxes
            if box.label in state.rules.rules
        ]
        with_head = [box for box in boxes if box.label in state.heads]
        if with_head:
            found = self._lines(with_head)
            for box, line in found.lines if found else ():
                if not is_illegible(line):
                    read.append(Followed(box.submitted, str(box.task), line.baseline, box.suggested))
        return read

    def _learn_heads(self, boxes: Sequence[Box]) -> LearnedHeads:
        if not boxes:
            return LearnedHeads()
        found = self._lines(boxes)
        if found is None:
            return LearnedHeads()
        if found.failures:
            self.say(f"{found.failures} boxes are left out, since their pages could not be fetched: {found.reason}")
        self.say(f"{len(found.lines):,} boxes with one line of text.")
        if marks := sum(is_illegible(line) for _, line in found.lines):
            self.say(f"{marks:,} of them are left out: they have a mark, such as ~~~, where letters were recognized.")
        return learn_heads([line for _, line in found.lines], found.base, threads=available_cores())

    def _lines(self, boxes: Sequence[Box]) -> Lines | None:
        """The newest lines."""
        return lines_of(boxes[-_MOST_LINES:], self.api, self.project, self.settings, self.progress)


def learn(
    settings: Settings, store: LearnedStore, say: Say, progress: TextIO, *, only_if_due: bool = False
) -> LearnedState | None:
    """Check the version in use, learn from a project, save what helps, and write the run into the history.

    Args:
        settings: the server's.
        store: of the project's versions.
        say: prints a sentence.
        progress: a terminal or a log.
        only_if_due: learn only if there are enough corrections since the last training.

    Returns:
        The new version; None without one.

    Raises:
        CommandFailed: Label Studio does not answer or refuses.
        AlreadyLearning: another process learns from the project.
        OSError: the disk refuses.
    """
    with open_api(settings) as api:
        # Label Studio is asked for the project first, so that no folder is made for one that does not exist.
        run = Run(api, api.project(store.project), store, settings, say, progress)
        with store.learning():
            before = store.history()
            store.remember(before.begun())
            try:
                return _checked_and_learned(run, before, only_if_due=only_if_due)
            except CommandFailed as error:
                store.remember(before.with_event(error.message, ok=False))
                raise


def dry_run(settings: Settings, store: LearnedStore, say: Say, progress: TextIO) -> LearnedState:
    """The version that would be learned. Nothing is saved.

    Args:
        settings: the server's.
        store: of the project's versions.
        say: prints a sentence.
        progress: a terminal or a log.
    """
    with open_api(settings) as api:
        run = Run(api, api.project(store.project), store, settings, say, progress)
        boxes = compared(run.boxes(Path()))
        say(f"{len(boxes):,} suggestions that annotators accepted or corrected.")
        for one in conflicts(boxes):
            say(one.sentence())
        return run.learn(boxes)


def _checked_and_learned(run: Run, history: History, *, only_if_due: bool) -> LearnedState | None:
    store, read = run.store, run.boxes(run.store.folder)
    boxes = compared(read)
    run.say(f"{len(boxes):,} suggestions that annotators accepted or corrected.")
    history = replace(history, conflicts=tuple(one.sentence() for one in conflicts(boxes)))
    history = history.with_accuracy(report_on(read).total.as_json())
    for sentence in history.conflicts:
        run.say(sentence)
    if rolled_back := run.check(boxes):
        run.say(rolled_back.sentence)
        history = rolled_back.written_into(history)
    if only_if_due and (reason := _reason_to_wait(store, history, len(boxes))):
        run.say(reason)
        store.remember(history)
        return None
    return _learned(run, history, boxes)


def _reason_to_wait(store: LearnedStore, history: History, corrections: int) -> str:
    if store.is_off():
        return "Learning is off for this project."
    needed = history.next_corrections
    return f"The next training needs {needed:,}." if corrections < needed else ""


def _learned(run: Run, history: History, boxes: Sequence[Box]) -> LearnedState | None:
    state, store = run.learn(boxes), run.store
    history = replace(history, corrections=len(boxes))
    is_empty = not state.rules.rules and not state.heads
    if is_empty and store.current() is None:
        store.remember(history.with_event(f"{NOTHING_HELPS} {len(boxes):,} corrections were read."))
        run.say(NOTHING_HELPS)
        return None
    if is_empty:
        # The version in use may have been learned from annotations that have since been deleted from Label Studio.
        run.say(f"{NOTHING_HELPS} The annotations do not support the version in use any more.")
    number = store.save(state)
    store.remember(history.with_event(f"Version {number} was learned from {len(boxes):,} corrections."))
    return state


NOTHING_HELPS = "Neither a rule nor a recognizer head helps on pages that it was not learned from."


def compared(boxes: Sequence[Box]) -> list[Box]:
    """The boxes that annotators accepted or corrected."""
    return [box for box in boxes if box.outcome.is_compared]


def value_of(box: Box) -> Value:
    """A box in the form that rules are learned from, with its reading before any rule."""
    return Value(text=box.submitted, page=str(box.task), baseline=box.reading, label=box.label)


def _evidence(label: str, learned: LearnedRule) -> str:
    return f"{label or 'Boxes without label'}: {learned.rule.words()} ({learned.verdict.sentence()})"


def _evidence_of_heads(learned: LearnedHeads) -> Iterator[str]:
    if common := learned.heads.keys() - learned.own.keys():
        labels = ", ".join(sorted(label or "boxes without label" for label in common))
        yield f"A recognizer head for {labels} ({learned.verdict.sentence()})"
    for label, verdict in learned.own.items():
        yield f"A head of its own for {label or 'boxes without label'} ({verdict.sentence()})"


def _examples(values: Sequence[Value], learned: dict[str, LearnedRule]) -> tuple[tuple[str, str, str], ...]:
    """Some readings that the rules change, from all labels in turn."""
    changed: dict[str, list[tuple[str, str, str]]] = {label: [] for label in learned}
    for value in values:
        rule = learned.get(value.label)
        text = rule.rule.apply(value.baseline) if rule else value.baseline
        if text != value.baseline:
            changed[value.label].append((value.label, value.baseline, text))
    return in_turn(changed.values())
