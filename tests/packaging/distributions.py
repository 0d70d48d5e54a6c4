"""The distributions that the repository builds, made with the locked build backend."""

import subprocess
import sys
from pathlib import Path

from tests.backend import clean_environment

_BUILD_SECONDS = 120


def build(source: Path, target: str, folder: Path) -> Path:
    """Build a distribution.

    Args:
        source: a checkout, or an unpacked source distribution.
        target: ``wheel`` or ``sdist``.
        folder: for the distribution.
    """
    python("-m", "hatchling", "build", "--target", target, "--directory", str(folder), cwd=source)
    (built,) = folder.iterdir()
    return built


def python(*arguments: str, cwd: Path, **environment: str) -> str:
    """Run the Python of the tests; returns its standard output.

    Raises:
        AssertionError: the command failed.
    """
    done = subprocess.run(  # noqa: S603 - modules that are locked, and our own
        [sys.executable, *arguments],
        cwd=cwd,
        env=clean_environment(**environment),
        capture_output=True,
        text=True,
        timeout=_BUILD_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
