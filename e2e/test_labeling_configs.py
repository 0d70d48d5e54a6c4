"""Labeling configs used in practice."""

import json

import pytest

from e2e import configs
from e2e.annotator import Annotator
from e2e.conftest import NewProject
from e2e.label_studio import LabelStudioServer
from e2e.pages import Page
from e2e.process import REPOSITORY

_RECTANGLES = ("rectangle-tool", "rectangle-3-point-tool")


def test_label_studios_own_template_saves_rectangle_and_label_and_text(
    annotator: Annotator, new_project: NewProject, invoice: Page
) -> None:
    project = new_project(configs.TEMPLATE, {"image": invoice})
    annotator.open(project, project.task())
    annotator.read(invoice.box("Invoice 12345"), "Text")
    annotator.read(invoice.box("Berlin Germany"), "Handwriting")
    annotator.submit()

    saved = project.saved(project.task())
    assert saved.texts == ["Invoice 12345", "Berlin Germany"]
    assert [region.label for region in saved.regions] == ["Text", "Handwriting"]
    for region in saved.regions:
        assert region.types == {"rectangle", "labels", "textarea"}
        assert len({tuple(result["value"][side] for side in ("x", "y", "width")) for result in region.results}) == 1


def test_tags_may_have_other_names(annotator: Annotator, new_project: NewProject, invoice: Page) -> None:
    project = new_project(configs.OTHER_NAMES, {"image": invoice})
    annotator.open(project, project.task())
    annotator.read(invoice.box("Total due 678.90"), "Text")
    annotator.submit()

    region = project.saved(project.task()).only
    assert region.text == "Total due 678.90"
    assert region.of_type("textarea")["from_name"] == "wording"
    assert region.of_type("textarea")["to_name"] == "scan"


def test_a_comment_on_the_whole_page_before_the_text_is_left_alone(
    annotator: Annotator, new_project: NewProject, invoice: Page
) -> None:
    project = new_project(configs.COMMENT_FIRST, {"image": invoice})
    annotator.open(project, project.task())
    annotator.read(invoice.box("Total due 678.90"), "Text")
    annotator.submit()

    region = project.saved(project.task()).only
    assert region.text == "Total due 678.90"
    assert region.of_type("textarea")["from_name"] == "transcription"


def test_two_images_side_by_side_are_read_each_from_its_own_page(
    annotator: Annotator, new_project: NewProject, invoice: Page, order: Page
) -> None:
    project = new_project(
        configs.TWO_IMAGES,
        {"left": invoice, "right": order},
    )
    annotator.open(project, project.task())
    annotator.read(order.box("Order 4711"), "Copy", image=1)
    annotator.read(invoice.box("Invoice 12345"), "Original", image=0)
    annotator.submit()

    saved = project.saved(project.task())
    assert {region.text: region.of_type("textarea")["from_name"] for region in saved.regions} == {
        "Order 4711": "right_text",
        "Invoice 12345": "left_text",
    }


def test_a_box_on_the_second_of_several_pages_is_read_from_that_page(
    annotator: Annotator, new_project: NewProject, invoice: Page, order: Page
) -> None:
    project = new_project(configs.MANY_PAGES, {"pages": [invoice, order]})
    annotator.open(project, project.task())
    annotator.read(invoice.box("Invoice 12345"), "Text")
    annotator.go_to_page(2)
    annotator.read(order.box("Second page text"), "Text")
    annotator.submit()

    saved = project.saved(project.task())
    assert saved.texts == ["Invoice 12345", "Second page text"]
    assert [{result["item_index"] for result in region.results} for region in saved.regions] == [{0}, {1}]


def test_a_box_on_the_second_page_of_a_repeater_is_read_from_that_page(
    annotator: Annotator, new_project: NewProject, invoice: Page, order: Page
) -> None:
    project = new_project(configs.REPEATER, {"images": [{"url": invoice}, {"url": order}]})
    annotator.open(project, project.task())
    annotator.go_to_page(2)
    annotator.read(order.box("Second page text"), "Text")
    annotator.submit()

    region = project.saved(project.task()).only
    assert region.text == "Second page text"
    assert region.of_type("textarea")["from_name"] == "transcription_1"


def test_a_click_on_a_line_becomes_a_box_with_its_text(
    annotator: Annotator, new_project: NewProject, invoice: Page
) -> None:
    project = new_project(configs.CLICKS, {"image": invoice})
    annotator.open(project, project.task())
    annotator.click_on(invoice.box("Total due 678.90"), "Text", group=1)
    annotator.accept()
    annotator.submit()

    region = project.saved(project.task()).only
    assert region.text == "Total due 678.90"
    assert region.types == {"rectanglelabels", "textarea"}
    assert region.label == "Text"


def test_a_click_with_labels_and_keypoint_as_tags_of_their_own_becomes_a_labelled_box(
    annotator: Annotator, new_project: NewProject, invoice: Page
) -> None:
    project = new_project(configs.PLAIN_CLICKS, {"image": invoice})
    annotator.open(project, project.task())
    annotator.click_on(invoice.box("Total due 678.90"), "Text")
    annotator.accept()
    annotator.submit()

    region = project.saved(project.task()).only
    assert region.text == "Total due 678.90"
    assert region.types == {"rectangle", "labels", "textarea"}
    assert region.label == "Text"


