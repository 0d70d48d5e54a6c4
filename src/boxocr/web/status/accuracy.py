"""The accuracy of projects, as last found by ``boxocr report`` or ``boxocr learn``, and their learned versions."""

from typing import Any

from boxocr.learning.store import LearnedStateUnusable, LearnedStore
from boxocr.settings.environment import Settings
from boxocr.web.status.background_value import BackgroundValue

_SECONDS = 10.0

NO_FOLDER = "Set MODEL_DIR: then boxocr report and boxocr learn keep the figures of projects there."
NO_FIGURES = (
    "Run boxocr report --project N or boxocr learn --project N: the figures of the project are then shown here."
)


class Accuracy:
    """The figures of all projects for the page.

    Args:
        settings: of the server.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._rows = BackgroundValue(self._read, _SECONDS)

    def as_json(self) -> dict[str, Any]:
        """``projects``, without texts of pages, or a ``note`` if there are none."""
        rows = self._rows.last()
        if rows:
            return {"projects": rows, "note": ""}
        if self._settings.model_dir is None:
            return {"projects": [], "note": NO_FOLDER}
        return {"projects": [], "note": "Looking …" if rows is None else NO_FIGURES}

    def _read(self) -> list[dict[str, Any]]:
        if self._settings.model_dir is None:
            return []
        return [row for store in LearnedStore.all(self._settings.model_dir) if (row := _row(store))["at"]]


def _row(store: LearnedStore) -> dict[str, Any]:
    history, version = store.history(), store.current()
    evidence: tuple[str, ...] = ()
    if version is not None:
        try:
            evidence = store.load(version).evidence
        except LearnedStateUnusable as error:
            evidence = (error.message,)
    return {
        "project": store.project,
        "at": history.accuracy_at,
        "figures": dict(history.accuracy),
        "version": version,
        "sentences": [*evidence, *history.conflicts],
    }
