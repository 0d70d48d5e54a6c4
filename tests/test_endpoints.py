"""The endpoints of the running server, and what it says to requests that are wrong."""

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from pydantic import AliasChoices, SecretStr
from pydantic_core import PydanticUndefined

from boxocr.credentials import WEBHOOK_HEADER, webhook_token
from boxocr.settings.environment import Settings
from tests.backend import ROOT, Backend, one_reader, running
from tests.payloads import drawn, notes, one_box, payload, texts, without

# Not ASCII, and with a colon, which ends the user name in the header: both must survive.
USER, PASSWORD = "Jürgen", "pässword:with:colons"


@pytest.mark.parametrize("path", ["/health", "/"])
def test_health_says_up(backend: Backend, path: str) -> None:
    answer = backend.get(path)

    assert (answer.status_code, answer.json()) == (200, {"status": "UP", "model_class": "BoxOCR"})


def test_ready_says_what_reads(backend: Backend) -> None:
    answer = backend.get("/ready")

    assert answer.status_code == 200
    assert answer.json()["status"] == "READY"
    assert answer.json()["languages"] == ["eng"]
    assert "tesseract 5." in answer.json()["engine"]


def test_versions_lists_the_model_version(backend: Backend) -> None:
    assert backend.get("/versions").json() == {"versions": ["boxocr-0.1.0"]}


def test_the_start_ends_with_a_line_that_says_all(backend: Backend) -> None:
    last = backend.says("BoxOCR is ready on ")

    assert last.startswith(f"{backend.url} and reads with ")
    assert re.search(r"tesseract 5\.[\d.]+: (\w+, )*eng\b", last)
    assert last.endswith(
        "Not configured: Label Studio (LABEL_STUDIO_HOST, LABEL_STUDIO_ACCESS_TOKEN);"
        " S3 (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)."
    )


def test_setup_refuses_a_config_without_text_area_in_the_reason_phrase(backend: Backend, page_server: str) -> None:
    body = {"project": "1.1", "schema": payload("no-textarea", page_server)["label_config"], "extra_params": None}

    answer = backend.post("/setup", body)

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "labeling_config"
    assert answer.reason.startswith("The labeling config has no TextArea for the text of a region. Add <TextArea ")


def test_setup_takes_a_repeater(backend: Backend, page_server: str) -> None:
    body = {"project": "1.1", "schema": payload("repeater-second-page", page_server)["label_config"]}

    assert backend.post("/setup", body).status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("/predict", b"", "The request's body is not a JSON object."),
        ("/predict", b"[1]", "The request's body is not a JSON object."),
        ("/predict", b"{", "The request's body is not a JSON object."),
        ("/predict", b"\xff\xfe", "The request's body is not a JSON object."),
        ("/predict", b"{}", "The request has no list of tasks."),
        ("/predict", b'{"tasks": 7}', "The request has no list of tasks."),
        ("/predict", b'{"tasks": [1]}', "The request's tasks are not objects with data."),
        ("/predict", b'{"tasks": [{"id": 1}]}', "The request's tasks are not objects with data."),
        ("/predict", b'{"tasks": [], "params": {"context": 3}}', "The request's context is not an object."),
        ("/predict", b'{"tasks": [], "label_config": 3}', "The request's labeling config is not text."),
        ("/predict", b'{"tasks": [{"data": {}}]}', "The request has no labeling config."),
        (
            "/predict",
            b'{"tasks": [{"data": {}}], "params": {"context": {"result": []}}}',
            "The request has no labeling config.",
        ),
        ("/predict", b'{"tasks": [], "label_config": "<View"}', "The labeling config cannot be parsed."),
        ("/setup", b"{}", "The request has no schema, the project's labeling config."),
        ("/setup", b'{"schema": "<View"}', "The labeling config cannot be parsed."),
        ("/webhook", b"x", "The request's body is not a JSON object."),
    ],
)
def test_a_malformed_request_gets_one_sentence(backend: Backend, path: str, body: bytes, message: str) -> None:
    answer = requests.post(backend.url + path, data=body, headers={"Content-Type": "application/json"}, timeout=30)

    error = answer.json()["error"]
    assert (answer.status_code, error["message"]) == (400, message)
    assert answer.reason == f"{error['message']} {error['remedy']}"
    assert error["request_id"] == answer.headers["X-Request-ID"]


def test_a_context_without_results_is_malformed(backend: Backend, page_server: str) -> None:
    body = payload("one-box", page_server)
    body["params"]["context"] = {"result": "none"}

    answer = backend.post("/predict", body)

    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "The request's context.result is not a list of results."


def test_an_empty_context_gets_an_empty_answer(backend: Backend, page_server: str) -> None:
    body = payload("one-box", page_server)
    body["params"]["context"] = {"result": []}

    (prediction,) = backend.predict(body)

    assert prediction["result"] == []


