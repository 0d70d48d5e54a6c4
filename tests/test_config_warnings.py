"""Attributes of a labeling config that have no effect: whoever set the project up is told, and whoever draws first."""

from pathlib import Path
from typing import Any

import pytest

from boxocr.labeling.config import LabelingConfig
from tests.backend import Backend, one_reader, running
from tests.payloads import notes, one_box, texts
from tests.test_whole_tasks import LINES, ask, page

CONFIG = (
    '<View {view}><Image name="image" value="$ocr" {image}/>'
    '<RectangleLabels name="bbox" toName="image" {box}><Label value="A" {label}/><Label value="B"/></RectangleLabels>'
    '<KeyPointLabels name="point" toName="image" {point}><Label value="A"/></KeyPointLabels>'
    '<TextArea name="comment" toName="image" perRegion="true" {comment}/>'
    '<TextArea name="text" toName="image" perRegion="true" {text}/>'
    '<TextArea name="remark" toName="image" {remark}/></View>'
)
PLACES = ("view", "image", "box", "label", "point", "comment", "text", "remark")

# One that is misspelt, and what is said of it.
MISSPELT = 'model_langs="deu"'
SENTENCE = (
    'model_langs on the RectangleLabels "bbox" is not an attribute of BoxOCR, so it has no effect. Write model_lang.'
)


def config(**attributes: str) -> str:
    return CONFIG.format(**(dict.fromkeys(PLACES, "") | attributes))


def warnings(**attributes: str) -> list[str]:
    return list(LabelingConfig.parse(config(**attributes), {}).warnings())


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("model_langs", "model_lang"),
        ("model_language", "model_lang"),
        ("model-lang", "model_lang"),
        ("modelLang", "model_lang"),
        ("Model_lang", "model_lang"),
        ("MODEL_LANG", "model_lang"),
        ("modellang", "model_lang"),
        ("modle_lang", "model_lang"),
        ("mode_lang", "model_lang"),
        ("model_preanotate", "model_preannotate"),
        ("model_pre_annotate", "model_preannotate"),
        ("model_min_conf", "model_min_confidence"),
        ("model_confidence", "model_min_confidence"),
        ("model_char_set", "model_charset"),
        ("model_engines", "model_engine"),
        ("model_labels", "model_label"),
        ("model_clik", "model_click"),
        ("model_psn", "model_psm"),
        ("model_fits", "model_fit"),
        ("model_filled", "model_fill"),
        ("model_splitt", "model_split"),
    ],
)
def test_a_misspelt_attribute_is_named_with_the_one_that_is_meant(written: str, meant: str) -> None:
    assert warnings(box=f'{written}="x"') == [
        f'{written} on the RectangleLabels "bbox" is not an attribute of BoxOCR, so it has no effect. Write {meant}.'
    ]


def test_an_attribute_of_another_backend_is_named_too() -> None:
    (sentence,) = warnings(text='model_score_threshold="0.5"')

    assert sentence == (
        'model_score_threshold on the TextArea "text" is not an attribute of BoxOCR, so it has no effect here. '
        "Keep it if another ML backend uses it; the nearest attribute of BoxOCR is model_preannotate."
    )


@pytest.mark.parametrize("other", ["mode", "model", "maxUsages", "mouse_label", "modal_x", "my-language"])
def test_other_attributes_are_label_studios(other: str) -> None:
    assert warnings(box=f'{other}="x"') == []


NO_EFFECT, NO_TEXT = "has no effect there.", "has no effect, since no text is written there."
NO_PAGES = "has no effect without model_preannotate."
ANYWHERE = "Valid places are: TextArea, drawing tag, Label."
MOVE, NEEDS = 'Move it to a TextArea that is filled: "text".', "Add model_preannotate, or remove it."


@pytest.mark.parametrize(
    ("place", "attribute", "tag", "message", "remedy"),
    [
        ("image", "model_lang", 'Image "image"', NO_EFFECT, ANYWHERE),
        ("view", "model_psm", "View", NO_EFFECT, ANYWHERE),
        ("point", "model_fit", 'KeyPointLabels "point"', NO_EFFECT, "Valid places are: TextArea, rectangle, Label."),
        ("box", "model_click", 'RectangleLabels "bbox"', NO_EFFECT, "Valid places are: TextArea, keypoint, Label."),
        ("box", "model_fill", 'RectangleLabels "bbox"', NO_EFFECT, "Valid places are: TextArea."),
        ("label", "model_click", 'Label "A"', NO_EFFECT, "Valid places are: TextArea, keypoint, Label."),
        ("label", "model_fill", 'Label "A"', NO_EFFECT, "Valid places are: TextArea."),
        ("comment", "model_preannotate", 'TextArea "comment"', NO_TEXT, MOVE),
        ("remark", "model_lang", 'TextArea "remark"', NO_TEXT, MOVE),
        (
            *("remark", "model_fill", 'TextArea "remark"', "has no effect, since the TextArea is for the page."),
            'Add perRegion="true", or remove it.',
        ),
        ("box", "model_label", 'RectangleLabels "bbox"', NO_PAGES, NEEDS),
        ("text", "model_min_confidence", 'TextArea "text"', NO_PAGES, NEEDS),
    ],
)
def test_an_attribute_on_a_tag_where_it_has_no_effect_is_named(
    place: str, attribute: str, tag: str, message: str, remedy: str
) -> None:
    assert warnings(**{place: f'{attribute}="false"'}) == [f"{attribute} on the {tag} {message} {remedy}"]


