"""The base class's contract as label-studio-ml 2.x keeps it, in as few lines as show it."""

from typing import Any, ClassVar

from label_studio_sdk.label_interface import LabelInterface


class LabelStudioMLBase:
    """What a model inherits from there."""

    kept: ClassVar[dict[tuple[str, str], str]] = {}

    def __init__(self, project_id: str | None = None, label_config: str | None = None) -> None:
        self.project_id = project_id or ""
        if label_config is not None:
            self.label_interface = LabelInterface(config=label_config)
        self.setup()

    def setup(self) -> None:
        """For subclasses."""

    def get(self, key: str) -> str:
        """Read a value that was kept; a missing one is an error there."""
        return self.kept[self.project_id, key]

    def set(self, key: str, value: str) -> None:
        """Keep a value."""
        self.kept[self.project_id, key] = value

    def has(self, key: str) -> bool:
        """Whether there is one."""
        return (self.project_id, key) in self.kept

    @property
    def model_version(self) -> str:
        """The version that ``setup`` set."""
        return self.get("model_version")

    def fit(self, event: str, data: dict[str, Any], **more: Any) -> None:
        """For subclasses."""
