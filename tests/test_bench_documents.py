"""The real documents in bench/data and the figures about how they are read."""

import json

import pytest
from PIL import Image

from bench.document_scores import BoxOutcome, box_figures
from bench.documents import DATA
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
