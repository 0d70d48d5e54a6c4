"""What the running server tells Prometheus, and the dashboard that shows it."""

import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.backend import ROOT, Backend, one_reader, running
from tests.payloads import one_box, payload

DASHBOARD = ROOT / "deploy" / "grafana" / "boxocr.json"


def told(server: Backend) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Value by name and labels."""
    answer = server.get("/metrics")
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def value(server: Backend, name: str, **labels: str) -> float:
    return told(server)[name, frozenset(labels.items())]


@pytest.fixture(scope="module")
def server(page_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    """A server whose counts nobody else raises; one box was read twice, one failed, and one reader crashed."""
    environment = one_reader(page_server, "tests.engines:CrashingOnTall", LOG_FORMAT="json", LOG_LEVEL="DEBUG")
    with running(tmp_path_factory.mktemp("metrics"), environment) as backend:
        for body in (one_box(page_server), one_box(page_server), one_box(page_server, width=5, height=80)):
            backend.predict(body)
        missing = one_box(page_server)
        missing["tasks"][0]["data"]["ocr"] += ".missing"
        backend.predict(missing)
        backend.post("/predict", {})
        for path in ("/nothing", "/nothing/else"):
            backend.get(path)
        yield backend


def test_requests_are_counted_by_endpoint_and_outcome(server: Backend) -> None:
    counts = told(server)

    def requests(endpoint: str, outcome: str) -> float:
        return counts["boxocr_requests_total", frozenset({"endpoint": endpoint, "outcome": outcome}.items())]

    assert requests("/predict", "ok") == 4
    assert requests("/predict", "malformed_request") == 1
    assert requests("other", "not_found") == 2
    assert counts["boxocr_request_seconds_count", frozenset({("endpoint", "/predict")})] == 5


def test_regions_are_counted_by_outcome_and_their_stages_timed(server: Backend) -> None:
    assert value(server, "boxocr_regions_total", outcome="text") == 2
    assert value(server, "boxocr_regions_total", outcome="reader_crashed") == 1
    assert value(server, "boxocr_regions_total", outcome="page_not_found") == 1
    assert value(server, "boxocr_stage_seconds_count", stage="fetch") == 2
    assert value(server, "boxocr_stage_seconds_count", stage="decode") == 1
    assert value(server, "boxocr_stage_seconds_count", stage="wait") == 2
    assert value(server, "boxocr_stage_seconds_count", stage="read") == 2


def test_readings_are_counted_by_engine_and_language_with_their_confidence(server: Backend) -> None:
    assert value(server, "boxocr_readings_total", engine="counting", languages="eng") == 2
    assert value(server, "boxocr_confidence_count") == 2
    assert value(server, "boxocr_confidence_bucket", le="0.9") == 2


def test_caches_readers_and_the_queue_are_looked_at(server: Backend) -> None:
    assert value(server, "boxocr_page_cache_lookups_total", found="yes") == 2
    assert value(server, "boxocr_page_cache_lookups_total", found="no") == 1
    assert value(server, "boxocr_reading_cache_lookups_total", found="yes") == 1
    assert value(server, "boxocr_reading_cache_readings") == 1
    assert value(server, "boxocr_page_cache_bytes") == 800 * 600
    assert value(server, "boxocr_queue_length") == 0
    assert value(server, "boxocr_readers_restarted_total") == 1
    assert value(server, "boxocr_readers_alive") in (0, 1)
    assert value(server, "boxocr_process_resident_memory_bytes") > 1_000_000


def test_every_metric_that_the_dashboard_asks_for_exists(server: Backend) -> None:
    names = {name for name, _ in told(server)}
    dashboard = json.loads(DASHBOARD.read_text())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    used = {name for expression in asked for name in re.findall(r"\bboxocr_\w+", expression)}

    assert len(asked) >= 10
    assert used <= names
    # And the other way round: what is counted is shown, but for the client's own bookkeeping.
    shown = {re.sub(r"_(total|bucket|count|sum)$", "", name) for name in used}
    there = {re.sub(r"_(total|bucket|count|sum|created)$", "", name) for name in names}
    assert {name for name in there if not name.startswith(("boxocr_process", "boxocr_reading_cache_readings"))} <= shown


def test_each_request_is_one_json_line(server: Backend, page_server: str) -> None:
    server.post("/predict", one_box(page_server, height=9), headers={"X-Request-ID": "the-one"})
    lines = [json.loads(line) for line in server.log.read_text().splitlines()]

    (line,) = [line for line in lines if line.get("request_id") == "the-one"]
    assert line["message"].startswith("POST /predict 200 in ")
    assert (line["level"], line["logger"], line["outcome"], line["status"]) == ("INFO", "boxocr.web.app", "ok", 200)
    (region,) = line["regions"]
    assert (region["task"], region["region"], region["outcome"]) == (5, "DeBKjm31i2", "text")
    assert region["stages"].keys() >= {"wait", "read"}
    assert 0 <= region["seconds"] <= line["seconds"] < 60
    assert any("BoxOCR is ready on" in line["message"] for line in lines)


def test_a_line_is_bounded_and_stays_one_line(server: Backend, page_server: str) -> None:
    body = payload("one-box", page_server)
    result = body["params"]["context"]["result"][0]
    body["params"]["context"]["result"] = [
        result | {"id": f"{number}\nERROR forged\u2028" + "x" * 5000} for number in range(200)
    ]

    server.post("/predict", body, headers={"X-Request-ID": "the-long-one"})
    lines = server.log.read_bytes().split(b"\n")

    (line,) = [line for line in lines if b'"request_id": "the-long-one"' in line]
    assert len(line) < 16_000
    assert json.loads(line)["number_of_regions"] == 200
    assert not [line for line in lines if line.startswith(b"ERROR forged")]


def test_text_lines_cannot_be_forged(tmp_path: Path, page_server: str) -> None:
    body = one_box(page_server)
    body["params"]["context"]["result"][0]["id"] = (
        "a\r\n2026-01-01 00:00:00,000 ERROR forged: oh\x1b[2J\u2028\u202e" + "x" * 9000
    )
    body["tasks"][0]["data"]["ocr"] += ".missing"
    with running(tmp_path, one_reader(page_server, "tests.engines:Counting")) as server:
        server.post("/predict", body, headers={"X-Request-ID": "the-one"})

    lines = server.log.read_bytes().split(b"\n")
    assert not [line for line in lines if b" ERROR forged" in line[:40] or b"\x1b" in line or b"\r" in line]
    assert max(map(len, lines)) < 5000
    (line,) = [line for line in lines if b"request the-one" in line]
    assert b"task 5, region a\\u000d\\u000a2026" in line
    # Some viewers break lines at one of these, and turn text around at the other.
    assert b"\\u2028\\u202e" in line
    assert not {"\u2028", "\u202e"} & set(server.log.read_text(encoding="utf-8"))
    assert b": page_not_found (fetch " in line


def test_languages_beyond_a_number_share_a_series(tmp_path: Path, page_server: str) -> None:
    languages = ["".join(letters) for letters in itertools.product("abcd", repeat=3)]
    with running(tmp_path, one_reader(page_server, "tests.engines:Polyglot")) as server:
        for language in languages:
            body = one_box(page_server)
            body["label_config"] = body["label_config"].replace("<TextArea ", f'<TextArea model_lang="{language}" ', 1)
            server.predict(body)
        counts = {
            dict(labels)["languages"]: count
            for (name, labels), count in told(server).items()
            if name == "boxocr_readings_total"
        }

    assert counts == dict.fromkeys(languages[:50], 1) | {"other": len(languages) - 50}
