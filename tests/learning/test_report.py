"""``boxocr report``: what counts as what, the figures, the files, and runs that are interrupted."""

import csv
import json
import random
import re
from pathlib import Path
from typing import Any

import pytest

from boxocr.commands import report as command
from boxocr.commands.training import value_of
from boxocr.learning.boxes import Box, BoxReader, Outcome
from boxocr.learning.figures import report_on
from tests.commands.conftest import Run
from tests.commands.label_studio_api import BOXES, ApiStandIn
from tests.learning import independent
from tests.learning.conftest import LEARNED, NAMES, recorded

EXAMPLES = Path(__file__).parents[2] / "examples" / "pages"

REPEATER = """<View>
  <Repeater on="$images" indexFlag="{{idx}}" mode="pagination">
    <Image name="page_{{idx}}" value="$images[{{idx}}].url"/>
    <RectangleLabels name="bbox_{{idx}}" toName="page_{{idx}}" smart="true"><Label value="Text"/></RectangleLabels>
    <TextArea name="transcription_{{idx}}" toName="page_{{idx}}" perRegion="true"/>
  </Repeater>
</View>"""


def boxes_of(tasks: list[dict[str, Any]], config: str = BOXES) -> list[Box]:
    reader = BoxReader(1, config)
    return [box for task in tasks for box in reader.boxes(task)]


def region(number: int, text: str, suggested: str | None, **more: Any) -> list[dict[str, Any]]:
    """The results of a region as Label Studio saves them."""
    place = {"x": 10.0, "y": number % 90, "width": 20.0, "height": 3.0, "rotation": 0}
    same = {"id": f"r{number}", "to_name": "image", "origin": "manual", "original_width": 800, "original_height": 1000}
    label, score = more.get("label", "Text"), more.get("score", 0.9)
    shape = same | {"from_name": "bbox", "type": "rectanglelabels", "value": place | {"rectanglelabels": [label]}}
    result = same | {"from_name": "transcription", "type": "textarea", "value": place | {"text": [text]}}
    if suggested is not None:
        suggestion = {"text": suggested, "confidence": score, "engine": "tesseract", "languages": "eng", "place": place}
        result["meta"] = {"suggestion": suggestion}
        shape["score"] = score
    return [shape, result]


def task_of(number: int, *regions: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    annotation = {
        "id": number,
        "result": [result for results in regions for result in results],
        "was_cancelled": False,
        "created_at": "2026-03-02T08:00:00Z",
        "parent_annotation": None,
        "parent_prediction": None,
    }
    return {"id": number, "data": {"image": f"/data/upload/1/{number}.png"}, "annotations": [annotation | more]}


# --- What Label Studio keeps


@pytest.mark.parametrize("kind", ["tasks", "export"])
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("submitted", ["accepted unchanged", "corrected", "emptied", "typed by hand"]),
        ("updated", ["corrected", "corrected", "emptied", "typed by hand"]),
        ("moved", ["moved"]),
        ("typed-first", ["typed by hand", "accepted unchanged", "not read"]),
        ("split", ["corrected", "accepted unchanged"]),
        ("page", ["corrected", "accepted unchanged", "accepted unchanged"]),
        # The copy has one more region, which was not changed.
        ("copied", ["accepted unchanged", "accepted unchanged", "corrected"]),
        ("draft", []),
        ("learned-submitted", ["accepted unchanged", "corrected"]),
        ("learned-updated", ["corrected", "corrected"]),
        # Read again after it was moved.
        ("learned-moved", ["accepted unchanged", "accepted unchanged"]),
        ("learned-split", ["accepted unchanged", "corrected"]),
        ("learned-page", ["corrected", "accepted unchanged", "accepted unchanged"]),
        ("learned-copied", ["corrected", "corrected", "accepted unchanged"]),
        ("learned-draft", []),
    ],
)
def test_outcomes_of_annotations_that_label_studio_saved(name: str, kind: str, expected: list[str]) -> None:
    assert [box.outcome for box in boxes_of(recorded(name, kind))] == expected


def test_a_repeaters_boxes_are_found_by_their_own_names() -> None:
    (box,) = boxes_of(recorded("repeater", "tasks"), REPEATER)
    assert (box.outcome, box.suggested, box.submitted) == (Outcome.CORRECTED, "Invoice 12345", "Invoice 99999")


