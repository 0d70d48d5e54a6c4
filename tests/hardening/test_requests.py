"""Requests that nobody should send get an answer of ours: never a 500, and nothing is logged as an exception."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import DATA
from tests.hardening.conftest import Front, Gunicorn
from tests.hardening.json_values import VALUES, spoiled
from tests.payloads import notes, payload

NAMES = sorted(path.stem for path in (DATA / "payloads").glob("*.json"))
WEBHOOKS = [name for name in NAMES if name.startswith("webhook-")]
PREDICTS = [name for name in NAMES if name != "setup" and name not in WEBHOOKS]


@pytest.fixture(scope="session")
def recorded(page_server: str) -> dict[str, list[Any]]:
    """Endpoint → the requests that Label Studio sent there."""
    return {
        "/predict": [payload(name, page_server) for name in PREDICTS],
        "/setup": [payload("setup", page_server)],
        "/webhook": [payload(name, page_server) for name in WEBHOOKS],
    }


def as_bytes(body: Any) -> bytes:
    # As JSON's own escapes, so that halves of characters get through.
    return json.dumps(body).encode()


def check(front: Front | Gunicorn, path: str, body: bytes) -> None:
    status, answer = front.post(path, body)

    if status == 400:
        assert answer["error"]["message"].endswith(".")
        assert answer["error"]["remedy"]
        return
    if status == 409:
        # Without MODEL_DIR nothing can be learned.
        assert json.loads(body)["action"] == "START_TRAINING"
        assert "MODEL_DIR" in answer["error"]["remedy"]
        return
    assert status == (201 if path == "/webhook" else 200)
    if path == "/predict":
        tasks = json.loads(body)["tasks"]
        assert len(answer["results"]) == len(tasks)


@pytest.mark.parametrize("path", ["/predict", "/setup", "/webhook"])
@settings(max_examples=250)
@given(data=st.data())
def test_spoiled_requests_are_answered(
    path: str, front: Front, recorded: dict[str, list[Any]], data: st.DataObject
) -> None:
    check(front, path, as_bytes(data.draw(spoiled(recorded[path]))))


@pytest.mark.parametrize("path", ["/predict", "/setup", "/webhook"])
@settings(max_examples=40)
@given(data=st.data())
def test_spoiled_requests_are_answered_by_the_running_server(
    path: str, gunicorn: Gunicorn, recorded: dict[str, list[Any]], data: st.DataObject
) -> None:
    check(gunicorn, path, as_bytes(data.draw(spoiled(recorded[path]) | VALUES)))


@pytest.mark.parametrize("path", ["/predict", "/setup", "/webhook"])
@settings(max_examples=50)
@given(body=st.binary(max_size=200) | VALUES.map(as_bytes))
def test_bodies_that_are_something_else_are_answered(path: str, front: Front, body: bytes) -> None:
    check(front, path, body)


@pytest.mark.parametrize("path", ["/predict", "/setup", "/webhook"])
@pytest.mark.parametrize(
    "body",
    [
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b'{"tasks": ' + b"[" * 3000 + b"]" * 3000 + b"}",
        b'{"project": {"id": "\\ud800"}, "schema": "<View/>", "tasks": [], "action": "START_TRAINING"}',
        b'{"project": "\\ud800", "schema": "<View/>", "tasks": [], "action": "START_TRAINING"}',
        b"9" * 5000,
        b'{"tasks": [], "tasks": 1e999}',
        "\ufeff{}".encode(),
        '{"tasks": []}'.encode("utf-16"),
        b"\x00",
    ],
    ids=lambda body: body[:30].decode("latin-1"),
)
def test_bodies_made_to_break_parsers_are_answered(front: Front, path: str, body: bytes) -> None:
    status, answer = front.post(path, body)

    if status >= 400:
        assert status == 400, answer
        assert answer["error"]["code"] in ("malformed_request", "labeling_config")


@pytest.mark.parametrize("odd", ["\ud800", ["a\udfff"], {"\ud834": 1}])
@pytest.mark.parametrize("place", ["id", "extra"])
def test_halves_of_characters_come_back_as_they_came(front: Front, page_server: str, place: str, odd: Any) -> None:
    body = payload("one-box", page_server)
    body["params"]["context"]["result"][0][place] = odd

    status, answer = front.post("/predict", as_bytes(body))

    assert status == 200
    first, text = answer["results"][0]["result"]
    assert first[place] == odd
    assert text["value"]["text"] == ["Invoice 12345"]


@pytest.mark.parametrize("odd", [10**400, -(10**400), float("nan"), float("-inf"), 1e308, True, "7", [7]])
@pytest.mark.parametrize("name", ["x", "width", "rotation"])
def test_numbers_that_are_none_cost_nobody_the_box(front: Front, page_server: str, name: str, odd: Any) -> None:
    body = payload("one-box", page_server)
    body["params"]["context"]["result"][0]["value"][name] = odd

    status, answer = front.post("/predict", as_bytes(body))

    assert status == 200
    (kept,) = answer["results"][0]["result"]
    (note,) = notes([kept])
    assert note.startswith("BoxOCR: This shape")
