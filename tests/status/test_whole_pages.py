"""Pages that are read as a whole, on the status page and in the metrics."""

import pytest

from tests.backend import Backend
from tests.test_whole_tasks import FIRST, LEFT, LINES, RECTANGLES, SIZE, ask, page


def test_a_page_that_was_read_as_a_whole_is_shown_and_counted(desk: Backend) -> None:
    def counted(name: str) -> float:
        return sum(float(line.split()[-1]) for line in desk.get("/metrics").text.splitlines() if name in line)

    regions, readings = 'regions_total{outcome="text"}', 'readings_total{engine="tesseract",languages="eng"}'
    before = {name: counted(name) for name in (regions, readings)}
    text = "A page that no other test has"
    ask(desk, RECTANGLES.format(asked='model_preannotate="lines"'), page(text, *LINES))

    newest = desk.get("/status/readings").json()["readings"][0]
    assert (newest["task"], newest["region"]) == (1, "image")
    assert newest["text"].splitlines() == [text, *LINES]
    assert newest["confidence"] > 0.5
    assert (newest["engine"], newest["languages"]) == ("tesseract", "eng")
    assert newest["milliseconds"].keys() == {"fetch", "decode", "wait", "read"}
    assert {name: counted(name) for name in before} == {name: number + 1 for name, number in before.items()}


def test_the_page_itself_reads_a_page_with_all_that_is_known_of_its_lines(desk: Backend) -> None:
    answer = desk.post("/status/page", {"page": page(*LINES), "lang": "", "charset": "", "engine": "", "psm": ""})

    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    found = answer.json()
    assert (found["width"], found["height"], found["turned"], found["languages"]) == (*SIZE, 0, "eng")
    assert [line["text"] for line in found["lines"]] == list(LINES)
    first = found["lines"][0]
    assert (first["x"], first["y"]) == (pytest.approx(LEFT, abs=4), pytest.approx(FIRST, abs=4))
    assert (first["engine"], first["doubtful"], first["block"]) == ("tesseract", [], 0)
    assert first["score"] > 0.9
    assert " ".join(word["text"] for word in first["words"]) == LINES[0]
    newest = desk.get("/status/readings").json()["readings"][0]
    assert (newest["region"], newest["text"]) == ("page", "\n".join(LINES))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "malformed_request"),
        ({"page": 1}, "malformed_request"),
        ({"page": "http://127.0.0.1/a.png"}, "malformed_request"),
        ({"page": "data:,", "lang": 1}, "malformed_request"),
        ({"page": "data:,"}, "page_undecodable"),
        ({"page": page("x"), "engine": "os:system"}, "labeling_config"),
        ({"page": page("x"), "lang": "../eng"}, "language_missing"),
        ({"page": page("x"), "lang": "tlh"}, "language_missing"),
    ],
)
def test_a_page_that_cannot_be_read_has_a_reason(desk: Backend, body: dict[str, object], code: str) -> None:
    answer = desk.post("/status/page", body)

    assert (answer.status_code // 100, answer.json()["error"]["code"]) == (4, code)
    assert desk.get("/status/page").status_code == 405
