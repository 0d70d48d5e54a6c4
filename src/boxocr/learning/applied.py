"""Rules and heads of projects, applied to answers. Versions on disk are noticed within seconds, by every server."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any

from cachetools import LRUCache

from boxocr.labeling.annotations import label_of
from boxocr.labeling.marks import Result, meta_of, suggestion_of
from boxocr.labeling.regions import regions_of
from boxocr.learning.rules import AppliedRules
from boxocr.learning.store import LearnedStateUnusable, LearnedStore
from boxocr.reading.types import ReadingOptions

logger = logging.getLogger("boxocr.learning.applied")

_SECONDS_BETWEEN_LOOKS = 5.0

# LRU-evicted: project ids come from callers, so the set is unbounded.
_PROJECTS = 1_000

# Label Studio's numbers are shorter.
_MOST_DIGITS = 12


@dataclass(frozen=True)
class ProjectLearning:
    """The rules and the recognizer head of a project.

    Attributes:
        rules: by label.
        version: number of the learned version; None when nothing was learned, or learning is off.
        head: path of the head; empty for none.
        head_labels: labels of the boxes that the head reads.
    """

    rules: AppliedRules
    version: int | None = None
    head: str = ""
    head_labels: frozenset[str] = frozenset()

    def options(self, options: ReadingOptions, label: str) -> ReadingOptions:
        """How a box with this label is read: as the options say, with the project's head if there is one for it."""
        return replace(options, head=self.head) if self.head and label in self.head_labels else options

    def apply(self, prediction: Mapping[str, Any]) -> dict[str, Any]:
        """A prediction with the texts as annotators of the project would submit them.

        The suggestion then holds the learned version, and the full reading where it differs.
        """
        if self.version is None:
            return dict(prediction)
        results = prediction["result"]
        labels = {region.id: label_of(region) for region in regions_of(results)}
        return {**prediction, "result": [self._applied(result, labels) for result in results]}

    def _applied(self, result: Result, labels: Mapping[str, str]) -> Result:
        suggestion = suggestion_of(result)
        label = labels.get(str(result.get("id")), "")
        if suggestion is None or not (label in self.rules.rules or (self.head and label in self.head_labels)):
            return result
        reading = str(suggestion["text"])
        # A text of the annotator's own is not a reading.
        if result["value"].get("text") != [reading]:
            return result
        text = self.rules.apply(label, reading)
        changed = suggestion | {"text": text, "learned": self.version}
        if text != reading:
            changed["reading"] = reading
        meta = meta_of(result) | {"suggestion": changed}
        return result | {"value": result["value"] | {"text": [text]}, "meta": meta}


NOTHING = ProjectLearning(AppliedRules())
"""For projects that have taught nothing."""


class LearnedProjects:
    """The rules and heads of all projects. Thread-safe.

    Args:
        model_dir: ``MODEL_DIR``; None for nothing learned.
    """

    def __init__(self, model_dir: Path | None) -> None:
        self._model_dir = model_dir
        self._lock = Lock()
        self._known: LRUCache[int, tuple[float, ProjectLearning]] = LRUCache(_PROJECTS)

    def of(self, project: str) -> ProjectLearning:
        """The rules and the head of a project; none when its version is unusable, which is logged.

        Args:
            project: number of the project, as requests carry it.
        """
        if self._model_dir is None or not project.isdecimal() or len(project) > _MOST_DIGITS:
            return NOTHING
        number = int(project)
        with self._lock:
            looked, known = self._known.get(number, (float("-inf"), NOTHING))
            if time.monotonic() - looked < _SECONDS_BETWEEN_LOOKS:
                return known
            store = LearnedStore(self._model_dir, number)
            version = store.current()
            if version != known.version:
                known = _loaded(store, version)
            self._known[number] = (time.monotonic(), known)
            return known


def _loaded(store: LearnedStore, version: int | None) -> ProjectLearning:
    if version is None:
        return NOTHING
    try:
        state = store.load(version)
        return ProjectLearning(state.rules, version, state.head_path, state.labels)
    except LearnedStateUnusable as error:
        logger.warning("%s Boxes are read as if nothing was learned. %s", error.message, error.remedy)
        return ProjectLearning(AppliedRules(), version)