def test_unknown_paths_and_methods_are_told_apart(backend: Backend) -> None:
    assert backend.get("/nothing").status_code == 404
    wrong = backend.get("/predict")
    assert wrong.status_code == 405
    assert "POST" in wrong.headers["Allow"]
    assert wrong.json()["error"]["message"] == "GET /predict is not something that this server answers."


def test_a_request_keeps_the_id_that_its_caller_gave(backend: Backend) -> None:
    assert backend.get("/health", headers={"X-Request-ID": "trace-7"}).headers["X-Request-ID"] == "trace-7"
    assert re.fullmatch(
        "[0-9a-f]{32}", backend.get("/health", headers={"X-Request-ID": "a b<script>"}).headers["X-Request-ID"]
    )


def test_a_request_over_the_limit_is_refused(tmp_path: Path) -> None:
    with running(tmp_path, {"MAX_REQUEST_MB": "0.01"}) as server:
        answer = server.post("/predict", {"tasks": [], "padding": "x" * 20_000})

    assert answer.status_code == 413
    assert answer.json()["error"]["message"] == "The request is too large."


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    folder = tmp_path_factory.mktemp("guarded")
    with running(folder, {"BASIC_AUTH_USER": USER, "BASIC_AUTH_PASS": PASSWORD}) as server:
        yield server


def test_with_a_password_only_health_stays_open(guarded: Backend) -> None:
    assert guarded.get("/health").status_code == 200
    for path in ("/", "/ready", "/versions", "/openapi.json"):
        answer = guarded.get(path)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")
        assert answer.json()["error"]["message"] == "This ML backend requires a user name and password."
    for path in ("/setup", "/predict", "/webhook"):
        assert guarded.post(path, {}).status_code == 401


@pytest.mark.parametrize(
    "given", [(USER, "wrong"), ("wrong", PASSWORD), (USER, ""), ("", ""), (USER, PASSWORD + "x"), ("Jurgen", PASSWORD)]
)
def test_a_wrong_password_is_refused(guarded: Backend, given: tuple[str, str]) -> None:
    encoded = (given[0].encode(), given[1].encode())

    assert guarded.get("/versions", auth=encoded).status_code == 401


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_a_password_is_taken_as_browsers_and_as_label_studio_encode_it(guarded: Backend, encoding: str) -> None:
    right = (USER.encode(encoding), PASSWORD.encode(encoding))
    other = {"utf-8": "latin-1", "latin-1": "utf-8"}[encoding]

    assert guarded.get("/versions", auth=right).status_code == 200
    assert guarded.get("/versions", auth=(right[0], b"p\xc3ssword:with:colons")).status_code == 401
    assert guarded.get("/versions", auth=(right[0], PASSWORD.encode(other))).status_code == 401


@pytest.mark.parametrize("header", ["Basic", "Basic ???", "Bearer abc", "Basic " + "=" * 10, "Digest username=x"])
def test_a_broken_authorization_header_is_refused(guarded: Backend, header: str) -> None:
    assert guarded.get("/versions", headers={"Authorization": header}).status_code == 401


def test_a_user_with_a_colon_is_one_that_can_log_in(tmp_path: Path) -> None:
    with running(tmp_path, {"BASIC_AUTH_USER": "a:b", "BASIC_AUTH_PASS": "c"}) as server:
        assert server.get("/versions", auth=("a:b", "c")).status_code == 200
        assert server.get("/versions", auth=("a:b", "d")).status_code == 401


# As `boxocr connect` makes it, in each process that knows USER and PASSWORD.
TOKEN = webhook_token(USER, SecretStr(PASSWORD))


def test_the_webhooks_token_opens_the_webhook_and_nothing_else(guarded: Backend) -> None:
    headers = {WEBHOOK_HEADER: TOKEN}

    assert guarded.post("/webhook", {"action": "X"}, headers=headers).status_code == 201
    assert guarded.post("/webhook", {"action": "X"}, auth=(USER.encode(), PASSWORD.encode())).status_code == 201
    for path in ("/setup", "/predict", "/webhook/", "/", "/webhook/../predict"):
        assert guarded.post(path, {}, headers=headers).status_code == 401, path
    for path in ("/versions", "/webhook", "/metrics", "/status/state"):
        assert guarded.get(path, headers=headers).status_code == 401, path
    assert TOKEN not in guarded.log.read_text()