def test_attributes_that_have_an_effect_are_not_named() -> None:
    assert warnings(
        box='model_lang="deu" model_psm="7" model_fit="text" model_preannotate="lines" model_label="B"',
        label='model_charset="1" model_split="lines" model_engine="auto"',
        point='model_click="word"',
        comment='model_fill="false"',
        text='model_fill="true" model_lang="deu" model_min_confidence="0.5" model_click="line" model_fit="text"',
    ) == []  # fmt: skip


def test_labels_beside_a_rectangle_count_and_the_tag_around_them_does_not() -> None:
    written = (
        '<View><Image name="image" value="$ocr"/><TextArea name="t" toName="image" perRegion="true"/>'
        '<Labels name="kind" toName="image" model_lang="deu"><Label value="A" model_lang="deu"/></Labels>'
        '<Rectangle name="box" toName="image"/></View>'
    )

    assert LabelingConfig.parse(written, {}).warnings() == (
        'model_lang on the Labels "kind" has no effect there. Valid places are: TextArea, drawing tag, Label.',
    )


def test_a_field_for_some_labels_is_filled_from_pages_with_these_labels_only() -> None:
    written = (
        '<View><Image name="image" value="$ocr"/>'
        '<RectangleLabels name="box" toName="image"{box}><Label value="A"/><Label value="B"/></RectangleLabels>'
        '<TextArea name="a" toName="image" perRegion="true" whenLabelValue="A"/>'
        '<TextArea name="b" toName="image" perRegion="true" whenLabelValue="B" model_lang="deu"'
        ' model_preannotate="lines"/></View>'
    )

    (sentence,) = LabelingConfig.parse(written.format(box=""), {}).warnings()

    assert sentence == f'model_preannotate on the TextArea "b" {NO_TEXT} Move it to a TextArea that is filled: "a".'
    assert LabelingConfig.parse(written.format(box=' model_label="B"'), {}).warnings() == ()
    assert LabelingConfig.parse(written.format(box=' model_label="$label"'), {}).warnings() == ()


def test_what_a_repeater_repeats_is_named_once_and_as_it_is_written() -> None:
    written = (
        '<View><Repeater on="$pages"><Image name="page_{{idx}}" value="$pages[{{idx}}]"/>'
        '<RectangleLabels name="box_{{idx}}" toName="page_{{idx}}" model_langs="deu" model_lang="deu">'
        '<Label value="A"/></RectangleLabels>'
        '<TextArea name="text_{{idx}}" toName="page_{{idx}}" perRegion="true"/></Repeater></View>'
    )

    (sentence,) = LabelingConfig.parse(written, {"pages": ["a"] * 3}).warnings()

    assert sentence == SENTENCE.replace("bbox", "box_{{idx}}")


def test_the_same_on_many_tags_is_said_once_and_in_one_line() -> None:
    labels = "".join(f'<Label value="L{number}&#10;{"x" * 50}" model_langs="deu"/>' for number in range(1000))

    (sentence,) = LabelingConfig.parse(config().replace('<Label value="B"/>', labels), {}).warnings()

    assert sentence == SENTENCE.replace('RectangleLabels "bbox"', f'Label "L0 {"x" * 36}…" and 999 more')


# --- Who is told


def test_setup_answers_what_has_no_effect(backend: Backend) -> None:
    answer = backend.post("/setup", {"project": "1.1", "schema": config(box=MISSPELT, image='model_lang="deu"')})

    assert answer.status_code == 200
    assert answer.json() == {
        "model_version": "boxocr-0.1.0",
        "warnings": [
            'model_lang on the Image "image" has no effect there. Valid places are: TextArea, drawing tag, Label.',
            SENTENCE,
        ],
    }


