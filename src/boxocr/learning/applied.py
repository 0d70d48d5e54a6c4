"""Rules and heads of projects, applied to predictions. Every server notices new versions on disk within seconds."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import Any

from cachetools import LRUCache

from boxocr import MODEL_VERSION, __version__
from boxocr.labeling.annotations import label_of
from boxocr.labeling.marks import Result, meta_of, suggestion_of
from boxocr.labeling.regions import regions_of
from boxocr.learning.rules import AppliedRules
from boxocr.learning.store import LearnedStateUnusable, LearnedStore
from boxocr.reading.types import ReadingOptions

logger = logging.getLogger("boxocr.learning.applied")

_SECONDS_BETWEEN_LOOKS = 5.0

# Project ids come from callers, so their number is unbounded: the least recently used are dropped.
_PROJECTS = 1_000

# Numbers of Label Studio's projects are shorter.
_MOST_DIGITS = 12


@dataclass(frozen=True)
class ProjectLearning:
    """The rules and the recognizer heads of a project.

    Attributes:
        rules: by label.
        version: number of the learned version; None when nothing was learned, learning is off, or the version cannot
            be used.
        heads: paths of the heads by label.
    """

    rules: AppliedRules
    version: int | None = None
    heads: Mapping[str, str] = field(default_factory=dict)

    @property
    def model_version(self) -> str:
        """The version for Label Studio.

        Label Studio's filter for predictions matches substrings, so the name of no version is part of another one's.
        """
        return MODEL_VERSION if self.version is None else f"boxocr-learned-{self.version}-{__version__}"

    def options(self, options: ReadingOptions, label: str) -> ReadingOptions:
        """How a box with this label is read: as the options say, and with the project's head for it if there is one."""
        return replace(options, head=self.heads[label]) if label in self.heads else options

    def apply(self, prediction: Mapping[str, Any]) -> dict[str, Any]:
        """A prediction with the texts as annotators of the project would submit them.

        The suggestion then holds the learned version, and the full reading where it differs.
        """
        if self.version is None:
            return dict(prediction)
        results = prediction["result"]
        labels = {region.id: label_of(region) for region in regions_of(results)}
        changed = {"result": [self._applied(result, labels) for result in results]}
        return {**prediction, **changed, "model_version": self.model_version}

    def _applied(self, result: Result, labels: Mapping[str, str]) -> Result:
        suggestion = suggestion_of(result)
        label = labels.get(str(result.get("id")), "")
        if suggestion is None or not (label in self.rules.rules or label in self.heads):
            return result
        reading = str(suggestion["text"])
        # A text that the annotator typed is not a reading.
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


@dataclass(frozen=True)
class _Known:
    looked: float = float("-inf")
    version: int | None = None
    learning: ProjectLearning = NOTHING


class LearnedProjects:
    """The rules and heads of all projects. Thread-safe.

    Args:
        model_dir: ``MODEL_DIR``; None for nothing learned.
    """

    def __init__(self, model_dir: Path | None) -> None:
        self._model_dir = model_dir
        self._lock = Lock()
        self._known: LRUCache[int, _Known] = LRUCache(_PROJECTS)

    def of(self, project: str) -> ProjectLearning:
        """The rules and the heads of a project; none when its version is unusable, which is logged.

        Args:
            project: number of the project, as requests carry it.
        """
        number = project_number(project)
        if self._model_dir is None or number is None:
            return NOTHING
        with self._lock:
            known = self._known.get(number, _Known())
            if time.monotonic() - known.looked < _SECONDS_BETWEEN_LOOKS:
                return known.learning
            store = LearnedStore(self._model_dir, number)
            version = store.current()
            learning = known.learning if version == known.version else _loaded(store, version)
            self._known[number] = _Known(time.monotonic(), version, learning)
            return learning


def project_number(project: str) -> int | None:
    """The number of a project, as requests carry it; None if it is not a number of Label Studio's."""
    return int(project) if project.isascii() and project.isdecimal() and len(project) <= _MOST_DIGITS else None


def _loaded(store: LearnedStore, version: int | None) -> ProjectLearning:
    if version is None:
        return NOTHING
    try:
        state = store.load(version)
    except LearnedStateUnusable as error:
        logger.warning("%s Boxes are read as if nothing was learned. %s", error.message, error.remedy)
        return NOTHING
    return ProjectLearning(state.rules, version, state.head_paths)