@pytest.mark.parametrize("token", ["", TOKEN[:-1], TOKEN + "0", TOKEN.upper(), PASSWORD.encode(), b"\xff"])
def test_another_token_of_a_webhook_is_refused_with_what_to_do(guarded: Backend, token: str | bytes) -> None:
    answer = guarded.post("/webhook", {"action": "X"}, headers={WEBHOOK_HEADER: token})

    assert answer.status_code == 401
    error = answer.json()["error"]
    assert error["message"] == "This event comes without this ML backend's token, or with an old one."
    assert error["remedy"] == "Run boxocr connect --project N, which gives the token to the project's webhook."


def test_the_webhooks_token_is_the_same_everywhere_and_another_for_other_passwords() -> None:
    assert webhook_token("u", SecretStr("p")) == "d34c9f9e5db538123ce137afec72657de8f89ebd4afcede8de75dfeec8ff9357"
    others = [("u", "q"), ("v", "p"), ("u", "p ")]
    assert len({webhook_token(user, SecretStr(password)) for user, password in [("u", "p"), *others]}) == 4


def test_an_event_reaches_the_model_and_what_it_carries_stays_out_of_the_log(tmp_path: Path) -> None:
    variables = {"BASIC_AUTH_USER": USER, "BASIC_AUTH_PASS": PASSWORD, "LOG_LEVEL": "DEBUG"}
    body = payload("webhook-annotation-created", "") | {"access_token": "a token that nobody may read"}
    body["annotation"]["result"].append({"value": {"text": ["a text that nobody may read"]}})
    with running(tmp_path, variables, application="tests.learning_model:app") as server:
        answer = server.post("/webhook", body, headers={WEBHOOK_HEADER: TOKEN})
        refused = server.post("/webhook", body)
        log = server.log.read_text()

    assert (answer.status_code, refused.status_code) == (201, 401)
    assert log.count("Learned from ANNOTATION_CREATED of annotation") == 1
    assert "nobody may read" not in log
    assert TOKEN not in log


@pytest.mark.parametrize(
    ("variables", "complaints"),
    [
        (
            {"OCR_WORKERS": "none", "LABEL_STUDIO_HOST": "localhost:8080", "AWS_ACCESS_KEY_ID": "", "OCR_LANG": "../x"},
            ["OCR_WORKERS: ", "LABEL_STUDIO_HOST: must be a web address such as http://localhost:8080", "OCR_LANG: "],
        ),
        ({"BASIC_AUTH_USER": "only"}, ["BASIC_AUTH_USER and BASIC_AUTH_PASS must be set together, or neither"]),
        (
            {"LABEL_STUDIO_URL": "http://localhost:8080,studio:8080"},
            ["LABEL_STUDIO_URL: must be a web address such as http://localhost:8080, or several separated by commas"],
        ),
        (
            {"BASIC_AUTH_USER": "u", "BASIC_AUTH_PASS": "100 €"},
            ["BASIC_AUTH_PASS: must have no characters outside Latin-1, such as €: Label Studio cannot send them"],
        ),
        ({"AWS_ACCESS_KEY_ID": "k"}, ["AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must be set together, or neither"]),
        ({"LOCAL_FILES_DOCUMENT_ROOT": "/nowhere"}, ["LOCAL_FILES_DOCUMENT_ROOT: must be an existing folder"]),
    ],
)
def test_bad_settings_are_all_named_and_stop_the_start(
    tmp_path: Path, variables: dict[str, str], complaints: list[str]
) -> None:
    with pytest.raises(AssertionError) as caught, running(tmp_path, variables):
        pass

    printed = str(caught.value)
    assert "BoxOCR cannot start:" in printed
    assert "Traceback" not in printed
    assert "100 €" not in printed
    for complaint in complaints:
        assert complaint in printed


def test_numbers_that_json_has_not_come_back_as_null(backend: Backend, page_server: str) -> None:
    text = json.dumps(one_box(page_server)).replace('"x": 7.025246981339188', '"x": NaN')

    headers = {"Content-Type": "application/json"}
    answer = requests.post(f"{backend.url}/predict", data=text, headers=headers, timeout=30)

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    (prediction,) = json.loads(answer.text, parse_constant=refuse)["results"]
    assert prediction["result"][0]["value"]["x"] is None
    assert notes(prediction["result"]) == [
        "BoxOCR: This shape's coordinates are not numbers. Delete the region and draw it again."
    ]


@pytest.mark.parametrize(
    ("value", "note"),
    [
        ({"width": 0.1, "height": 0.1}, "smaller than 3 pixels"),
        ({"width": -5}, "negative size"),
        ({"height": -5}, "negative size"),
        ({"x": 300, "y": 300}, "outside the page"),
        ({"x": None}, "not numbers"),
    ],
)
def test_a_box_that_cannot_be_cut_is_kept_and_says_why(
    backend: Backend, page_server: str, value: dict[str, Any], note: str
) -> None:
    body = one_box(page_server, **value)

    (prediction,) = backend.predict(body)

    assert [without(result, "meta") for result in prediction["result"]] == drawn(body)
    (sentence,) = notes(prediction["result"])
    assert note in sentence


