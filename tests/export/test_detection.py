"""Pages with the places of their texts, read back as the programs do that they are for."""

import contextlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask
from pycocotools.coco import COCO

from tests.commands.label_studio_api import ApiStandIn
from tests.export.annotated import CONFIG, brush, ellipse, page, polygon, rectangle, region, task
from tests.export.conftest import Export, add_project

# Corners in the order of the text, clockwise, by text.
PLACES = {
    'Total: 1,234.50 "net"': [(40, 40), (240, 40), (240, 70), (40, 70)],
    "on\ntwo lines": [(40, 100), (140, 100), (140, 160), (40, 160)],
    # Rotated by a quarter about its upper left corner: the text runs downwards.
    "downwards": [(300, 100), (300, 200), (260, 200), (260, 100)],
    # On a page that the annotator saw rotated clockwise: the text runs upwards.
    "upwards": [(400, 200), (400, 100), (440, 100), (440, 200)],
    "painted": [(100, 800), (180, 800), (180, 830), (100, 830)],
    "": [(40, 900), (140, 900), (140, 930), (40, 930)],
}
HANDWRITING = CONFIG.replace('value="Answer"', 'value="handwritten"')
TRIANGLE = [(500, 500), (600, 500), (500, 600)]


@pytest.fixture
def project(studio: ApiStandIn) -> int:
    """A project with a page, one with a single text, and one that is empty."""
    first = task(
        1,
        region("r1", 'Total: 1,234.50 "net"', rectangle(40, 40, 200, 30), label="Answer"),
        region("r2", "on\ntwo lines", rectangle(40, 100, 100, 60)),
        region("r3", "downwards", rectangle(300, 100, 100, 40, rotation=90)),
        region("r4", "upwards", rectangle(400, 100, 40, 100), image_rotation=90),
        region("r5", "painted", brush(100, 800, 180, 830), kind="brush"),
        region("r6", "", rectangle(40, 900, 100, 30)),
        region("r7", "triangle", polygon(*reversed(TRIANGLE)), kind="polygon"),
    )
    second = task(2, region("r1", "round", ellipse(650, 700, 60, 30), kind="ellipse"))
    return add_project(studio, first, second, task(3))


def is_same_picture(path: Path, number: int) -> bool:
    return np.array_equal(np.asarray(Image.open(path)), page(number))


def test_paddleocr_and_ppocrlabel_find_every_place_with_its_text(export: Export, project: int) -> None:
    folder = export(project, "paddleocr-det", "--split", "100")
    found = {}
    # As PaddleOCR's SimpleDataSet and DetLabelEncode do it; PPOCRLabel opens the folder that contains Label.txt.
    for line in (folder / "images" / "Label.txt").read_bytes().splitlines(keepends=True):
        name, label = line.decode("utf-8").strip("\n").split("\t")
        found[name] = json.loads(label)
    assert found.keys() == {"images/task-1.png", "images/task-2.png"}
    assert all(is_same_picture(folder / name, int(name[12])) for name in found)
    places = {one["transcription"]: [tuple(point) for point in one["points"]] for one in found["images/task-1.png"]}
    assert places == {text or "###": points for text, points in PLACES.items()} | {"triangle": TRIANGLE}
    assert [one["difficult"] for one in found["images/task-1.png"]] == [*[False] * 5, True, False]
    assert found["images/task-1.png"][0]["key_cls"] == "Answer"
    (round_,) = found["images/task-2.png"]
    points = np.array(round_["points"])
    assert points.min(axis=0).tolist() == [590, 670]
    assert points.max(axis=0).tolist() == [710, 730]


def test_icdar_2015_has_four_corners_for_every_shape(export: Export, project: int) -> None:
    folder = export(project, "icdar2015", "--split", "100")
    found = {}
    for line in (folder / "gt" / "gt_task-1.txt").read_text(encoding="utf-8-sig").splitlines():
        *numbers, text = line.split(",", 8)
        found[text] = list(zip(map(int, numbers[::2]), map(int, numbers[1::2]), strict=True))
    triangle = found.pop("triangle")
    assert found == {text.replace("\n", " ") or "###": points for text, points in PLACES.items()}
    assert len(triangle) == 4
    assert triangle[0] == (500, 500)
    assert is_same_picture(folder / "images" / "task-1.png", 1)
    (line,) = (folder / "gt" / "gt_task-2.txt").read_text(encoding="utf-8").splitlines()
    assert len(line.split(",")) == 9
    assert sorted(path.name for path in (folder / "gt").iterdir()) == ["gt_task-1.txt", "gt_task-2.txt"]


def test_coco_is_read_with_texts_and_places(export: Export, project: int) -> None:
    folder = export(project, "coco-text", "--split", "100")
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(folder / "coco.json")
    image = coco.loadImgs(1)[0]
    assert (image["width"], image["height"]) == (800, 1000)
    assert is_same_picture(folder / "images" / image["file_name"], 1)
    annotations = coco.loadAnns(coco.getAnnIds(imgIds=[1]))
    expected = PLACES | {"triangle": TRIANGLE}
    for one in annotations:
        points = np.array(expected.pop(one["utf8_string"]))
        assert one["segmentation"] == [points.ravel().tolist()]
        assert one["bbox"] == [*points.min(axis=0), *(points.max(axis=0) - points.min(axis=0))]
        assert one["area"] == pytest.approx(mask.area(coco.annToRLE(one)), rel=0.02)
    assert not expected
    assert [one["name"] for one in coco.loadCats(coco.getCatIds())] == ["Answer", "text"]
    assert [one["utf8_string"] for one in coco.loadAnns(coco.getAnnIds(catIds=coco.getCatIds(["Answer"])))] == [
        'Total: 1,234.50 "net"'
    ]


def test_coco_text_classes_are_kept(export: Export, studio: ApiStandIn) -> None:
    place = rectangle(40, 40, 200, 30)
    number = add_project(studio, task(1, region("note", "Paid", place, label="handwritten")), config=HANDWRITING)
    found = json.loads((export(number, "coco-text", "--split", "100") / "coco_text.json").read_text(encoding="utf-8"))
    (annotation,) = found["anns"].values()
    assert annotation["class"] == "handwritten"
    assert annotation["class"] in found["cats"]["class"]


def test_coco_text_has_the_same_regions_by_number(export: Export, project: int) -> None:
    folder = export(project, "coco-text", "--split", "0,100")
    found = json.loads((folder / "val" / "coco_text.json").read_text(encoding="utf-8"))
    assert {number: image["set"] for number, image in found["imgs"].items()} == {"1": "val", "2": "val"}
    annotations = [found["anns"][str(number)] for number in found["imgToAnns"]["1"]]
    assert {one["utf8_string"]: one["legibility"] for one in annotations} == {
        text: "legible" if text else "illegible" for text in (*PLACES, "triangle")
    }
    assert [one["label"] for one in annotations[:2]] == ["Answer", "text"]
    # Those that its evaluation knows.
    assert {name: {one[name] for one in annotations} for name in found["cats"]} == {
        "class": {"others"},
        "language": {"na"},
        "legibility": {"legible", "illegible"},
    }
    assert annotations[0]["mask"] == [40, 40, 240, 40, 240, 70, 40, 70]
    assert annotations[0]["bbox"] == [40, 40, 200, 30]
