"""``boxocr export``: which annotations, which sets, the parts that are left out, and failures."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from boxocr.commands.arguments import FORMAT_NAMES
from boxocr.documents.formats import FORMATS
from boxocr.documents.splits import Shares, divide
from tests.commands.conftest import Outcome, Run
from tests.commands.label_studio_api import BOXES, ApiStandIn
from tests.export.annotated import annotation, page, png, polygon, rectangle, region, relation, task
from tests.export.conftest import Export, add_project

Refused = Callable[..., Outcome]


def line(text: str, y: float = 100, **more: Any) -> list[dict[str, Any]]:
    return region(f"r{y:g}", text, rectangle(40, y, 200, 30), **more)


def texts(folder: Path) -> list[str]:
    return sorted(row.split("\t")[1] for path in folder.rglob("rec_gt.txt") for row in path.read_text().splitlines())


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


# --- Which annotations


@pytest.fixture
def discussed(studio: ApiStandIn) -> int:
    """A project with a task that three people annotated, one that one person did, and one that was skipped."""
    first = annotation(1, line("one"), line("same", 200), line("moved", 300), completed_by=1, ground_truth=True)
    second = annotation(
        2,
        line("two"),
        line("same", 203),
        region("r300", "moved", rectangle(40, 330, 200, 30)),
        completed_by=2,
        updated_at="2026-03-03T08:00:00Z",
    )
    draft = annotation(3, line("old"), completed_by=2, updated_at="2026-03-01T08:00:00Z")
    skipped = annotation(4, line("skipped"), completed_by=3, was_cancelled=True, updated_at="2026-03-04T08:00:00Z")
    both = task(1) | {"annotations": [second, first, draft, skipped]}
    return add_project(studio, both, task(2, line("alone")), task(3, line("no"), was_cancelled=True))


@pytest.mark.parametrize(
    ("annotators", "expected", "left_out"),
    [
        ("latest", ["alone", "moved", "same", "two"], 1),
        ("ground-truth", ["moved", "one", "same"], 2),
        ("agreed", ["same"], 2),
    ],
)
def test_of_several_annotations_the_chosen_one_counts(
    export: Export, discussed: int, annotators: str, expected: list[str], left_out: int
) -> None:
    folder = export(discussed, "paddleocr-rec", "--split", "100", "--annotators", annotators)
    assert texts(folder) == expected
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert f"| Annotations | {annotators} |" in card
    assert f"| tasks without such an annotation | {left_out} |" in card


# --- Sets


def test_pages_are_divided_as_wished_and_a_seed_gives_the_same_sets_again(
    export: Export, studio: ApiStandIn, tmp_path: Path
) -> None:
    tasks = [task(number, line(f"{number} a"), line(f"{number} b", 200)) for number in range(1, 11)]
    # The same page as in task 1.
    again = task(11, line("11 a"))
    again["data"] = tasks[0]["data"]
    number = add_project(studio, *tasks, again)

    def sets(folder: Path) -> dict[str, set[str]]:
        return {path.name: {text.split()[0] for text in texts(path)} for path in folder.iterdir() if path.is_dir()}

    folder = export(number, "paddleocr-rec", "--split", "60,20,20", "--seed", 4)
    found, files = sets(folder), content(folder)
    assert sorted(page for pages in found.values() for page in pages) == sorted(str(n) for n in range(1, 12))
    assert {name: len(pages - {"11"}) for name, pages in found.items()} == {"train": 6, "val": 2, "test": 2}
    assert sum({"1", "11"} <= pages for pages in found.values()) == 1

    folder.rename(tmp_path / "first")
    assert content(export(number, "paddleocr-rec", "--split", "60,20,20", "--seed", 4)) == files
    (tmp_path / "out").rename(tmp_path / "second")
    assert sets(export(number, "paddleocr-rec", "--split", "60,20,20", "--seed", 5)) != found


@pytest.mark.parametrize(
    ("pages", "shares", "counts"),
    [
        (10, "80,10,10", (8, 1, 1)),
        (3, "80,10,10", (1, 1, 1)),
        (2, "80,10,10", (1, 1, 0)),
        (1, "80,10,10", (1, 0, 0)),
        (7, "50,50", (4, 3, 0)),
        (7, "0,0,100", (0, 0, 7)),
        (1001, "80,10,10", (801, 100, 100)),
        (0, "80,10,10", (0, 0, 0)),
    ],
)
def test_sets_have_their_shares_and_none_is_empty_if_there_are_enough_pages(
    pages: int, shares: str, counts: tuple[int, ...]
) -> None:
    found = list(divide(map(str, range(pages)), Shares.parse(shares), 0).values())
    assert tuple(map(found.count, ("train", "val", "test"))) == counts


@pytest.mark.parametrize("shares", ["80", "80,10", "50,25,25,0", "110,-10", "a,b"])
def test_shares_that_are_not_100_percent_are_refused(
    boxocr: Run, shares: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        boxocr("export", "--project", 1, "--format", "lmdb", "--output", "out", f"--split={shares}")
    assert stopped.value.code == 2
    assert "--split needs whole numbers with the sum of 100" in capsys.readouterr().err


# --- Several pages in a task


def test_pages_of_a_list_and_of_several_images_are_pages_of_their_own(export: Export, studio: ApiStandIn) -> None:
    config = """<View>
      <Image name="image" valueList="$scans"/><Image name="stamp" value="$stamp"/>
      <Rectangle name="box" toName="image"/><Rectangle name="box2" toName="stamp"/>
      <TextArea name="transcription" toName="image" perRegion="true" rows="3"/>
      <TextArea name="other" toName="stamp" perRegion="true" rows="3"/>
    </View>"""
    on_stamp = [
        {**result, "to_name": "stamp", "from_name": {"box": "box2", "transcription": "other"}[result["from_name"]]}
        for result in line("on the stamp", 150)
    ]
    one = task(1, line("second page", item_index=1), on_stamp, line("no such page", 200, item_index=7))
    one["data"] = {
        "scans": [f"/data/upload/1/{number}.png" for number in (1, 2)],
        "stamp": "/data/upload/1/3.png",
    }
    number = add_project(studio, one, config=config)
    studio.uploads |= {f"1/{place}.png": png(page(place)) for place in (2, 3)}
    # A task without a stamp.
    studio.tasks[number].append(task(2, line("alone")) | {"data": {"scans": ["/data/upload/1/1.png"]}})
    folder = export(number, "paddleocr-rec", "--split", "100")
    found = dict(row.split("\t") for row in (folder / "rec_gt.txt").read_text(encoding="utf-8").splitlines())
    assert found == {
        "crop_img/task-1-page-2-region-1.png": "second page",
        "crop_img/task-1-page-3-region-1.png": "on the stamp",
        "crop_img/task-2-region-1.png": "alone",
    }
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "| regions on a page that the task does not have | 1 |" in card
    assert "| pages without regions | 1 |" in card


# --- Parts that are left out, and failures


def test_the_card_counts_everything(export: Export, studio: ApiStandIn) -> None:
    number = add_project(
        studio,
        task(
            1,
            line("Total 12.50", label="Answer"),
            line("two\nlines", 200, label="Question"),
            line("", 300),
            region("point", "a click", rectangle(40, 400, 4, 0), kind="keypoint"),
            region("broken", "broken", polygon((1, 1), (2, 2)), kind="polygon"),
            relation("r100", "point"),
        ),
    )
    card = (export(number, "tesstrain", "--split", "100") / "README.md").read_text(encoding="utf-8")
    assert "# Receipts" in card
    assert "| all | 1 | 1 | 20 |" in card
    assert "| Answer | 1 |" in card
    assert "| without label | 1 |" in card
    assert "| regions with several lines | 1 |" in card
    assert "| regions without text | 1 |" in card
    assert "| regions without an area: A region of the kind keypoint has no area that can be read. | 1 |" in card
    assert "| regions without an area: This polygon has fewer than three points. | 1 |" in card
    assert "| relations between different pages, or with a region that was left out | 1 |" in card
    assert "Add the licences" in card


def test_a_page_that_is_gone_is_reported_and_the_others_are_exported(
    boxocr: Run, studio: ApiStandIn, tmp_path: Path
) -> None:
    number = add_project(studio, task(1, line("here")), task(2, line("gone")), task(3, line("nowhere")))
    del studio.uploads["1/2.png"]
    studio.tasks[number][2]["data"] = {}
    done = boxocr("export", "--project", number, "--format", "paddleocr-rec", "--output", "out", "--split", "100")
    assert done.code == 1
    assert "Task 2, page 1: Label Studio has no such upload" in done.errors
    assert "Task 3: The task has no image address" in done.errors
    assert texts(tmp_path / "out") == ["here"]
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert "| pages that could not be fetched | 1 |" in card
    assert "| tasks without usable page addresses | 1 |" in card


def test_nothing_to_export_is_an_error(refused: Refused, studio: ApiStandIn) -> None:
    empty = add_project(studio, config=BOXES)
    assert "There is nothing to export." in refused(empty, "lmdb").errors
    without_text = add_project(studio, task(1, line("")))
    assert "There is nothing to export: 1 regions without text." in refused(without_text, "lmdb").errors


def test_files_that_exist_are_never_overwritten(refused: Refused, studio: ApiStandIn, tmp_path: Path) -> None:
    number = add_project(studio, task(1, line("text")))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    assert "out exists and is not an empty folder." in refused(number, "lmdb").errors
    (tmp_path / "out" / "mine.txt").rename(tmp_path / "mine.txt")
    (tmp_path / "out").rmdir()
    (tmp_path / "mine.txt").rename(tmp_path / "out")
    assert "out exists and is not an empty folder." in refused(number, "lmdb").errors


def test_an_empty_folder_is_filled_and_readable_as_usual(export: Export, studio: ApiStandIn, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "usual").mkdir()
    folder = export(add_project(studio, task(1, line("text"))), "paddleocr-rec", "--split", "100")
    assert folder.stat().st_mode == (tmp_path / "usual").stat().st_mode
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "usual"]


def test_the_formats_of_the_command_line_are_all_there() -> None:
    assert tuple(FORMATS) == FORMAT_NAMES


def test_a_label_studio_that_stops_answering_leaves_nothing_behind(refused: Refused, studio: ApiStandIn) -> None:
    number = add_project(studio, task(1, line("text")))
    # The stand-in cannot show this one.
    studio.tasks[number][0]["data"] = {"image": {1, 2}}
    refused(number, "lmdb")