def test_the_log_names_it_once_for_each_config(tmp_path: Path, page_server: str) -> None:
    first, second = config(box=MISSPELT), config(label=MISSPELT)
    with running(tmp_path, one_reader(page_server, "tests.engines:Counting")) as server:
        for schema in (first, first, second):
            server.post("/setup", {"project": "1.1", "schema": schema})
        server.predict(one_box(page_server) | {"label_config": first})
        lines = [line for line in server.log.read_text().splitlines() if "model_langs" in line]

    assert len(lines) == 2
    assert "WARNING" in lines[0]
    assert lines[0].endswith(f"Labeling config: {SENTENCE}")
    assert 'model_langs on the Label "A"' in lines[1]


def request(page_server: str, *more: dict[str, Any], **attributes: str) -> dict[str, Any]:
    """The recorded request for a box, by this config, with more results in its context."""
    body = one_box(page_server, rectanglelabels=["A"]) | {"label_config": config(**attributes)}
    body["params"]["context"]["result"] += more
    return body


def box_of(body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = body["params"]["context"]["result"][0]
    return found


def test_the_first_answer_has_the_text_and_the_sentence(backend: Backend, page_server: str) -> None:
    (prediction,) = backend.predict(request(page_server, box=MISSPELT))

    assert list(texts(prediction["result"]).values()) == ["Invoice 12345"]
    assert prediction["result"][0]["meta"] == {"text": [f"BoxOCR: {SENTENCE}"]}
    assert "text" not in prediction["result"][-1]["meta"]
    assert prediction["score"] > 0.5


def test_the_sentence_stands_below_other_notes_and_on_the_first_region_only(backend: Backend, page_server: str) -> None:
    body = request(page_server, box=MISSPELT)
    other = box_of(body) | {"id": "other"}
    box_of(body)["meta"] = {"text": ["Ask Anna\nBoxOCR: an older sentence"], "mine": 1}
    body["params"]["context"]["result"].append(other)

    (prediction,) = backend.predict(body)

    assert notes(prediction["result"]) == [f"Ask Anna\nBoxOCR: {SENTENCE}"]
    assert prediction["result"][0]["meta"]["mine"] == 1
    assert len(texts(prediction["result"])) == 2


def test_a_region_that_cannot_be_read_has_both_sentences(backend: Backend, page_server: str) -> None:
    body = request(page_server, box=MISSPELT)
    box_of(body)["value"] |= {"x": 60.0, "y": 80.0, "width": 5.0, "height": 5.0}

    (prediction,) = backend.predict(body)

    assert notes(prediction["result"]) == [
        f"BoxOCR: No text found. Draw the box a little larger, or type the text.\nBoxOCR: {SENTENCE}"
    ]


def test_a_note_names_three_and_says_how_many_there_are_more(backend: Backend, page_server: str) -> None:
    many = " ".join(f'model_langs{number}="x"' for number in range(5))

    (prediction,) = backend.predict(request(page_server, box=many))

    (note,) = notes(prediction["result"])
    assert [line.split(" on the ")[0] for line in note.split("\n")] == [
        "BoxOCR: model_langs0",
        "BoxOCR: model_langs1",
        "BoxOCR: model_langs2",
        "BoxOCR: 2 more of these are in the server's log.",
    ]


def test_later_answers_do_not_repeat_it(backend: Backend, page_server: str) -> None:
    (first,) = backend.predict(request(page_server, box=MISSPELT))
    scored, suggested = first["result"][0], {"score": None, **first["result"][-1]}
    for accepted in (scored, suggested):
        body = request(page_server, accepted, box=MISSPELT)
        box_of(body)["id"] = "new"
        (later,) = backend.predict(body)
        answered = [one for one in later["result"] if one["id"] == "new"]
        assert list(texts(answered).values()) == ["Invoice 12345"]
        assert notes(answered) == []


def test_an_answer_by_a_config_without_a_fault_has_no_note(backend: Backend, page_server: str) -> None:
    (prediction,) = backend.predict(request(page_server, box='model_lang="eng"'))

    assert notes(prediction["result"]) == []


def test_pages_that_are_read_as_a_whole_have_it_on_their_first_region(backend: Backend) -> None:
    written = config(text='model_preannotate="lines"', box=MISSPELT).replace('value="$ocr"', 'valueList="$ocr"')

    (prediction,) = ask(backend, written, [page(*LINES), page(LINES[0])])

    assert list(texts(prediction["result"]).values()) == [*LINES, LINES[0]]
    assert prediction["result"][0]["meta"]["text"] == [f"BoxOCR: {SENTENCE}"]
    assert prediction["result"][0]["item_index"] == 0
    assert notes(prediction["result"]) == [f"BoxOCR: {SENTENCE}"]
