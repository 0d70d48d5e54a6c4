"""Crops with texts, read back as the programs do that they are for."""

import io
import json
from pathlib import Path

import lmdb
import numpy as np
import pytest
from PIL import Image

from tests.commands.label_studio_api import ApiStandIn
from tests.export.annotated import (
    WIDTH,
    brush,
    ellipse,
    page,
    polygon,
    rectangle,
    region,
    task,
)
from tests.export.conftest import Export, add_project

# Place and text of each region that is a line of text; the texts contain separators of the formats.
LINES = {
    "a": ((40, 40, 200, 30), 'Total: 1,234.50 "net"'),
    "b": ((40, 100, 160, 40), "Größe 42 ½ naïve 東京"),
    "c": ((40, 160, 120, 20), "tab\there"),
}


@pytest.fixture
def project(studio: ApiStandIn) -> int:
    """A project with one page, and regions of every kind."""
    lines = [region(name, text, rectangle(*place), label="Answer") for name, (place, text) in LINES.items()]
    others = [
        region("several", "first line\nsecond line", rectangle(40, 220, 200, 60)),
        region("empty", "", rectangle(40, 300, 200, 30)),
        region("blank", None, rectangle(40, 340, 200, 30)),
        region("point", "a click", rectangle(40, 400, 4, 0) | {"height": 0}, kind="keypoint"),
        region("outside", "outside", rectangle(WIDTH + 10, 10, 50, 50)),
    ]
    return add_project(studio, task(1, *lines, *others))


def crops(folder: Path) -> dict[str, np.ndarray]:
    return {str(path.relative_to(folder)): np.asarray(Image.open(path)) for path in folder.rglob("*.png")}


def expected() -> dict[str, np.ndarray]:
    """The pixels of each line by its text."""
    whole = page(1)
    return {text: whole[y : y + height, x : x + width] for (x, y, width, height), text in LINES.values()}


def same(found: dict[str, np.ndarray], *, tabs: bool) -> bool:
    """Whether texts and crops are those of the annotation; tabs are spaces where they separate fields."""
    wanted = {text if tabs else text.replace("\t", " "): pixels for text, pixels in expected().items()}
    return found.keys() == wanted.keys() and all(np.array_equal(found[text], wanted[text]) for text in wanted)


def test_paddleocr_finds_every_crop_with_its_text(export: Export, project: int) -> None:
    folder = export(project, "paddleocr-rec", "--split", "100")
    found = {}
    # As PaddleOCR's SimpleDataSet does it.
    for line in (folder / "rec_gt.txt").read_bytes().splitlines(keepends=True):
        name, text = line.decode("utf-8").strip("\n").split("\t")
        found[text] = np.asarray(Image.open(folder / name))
    assert same(found, tabs=False)
    assert len(crops(folder)) == len(found)


def test_an_lmdb_is_read_as_deep_text_recognition_benchmark_does(export: Export, project: int) -> None:
    folder = export(project, "lmdb", "--split", "100")
    found = {}
    with lmdb.open(str(folder), readonly=True, lock=False) as database, database.begin() as transaction:
        for index in range(1, int(transaction.get(b"num-samples", b"")) + 1):
            text = transaction.get(f"label-{index:09d}".encode(), b"").decode("utf-8")
            found[text] = np.asarray(Image.open(io.BytesIO(transaction.get(f"image-{index:09d}".encode(), b""))))
    assert same(found, tabs=False)


def test_tesstrain_gets_an_image_and_a_line_for_each_text(export: Export, project: int) -> None:
    folder = export(project, "tesstrain", "--split", "100")
    texts = {path: path.read_text(encoding="utf-8") for path in folder.glob("*.gt.txt")}
    assert all(text.count("\n") == 1 for text in texts.values())
    found = {
        text.removesuffix("\n"): np.asarray(Image.open(str(path).replace(".gt.txt", ".png")))
        for path, text in texts.items()
    }
    assert same(found, tabs=False)


def test_the_image_folder_keeps_texts_of_several_lines_and_where_they_come_from(export: Export, project: int) -> None:
    folder = export(project, "imagefolder", "--split", "100")
    rows = [json.loads(line) for line in (folder / "metadata.jsonl").read_text(encoding="utf-8").splitlines()]
    found = {row["text"]: np.asarray(Image.open(folder / row["file_name"])) for row in rows}
    several = found.pop("first line\nsecond line")
    assert np.array_equal(several, page(1)[220:280, 40:240])
    assert same(found, tabs=True)
    assert [(row["task"], row["page"], row["annotation"], row["region"], row["label"]) for row in rows] == [
        (1, 1, 1, "a", "Answer"),
        (1, 1, 1, "b", "Answer"),
        (1, 1, 1, "c", "Answer"),
        (1, 1, 1, "several", ""),
    ]


def test_rotated_regions_are_straightened_and_shapes_cut_out(export: Export, studio: ApiStandIn) -> None:
    # The region covers 100 by 40 pixels of the page, rotated by a quarter about its corner.
    turned = region("turned", "turned", rectangle(300, 100, 100, 40, rotation=90))
    # The annotator looked at the page after a quarter turn clockwise.
    sideways = region("sideways", "sideways", rectangle(400, 100, 40, 100), image_rotation=90)
    slanted = region("slanted", "slanted", rectangle(100, 500, 200, 40, rotation=30))
    triangle = region("poly", "triangle", polygon((500, 500), (600, 500), (500, 600)), kind="polygon")
    round_ = region("round", "round", ellipse(650, 700, 60, 30), kind="ellipse")
    painted = region("painted", "painted", brush(100, 800, 180, 830), kind="brush")
    number = add_project(studio, task(1, turned, sideways, slanted, triangle, round_, painted))
    folder = export(number, "imagefolder", "--split", "100")
    rows = [json.loads(line) for line in (folder / "metadata.jsonl").read_text(encoding="utf-8").splitlines()]
    found = {row["text"]: np.asarray(Image.open(folder / row["file_name"])) for row in rows}
    whole = page(1)
    assert np.array_equal(found["turned"], np.rot90(whole[100:200, 260:300], 1))
    assert np.array_equal(found["sideways"], np.rot90(whole[100:200, 400:440], -1))
    assert found["slanted"].shape == (40, 200, 3)
    straight = np.asarray(Image.fromarray(whole).rotate(30, Image.Resampling.BICUBIC, center=(100, 500)))
    assert np.abs(found["slanted"].astype(int) - straight[500:540, 100:300]).mean() < 12
    assert np.array_equal(found["triangle"][:40, :40], whole[500:540, 500:540])
    assert len(np.unique(found["triangle"][60:, 60:].reshape(-1, 3), axis=0)) == 1
    assert found["round"].shape == (60, 120, 3)
    assert np.array_equal(found["round"][20:40, 30:90], whole[690:710, 620:680])
    assert np.array_equal(found["painted"], whole[800:830, 100:180])
