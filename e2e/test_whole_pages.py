"""Whole pages, single clicks, and boxes that are fitted or split."""

from pathlib import Path

import pytest

from e2e import pages
from e2e.annotator import Annotator
from e2e.configs import CLICKS, FITTED, PREANNOTATED, SPLIT
from e2e.conftest import NewProject, StartBackend
from e2e.pages import Box, Page

LETTER = (
    "The first line of the letter",
    "and this is the second of them",
    "which a third one comes after",
    "before the fourth can be read",
    "and the fifth is the end of it",
)


@pytest.fixture
def letter(page_folder: Path) -> Page:
    return pages.letter(page_folder / "letter.png", *LETTER)


def test_opening_a_task_shows_its_lines_with_their_texts(
    annotator: Annotator, new_project: NewProject, letter: Page
) -> None:
    project = new_project(PREANNOTATED, {"image": letter})
    annotator.open(project, project.task(), auto_annotation=False)
    for line in LETTER:
        annotator.expect_text(line)
    annotator.submit()

    saved = project.saved(project.task())
    assert saved.texts == list(LETTER)
    assert {region.label for region in saved.regions} == {"Text"}


def test_predictions_of_many_large_pages_are_retrieved_without_loss(
    annotator: Annotator, new_project: NewProject, start_backend: StartBackend, delivery_notes: list[Page]
) -> None:
    project = new_project(PREANNOTATED, *({"image": page} for page in delivery_notes), connect=False)
    # Too short for a single call to finish.
    backend = start_backend(BATCH_SECONDS="1", OCR_WORKERS="1")
    project.connect(backend.url)
    calls = 0
    while sum(project.predicted().values()) < len(delivery_notes):
        assert calls < 5 * len(delivery_notes), "pages that are not done by then will never be"
        annotator.retrieve_predictions(project)
        calls += 1

    assert calls > 1
    tasks = project.tasks()
    assert project.predicted() == dict.fromkeys(tasks, 1)
    for task, page in zip(tasks, delivery_notes, strict=True):
        (prediction,) = project.predictions(task)
        found = [result["value"]["text"][0] for result in prediction["result"] if result["type"] == "textarea"]
        assert found == list(page.lines)
    # Tasks that have a prediction are not read again.
    annotator.retrieve_predictions(project)
    assert project.predicted() == dict.fromkeys(tasks, 1)


def test_a_click_boxes_and_reads_a_line_and_two_quick_clicks_two(
    annotator: Annotator, new_project: NewProject, letter: Page
) -> None:
    project = new_project(CLICKS, {"image": letter})
    annotator.open(project, project.task())
    annotator.click_on(letter.box(LETTER[3]), "Text", group=1)
    annotator.accept()
    annotator.click_on(letter.box(LETTER[0]), "Text", group=1)
    annotator.click_on(letter.box(LETTER[1]), "Text", group=1)
    annotator.expect_suggestions(2)
    annotator.accept()
    annotator.submit()

    saved = project.saved(project.task())
    assert sorted(saved.texts) == sorted([LETTER[3], LETTER[0], LETTER[1]])
    for region in saved.regions:
        line = letter.box(region.text)
        value = region.geometry["value"]
        assert region.label == "Text"
        assert value["x"] == pytest.approx(line.x, abs=1.5)
        assert value["y"] == pytest.approx(line.y, abs=1.5)
        assert value["width"] == pytest.approx(line.width, abs=3)
        assert value["height"] == pytest.approx(line.height, abs=3)


def test_a_box_over_five_lines_becomes_five_regions(
    annotator: Annotator, new_project: NewProject, letter: Page
) -> None:
    project = new_project(SPLIT, {"image": letter})
    annotator.open(project, project.task())
    annotator.read(Box(4, 7, 90, 45), "Number")
    annotator.submit()

    saved = project.saved(project.task())
    assert saved.texts == list(LETTER)
    assert [region.label for region in saved.regions] == ["Number"] * 5
    tops = [region.geometry["value"]["y"] for region in saved.regions]
    assert tops == pytest.approx([letter.box(line).y for line in LETTER], abs=1.5)


def test_a_box_that_fits_hugs_its_text(annotator: Annotator, new_project: NewProject, letter: Page) -> None:
    project = new_project(FITTED, {"image": letter})
    line = letter.box(LETTER[0])
    annotator.open(project, project.task())
    annotator.read(Box(2, line.y - 5, 95, line.height + 6), "Text")
    annotator.submit()

    region = project.saved(project.task()).only
    assert region.text == LETTER[0]
    value = region.geometry["value"]
    assert [value[side] for side in ("x", "y", "width", "height")] == pytest.approx(
        [line.x, line.y, line.width, line.height], abs=1.5
    )
