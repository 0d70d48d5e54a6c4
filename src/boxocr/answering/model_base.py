"""``LabelStudioMLBase``: label-studio-ml's class when its 2.x is installed, else one with the same contract.

label-studio-ml 2.x is published as a git repository only; what PyPI has under the name is 1.0.9 of 2023, which fails at
import beside a current Flask. So the model must run without it, and run unchanged in it.
"""

import json
import logging
import sqlite3
import sys
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from boxocr.labeling.parsing import label_interface

if TYPE_CHECKING:
    from label_studio_sdk.label_interface.interface import LabelInterface

logger = logging.getLogger("boxocr.answering.model_base")

# A project's labeling config takes some kilobytes, at most a megabyte or four.
_MOST_BYTES = 64_000_000


class KeyValueStore:
    """Text by (project, key): in ``MODEL_DIR/boxocr.sqlite3`` when a folder is given, else in memory.

    Values stay at hand in memory too: models ask and tell the same at every request, and each question to SQLite would
    hand the interpreter to other threads a few times. Those that nobody asked for longest go when there are too many,
    since whoever calls may name projects without end; the next request of theirs brings them back.

    Args:
        folder: where to keep the file; created when missing. ``None`` keeps everything in memory.
        most_bytes: how much memory the values may take; on disk they take about the same.
    """

    def __init__(self, folder: Path | None = None, most_bytes: int = _MOST_BYTES) -> None:
        self._lock = threading.Lock()
        self._most_bytes = most_bytes
        self._bytes = 0
        self._kept: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._database: sqlite3.Connection | None = None
        if folder is not None:
            try:
                self._open(folder)
            except (OSError, sqlite3.Error) as error:
                # What is kept comes anew with requests; reading boxes need not wait for a disk.
                logger.error("MODEL_DIR cannot be used, so nothing outlives this process: %s", error)  # noqa: TRY400 - the error says it all

    def _open(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(folder / "boxocr.sqlite3", check_same_thread=False, isolation_level=None)
        database.execute(
            "CREATE TABLE IF NOT EXISTS kept (project TEXT, key TEXT, value TEXT, PRIMARY KEY (project, key))"
        )
        self._database = database
        # In the order in which they were written.
        for project, key, value in database.execute("SELECT project, key, value FROM kept ORDER BY rowid").fetchall():
            self._keep((project, key), value)

    def get(self, project: str, key: str) -> str | None:
        """The value, or None when there is none."""
        with self._lock:
            value = self._kept.get((project, key))
            if value is not None:
                self._kept.move_to_end((project, key))
            return value

    def set(self, project: str, key: str, value: str) -> None:
        """Keep a value, in place of an earlier one. Writes only what changed."""
        if self.get(project, key) == value or _bytes_of((project, key), value) > self._most_bytes:
            return
        with self._lock:
            try:
                self._keep((project, key), value)
                if self._database is not None:
                    self._database.execute("REPLACE INTO kept VALUES (?, ?, ?)", (project, key, value))
            except sqlite3.Error as error:
                logger.error("MODEL_DIR did not take a value: %s", error)  # noqa: TRY400 - the error says it all

    def _keep(self, place: tuple[str, str], value: str) -> None:
        """Keep a value in memory, and let others go, also from the disk, until there is room for it."""
        if place in self._kept:
            self._bytes -= _bytes_of(place, self._kept[place])
        self._kept[place] = value
        self._kept.move_to_end(place)
        self._bytes += _bytes_of(place, value)
        while self._bytes > self._most_bytes:
            gone, unused = self._kept.popitem(last=False)
            self._bytes -= _bytes_of(gone, unused)
            if self._database is not None:
                self._database.execute("DELETE FROM kept WHERE project = ? AND key = ?", gone)


def _bytes_of(place: tuple[str, str], value: str) -> int:
    return sum(map(sys.getsizeof, (*place, value)))


class OwnLabelStudioMLBase:
    """The contract of label-studio-ml 2.x's base class, for when that package is not installed.

    Args:
        project_id: Label Studio's id of the project, as its requests carry it before the dot.
        label_config: the project's labeling config, XML.
    """

    INITIAL_MODEL_VERSION = "0.0.1"
    TRAIN_EVENTS = ("ANNOTATION_CREATED", "ANNOTATION_UPDATED", "ANNOTATION_DELETED", "START_TRAINING")

    store: ClassVar[KeyValueStore] = KeyValueStore()
    label_interface: "LabelInterface"

    def __init__(self, project_id: str | None = None, label_config: str | None = None) -> None:
        self.project_id = project_id or ""
        if label_config is not None:
            self.use_label_config(label_config)
        if not self.model_version:
            self.set("model_version", self.INITIAL_MODEL_VERSION)
        self.setup()

    def setup(self) -> None:
        """For subclasses: set ``model_version`` and whatever else a model needs."""

    def use_label_config(self, label_config: str) -> None:
        """Parse the labeling config into :attr:`label_interface`.

        Raises:
            LabelingConfigError: it is not a valid config.
        """
        self.label_interface = label_interface(label_config)
        self.set("label_config", label_config)

    def get(self, key: str) -> str | None:
        """A value kept for this project."""
        return self.store.get(self.project_id, key)

    def set(self, key: str, value: str) -> None:
        """Keep a value for this project."""
        self.store.set(self.project_id, key, value)

    def has(self, key: str) -> bool:
        """Whether a value is kept for this project."""
        return self.get(key) is not None

    @property
    def label_config(self) -> str | None:
        """The labeling config that was used last in this project."""
        return self.get("label_config")

    @property
    def model_version(self) -> str | None:
        """What Label Studio stores beside each prediction."""
        return self.get("model_version")

    def set_extra_params(self, extra_params: str) -> None:
        """Keep what was typed into "extra params" where the model is connected: JSON text."""
        self.set("extra_params", extra_params)

    @property
    def extra_params(self) -> Any:
        """What :meth:`set_extra_params` kept, decoded; ``{}`` when there is nothing."""
        kept = self.get("extra_params")
        return json.loads(kept) if kept else {}

    def predict(
        self, tasks: Sequence[Mapping[str, Any]], context: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> list[Any]:
        """One prediction (or list of predictions) for each task; for subclasses."""
        raise NotImplementedError

    def fit(self, event: str, data: Mapping[str, Any], **kwargs: Any) -> Any:
        """Learn from an event of the project; for subclasses. Does nothing here."""

    def process_event(self, event: str, data: Mapping[str, Any], job_id: str, additional_params: dict[str, Any]) -> Any:
        """Hand the events that training may want to :meth:`fit`; the others are passed over."""
        if event in self.TRAIN_EVENTS:
            return self.fit(event, data, job_id=job_id, **additional_params)
        return None


if TYPE_CHECKING:
    LabelStudioMLBase = OwnLabelStudioMLBase
else:
    try:
        from label_studio_ml.model import LabelStudioMLBase
    except Exception:  # noqa: BLE001 - PyPI's 1.0.9 fails at import in ways of its own; any failure means "not 2.x"
        LabelStudioMLBase = OwnLabelStudioMLBase
