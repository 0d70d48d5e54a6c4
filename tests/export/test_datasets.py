"""The image folder, loaded by Hugging Face's library."""

import json
import subprocess
import sys

import pytest

from tests.commands.label_studio_api import ApiStandIn
from tests.export.annotated import rectangle, region, task
from tests.export.conftest import Export, add_project

_LOAD = """
import json, sys
from datasets import load_dataset
sets = load_dataset("imagefolder", data_dir=sys.argv[1], cache_dir=sys.argv[2])
rows = {name: [(row["text"], row["label"], row["image"].size) for row in rows] for name, rows in sets.items()}
print(json.dumps(rows))
"""


def test_datasets_loads_the_sets_with_their_texts(
    export: Export, studio: ApiStandIn, tmp_path_factory: pytest.TempPathFactory
) -> None:
    regions = [
        region("a", 'Größe "42",\nzwei Zeilen', rectangle(40, 40, 200, 60), label="Answer"),
        region("b", "one", rectangle(40, 140, 120, 30)),
    ]
    folder = export(add_project(studio, *(task(number, *regions) for number in (1, 2, 3))), "imagefolder")
    cache = tmp_path_factory.mktemp("cache")
    environment = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(cache), "HOME": str(cache)}
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", _LOAD, folder, cache], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    rows = [['Größe "42",\nzwei Zeilen', "Answer", [200, 60]], ["one", "", [120, 30]]]
    assert json.loads(done.stdout.splitlines()[-1]) == {"train": rows, "validation": rows, "test": rows}
