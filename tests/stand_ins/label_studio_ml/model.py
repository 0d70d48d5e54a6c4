"""A minimal base class with the contract of label-studio-ml 2.x."""

from typing import Any, ClassVar

from label_studio_sdk.label_interface import LabelInterface


class LabelStudioMLBase:
    """The base class of models."""

    kept: ClassVar[dict[tuple[str, str], str]] = {}

    def __init__(self, project_id: str | None = None, label_config: str | None = None) -> None:
        self.project_id = project_id or ""
        if label_config is not None:
            self.label_interface = LabelInterface(config=label_config)
        self.setup()

    def setup(self) -> None:
        """For subclasses."""

    def get(self, key: str) -> str:
        """Read a stored value. As in label-studio-ml, a missing value is an error."""
        return self.kept[self.project_id, key]

    def set(self, key: str, value: str) -> None:
        """Store a value."""
        self.kept[self.project_id, key] = value

    def has(self, key: str) -> bool:
        """Whether there is a value."""
        return (self.project_id, key) in self.kept

    @property
    def model_version(self) -> str:
        """The version that ``setup`` set."""
        return self.get("model_version")

    def fit(self, event: str, data: dict[str, Any], **more: Any) -> None:
        """For subclasses."""
