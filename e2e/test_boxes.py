"""Drawing boxes, and accepting, rejecting and correcting suggestions."""

import pytest

from e2e.annotator import Annotator
from e2e.configs import BOXES
from e2e.conftest import NewProject
from e2e.label_studio import Project
from e2e.pages import Page


@pytest.fixture
def project(new_project: NewProject, invoice: Page) -> Project:
    return new_project(BOXES, {"image": invoice})


def test_a_box_gets_its_text_when_the_suggestion_is_accepted(
    annotator: Annotator, project: Project, invoice: Page
) -> None:
    box = invoice.box("Invoice 12345")
    annotator.open(project, project.task())
    annotator.draw(box, "Text")
    annotator.expect_suggestions(1)
    annotator.accept()
    annotator.submit()

    region = project.saved(project.task()).only
    assert region.text == "Invoice 12345"
    assert region.label == "Text"
    assert region.types == {"rectanglelabels", "textarea"}
    value = region.geometry["value"]
    assert [value[side] for side in ("x", "y", "width", "height")] == pytest.approx(
        [box.x, box.y, box.width, box.height], abs=0.5
    )
    assert value["rotation"] == 0


def test_three_boxes_one_after_the_other_get_their_texts(annotator: Annotator, project: Project, invoice: Page) -> None:
    annotator.open(project, project.task())
    for line in invoice.lines:
        annotator.read(invoice.box(line), "Text")
    annotator.submit()

    saved = project.saved(project.task())
    assert saved.texts == ["Invoice 12345", "Total due 678.90", "Berlin Germany"]
    assert [region.label for region in saved.regions] == ["Text"] * 3


def test_two_boxes_drawn_before_the_first_is_accepted_both_survive_with_their_texts(
    annotator: Annotator, project: Project, invoice: Page
) -> None:
    annotator.open(project, project.task())
    annotator.draw(invoice.box("Invoice 12345"), "Text")
    annotator.draw(invoice.box("Berlin Germany"), "Text")
    annotator.expect_suggestions(2)
    annotator.accept()
    annotator.submit()

    assert sorted(project.saved(project.task()).texts) == ["Berlin Germany", "Invoice 12345"]


def test_boxes_get_their_texts_with_auto_accept_on(annotator: Annotator, project: Project, invoice: Page) -> None:
    annotator.open(project, project.task())
    annotator.switch_on_auto_accept()
    for line in ("Invoice 12345", "Total due 678.90"):
        annotator.draw(invoice.box(line), "Text")
        annotator.expect_suggestions(0)
        annotator.expect_text(line)
    annotator.submit()

    assert project.saved(project.task()).texts == ["Invoice 12345", "Total due 678.90"]


def test_after_a_rejected_suggestion_the_next_box_is_fine(
    annotator: Annotator, project: Project, invoice: Page
) -> None:
    annotator.open(project, project.task())
    annotator.draw(invoice.box("Invoice 12345"), "Text")
    annotator.reject()
    annotator.read(invoice.box("Total due 678.90"), "Text")
    annotator.submit()

    assert project.saved(project.task()).only.text == "Total due 678.90"


def test_a_corrected_text_stays_when_the_next_box_is_drawn(
    annotator: Annotator, project: Project, invoice: Page
) -> None:
    annotator.open(project, project.task())
    annotator.read(invoice.box("Invoice 12345"), "Text")
    annotator.correct("Invoice 12345", "Invoice 54321")
    annotator.read(invoice.box("Total due 678.90"), "Text")
    annotator.submit()

    assert project.saved(project.task()).texts == ["Invoice 54321", "Total due 678.90"]


def test_a_rejected_suggestion_takes_no_accepted_text_along(
    annotator: Annotator, project: Project, invoice: Page
) -> None:
    annotator.open(project, project.task())
    annotator.read(invoice.box("Invoice 12345"), "Text")
    annotator.draw(invoice.box("Total due 678.90"), "Text")
    annotator.reject()
    annotator.submit()

    assert project.saved(project.task()).only.text == "Invoice 12345"


def test_boxes_with_different_labels_keep_their_labels_and_texts(
    annotator: Annotator, project: Project, invoice: Page
) -> None:
    annotator.open(project, project.task())
    annotator.read(invoice.box("Invoice 12345"), "Text")
    annotator.read(invoice.box("Total due 678.90"), "Number")
    annotator.submit()

    saved = project.saved(project.task())
    assert {region.label: region.text for region in saved.regions} == {
        "Text": "Invoice 12345",
        "Number": "Total due 678.90",
    }


def test_a_submitted_annotation_takes_a_further_box_and_keeps_what_it_had(
    annotator: Annotator, project: Project, invoice: Page
) -> None:
    annotator.open(project, project.task())
    annotator.read(invoice.box("Invoice 12345"), "Text")
    annotator.correct("Invoice 12345", "Invoice 54321")
    annotator.submit()
    before = project.saved(project.task()).only

    annotator.open(project, project.task())
    annotator.read(invoice.box("Berlin Germany"), "Text")
    annotator.update()

    saved = project.saved(project.task())
    assert saved.texts == ["Invoice 54321", "Berlin Germany"]
    assert saved.regions[0].id == before.id
    assert saved.regions[0].geometry["value"] == before.geometry["value"]


def test_in_the_label_stream_one_task_after_the_other_is_read(
    annotator: Annotator, new_project: NewProject, invoice: Page, order: Page
) -> None:
    project = new_project(BOXES, {"image": invoice}, {"image": order})
    first, second = project.tasks()
    annotator.open_label_stream(project)
    annotator.read(invoice.box("Invoice 12345"), "Text")
    annotator.submit()
    annotator.expect_empty()
    annotator.read(order.box("Order 4711"), "Text")
    annotator.submit()

    assert project.saved(first).only.text == "Invoice 12345"
    assert project.saved(second).only.text == "Order 4711"


def test_a_box_moved_before_acceptance_is_read_where_it_is_then(
    annotator: Annotator, project: Project, invoice: Page
) -> None:
    whole = invoice.box("Invoice 12345")
    annotator.open(project, project.task())
    annotator.draw(whole.moved(down=60), "Text")
    with annotator.answered():
        annotator.move_region(whole.moved(down=60), right=0, down=-60)
    annotator.accept()
    annotator.submit()

    assert project.saved(project.task()).only.text == "Invoice 12345"
