"""The status page as a browser asks for it: who gets it, and what stands on it."""

import re
import threading
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.backend import Backend, running
from tests.conftest import DATA
from tests.payloads import drawn, one_box, texts
from tests.servers.s3 import ACCESS_KEY, SECRET_KEY, s3_server
from tests.servers.web import Reply, Request, web_server

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
# Starts at once. What Tesseract does is for the tests that are about it.
OWN_ENGINE = {"STATUS_PAGE": "true", "OCR_ENGINE": "tests.engines:Counting", "OCR_WORKERS": "1"}
UP = {"status": "UP", "model_class": "BoxOCR"}


def last_readings(server: Backend) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = server.get("/status/readings").json()["readings"]
    return rows


def picture(server: Backend, row: dict[str, Any], kind: str) -> Image.Image:
    answer = server.get(f"/status/readings/{row['number']}/{kind}.png")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/png")
    return Image.open(BytesIO(answer.content))


def findings(server: Backend, known: Callable[[dict[str, dict[str, str]]], bool]) -> dict[str, dict[str, str]]:
    """What the page says of each part, as soon as it is so."""
    until = time.monotonic() + 30
    while True:
        rows = {row["check"]: row for row in server.get("/status/state").json()["findings"]}
        if known(rows):
            return rows
        assert time.monotonic() < until, rows
        time.sleep(0.05)


def all_known(rows: dict[str, dict[str, str]]) -> bool:
    return all(row["state"] != "pending" for row in rows.values())


# --- Who gets it


def test_a_browser_gets_the_page_and_everybody_else_what_label_studio_expects(desk: Backend) -> None:
    page = desk.get("/", headers=BROWSER)
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "<title>BoxOCR</title>" in page.text

    assert "Its status page is at that address." in desk.log.read_text()

    # requests, as Label Studio uses it, names no media type at all.
    for accept in ("*/*", "application/json", "application/json, */*", ""):
        answer = desk.get("/", headers={"Accept": accept})
        assert (answer.json(), answer.headers["Vary"]) == (UP, "Accept"), accept
    assert desk.get("/health", headers=BROWSER).json() == UP


def test_the_page_takes_nothing_from_elsewhere_and_is_kept_nowhere(desk: Backend) -> None:
    page = desk.get("/", headers=BROWSER)

    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
    assert "unsafe" not in policy
    assert "http" not in policy
    assert page.headers["Cache-Control"] == "no-store"
    addresses = re.findall(r'(?:src|href)="([^"#]+)"', page.text)
    assert len(addresses) == 7
    for address in addresses:
        assert address.startswith("status/"), address
        answer = desk.get(f"/{address}")
        assert (answer.status_code, answer.headers["X-Content-Type-Options"]) == (200, "nosniff"), address
        assert "http://" not in answer.text.replace("http://www.w3.org/2000/svg", ""), address
    assert not re.search(r"<script(?![^>]* src=)|<style|\son\w+=|\sstyle=", page.text)


def test_without_the_setting_there_is_no_page(backend: Backend) -> None:
    assert backend.get("/", headers=BROWSER).json() == UP
    for path in ("/status/state", "/status/readings", "/status/sample.png", "/status/files/sheet.js"):
        assert backend.get(path).status_code == 404, path
    assert backend.post("/status/page", {}).status_code == 404


def test_where_a_password_is_set_the_page_is_behind_it(tmp_path: Path) -> None:
    password = {"BASIC_AUTH_USER": "me", "BASIC_AUTH_PASS": "secret-word"}
    with running(tmp_path, OWN_ENGINE | password) as server:
        for path in ("/", "/status/state", "/status/readings", "/status/sample.png", "/status/files/sheet.js"):
            refused = server.get(path, headers=BROWSER)
            assert (refused.status_code, refused.headers["WWW-Authenticate"][:5]) == (401, "Basic"), path
            shown = server.get(path, headers=BROWSER, auth=("me", "secret-word"))
            assert shown.status_code == 200, path
            assert b"secret-word" not in shown.content, path
        assert server.post("/status/page", {}).status_code == 401


# --- The last readings


def test_a_reading_is_shown_with_its_pictures_and_times(desk: Backend, page_server: str) -> None:
    body = one_box(page_server)
    answer = desk.post("/predict", body, headers={"X-Request-ID": "of-the-test"})
    assert texts(answer.json()["results"][0]["result"]) == {"DeBKjm31i2": "Invoice 12345"}

    (row,) = [row for row in last_readings(desk) if row["request"] == "of-the-test"]
    assert (row["text"], row["task"], row["region"]) == ("Invoice 12345", 5, "DeBKjm31i2")
    assert (row["engine"], row["languages"], row["psm"], row["failure"]) == ("tesseract", "eng", None, None)
    assert 0.8 < row["confidence"] <= 1
    assert row["milliseconds"].keys() <= {"fetch", "decode", "wait", "read"}
    assert 0 < row["milliseconds"]["read"] <= row["total_milliseconds"]

    assert row["pictures"] == ["drawn", "seen"]
    with Image.open(DATA / "pages" / "a.png") as page:
        value = drawn(body)[0]["value"]
        left, top = value["x"] * page.width / 100, value["y"] * page.height / 100
        right, bottom = left + value["width"] * page.width / 100, top + value["height"] * page.height / 100
        cut = page.convert("RGB").crop((int(left), int(top), int(np.ceil(right)), int(np.ceil(bottom))))
    as_drawn, as_seen = picture(desk, row, "drawn"), picture(desk, row, "seen")
    assert as_drawn.size == cut.size
    assert (np.asarray(as_drawn.convert("RGB")) == np.asarray(cut)).all()
    # Grey, and with Tesseract's margin of 10 pixels around it.
    assert (as_seen.mode, as_seen.size) == ("L", (cut.width + 20, cut.height + 20))


