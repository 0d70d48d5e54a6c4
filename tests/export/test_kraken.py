"""ALTO and PAGE XML, read by kraken as its trainer does it: texts, baselines, and the images of lines."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.commands.label_studio_api import ApiStandIn
from tests.export.annotated import CONFIG, png, rectangle, region, task
from tests.export.conftest import Export
from tests.export.test_documents import ADDRESS, SIDE, TITLE, Sheet, shifted

# The parsers and the extraction of lines compute nothing with PyTorch, which kraken imports.
_READ = """
import json, sys
from types import ModuleType
from importlib.machinery import ModuleSpec
for name in ("torch", "torch.nn", "torch.nn.functional"):
    sys.modules[name] = ModuleType(name)
    sys.modules[name].__spec__ = ModuleSpec(name, None)
sys.modules["torch"].Tensor = type("Tensor", (), {})
sys.modules["torch"].nn = sys.modules["torch.nn"]
from kraken.lib.segmentation import extract_polygons
from kraken.lib.xml import XMLPage
from PIL import Image
page = XMLPage(sys.argv[1])
rows = []
for image, line in extract_polygons(Image.open(page.imagename), page.to_container()):
    path = f"{sys.argv[1]}-{len(rows)}.png"
    image.save(path)
    rows.append((line.text, line.baseline, path))
print(json.dumps({"lines": rows, "regions": {kind: len(found) for kind, found in page.regions.items()}}))
"""

LINES = ("Invoice No. 4711", "Miller & Sons", "14 Harbour Road", "sideways")


@pytest.fixture(scope="module")
def sheet() -> Sheet:
    sheet = Sheet()
    sheet.write(LINES[0], *TITLE)
    sheet.write(LINES[1], *ADDRESS)
    sheet.write(LINES[2], ADDRESS[0], ADDRESS[1] + 40)
    sheet.write_downwards(LINES[3], *SIDE)
    return sheet


@pytest.mark.parametrize("output_format", ["alto", "page"])
def test_kraken_gets_every_line_with_its_baseline_and_its_image(
    export: Export, studio: ApiStandIn, sheet: Sheet, output_format: str
) -> None:
    number = studio.add_project(CONFIG)
    studio.uploads["1/1.png"] = png(np.asarray(sheet.image))
    studio.tasks[number] = [
        task(
            1,
            region("title", LINES[0], rectangle(50, 45, 300, 40), label="Question"),
            region("address", "\n".join(LINES[1:3]), rectangle(50, 145, 300, 80)),
            region("side", LINES[3], rectangle(735, 295, 140, 40, rotation=90)),
        )
    ]
    found = read(export(number, output_format) / "task-1.xml")
    assert [text for text, _, _ in found["lines"]] == list(LINES)
    ends = {text: " ".join(f"{x},{y}" for x, y in baseline) for text, baseline, _ in found["lines"]}
    assert not shifted(ends, sheet)
    assert sum(found["regions"].values()) == 3
    assert found["regions"]["Question"] == 1
    for text, _, path in found["lines"]:
        # Upright, also the one that runs downwards: wider than high, with all of its ink.
        image = np.asarray(Image.open(path).convert("L"))
        assert image.shape[1] > image.shape[0]
        assert (image < 128).sum() == pytest.approx(ink(sheet, text), rel=0.2)


def read(path: Path) -> Mapping[str, Any]:
    """The lines and regions of a file, as kraken finds them."""
    done = subprocess.run(  # noqa: S603 - the Python of kraken's venv
        [os.environ["KRAKEN_PYTHON"], "-c", _READ, path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found: Mapping[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def ink(sheet: Sheet, line: str) -> int:
    """The number of dark pixels of a line."""
    crops = [np.asarray(sheet.image.crop(sheet.words[word])).ravel() for word in line.split()]
    return int((np.concatenate(crops) < 128).sum())
