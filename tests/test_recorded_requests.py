"""Every request that Label Studio was recorded to send gets the exact text, over HTTP from the running server."""

from typing import Any

import pytest
from label_studio_sdk.label_interface import LabelInterface

from tests.backend import Backend
from tests.payloads import drawn, notes, payload, texts, without

# recorded request -> text by region id
EXPECTED = {
    "one-box": {"DeBKjm31i2": "Invoice 12345"},
    "custom-names": {"afVr-ATqa4": "Invoice 12345"},
    # The annotator's box starts behind the capital I.
    "page-rotated-90": {"le6sata7rg": "nvoice 12345"},
    "three-point-rectangle": {"S9Dd81faoy": "Slanted words here"},
    "labels-and-rectangle": {"bjaxESaE42": "Invoice 12345"},
    "second-labels-and-rectangle": {"DOhCGQOttk": "Total due 678.90"},
    "third-box-same-label": {"PtJcnTlTw9": "Berlin Germany"},
    "multi-page-second-page": {"guLQSh5hg4": "Invoice 12345", "nmHD7leXSs": "Second page text"},
    "two-images-right": {"MC5ZYc5VDU": "Second page text"},
    "two-textareas": {"f9KbWae-cN": "Invoice 12345"},
    "repeater-second-page": {"4KmGrV4Prk": "Second page text"},
    "keypoint": {"2KRGkYh15G": "Invoice 12345"},
}

TEXT_AREAS = {
    "custom-names": "ocr_text",
    "two-images-right": "rtext",
    "repeater-second-page": "transcription_1",
}


def answer(backend: Backend, body: dict[str, Any]) -> list[dict[str, Any]]:
    (prediction,) = backend.predict(body)
    results: list[dict[str, Any]] = prediction["result"]
    return results


@pytest.mark.parametrize("name", EXPECTED)
def test_a_drawn_region_gets_its_text(backend: Backend, page_server: str, name: str) -> None:
    results = answer(backend, payload(name, page_server))

    assert texts(results) == EXPECTED[name]
    assert {result["from_name"] for result in results if result["type"] == "textarea"} == {
        TEXT_AREAS.get(name, "transcription")
    }


@pytest.mark.parametrize("name", EXPECTED)
def test_all_results_of_a_region_come_back_as_they_came_with_the_shape_first(
    backend: Backend, page_server: str, name: str
) -> None:
    body = payload(name, page_server)

    results = answer(backend, body)

    for identity in EXPECTED[name]:
        sent = [result for result in drawn(body) if result["id"] == identity]
        received = [result for result in results if result["id"] == identity]
        assert [without(result, "score") for result in received[:-1]] == sent
        shape, text = received[0], received[-1]
        assert text["type"] == "textarea"
        for field in ("original_width", "original_height", "image_rotation", "item_index", "to_name"):
            assert text.get(field) == shape.get(field)
        for number in ("x", "y", "width", "height", "rotation"):
            assert text["value"].get(number) == shape["value"].get(number)


@pytest.mark.parametrize("name", EXPECTED)
def test_the_confidence_stands_on_the_shape_and_the_text_remembers_what_was_suggested(
    backend: Backend, page_server: str, name: str
) -> None:
    results = answer(backend, payload(name, page_server))

    for identity, text in EXPECTED[name].items():
        shape, *_, written = [result for result in results if result["id"] == identity]
        assert 0.5 < shape["score"] <= 1
        suggestion = written["meta"]["suggestion"]
        assert suggestion["text"] == text
        assert suggestion["confidence"] == shape["score"]
        assert suggestion["languages"] == "eng"
        assert suggestion["engine"]


@pytest.mark.parametrize("name", sorted(set(EXPECTED) - {"repeater-second-page"}))
def test_label_studio_accepts_the_answer(backend: Backend, page_server: str, name: str) -> None:
    body = payload(name, page_server)

    (prediction,) = backend.predict(body)

    config = LabelInterface(config=body["label_config"])
    if name == "keypoint":
        # The SDK knows no keypoint whose value carries its label, though Label Studio sends just that.
        prediction["result"] = [result for result in prediction["result"] if result["type"] == "textarea"]
        prediction["result"][0]["value"] = {"text": prediction["result"][0]["value"]["text"]}
    assert config.validate_prediction(prediction, return_errors=True) == []