def test_a_draft_holds_its_suggestions() -> None:
    (task,) = recorded("draft", "tasks")
    (draft,) = task["drafts"]
    texts = [result for result in draft["result"] if result["type"] == "textarea"]
    assert [one.get("meta", {}).get("suggestion", {}).get("text") for one in texts] == [
        "Invoice 12345",
        "Total due 678.90",
        "Berlin Germany",
        None,
    ]


@pytest.mark.parametrize("kind", ["tasks", "export"])
@pytest.mark.parametrize("name", LEARNED)
def test_a_suggestion_has_its_version_and_the_full_reading(name: str, kind: str) -> None:
    boxes = boxes_of(recorded(name, kind), REPEATER if "repeater" in name else BOXES)
    assert {(box.version, box.learned, box.annotator) for box in boxes} == {("boxocr-0.1.0", "2", 1)}
    cut = {"12345": "Invoice 12345", "678.90": "Total due 678.90"}
    assert all(box.reading == cut.get(box.suggested, box.suggested) for box in boxes)
    assert max(box.attempt for box in boxes) == (2 if "moved" in name else 1)
    assert {box.page for box in boxes} == {"png, below 2 megapixels"}
    # Learning again starts from the full readings.
    assert {one.baseline for one in map(value_of, boxes)} == {box.reading for box in boxes}


def test_a_draft_of_a_learned_project_holds_all_of_its_suggestions() -> None:
    (task,) = recorded("learned-draft", "tasks")
    (draft,) = task["drafts"]
    found = [one["meta"]["suggestion"] for one in draft["result"] if one["type"] == "textarea"]
    assert [(one["text"], one["reading"], one["learned"], one["attempt"]) for one in found] == [
        ("12345", "Invoice 12345", 2, 1),
        ("678.90", "Total due 678.90", 2, 1),
    ]


def test_an_annotation_of_a_whole_page_has_its_predictions_version() -> None:
    boxes = boxes_of(recorded("page", "tasks"))
    assert {(box.version, box.source) for box in boxes} == {("boxocr-0.1.0", "whole page")}
    assert {box.version for box in boxes_of(recorded("page", "export"))} == {"not recorded"}


def test_skipped_annotations_and_regions_without_a_field_for_text_do_not_count() -> None:
    assert not boxes_of([task_of(1, region(1, "a", "a"), was_cancelled=True)])
    without_field = BOXES.replace('perRegion="true"', "")
    assert not boxes_of([task_of(1, region(1, "a", "a")[:1])], without_field)


def test_a_text_that_is_gone_with_its_suggestion_counts_as_emptied() -> None:
    (box,) = boxes_of([task_of(1, region(1, "a", "a")[:1])])
    assert box.outcome is Outcome.EMPTIED


# --- Figures


def test_the_figures_are_those_of_an_independent_script_on_the_export() -> None:
    names = [name for name in (*NAMES, *LEARNED) if "repeater" not in name]
    export = [task for name in names for task in recorded(name, "export")]
    assert report_on(boxes_of(export)).total.as_json() == pytest.approx(independent.figures(export))


def test_the_figures_of_many_annotations_are_those_of_an_independent_script() -> None:
    export, chance = [], random.Random(16)  # noqa: S311 - no secret
    for number in range(1, 300):
        regions = []
        for place in range(chance.randrange(6)):
            suggested = "".join(chance.choices("abcde fghi\n", k=chance.randrange(1, 30)))
            text = "".join(one for one in suggested if chance.random() < 0.97) if chance.random() < 0.4 else suggested
            regions.append(region(place, text, chance.choice([suggested, suggested, None]), score=chance.random()))
        export.append(task_of(number, *regions, was_cancelled=chance.random() < 0.1))
    found = report_on(boxes_of(export))
    assert found.total.as_json() == pytest.approx(independent.figures(export))
    assert found.calibration_error == pytest.approx(independent.calibration_error(export))
    for group in found.groups.values():
        assert sum(figures.boxes for figures in group.values()) == found.total.boxes
        assert sum(figures.edits for figures in group.values()) == found.total.edits