@pytest.mark.parametrize(
    ("config", "filled"), [(configs.REGION_COMMENT_FIRST, "text"), (configs.FILLED_AS_ASKED, "comment")]
)
def test_of_two_fields_for_regions_the_one_for_text_is_filled_or_the_one_that_is_asked_for(
    annotator: Annotator, new_project: NewProject, invoice: Page, config: str, filled: str
) -> None:
    project = new_project(config, {"image": invoice})
    annotator.open(project, project.task())
    annotator.read(invoice.box("Total due 678.90"), "Text")
    annotator.submit()

    region = project.saved(project.task()).only
    assert region.text == "Total due 678.90"
    assert region.of_type("textarea")["from_name"] == filled
    assert len(region.results) == 2


def test_a_misspelt_attribute_is_named_in_the_notes_of_the_first_region(
    annotator: Annotator, new_project: NewProject, invoice: Page
) -> None:
    project = new_project(configs.MISSPELT, {"image": invoice})
    annotator.open(project, project.task())
    annotator.read(invoice.box("Invoice 12345"), "Text")
    annotator.select_region(0)
    sentence = 'model_langs on the RectangleLabels "bbox" is not an attribute of BoxOCR, so it has no effect. '
    annotator.expect_info(f"BoxOCR: {sentence}Write model_lang.")
    annotator.read(invoice.box("Berlin Germany"), "Text")
    annotator.submit()

    saved = project.saved(project.task())
    assert saved.texts == ["Invoice 12345", "Berlin Germany"]
    assert [region.message for region in saved.regions] == [f"BoxOCR: {sentence}Write model_lang.", ""]


# --- Auto-Detect


@pytest.mark.parametrize(
    ("config", "plain"),
    [(configs.BOXES, _RECTANGLES), (configs.WITHOUT_SMART, _RECTANGLES), (configs.ONLY_ASKED_FOR, ())],
    ids=["smart", "without smart", "smartOnly"],
)
def test_boxes_are_asked_for_with_smart_and_without_it(
    annotator: Annotator, new_project: NewProject, invoice: Page, config: str, plain: tuple[str, ...]
) -> None:
    project = new_project(config, {"image": invoice})
    annotator.open(project, project.task())
    annotator.expect_tools(*plain, auto_detect=_RECTANGLES)
    annotator.read(invoice.box("Total due 678.90"), "Text")
    annotator.submit()

    region = project.saved(project.task()).only
    assert region.text == "Total due 678.90"
    assert region.types == {"rectanglelabels", "textarea"}


def test_boxes_are_never_asked_for_where_the_config_says_so(
    annotator: Annotator, new_project: NewProject, invoice: Page
) -> None:
    asked: list[str] = []
    annotator.tab.on("request", lambda request: asked.append(request.url))
    project = new_project(configs.NEVER_ASKED_FOR, {"image": invoice})
    annotator.open(project, project.task())
    annotator.expect_tools(*_RECTANGLES, "polygon-tool")
    annotator.draw_by_hand(invoice.box("Total due 678.90"), "Text")
    annotator.submit()

    assert project.saved(project.task()).only.types == {"rectangle", "labels"}
    assert asked
    assert not [url for url in asked if "interactive-annotating" in url]


def test_clicks_are_asked_for_without_smart_too(annotator: Annotator, new_project: NewProject, invoice: Page) -> None:
    project = new_project(configs.CLICKS_WITHOUT_SMART, {"image": invoice})
    annotator.open(project, project.task())
    annotator.click_on(invoice.box("Total due 678.90"), "Text", group=1)
    annotator.accept()
    annotator.submit()

    assert project.saved(project.task()).only.text == "Total due 678.90"


# --- Notations of a config


@pytest.mark.parametrize(
    "config", [configs.DECLARED, configs.OTHER_CASE], ids=["with a declaration", "in another case"]
)
def test_a_config_is_read_however_it_is_written(
    annotator: Annotator, new_project: NewProject, invoice: Page, config: str
) -> None:
    project = new_project(config, {"image": invoice})
    annotator.open(project, project.task())
    annotator.read(invoice.box("Total due 678.90"), "Text")
    annotator.submit()

    assert project.saved(project.task()).only.text == "Total due 678.90"


def test_a_config_may_consist_of_a_repeater(
    annotator: Annotator, new_project: NewProject, invoice: Page, order: Page
) -> None:
    project = new_project(configs.REPEATER_ALONE, {"images": [{"url": invoice}, {"url": order}]})
    annotator.open(project, project.task())
    annotator.go_to_page(2)
    annotator.read(order.box("Second page text"), "Text")
    annotator.submit()

    region = project.saved(project.task()).only
    assert region.text == "Second page text"
    assert region.of_type("textarea")["from_name"] == "transcription_1"


def test_label_studio_accepts_what_the_recorded_table_says(label_studio: LabelStudioServer) -> None:
    recorded = json.loads((REPOSITORY / "tests/data/config_variants.json").read_text(encoding="utf-8"))

    assert {name: label_studio.accepts(one["config"]) for name, one in recorded.items()} == {
        name: one["label_studio"] for name, one in recorded.items()
    }
