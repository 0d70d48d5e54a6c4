"""Boxes and typed texts are never lost, accepted or not, and texts stay with the boxes in which they were read."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Route

from e2e.annotator import Annotator
from e2e.configs import BOXES, TEMPLATE
from e2e.conftest import NewProject
from e2e.label_studio import Project
from e2e.pages import Box, Page

FIRST, SECOND, THIRD = "Invoice 12345", "Total due 678.90", "Berlin Germany"

# Where the page is white.
NOTHING = Box(60, 70, 30, 10)


@pytest.fixture
def project(new_project: NewProject, invoice: Page) -> Project:
    return new_project(BOXES, {"image": invoice})


@contextmanager
def held_answer(annotator: Annotator) -> Iterator[Callable[[], None]]:
    """Hold back the backend's next answer to the front end until the yielded function is called."""
    held: list[Route] = []
    pattern = re.compile("/interactive-annotating")
    annotator.tab.route(pattern, lambda route: held.append(route), times=1)  # noqa: PLW0108 - Playwright marks handlers

    def let_go() -> None:
        for route in held:
            route.continue_()

    yield let_go
    annotator.tab.unroute(pattern)


@pytest.mark.parametrize("config", [BOXES, TEMPLATE], ids=["rectangle-labels", "template"])
def test_text_typed_before_accepting_stays_with_its_box(
    annotator: Annotator, new_project: NewProject, invoice: Page, config: str
) -> None:
    project = new_project(config, {"image": invoice})
    annotator.open(project, project.task())
    annotator.draw(invoice.box(FIRST))
    annotator.type_before_acceptance(0, "My own words")
    annotator.draw(invoice.box(SECOND))
    annotator.expect_suggestions(2)
    annotator.accept()
    annotator.draw(invoice.box(THIRD))
    # Only the new box, because both other boxes are accepted.
    annotator.expect_suggestions(1)
    annotator.accept()
    annotator.submit()

    saved = project.saved(project.task())
    assert saved.texts == ["My own words", SECOND, THIRD]
    for region, line in zip(saved.regions, (FIRST, SECOND, THIRD), strict=True):
        assert region.label == "Text"
        box, value = invoice.box(line), region.geometry["value"] if config == BOXES else region.results[0]["value"]
        assert [value["x"], value["y"]] == pytest.approx([box.x, box.y], abs=0.5)


def test_text_typed_before_a_slow_answer_comes_is_kept(annotator: Annotator, project: Project, invoice: Page) -> None:
    annotator.open(project, project.task())
    annotator.switch_on_auto_accept()
    with held_answer(annotator) as let_go:
        annotator.drag(invoice.box(FIRST), "Text")
        annotator.type_before_acceptance(0, "Faster than the answer")
        let_go()
    annotator.draw(invoice.box(SECOND))
    annotator.expect_text(SECOND)
    annotator.submit()

    assert project.saved(project.task()).texts == ["Faster than the answer", SECOND]


def test_text_typed_where_nothing_was_found_is_kept(annotator: Annotator, project: Project, invoice: Page) -> None:
    annotator.open(project, project.task())
    annotator.draw(NOTHING)
    annotator.type_before_acceptance(0, "A stamp")
    annotator.draw(invoice.box(SECOND))
    annotator.accept()
    annotator.submit()

    assert project.saved(project.task()).texts == ["A stamp", SECOND]


def test_a_box_drawn_and_typed_without_the_backend_is_left_alone(
    annotator: Annotator, project: Project, invoice: Page
) -> None:
    annotator.open(project, project.task())
    annotator.draw_by_hand(invoice.box(FIRST))
    annotator.write(0, "By hand")
    annotator.draw(invoice.box(SECOND))
    annotator.expect_suggestions(1)
    annotator.write(0, "By hand, and changed")
    annotator.accept()
    annotator.submit()

    saved = project.saved(project.task())
    assert saved.texts == ["By hand, and changed", SECOND]


def test_an_emptied_text_stays_empty(annotator: Annotator, project: Project, invoice: Page) -> None:
    annotator.open(project, project.task())
    annotator.switch_on_auto_accept()
    annotator.draw(invoice.box(FIRST))
    annotator.expect_text(FIRST)
    annotator.write(0, "")
    annotator.draw(invoice.box(SECOND))
    annotator.expect_text(SECOND)
    annotator.submit()

    first, second = project.saved(project.task()).regions
    assert [line for result in first.results for line in result["value"].get("text", []) if line] == []
    assert second.text == SECOND


def test_a_moved_box_is_read_where_it_is_now(annotator: Annotator, project: Project, invoice: Page) -> None:
    first, second = invoice.box(FIRST), invoice.box(SECOND)
    annotator.open(project, project.task())
    annotator.read(first)
    annotator.move_region(first, right=second.x - first.x, down=second.y - first.y)
    annotator.draw(invoice.box(THIRD))
    annotator.accept()
    annotator.submit()

    saved = project.saved(project.task())
    # The box is as wide as the first line, which is shorter than the second.
    assert saved.texts == ["Total due 678.", THIRD]
    assert saved.regions[0].geometry["value"]["y"] == pytest.approx(second.y, abs=0.5)


def test_a_moved_box_with_a_corrected_text_keeps_it_and_says_so(
    annotator: Annotator, project: Project, invoice: Page
) -> None:
    first, second = invoice.box(FIRST), invoice.box(SECOND)
    annotator.open(project, project.task())
    annotator.read(first)
    annotator.write(0, "Corrected")
    annotator.move_region(first, right=second.x - first.x, down=second.y - first.y)
    annotator.read(invoice.box(THIRD))
    annotator.select_region(0)
    annotator.expect_info("BoxOCR: This box was moved since it was read. Check its text.")
    annotator.submit()

    saved = project.saved(project.task())
    assert saved.texts == ["Corrected", THIRD]
    assert saved.regions[0].message == "BoxOCR: This box was moved since it was read. Check its text."


@pytest.mark.parametrize("auto_accept", [True, False])
def test_a_box_of_another_label_stays_only_when_the_first_was_accepted(
    annotator: Annotator, project: Project, invoice: Page, *, auto_accept: bool
) -> None:
    annotator.open(project, project.task())
    if auto_accept:
        annotator.switch_on_auto_accept()
    annotator.draw(invoice.box(FIRST), "Text")
    annotator.draw(invoice.box(SECOND), "Number")
    if auto_accept:
        annotator.expect_text(SECOND)
    else:
        annotator.accept()
    annotator.submit()

    assert project.saved(project.task()).texts == ([FIRST, SECOND] if auto_accept else [SECOND])
