"""``boxocr next``: the pages whose correction helps most."""

from typing import Any

from tests.commands.conftest import Run
from tests.commands.label_studio_api import ApiStandIn
from tests.learning.test_report import region, task_of


def predicted(number: int, *scores: float) -> dict[str, Any]:
    """A task with a prediction of texts with these scores, and an older one that is worse."""
    old = {"id": 1, "result": region(0, "x", "x", score=0.0)}
    results = [result for place, score in enumerate(scores) for result in region(place, "a", "a", score=score)]
    data = {"image": f"/data/upload/1/{number}.png"}
    return {"id": number, "data": data, "predictions": [old, {"id": 2, "result": results}]}


def test_pages_come_in_the_order_of_the_texts_that_are_expected_to_be_wrong(boxocr: Run, studio: ApiStandIn) -> None:
    number = studio.add_project()
    studio.tasks[number] = [
        predicted(1, 0.9, 0.9),
        predicted(2, 0.2),
        predicted(3, *[0.8] * 10),
        task_of(4, region(1, "a", "b")),
        {"id": 5, "data": {"image": "x"}, "predictions": []},
        predicted(6, 0.5),
    ]
    done = boxocr("next", "--project", number, "--most", 3)
    assert done.code == 0, done
    link = f"{studio.url}/projects/{number}/data?task="
    assert done.output == (
        f"{link}3 2.0 wrong texts expected, of 10 {link}2 0.8 wrong texts expected, of 1 "
        f"{link}6 0.5 wrong texts expected, of 1 Tasks without annotations and predictions: 1. Run boxocr "
        f"preannotate --project {number}."
    )


def test_a_project_whose_tasks_are_all_annotated_has_no_next_page(boxocr: Run, studio: ApiStandIn) -> None:
    number = studio.add_project()
    studio.tasks[number] = [task_of(1, region(1, "a", "b"))]
    assert boxocr("next", "--project", number).output == "All tasks have annotations."