def test_a_box_over_the_pages_edge_is_read_as_far_as_the_page_goes(backend: Backend, page_server: str) -> None:
    body = one_box(page_server, x=-10, y=-5, width=80, height=22)

    (prediction,) = backend.predict(body)

    assert texts(prediction["result"]) == {"DeBKjm31i2": "Invoice 12345"}


def test_a_sentence_of_ours_is_replaced_and_the_annotators_own_note_stays(backend: Backend, page_server: str) -> None:
    body = one_box(page_server)
    drawn(body)[0]["meta"] = {"text": ["check the date\nBoxOCR: No text found. Type it."], "kind": "x"}

    (prediction,) = backend.predict(body)

    assert prediction["result"][0]["meta"] == {"text": ["check the date"], "kind": "x"}


def test_an_empty_text_is_replaced_by_the_reading(backend: Backend, page_server: str) -> None:
    body = one_box(page_server)
    empty = without(drawn(body)[0], "value", "from_name", "type") | {"type": "textarea", "from_name": "transcription"}
    body["params"]["context"]["result"].insert(0, empty | {"value": {"text": [""]}})

    (prediction,) = backend.predict(body)

    assert [result["type"] for result in prediction["result"]] == ["rectanglelabels", "textarea"]
    assert texts(prediction["result"]) == {"DeBKjm31i2": "Invoice 12345"}


def test_a_page_on_a_host_that_was_not_allowed_is_refused_without_asking_it(backend: Backend, page_server: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as forbidden:
        body = payload("one-box", page_server)
        body["tasks"][0]["data"]["ocr"] = f"http://127.0.0.1:{forbidden.getsockname()[1]}/a.png"

        (prediction,) = backend.predict(body)

        forbidden.settimeout(0.2)
        with pytest.raises(TimeoutError):
            forbidden.accept()
    (note,) = notes(prediction["result"])
    assert "ALLOWED_IMAGE_HOSTS" in note


def test_nothing_inside_leaves_the_process(backend: Backend, page_server: str) -> None:
    missing = payload("one-box", page_server)
    missing["tasks"][0]["data"]["ocr"] += ".missing"

    answers = [
        backend.post("/predict", missing).text,
        backend.post("/predict", {"tasks": [{"data": {}}], "label_config": "<View", "params": {}}).text,
        backend.get("/nothing").text,
    ]

    for answer in answers:
        assert "Traceback" not in answer
        assert str(Path.home()) not in answer
        assert ".py" not in answer


def test_a_box_that_is_asked_for_again_is_answered_from_what_was_read(tmp_path: Path, page_server: str) -> None:
    body = one_box(page_server)
    moved = one_box(page_server, x=7.1)
    with running(tmp_path, one_reader(page_server, "tests.engines:Counting")) as server:
        found = [texts(server.predict(request)[0]["result"])["DeBKjm31i2"] for request in (body, body, moved, body)]

    assert found == ["reading 1", "reading 1", "reading 2", "reading 1"]


def test_a_failed_reading_is_tried_again(tmp_path: Path, page_server: str) -> None:
    with running(tmp_path, one_reader(page_server, "tests.engines:FailingFirst")) as server:
        first, second = (server.predict(one_box(page_server))[0]["result"] for _ in range(2))

    assert notes(first) == [
        "BoxOCR: The text could not be read. Try again. If it keeps happening, check the server log."
    ]
    assert texts(second) == {"DeBKjm31i2": "at last"}


def test_a_env_file_is_read_and_the_environment_goes_before_it(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "BASIC_AUTH_USER=file\nBASIC_AUTH_PASS=secret\nLABEL_STUDIO_URL=\nLOG_LEVEL=nonsense\n"
    )

    with running(tmp_path, {"LOG_LEVEL": "warning"}) as server:
        assert server.get("/versions").status_code == 401
        assert server.get("/versions", auth=("file", "secret")).status_code == 200


def test_every_setting_is_in_example_env_with_its_default() -> None:
    server, _, _ = (ROOT / "example.env").read_text().partition("# --- Docker Compose")
    lines = server.splitlines()
    written = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    named = " ".join(line for line in lines if line.startswith("#"))

    for name, field in Settings.model_fields.items():
        choices = field.validation_alias.choices if isinstance(field.validation_alias, AliasChoices) else [name.upper()]
        (found,) = written.keys() & {str(choice) for choice in choices}
        assert all(str(choice) in named for choice in choices if choice != found), name
        value = written.pop(found)
        if not value:
            assert field.default in (None, (), PydanticUndefined), name
        else:
            shown = str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
            assert shown == value, name
    assert not written
