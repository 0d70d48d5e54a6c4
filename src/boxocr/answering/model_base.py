"""``LabelStudioMLBase``: the class of label-studio-ml 2.x if that is installed, otherwise one with the same contract.

label-studio-ml 2.x is published only as a git repository. Version 1.0.9 of 2023, which PyPI has, fails at import with a
current Flask. So the model must work without label-studio-ml, and must work unchanged in it.
"""

import json
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from cachetools import LRUCache

from boxocr.labeling.parsing import label_interface

if TYPE_CHECKING:
    from label_studio_sdk.label_interface.interface import LabelInterface

# A project's labeling config takes some kilobytes, at most four megabytes.
_STORE_BYTES = 64_000_000


class KeyValueStore:
    """Text by (project, key), in memory. Thread-safe.

    LRU-evicted: project ids come from callers, so the set is unbounded. Label Studio sends a project's values again
    with its next request.

    Args:
        max_bytes: total size of the keys and values. A value that is larger on its own is not kept.
    """

    def __init__(self, max_bytes: int = _STORE_BYTES) -> None:
        self._lock = threading.Lock()
        # A value holds its project and key too, because getsizeof sees only values.
        self._values: LRUCache[tuple[str, str], tuple[str, ...]] = LRUCache(max_bytes, getsizeof=_size_of)

    def get(self, project: str, key: str) -> str | None:
        """The value of a project under a key, or None."""
        with self._lock:
            kept = self._values.get((project, key))
        return kept[-1] if kept else None

    def set(self, project: str, key: str, value: str) -> None:
        """Keep a value, in place of an earlier one."""
        kept = (project, key, value)
        with self._lock:
            self._values.pop((project, key), None)
            if _size_of(kept) <= self._values.maxsize:
                self._values[project, key] = kept


def _size_of(kept: tuple[str, ...]) -> int:
    return sum(map(sys.getsizeof, kept))


class OwnLabelStudioMLBase:
    """The contract of label-studio-ml 2.x's base class, used if that package is not installed.

    Args:
        project_id: Label Studio's id of the project; in requests, the part of ``project`` before the dot.
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
        """For subclasses: set ``model_version`` and prepare the model."""

    def use_label_config(self, label_config: str) -> None:
        """Parse the labeling config into :attr:`label_interface`.

        Raises:
            LabelingConfigError: it is not a valid config.
        """
        self.label_interface = label_interface(label_config)
        self.set("label_config", label_config)

    def get(self, key: str) -> str | None:
        """The value of this project under a key, or None."""
        return self.store.get(self.project_id, key)

    def set(self, key: str, value: str) -> None:
        """Keep a value for this project until the process ends or newer values evict it."""
        self.store.set(self.project_id, key, value)

    def has(self, key: str) -> bool:
        """Whether this project has a value under a key."""
        return self.get(key) is not None

    @property
    def label_config(self) -> str | None:
        """The labeling config of this project's last request."""
        return self.get("label_config")

    @property
    def model_version(self) -> str | None:
        """The version that Label Studio stores with each prediction."""
        return self.get("model_version")

    def set_extra_params(self, extra_params: str) -> None:
        """Keep the "extra params" of the model's connection in Label Studio, which are JSON text."""
        self.set("extra_params", extra_params)

    @property
    def extra_params(self) -> Any:
        """The "extra params" of :meth:`set_extra_params`, decoded; ``{}`` if none were set."""
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
        """Pass an event of :attr:`TRAIN_EVENTS` to :meth:`fit`; others are ignored."""
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
