"""Checks the versions that were learned from projects' corrections."""

from collections.abc import Iterator
from contextlib import suppress

from boxocr.diagnosis.report import Finding, failed, failure, passed, skipped
from boxocr.errors import EngineNotUsable
from boxocr.learning.store import LearnedState, LearnedStateUnusable, LearnedStore
from boxocr.reading.recognition.head import checksum
from boxocr.settings.environment import Settings

CHECK = "learning"


def findings(settings: Settings) -> Iterator[Finding]:
    """Check the version in use of each project, and report the last run and the last rollback."""
    if settings.model_dir is not None:
        for store in LearnedStore.all(settings.model_dir):
            yield from _of(store, settings)


def _of(store: LearnedStore, settings: Settings) -> Iterator[Finding]:
    number, history, project = store.current(), store.history(), store.project
    again = f"Run boxocr learn --project {project}."
    if number is not None:
        try:
            state = store.load(number)
        except LearnedStateUnusable as error:
            yield failure(CHECK, error)
        else:
            if _is_foreign(state, settings):
                yield failed(
                    CHECK, f"Version {number} of project {project} has a recognizer head of another model.", again
                )
            else:
                yield passed(CHECK, f"Project {project} is read with version {number}, learned at {state.learned}.")
    if store.is_learning():
        yield passed(CHECK, f"Project {project} is being learned from.")
    elif history.last is not None and not history.last.ok and history.last.sentence not in history.rolled_back.values():
        yield failed(CHECK, f"Project {project}, last run at {history.last.at}: {history.last.sentence}", again)
    if history.rolled_back:
        newest = max(history.rolled_back)
        yield skipped(CHECK, f"Project {project}: {history.rolled_back[newest]}")


def _is_foreign(state: LearnedState, settings: Settings) -> bool:
    if not state.heads:
        return False
    known = _models(settings)
    # If there is no model at all, the engine's own check reports it.
    return bool(known) and any(head.model not in known for head in state.heads.values())


def _models(settings: Settings) -> set[str]:
    """Checksums of the models that this server can have."""
    try:
        from boxocr.reading import onnx  # noqa: PLC0415 - PP-OCR can be missing
    except ImportError:
        return set()
    files = sorted(settings.ppocr_models.glob("*.onnx")) if settings.ppocr_models else []
    with suppress(EngineNotUsable):
        files.append(onnx.model_file("rec"))
    with suppress(OSError):
        return {checksum(file.read_bytes()) for file in files}
    return set()
