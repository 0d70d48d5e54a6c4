"""Checks that the server can write its files."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from boxocr.diagnosis.report import Finding, failed, passed
from boxocr.settings.environment import Settings

CHECK = "disk"

# The server stores little more than links in the temporary folder, but a full disk also stops logs and databases.
_LEAST_FREE_MB = 100


def findings(settings: Settings) -> Iterator[Finding]:
    """Check the temporary folder, and MODEL_DIR if set."""
    try:
        temporary = Path(tempfile.gettempdir())
    except OSError:
        yield failed(
            CHECK,
            "There is no temporary folder that can be written to.",
            "Make /tmp writable, in a container with --tmpfs /tmp, or name a folder with TMPDIR.",
        )
    else:
        yield _folder(temporary, "TMPDIR")
    if settings.model_dir:
        yield _folder(settings.model_dir, "MODEL_DIR")


def _folder(folder: Path, variable: str) -> Finding:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"boxocr")
        free = shutil.disk_usage(folder).free // 1_000_000
    except OSError as error:
        return failed(
            CHECK,
            f"{folder} cannot be written to ({error.strerror or type(error).__name__}).",
            f"Make it writable for the user that the server runs as, or name another folder with {variable}.",
        )
    if free < _LEAST_FREE_MB:
        return failed(
            CHECK, f"{folder} has only {free} MB left.", f"Free some space, or name another folder with {variable}."
        )
    return passed(CHECK, f"{folder} is writable, {free / 1000:.1f} GB are free.")
