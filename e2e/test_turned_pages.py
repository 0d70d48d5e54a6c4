"""Rotated pages and boxes."""

from pathlib import Path

import pytest

from e2e import pages
from e2e.annotator import Annotator
from e2e.configs import BOXES
from e2e.conftest import INVOICE, NewProject


@pytest.mark.parametrize("turn", [90, 270])
def test_a_page_that_the_annotator_turns_is_read_as_it_is_shown(
    annotator: Annotator, new_project: NewProject, page_folder: Path, turn: int
) -> None:
    page = pages.lying(page_folder / f"lying-{turn}.png", turn, *INVOICE)
    project = new_project(BOXES, {"image": page})
    annotator.open(project, project.task())
    if turn == 90:
        annotator.turn_right()
    else:
        annotator.turn_left()
    annotator.read(page.box("Total due 678.90"), "Text")
    annotator.submit()

    region = project.saved(project.task()).only
    assert region.text == "Total due 678.90"
    assert [result["image_rotation"] for result in region.results] == [turn, turn]
    box = page.box("Total due 678.90")
    value = region.geometry["value"]
    assert [value["x"], value["y"]] == pytest.approx([box.x, box.y], abs=0.5)
    assert [value["width"], value["height"]] == pytest.approx([box.width, box.height], abs=0.5)


def test_a_page_turned_upside_down_is_read_as_it_is_shown(
    annotator: Annotator, new_project: NewProject, page_folder: Path
) -> None:
    page = pages.lying(page_folder / "lying-180.png", 180, *INVOICE)
    project = new_project(BOXES, {"image": page})
    annotator.open(project, project.task())
    annotator.turn_right()
    annotator.turn_right()
    annotator.read(page.box("Berlin Germany"), "Text")
    annotator.submit()

    region = project.saved(project.task()).only
    assert region.text == "Berlin Germany"
    assert region.geometry["image_rotation"] == 180


def test_a_box_of_three_points_at_an_angle_is_read_and_keeps_its_angle(
    annotator: Annotator, new_project: NewProject, page_folder: Path
) -> None:
    page = pages.slanted(page_folder / "slanted.png", 20, "Slanted words here")
    project = new_project(BOXES, {"image": page})
    box = page.box("Slanted words here")
    annotator.open(project, project.task())
    annotator.draw_at_an_angle(box, "Text", ratio=page.width / page.height)
    annotator.accept()
    annotator.submit()

    region = project.saved(project.task()).only
    assert region.text == "Slanted words here"
    for result in region.results:
        value = result["value"]
        assert value["rotation"] == pytest.approx(20, abs=1)
        assert [value["x"], value["y"]] == pytest.approx([box.x, box.y], abs=0.5)
        assert [value["width"], value["height"]] == pytest.approx([box.width, box.height], abs=1)


def test_a_photo_turned_by_its_exif_orientation_is_read_as_it_is_shown(
    annotator: Annotator, new_project: NewProject, page_folder: Path
) -> None:
    page = pages.photographed(page_folder / "photo.jpg", *INVOICE)
    project = new_project(BOXES, {"image": page})
    annotator.open(project, project.task())
    annotator.read(page.box("Invoice 12345"), "Text")
    annotator.read(page.box("Berlin Germany"), "Text")
    annotator.submit()

    saved = project.saved(project.task())
    assert saved.texts == ["Invoice 12345", "Berlin Germany"]
    assert {(result["original_width"], result["original_height"]) for result in saved.results} == {
        (page.width, page.height)
    }