def test_figures_by_label_and_the_most_frequent_corrections() -> None:
    found = report_on(
        boxes_of(
            [
                task_of(1, region(1, "Total 10", "Total l0", label="Total"), region(2, "Berlin", "Berlin")),
                task_of(2, region(1, "Total 11", "Total l1", label="Total"), region(2, "by hand", None)),
            ]
        )
    )
    assert {label: figures.cer for label, figures in found.groups["label"].items()} == {"Text": 0, "Total": 2 / 16}
    assert found.groups["week"].keys() == {"2026-W10"}
    assert [(one.suggested, one.submitted, one.count, one.share) for one in found.confusions] == [("l", "1", 2, 0.4)]
    assert (found.total.keystrokes_needed, found.total.keystrokes_saved) == (2 + 7, 22 - 2)


def test_a_score_is_compared_with_the_share_that_was_right() -> None:
    right, wrong = (region(number, "a", "a", score=0.95) for number in (1, 2)), region(3, "a", "b", score=0.95)
    found = report_on(boxes_of([task_of(1, *right, wrong)]))
    (only,) = found.bins
    assert (only.low, only.boxes) == (0.9, 3)
    assert only.right == pytest.approx(2 / 3)
    assert found.calibration_error == pytest.approx(0.95 - 2 / 3)


# --- The command


@pytest.fixture
def annotated(studio: ApiStandIn) -> int:
    """A project with annotations of two pages, one of which is gone."""
    number = studio.add_project(title="Invoices <2026>")
    studio.uploads["1/1.png"] = (EXAMPLES / "receipt.png").read_bytes()
    studio.tasks[number] = [
        task_of(1, region(10, "Total 10 <b>", "Total l0"), region(20, "Berlin", "Berlin")),
        task_of(2, region(10, "right", "wrong")),
        {"id": 3, "data": {"image": "/data/upload/1/3.png"}},
    ]
    return number


def test_the_report_says_what_is_in_its_files(boxocr: Run, annotated: int, tmp_path: Path) -> None:
    done = boxocr("report", "--project", annotated, "--html", "r.html", "--json", "r.json", "--csv", "r.csv")
    assert done.code == 0, done
    assert done.says("2 annotations with 3 boxes. 33.3% of the suggestions were accepted unchanged.")
    figures = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert figures["total"]["boxes"] == 3
    assert figures["projects"] == [{"id": annotated, "title": "Invoices <2026>"}]
    with (tmp_path / "r.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["task"], row["submitted"]) for row in rows] == [("1", "Total 10 <b>"), ("1", "Berlin"), ("2", "right")]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.csv", "r.html", "r.json"]


def test_the_page_needs_no_other_file_and_shows_the_worst_boxes(boxocr: Run, annotated: int, tmp_path: Path) -> None:
    boxocr("report", "--project", annotated, "--html", "r.html")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert not re.search(r'(src|<link[^>]*href)="(?!data:)', page)
    assert "<script" not in page
    assert page.count("data:image/jpeg;base64,") == 1
    assert "Label Studio has no such upload" in page
    assert "Total 10 &lt;b&gt;" in page
    assert "Invoices &lt;2026&gt;" in page
    assert page.count("<svg") == 3


def test_a_project_without_annotations_has_an_empty_report(boxocr: Run, studio: ApiStandIn) -> None:
    done = boxocr("report", "--project", studio.add_project(), "--html", "r.html")
    assert done.code == 0, done
    assert done.says("There are no submitted annotations with text yet.")


def test_a_folder_that_is_missing_is_reported_before_anything_is_read(boxocr: Run, annotated: int) -> None:
    done = boxocr("report", "--project", annotated, "--json", "nowhere/r.json")
    assert done.code == 1
    assert "There is no folder nowhere to write r.json to." in done.errors


def test_an_interrupted_run_goes_on_from_the_last_request(
    boxocr: Run, studio: ApiStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "TASKS_AT_ONCE", 2)
    number = studio.add_project()
    tasks = [task_of(place, region(1, "a", "a")) for place in range(1, 6)]
    # The stand-in cannot show this one.
    studio.tasks[number] = [*tasks[:4], tasks[4] | {"data": {"image": {1, 2}}}]
    assert boxocr("report", "--project", number).code == 1
    (journal,) = tmp_path.iterdir()
    assert journal.stat().st_mode & 0o777 == 0o600
    with journal.open("a") as file:
        file.write('{"last_task": 4, "bo')

    studio.tasks[number] = tasks
    studio.web.requests.clear()
    done = boxocr("report", "--project", number)
    assert done.says("5 annotations with 5 boxes.")
    assert len([one for one in studio.web.requests if one.path == "/api/tasks"]) == 1
    assert not list(tmp_path.iterdir())