def test_a_reading_that_was_at_hand_is_not_shown_again(desk: Backend, page_server: str) -> None:
    body = one_box(page_server, width=27)
    desk.predict(body)
    newest = last_readings(desk)[0]["number"]

    desk.predict(body)

    assert last_readings(desk)[0]["number"] == newest
    assert desk.get(f"/status/readings?after={newest}").json() == {"readings": []}


def test_a_failure_is_shown_with_its_sentence_and_remedy(desk: Backend, page_server: str) -> None:
    body = one_box(page_server)
    body["tasks"][0]["data"] = {"ocr": f"{page_server}/pages/none.png?token=of-somebody"}
    desk.predict(body)

    row = last_readings(desk)[0]
    assert row["failure"] == {
        "message": "127.0.0.1 has no such page (HTTP 404).",
        "remedy": "Check that the file was not moved or deleted.",
    }
    assert (row["text"], row["confidence"], row["pictures"]) == ("", None, [])
    assert list(row["milliseconds"]) == ["fetch"]
    assert "of-somebody" not in desk.get("/status/readings").text


def test_only_the_last_ones_are_kept(tmp_path: Path, page_server: str) -> None:
    allowed = {"ALLOWED_IMAGE_HOSTS": page_server.removeprefix("http://"), "MAX_REQUEST_MB": "1"}
    with running(tmp_path, OWN_ENGINE | allowed) as server:
        for number in range(55):
            server.predict(one_box(page_server, width=20 + number / 10))

        rows = last_readings(server)
        gone = rows[-1]["number"] - 1
        assert server.get(f"/status/readings/{gone}/drawn.png").status_code == 404
        assert picture(server, rows[-1], "drawn").width > 20
        # The engine is somebody's own, which gets the crop as it was drawn.
        assert rows[0]["pictures"] == ["drawn"]
        assert server.get(f"/status/readings/{rows[0]['number']}/seen.png").status_code == 404
        # What the page lets people send, in base64, fits into a request.
        assert 'data-most-bytes="740000"' in server.get("/", headers=BROWSER).text

    assert [row["text"] for row in rows] == [f"reading {number}" for number in range(55, 5, -1)]


# --- The state


def test_a_server_by_itself_says_what_reads_and_what_is_not_set_up(desk: Backend) -> None:
    rows = findings(desk, all_known)

    assert rows["Reading"]["state"] == "ok"
    assert rows["Reading"]["message"] == "Ready. A word was read in eng just now."
    assert (rows["Label Studio"]["state"], rows["S3"]["state"]) == ("skipped", "skipped")
    state = desk.get("/status/state").json()
    assert state["engine"].startswith("tesseract 5.")
    assert "eng" in state["languages"]
    assert (state["readers"], state["replaced"]) == (1, 0)
    assert (state["decoders"], state["decoders_replaced"]) == (1, 0)


def test_a_server_that_cannot_read_says_why(tmp_path: Path) -> None:
    engine = "tests.reading.fake_engines:DoesNotStart"
    with running(tmp_path, {"STATUS_PAGE": "true", "OCR_ENGINE": engine, "OCR_WORKERS": "1"}) as server:
        rows = findings(server, all_known)
        state = server.get("/status/state").json()

    assert rows["Reading"]["state"] == "failed"
    assert rows["Reading"]["message"] == f'The OCR engine "{engine}" does not start.'
    assert rows["Reading"]["remedy"] == "Its error is in the log."
    assert (state["engine"], state["languages"]) == ("", [])


def test_a_label_studio_that_hangs_holds_nobody_up(tmp_path: Path) -> None:
    go = threading.Event()

    def held(_: Request) -> Reply:
        go.wait(60)
        return Reply(b'{"status": "UP"}')

    with web_server() as studio, s3_server(tmp_path) as s3:
        studio.routes["/health"] = held
        studio.routes["/api/version"] = Reply(b'{"release": "1.23.2"}')
        environment = {
            "LABEL_STUDIO_URL": studio.url,
            "LABEL_STUDIO_ACCESS_TOKEN": "Token not-a-token-at-all",
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_ENDPOINT": s3.url,
        }
        with running(tmp_path, OWN_ENGINE | environment) as server:
            rows = findings(server, lambda rows: rows["S3"]["state"] != "pending")
            assert rows["S3"]["state"] == "ok", rows
            assert rows["Label Studio"]["state"] == "pending"
            assert server.get("/", headers=BROWSER).status_code == 200

            go.set()
            rows = findings(server, all_known)
            said = server.get("/status/state").text

    assert rows["Label Studio"]["message"] == f"Version 1.23.2 answers at {studio.url}."
    assert rows["token"]["state"] == "failed"
    assert "not-a-token" not in said
    assert SECRET_KEY not in said
    # Asked once, however often somebody looks.
    assert len(studio.asked("/health")) == 1
