"""Which TextArea takes the text of a region, where a labeling config has several."""

import re
from typing import Any

import pytest

from boxocr.errors import LabelingConfigError
from boxocr.labeling.config import LabelingConfig
from tests.backend import Backend
from tests.payloads import notes, one_box, payload
from tests.test_whole_tasks import LINES, ask, page

IMAGE = '<Image name="image" value="$ocr"/>'
BOXES = '<RectangleLabels name="bbox" toName="image"><Label value="A"/><Label value="B"/></RectangleLabels>'


def field(name: str, more: str = "") -> str:
    return f'<TextArea name="{name}" toName="image" perRegion="true" {more}/>'


def config(*fields: str) -> LabelingConfig:
    return LabelingConfig.parse(f"<View>{IMAGE}{BOXES}{''.join(fields)}</View>", {})


def filled(*fields: str, label: str = "A") -> str | None:
    return config(*fields).text_area("image", "bbox", [label])


@pytest.mark.parametrize(
    "comment",
    ["comment", "Comments", "your_note", "note2", "RemarkOfReviewer", "kommentar", "BEMERKUNG", "comment_text",
     "textComment", "HTMLNote"],
)  # fmt: skip
@pytest.mark.parametrize(
    "text", ["text", "text_1", "ocrText", "OCR", "transcription", "Transcript-2", "value", "a", "context"]
)
def test_a_field_for_comments_goes_last(comment: str, text: str) -> None:
    assert filled(field(comment), field(text)) == text


@pytest.mark.parametrize(
    "text",
    ["text", "Text", "text_1", "text1", "theText", "OCRText", "ocr", "transcription", "transcript", "value",
     "reading", "page.content"],
)  # fmt: skip
@pytest.mark.parametrize("other", ["context", "texture", "name", "notebook", "commented", "bevalued", "procreation"])
def test_a_field_that_is_named_for_text_goes_first(text: str, other: str) -> None:
    assert filled(field(other), field(text)) == text


@pytest.mark.parametrize("other", ["context", "texture", "notebook", "commentator", "f1"])
def test_words_inside_other_words_mean_nothing(other: str) -> None:
    assert filled(field("first"), field(other)) == "first"
    assert filled(field(other), field("second")) == other


@pytest.mark.parametrize("attribute", ["title", "placeholder", "header", "label", "hint"])
def test_where_the_name_says_nothing_the_title_does(attribute: str) -> None:
    assert filled(field("a", f'{attribute}="A comment on the text"'), field("b")) == "b"
    assert filled(field("a"), field("b", f'{attribute}="Recognized Text"')) == "b"
    assert filled(field("a"), field("text", f'{attribute}="No comment"')) == "text"
    assert filled(field("note", f'{attribute}="Recognized Text"'), field("b")) == "b"


def test_the_only_field_is_filled_whatever_its_name() -> None:
    assert filled(field("comment")) == "comment"


def test_the_order_of_the_config_decides_between_fields_that_are_alike() -> None:
    assert filled(field("first"), field("second")) == "first"
    assert filled(field("text"), field("transcription")) == "text"


def test_a_field_of_a_regions_own_goes_before_one_for_all_unless_it_is_for_comments() -> None:
    own, comment = field("own", 'whenLabelValue="A"'), field("comment", 'whenTagName="bbox" whenLabelValue="A"')

    assert filled(comment, field("text"), own) == "own"
    assert filled(comment, field("text"), own, label="B") == "text"
    assert filled(comment, field("note")) == "comment"
    assert filled(comment, field("other")) == "other"


def test_the_config_says_which_field_to_fill() -> None:
    asked_for = field("comment", 'model_fill="true"')
    own = field("own", 'whenTagName="bbox" whenLabelValue="A" model_fill="TRUE"')

    assert filled(field("text"), field("bound", 'whenLabelValue="A"'), asked_for) == "comment"
    assert filled(asked_for, own) == "own"
    assert filled(asked_for, own, label="B") == "comment"


def test_the_config_says_which_field_never_to_fill() -> None:
    assert filled(field("text", 'model_fill="false"'), field("comment")) == "comment"
    assert filled(field("text", 'model_fill="false"')) is None
    assert not config(field("text", 'model_fill="false"')).has_transcription()
    assert filled(field("text", 'model_fill=""')) == "text"


@pytest.mark.parametrize("value", ["yes", "1", "$fill", "truefalse"])
def test_any_other_value_is_refused(value: str) -> None:
    with pytest.raises(LabelingConfigError, match=re.escape(f'model_fill="{value}" is not a valid value.')) as refused:
        config(field("text", f'model_fill="{value}"'))
    assert refused.value.remedy == "Use true or false, or leave it out."


def with_fields(body: dict[str, Any], *fields: str) -> dict[str, Any]:
    return body | {"label_config": f"<View>{IMAGE}{BOXES}{''.join(fields)}</View>"}


def filled_by(results: list[dict[str, Any]]) -> dict[str, list[str]]:
    return {one["from_name"]: one["value"]["text"] for one in results if one["type"] == "textarea"}


def test_a_box_is_read_into_the_field_for_text(backend: Backend, page_server: str) -> None:
    (prediction,) = backend.predict(with_fields(one_box(page_server), field("comment"), field("text")))

    assert filled_by(prediction["result"]) == {"text": ["Invoice 12345"]}


def test_a_comment_stays_as_it_was_written(backend: Backend, page_server: str) -> None:
    body = with_fields(one_box(page_server), field("comment"), field("text"))
    (box,) = body["params"]["context"]["result"]
    written = {**box, "from_name": "comment", "type": "textarea", "value": {**box["value"], "text": ["Faded"]}}
    body["params"]["context"]["result"].append(written)

    (prediction,) = backend.predict(body)

    assert filled_by(prediction["result"]) == {"comment": ["Faded"], "text": ["Invoice 12345"]}


def test_a_box_on_a_repeated_page_is_read_into_its_field_for_text(backend: Backend, page_server: str) -> None:
    body = payload("repeater-second-page", page_server)
    fields = '<TextArea name="comment_{{idx}}" toName="page_{{idx}}" perRegion="true"/><TextArea '
    body["label_config"] = body["label_config"].replace("<TextArea ", fields)

    (prediction,) = backend.predict(body)

    assert list(filled_by(prediction["result"])) == ["transcription_1"]


def test_a_value_that_means_nothing_is_told_in_the_regions_note(backend: Backend, page_server: str) -> None:
    body = with_fields(one_box(page_server), field("text", 'model_fill="maybe"'))

    assert backend.post("/setup", {"schema": body["label_config"]}).reason == (
        'model_fill="maybe" is not a valid value. Use true or false, or leave it out.'
    )
    (prediction,) = backend.predict(body)
    assert notes(prediction["result"]) == [
        'BoxOCR: model_fill="maybe" is not a valid value. Use true or false, or leave it out.'
    ]


def test_setup_refuses_a_config_in_which_no_field_may_be_filled(backend: Backend, page_server: str) -> None:
    body = with_fields(one_box(page_server), field("text", 'model_fill="false"'))

    answer = backend.post("/setup", {"schema": body["label_config"]})

    assert answer.status_code == 400
    assert answer.reason.startswith("The labeling config has no TextArea for the text of a region.")


def test_whole_pages_are_read_into_the_field_for_text(backend: Backend) -> None:
    fields = field("comment") + field("text", 'model_preannotate="lines"')

    (prediction,) = ask(backend, f"<View>{IMAGE}{BOXES}{fields}</View>", page(LINES[0]))

    assert filled_by(prediction["result"]) == {"text": [LINES[0]]}
