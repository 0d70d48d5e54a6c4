"""``boxocr review``: errors that were planted in annotations of a drawn page are found, and nothing else."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from boxocr.commands.review import FIELD, FILLED_VERSION
from boxocr.learning.alignment import Edit
from boxocr.learning.evidence import Better, Evidence, SecondReading, TextFit
from boxocr.learning.findings import Kind
from boxocr.learning.review import REPORTED, Suspect, review
from tests.commands.conftest import Outcome, Run
from tests.commands.label_studio_api import ApiStandIn
from tests.export.annotated import CONFIG, HEIGHT, WIDTH, annotation, png, rectangle, region, task

LINES = (
    "The delivery arrived on Monday",
    "Invoice number 20417",
    "Please send the amount",
    "Our records show 4218",
    "Water levels rose again",
    "The committee meets on Friday",
    "Door mat and wall clock",
    "Portsmouth Harbour Road",
)

FONT = ImageFont.load_default(30)

Json = dict[str, Any]
Review = Callable[..., tuple[Outcome, dict[str, Json]]]


def place(line: int, *, lines: int = 1, down: float = 0) -> dict[str, float]:
    """The box of a line, or of several, moved down by a number of pixels."""
    return rectangle(50, 45 + 80 * line + down, 560, 80 * (lines - 1) + 45)


@pytest.fixture
def studio_with_page(studio: ApiStandIn) -> ApiStandIn:
    sheet = Image.new("L", (WIDTH, HEIGHT), 255)
    for number, line in enumerate(LINES):
        ImageDraw.Draw(sheet).text((60, 50 + 80 * number), line, fill=0, font=FONT)
    studio.uploads |= {f"1/{number}.png": png(np.asarray(sheet)) for number in (1, 2)}
    return studio


@pytest.fixture
def run_review(boxocr: Run, studio_with_page: ApiStandIn, tmp_path: Path) -> Review:
    """Reviews a project with these tasks; gives the output, and the reported regions by id."""

    def run(*tasks: Json, more: tuple[object, ...] = ()) -> tuple[Outcome, dict[str, Json]]:
        number = studio_with_page.add_project(CONFIG, title="Letters <1>")
        studio_with_page.tasks[number] = list(tasks)
        done = boxocr(
            "review", "--project", number, "--json", "r.json", "--html", "r.html", *more,
            OCR_ENGINE="tesseract", OCR_WORKERS="1",
        )  # fmt: skip
        found = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["reported"]
        return done, {one["region"]: one for one in found}

    return run


def kinds(reported: dict[str, Json]) -> dict[str, set[str]]:
    return {name: {finding["kind"] for finding in one["findings"]} for name, one in reported.items()}


def test_planted_errors_are_found_and_nothing_else(
    run_review: Review, studio_with_page: ApiStandIn, tmp_path: Path
) -> None:
    moved = region("moved", LINES[2], place(2))
    suggestion = {"text": LINES[2], "place": place(5), "confidence": 0.9, "engine": "tesseract"}
    moved[-1]["meta"] = {"suggestion": suggestion}
    first = task(
        1,
        region("right", LINES[0], place(0)),
        region("digits", "Invoice number 20471", place(1)),
        moved,
        region("lost", LINES[3], place(3, lines=2)),
        region("typo", "The comittee meets on Friday", place(5)),
        region("elsewhere", LINES[0], place(6)),
        region("empty", "", place(7)),
    )
    second = task(2, *(region(f"right {number}", line, place(number)) for number, line in enumerate(LINES)))
    done, reported = run_review(first, second, more=("--write",))
    assert done.code == 0, done
    assert reported.keys() == {"digits", "moved", "lost", "typo", "elsewhere", "empty"}
    found = kinds(reported)
    assert Kind.TEXT in found["digits"] & found["typo"]
    assert Kind.MOVED in found["moved"]
    assert Kind.ADDED in found["lost"]
    assert Kind.UNLIKE in found["elsewhere"]
    assert found["empty"] == {Kind.EMPTY}
    assert reported["digits"]["suggestion"] == LINES[1]
    assert reported["digits"]["link"].endswith("/data?task=1&annotation=1")
    assert done.says("15 regions of 2 tasks; 6 are suspicious")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert page.count("data:image/jpeg;base64,") == 6
    assert not re.search(r'(src|<link[^>]*href)="(?!data:)', page)
    assert "Letters &lt;1&gt;" in page
    scores = [one["data"][FIELD] for one in studio_with_page.tasks[1]]
    assert scores[0] == max(one["score"] for one in reported.values())
    assert scores[1] < REPORTED
    assert [one["data"]["image"] for one in studio_with_page.tasks[1]] == [f"/data/upload/1/{n}.png" for n in (1, 2)]


def test_swapped_figures_in_a_line_that_no_engine_reads_are_found(
    run_review: Review, studio_with_page: ApiStandIn
) -> None:
    sheet = Image.new("L", (WIDTH, HEIGHT), 255)
    ImageDraw.Draw(sheet).text((60, 50), LINES[3], fill=0, font=FONT)
    studio_with_page.uploads["1/3.png"] = png(np.asarray(sheet.filter(ImageFilter.GaussianBlur(6))))
    right, swapped = LINES[3], "Our records show 4281"
    blurred = task(3, region("swapped", swapped, place(0)), region("right", right, place(0)))
    done, reported = run_review(task(1, region("readable", LINES[0], place(0))), blurred)
    assert done.code == 0, done
    assert reported.keys() == {"swapped"}
    assert not any(one["text"] in (right, swapped) for one in reported["swapped"]["readings"])
    (finding,) = reported["swapped"]["findings"]
    assert finding["sentence"] == "The image fits “4218” better than “4281”."


def test_annotators_who_disagree_are_reported(run_review: Review) -> None:
    both = task(1) | {
        "annotations": [
            annotation(1, region("a", LINES[0], place(0)), region("b", LINES[1], place(1), label="Answer")),
            annotation(
                2,
                region("c", LINES[0], place(0, down=3)),
                region("d", LINES[1], place(1), label="Question"),
                region("e", LINES[2], place(2)),
                completed_by=2,
            ),
        ]
    }
    _, reported = run_review(both)
    assert {name: one["findings"][0]["sentence"] for name, one in reported.items()} == {
        "b": "Another annotator submitted “Invoice number 20417” as Question.",
        "d": "Another annotator submitted “Invoice number 20417” as Answer.",
        "e": "Another annotator submitted no region here.",
    }


@pytest.fixture
def forgotten() -> Json:
    """A task with a region without text, one that was emptied on purpose, and one where nothing is."""
    emptied = region("emptied", "", place(2))
    emptied[-1]["meta"] = {"suggestion": {"text": LINES[2], "place": place(2), "confidence": 0.9, "engine": "x"}}
    return task(
        1,
        region("text", LINES[0], place(0)),
        region("forgotten", None, place(1), label="Answer"),
        emptied,
        region("white", None, rectangle(50, 850, 300, 60)),
    )


def test_texts_for_forgotten_regions_become_a_prediction(
    run_review: Review, studio_with_page: ApiStandIn, forgotten: Json
) -> None:
    before = json.dumps(forgotten["annotations"])
    for _ in range(2):
        done, _ = run_review(forgotten, more=("--fill", "predictions"))
        studio_with_page.projects.clear()
        assert done.says("1 texts of regions without text are stored as predictions")
    (prediction,) = studio_with_page.predictions
    assert (prediction["task"], prediction["model_version"]) == (1, FILLED_VERSION)
    assert [(one["id"], one["type"], one["value"].get("text")) for one in prediction["result"]] == [
        ("forgotten", "rectangle", None),
        ("forgotten", "labels", None),
        ("forgotten", "textarea", [LINES[1]]),
    ]
    assert json.dumps(forgotten["annotations"]) == before


def test_texts_for_forgotten_regions_go_into_the_annotation_with_their_origin(
    run_review: Review, forgotten: Json
) -> None:
    before = list(forgotten["annotations"][0]["result"])
    done, _ = run_review(forgotten, more=("--fill", "annotations"))
    assert done.says("1 regions without text have one now.")
    results = forgotten["annotations"][0]["result"]
    (added,) = (one for one in results if one["id"] == "forgotten" and one["type"] == "textarea")
    assert added["value"]["text"] == [LINES[1]]
    assert added["origin"] == "prediction"
    assert added["meta"]["suggestion"]["engine"] == "tesseract"
    kept = [one for one in results if one["id"] != "forgotten"]
    assert kept == [one for one in before if one["id"] != "forgotten"]


def test_a_page_that_is_gone_is_reported(run_review: Review, studio_with_page: ApiStandIn) -> None:
    del studio_with_page.uploads["1/1.png"]
    done, reported = run_review(task(1, region("a", LINES[0], place(0))), task(2, region("b", LINES[1], place(1))))
    assert done.code == 1
    assert "Task 1, page 1: Label Studio has no such upload" in done.errors
    assert done.says("1 regions of 2 tasks; 0 are suspicious")
    assert not reported


def test_a_project_without_annotations_has_nothing_to_review(run_review: Review) -> None:
    done, _ = run_review()
    assert done.code == 0
    assert done.says("There are no submitted regions yet.")


# --- From evidence to findings


def evidence(
    text: str,
    *readings: str,
    label: str = "Text",
    region: str = "",
    sure: tuple[float, ...] = (0.97, 0.97),
    **more: Any,
) -> Evidence:
    read = tuple(
        SecondReading(one, confidence, engine)
        for one, confidence, engine in zip(readings, sure, ("tesseract", "ppocr"), strict=False)
    )
    return Evidence(1, 1, 1, region or text, label, text, read, **more)


def reported(*found: Evidence) -> dict[str, set[Kind]]:
    suspects = [one for one in review(found) if one.score >= REPORTED]
    return {one.evidence.region: {finding.kind for finding in one.findings} for one in suspects}


def words(count: int) -> list[Evidence]:
    """Regions that are right, so that the engines can judge the label."""
    return [evidence(f"word {number} right", *[f"word {number} right"] * 2) for number in range(count)]


def test_a_difference_that_occurs_again_and_again_is_a_convention() -> None:
    without_sign = [evidence(f"{number}.50", *[f"€{number}.50"] * 2, label="Sum") for number in range(10, 30)]
    wrong = evidence("17.90", *["€17.80"] * 2, label="Sum", region="wrong")
    found = reported(*without_sign, wrong)
    assert found.keys() == {"wrong"}
    assert Kind.TEXT in found["wrong"]


def test_a_letter_that_engines_always_misread_is_not_an_error() -> None:
    names = [evidence(f"Kuhn {number}", *[f"Kahn {number}"] * 2) for number in range(8)]
    assert not reported(*names)
    assert reported(*words(10), *names[:2]).keys() == {"Kuhn 0", "Kuhn 1"}


def test_accents_that_engines_lose_are_not_errors_and_those_that_they_see_are() -> None:
    lost = evidence("M\u00fcller", *["Muller"] * 2)
    seen = evidence("Lefevre", *["Lef\u00e8vre"] * 2)
    # One engine loses an accent next to the letter that both lack.
    doubled = evidence("r\u00e8gglement", "r\u00e9glement", "r\u00e8glement")
    assert reported(*words(10), lost, seen, doubled).keys() == {"Lefevre", "r\u00e8gglement"}


@pytest.mark.parametrize(
    ("text", "reading", "sentence"),
    [
        ("Total 17", "Total 19", "All engines read “9” for “7”."),
        ("Total 10", "Total 104", "All engines read “4” in addition."),
        ("Total 104", "Total 10", "All engines read no “4”."),
    ],
)
def test_a_reason_names_the_difference(text: str, reading: str, sentence: str) -> None:
    suspect = review([*words(10), evidence(text, reading, reading)])[-1]
    assert suspect.findings[0].sentence == sentence


def test_engines_that_do_not_agree_prove_nothing() -> None:
    assert not reported(*words(10), evidence("word 11 right", "word ll right", "word 17 right"))


@pytest.mark.parametrize(
    ("text", "readings", "sure"),
    [
        # Swapped digits, seen by an engine that is not sure.
        ("398", ("iy", "389"), (0.2, 0.3)),
        ("Total 20471", ("lotal 2041l", "Total 20417"), (0.5, 0.6)),
        # A slip that one engine sees for sure, while the other one reads nothing of use.
        ("REPPERTOIRE", ("I sermons", "REPERTOIRE"), (0.2, 0.97)),
        ("Decenber", ("Cesar", "December"), (0.2, 0.97)),
        ("derentes Hollandaises", ("=", "1"), (0.5, 0.1)),
    ],
)
def test_errors_are_found_where_engines_do_not_agree(
    text: str, readings: tuple[str, str], sure: tuple[float, float]
) -> None:
    scrawl = [evidence(f"Dear Sir {number}", "Dr S7r", "xx yy", label="Hand") for number in range(10)]
    assert reported(*scrawl, evidence(text, *readings, label="Hand", sure=sure)).keys() == {text}


@pytest.mark.parametrize(
    ("text", "readings", "sure"),
    [
        # The other engine reads it as the annotator does.
        ("Decenber", ("Decenber 1", "December"), (0.2, 0.97)),
        ("398", ("398", "389"), (0.2, 0.97)),
        # As engines misread: letters for digits, and the ends of a line.
        ("204", ("Yor", "20H"), (0.2, 0.97)),
        ("26", ("$6", "6"), (0.2, 0.97)),
        ("December", ("Cesar", "Decem"), (0.2, 0.97)),
        ("December", ("Cesar", "Decenber"), (0.2, 0.8)),
    ],
)
def test_engines_that_misread_in_their_own_way_prove_nothing(
    text: str, readings: tuple[str, str], sure: tuple[float, float]
) -> None:
    scrawl = [evidence(f"Dear Sir {number}", "Dr S7r", "xx yy", label="Hand") for number in range(10)]
    assert not reported(*scrawl, evidence(text, *readings, label="Hand", sure=sure))


def fit(surprise: float, *better: tuple[int, str, str, float]) -> TextFit:
    return TextFit(surprise, tuple(Better(Edit(*edit), gain) for *edit, gain in better))  # type: ignore[arg-type]


def hand(text: str, found: TextFit) -> Evidence:
    """A region of a label that engines cannot read."""
    return evidence(text, "=", "ll", label="Hand", sure=(0.2, 0.2), fit=found)


SCRAWL = [hand(f"Dear Mister Smith {number}", fit(1.0)) for number in "abcdefghij"]


@pytest.mark.parametrize(
    ("text", "found", "sentence"),
    [
        ("Sum 1,284", fit(1.0, (7, "84", "48", 2.0)), "The image fits “1,248” better than “1,284”."),
        ("Sum 1,284 f", fit(1.0, (8, "4", "9", 5.0)), "The image fits “1,289” better than “1,284”."),
        ("Rue deParis", fit(1.0, (1, "", "o", 7.0)), "The image fits “Roue” better than “Rue”."),
        (
            "to Msiter Smyth",
            fit(1.0, (12, "y", "i", 6.0)),
            "The image fits “Smith” better than “Smyth”, and other regions have “Smith”.",
        ),
        ("Yours truly", fit(4.5), "The text does not fit the box."),
    ],
)
def test_errors_are_found_where_the_image_fits_another_text_better(text: str, found: TextFit, sentence: str) -> None:
    suspect = review([*SCRAWL, hand(text, found)])[-1]
    assert suspect.score >= REPORTED
    assert [finding.sentence for finding in suspect.findings] == [sentence]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        # Recognizers take letters of a hand for others, and some figures for similar ones.
        ("Sum 1,284", fit(1.0, (7, "84", "48", 0.5), (8, "4", "9", 3.0))),
        ("Yours truly", fit(1.0, (0, "Y", "V", 9.0))),
        ("Dear Master Smith", fit(1.0, (6, "a", "i", 9.0))),
        ("Dear mister Smith", fit(1.0, (5, "m", "M", 9.0))),
        # Other texts are surprising too, short ones by chance, and long ones where a part of the line is read.
        ("Yours truly", fit(3.5)),
        ("No 4", fit(9.0)),
        ("Yours truly", fit(float("inf"))),
    ],
)
def test_fits_that_are_usual_prove_nothing(text: str, found: TextFit) -> None:
    assert not reported(*SCRAWL, hand("Dear Master Jones", fit(1.0)), hand(text, found))


def test_fits_that_are_bad_again_and_again_are_weaknesses_of_the_recognizer() -> None:
    sevens = [hand(f"No 17{number}", fit(1.0, (4, "7", "1", 6.0))) for number in range(5)]
    assert not reported(*SCRAWL, *sevens)
    assert reported(*SCRAWL, *sevens[:2]).keys() == {"No 170", "No 171"}
    blind = [hand(f"Yours truly {number}", fit(5.0)) for number in range(5)]
    assert not reported(*SCRAWL, *blind)
    assert reported(*SCRAWL, blind[0]).keys() == {"Yours truly 0"}


def test_a_lone_mark_that_engines_take_for_dirt_is_not_an_error() -> None:
    assert not reported(*words(10), evidence(":", "", ""))


def test_quotes_dashes_and_spaces_do_not_count() -> None:
    assert not reported(*words(10), evidence('"a" - b and more', *["“a” – b  and more"] * 2))  # noqa: RUF001 - dashes


def test_what_engines_cannot_read_they_do_not_judge() -> None:
    scrawl = [evidence(f"Dear Sir {number}", "Dr S7r", "xx yy", label="Hand") for number in range(10)]
    assert not reported(*scrawl, evidence("Yours", "1 1", "ll", label="Hand"))


def test_a_value_without_the_form_of_its_labels_values_is_unusual() -> None:
    dates = [evidence(f"{day}.03.2026", label="Date") for day in range(10, 31)]
    (suspect,) = (one for one in review([*dates, evidence("1.0E.2026", label="Date")]) if one.findings)
    assert [finding.kind for finding in suspect.findings] == [Kind.SHAPE]


def test_a_box_with_another_label_inside_is_reported_unless_that_is_usual() -> None:
    one = evidence("Total 12.50", *["Total 12.50"] * 2, other_labels=("Sum",))
    assert reported(*words(10), one) == {"Total 12.50": {Kind.TWO_LABELS}}
    assert not reported(*[one] * 10)


def test_scores_combine_findings() -> None:
    both: Suspect = review([*words(10), evidence("word 1", *["word 7"] * 2, is_moved=True)])[-1]
    assert both.score > max(finding.score for finding in both.findings)
