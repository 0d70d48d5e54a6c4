"""A Label Studio stand-in with annotations to export."""

import importlib.util
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands.conftest import Outcome, Run, boxocr, environment, studio
from tests.commands.label_studio_api import ApiStandIn
from tests.export.annotated import CONFIG, page, png

__all__ = ["boxocr", "environment", "studio"]

# Tests that need further software. `.ci/run` installs the programs for the first file, `make test-datasets` the library
# for the second, and `make test-kraken` the program for the third.
collect_ignore = [
    *([] if all(map(shutil.which, ("lstmtraining", "pdftotext"))) else ["test_programs.py"]),
    *([] if importlib.util.find_spec("datasets") else ["test_datasets.py"]),
    *([] if "KRAKEN_PYTHON" in os.environ else ["test_kraken.py"]),
]

Export = Callable[..., Path]


@pytest.fixture
def export(boxocr: Run, tmp_path: Path) -> Export:
    """Exports a project, which must succeed; returns the folder."""

    def run(project: int, output_format: str, *more: object) -> Path:
        done = boxocr("export", "--project", project, "--format", output_format, "--output", "out", *more)
        assert done.code == 0, done
        return tmp_path / "out"

    return run


@pytest.fixture
def refused(boxocr: Run, tmp_path: Path) -> Callable[..., Outcome]:
    """Exports a project, which must fail and leave nothing behind."""

    def run(project: int, output_format: str, *more: object) -> Outcome:
        before = sorted(tmp_path.rglob("*"))
        done = boxocr("export", "--project", project, "--format", output_format, "--output", "out", *more)
        assert done.code == 1, done
        assert sorted(tmp_path.rglob("*")) == before
        return done

    return run


def add_project(studio: ApiStandIn, *tasks: dict[str, object], config: str = CONFIG) -> int:
    """A project with these tasks; task N shows ``page(N)``."""
    number = studio.add_project(config, title="Receipts")
    studio.tasks[number] = list(tasks)
    for one in tasks:
        studio.uploads[f"1/{one['id']}.png"] = png(page(int(str(one["id"]))))
    return number
