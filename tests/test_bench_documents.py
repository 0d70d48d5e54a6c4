"""The real documents in bench/data and the figures about how they are read."""

import json

import numpy as np
import pytest
from PIL import Image

from bench import cut_boxes
from bench.document_contenders import crop_of
from bench.document_scores import BoxOutcome, box_figures
from bench.documents import DATA
from bench.page_polarity import polarity
from boxocr.reading.types import Reading

MOST_MEGABYTES = 8


@pytest.mark.parametrize("name", ["boxes", "pages"])
def test_every_item_names_its_page_source_and_licence(name: str) -> None:
    items = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
    assert len({item["id"] for item in items}) == len(items) > 0
    for item in items:
        assert (DATA / item["page"]).is_file()
        assert item["source"]
        assert item["licence"] == "CC BY 4.0"
        assert isinstance(item["developed_on"], bool)


def test_boxes_and_lines_are_on_their_pages() -> None:
    for box in json.loads((DATA / "boxes.json").read_text(encoding="utf-8")):
        assert box["text"].strip()
        assert 0 <= box["x"] <= box["x"] + box["width"] <= 100.01
        assert 0 <= box["y"] <= box["y"] + box["height"] <= 100.01
    for page in json.loads((DATA / "pages.json").read_text(encoding="utf-8")):
        with Image.open(DATA / page["page"]) as image:
            size = image.size
        for line in page["lines"]:
            left, top, right, bottom = line["box"]
            assert left < right
            assert top < bottom
            assert left < size[0]
            assert top < size[1]


def test_the_documents_are_small() -> None:
    assert sum(file.stat().st_size for file in DATA.rglob("*")) < MOST_MEGABYTES * 1_000_000


def outcome(expected: str, got: str, score: float) -> BoxOutcome:
    return BoxOutcome("a", "letter", expected, Reading(got, score, "x", "eng"), 0.02)


def test_figures_of_boxes() -> None:
    figures = box_figures(
        [
            outcome("Total 19.99", "Total 19.99", 1.0),
            # A comma is not a letter: not exact, but not wrong.
            outcome("Total, due", "Total due", 0.9),
            outcome("3 of 19.99", "319.99", 0.95),
            outcome("Surname", "Sumame", 0.95),
            outcome("Marked", "Harked", 0.2),
        ]
    )
    assert figures["exact"] == 20
    assert figures["wrong"] == 60
    assert figures["silent"] == 40
    assert figures["lost"] == 20
    # The two with the lowest scores are flagged, one of three wrong ones among them.
    assert figures["flagged"] == pytest.approx(33.3)
    # Bins: .9 to 1 with four boxes, half of them right, and .2 with one that is wrong.
    assert figures["ece"] == pytest.approx((4 * (0.95 - 0.5) + 0.2) / 5, abs=0.001)
    assert figures["ms"] == 20


def test_boxes_without_a_text_have_no_score() -> None:
    assert box_figures([outcome("Total", "Total", 1.0), outcome("", "", 0.0)])["ece"] == 0


def test_boxes_are_drawn_around_whole_lines() -> None:
    pages = json.loads((DATA / "pages.json").read_text(encoding="utf-8"))
    boxes = cut_boxes.cut(DATA, pages, 6)
    assert boxes == cut_boxes.cut(DATA, pages, 6)
    assert {"\n" in box["text"] for box in boxes} == {True, False}
    texts = {page["page"]: {line["text"] for line in page["lines"]} for page in pages}
    for box in boxes:
        assert set(box["text"].split("\n")) <= texts[box["page"]]
        assert min(crop_of(DATA, box).shape[:2]) > 10


def test_the_negative_of_a_page_is_inverted_and_the_page_is_not() -> None:
    with Image.open(DATA / "pages" / "typed-066.jpg") as image:
        page = np.asarray(image.convert("L"))
    assert polarity([page]) == "Polarity: 0 of 1 pages and 1 of 1 negatives are inverted."