def test_label_studio_accepts_the_answer_for_a_repeater(backend: Backend, page_server: str) -> None:
    body = payload("repeater-second-page", page_server)

    (prediction,) = backend.predict(body)

    written_out = body["label_config"].replace("{{idx}}", "1").replace("<Repeater", "<View").replace("</Rep", "</Rep")
    written_out = written_out.replace("</Repeater>", "</View>")
    assert LabelInterface(config=written_out).validate_prediction(prediction, return_errors=True) == []


def test_a_click_gives_the_line_under_it_a_box_with_label_and_text(backend: Backend, page_server: str) -> None:
    body = payload("click", page_server)

    box, text = answer(backend, body)

    assert text["value"]["text"] == ["Invoice 12345"]
    assert (box["type"], box["from_name"], box["value"]["rectanglelabels"]) == ("rectanglelabels", "bbox", ["Text"])
    assert box["id"] == text["id"] != drawn(body)[0]["id"]
    # The ink of the line lies at 61..314 px of 800 and 48..75 px of 600.
    assert 5.5 <= box["value"]["x"] <= 7.7
    assert 39.2 <= box["value"]["x"] + box["value"]["width"] <= 41
    assert 6 <= box["value"]["y"] <= 8
    assert 12.5 <= box["value"]["y"] + box["value"]["height"] <= 15
    assert (
        LabelInterface(config=body["label_config"]).validate_prediction({"result": [box, text]}, return_errors=True)
        == []
    )


def test_two_quick_clicks_give_two_boxes(backend: Backend, page_server: str) -> None:
    results = answer(backend, payload("two-quick-clicks", page_server))

    assert list(texts(results).values()) == ["Invoice 12345", "Total due 678.90"]
    assert len({result["id"] for result in results}) == 2


def test_a_box_over_nothing_is_kept_and_says_so(backend: Backend, page_server: str) -> None:
    body = payload("exif-orientation-6", page_server)

    results = answer(backend, body)

    assert [without(result, "meta") for result in results] == drawn(body)
    assert notes(results) == ["BoxOCR: No text found. Draw the box a little larger, or type the text."]


def test_a_box_on_a_page_that_the_task_no_longer_has_is_kept_with_a_note(backend: Backend, page_server: str) -> None:
    body = payload("multi-page-second-page", page_server)
    del body["tasks"][0]["data"]["pages"][1:]

    results = answer(backend, body)

    assert texts(results) == {"guLQSh5hg4": "Invoice 12345"}
    (note,) = notes(results)
    assert note.startswith("BoxOCR: The last page of the task is 1, and this region is on page 2. ")


def test_a_config_without_text_area_keeps_the_box_and_says_what_to_add(backend: Backend, page_server: str) -> None:
    body = payload("no-textarea", page_server)

    results = answer(backend, body)

    assert [without(result, "meta") for result in results] == drawn(body)
    (note,) = notes(results)
    assert note.startswith("BoxOCR: The labeling config has no TextArea for the text of a region. Add <TextArea ")


@pytest.mark.parametrize("name", ["task-opened", "retrieve-predictions"])
def test_without_context_every_task_is_passed_over(backend: Backend, page_server: str, name: str) -> None:
    body = payload(name, page_server)

    assert backend.predict(body) == [[] for _ in body["tasks"]]


def test_setup_answers_the_version(backend: Backend, page_server: str) -> None:
    answer = backend.post("/setup", payload("setup", page_server))

    assert (answer.status_code, answer.json()) == (200, {"model_version": "boxocr-0.1.0"})


@pytest.mark.parametrize(
    "event",
    [
        "annotation-created",
        "annotation-updated",
        "annotations-deleted",
        "project-updated",
        "tasks-created",
        "tasks-deleted",
    ],
)
def test_every_event_is_taken(backend: Backend, page_server: str, event: str) -> None:
    answer = backend.post("/webhook", payload(f"webhook-{event}", page_server))

    assert (answer.status_code, answer.json()) == (201, {"status": "OK"})


def test_a_region_that_was_moved_and_cannot_be_read_loses_the_score_of_its_old_text(
    backend: Backend, page_server: str
) -> None:
    body = payload("one-box", page_server)
    accepted = answer(backend, body)
    assert accepted[0]["score"] > 0.5
    for result in accepted:
        result["value"]["x"] += 5
    body["params"]["context"]["result"] = accepted
    body["tasks"][0]["data"]["ocr"] += ".missing"

    shape, *_ = answer(backend, body)

    assert notes([shape])[0].startswith("BoxOCR: This box was moved since it was read. ")
    assert "score" not in shape
