"""Nothing that an annotator drew or typed is lost or misplaced: requests as the front end sends them, one by one."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.backend import Backend, one_reader, running
from tests.front_end import Box, FrontEnd, Result
from tests.payloads import notes, payload

# Of the recorded page.
FIRST: Box = (6.2, 6.5, 36.0, 8.2)
SECOND: Box = (6.2, 24.6, 38.7, 8.4)
THIRD: Box = (6.2, 43.0, 35.4, 9.6)
NOTHING: Box = (60, 70, 20, 8)

CONFIG = (
    '<View><Image name="image" value="$image"/>'
    '<RectangleLabels name="bbox" toName="image"><Label value="Text"/><Label value="Number"/></RectangleLabels>'
    '<TextArea name="transcription" toName="image" perRegion="true" editable="true" rows="3"/></View>'
)


class Desk:
    """A task on the screen, whose backend can be changed.

    Attributes:
        backend: answers.
        answers: its answers so far.
        drafts: of the task, as Label Studio sends them.
    """

    numbers = iter(range(1000, 1_000_000))

    def __init__(self, backend: Backend, page_server: str) -> None:
        self.backend = backend
        self.answers: list[list[Result]] = []
        self.drafts: list[dict[str, Any]] = []
        self.front_end = FrontEnd(self._ask)
        self._task = next(self.numbers)
        (self._page,) = payload("one-box", page_server)["tasks"][0]["data"].values()

    def _ask(self, context: list[Result]) -> list[Result]:
        body = {
            "tasks": [{"id": self._task, "data": {"image": self._page}, "drafts": self.drafts}],
            "project": "7.1790000000",
            "label_config": CONFIG,
            "params": {"context": {"result": context}},
        }
        answer: list[Result] = self.backend.predict(body)[0]["result"]
        self.answers.append(answer)
        return answer

    @property
    def texts(self) -> list[str]:
        """What would be saved."""
        return [text for _, text in self.front_end.saved.values()]

    def answered(self) -> list[str]:
        """Ids of the regions in the last answer."""
        return list(dict.fromkeys(result["id"] for result in self.answers[-1]))


@pytest.fixture
def desk(backend: Backend, page_server: str) -> Desk:
    return Desk(backend, page_server)


@contextmanager
def another(folder: Path, page_server: str, **environment: str) -> Iterator[Backend]:
    folder.mkdir(exist_ok=True)
    with running(folder, one_reader(page_server, "tesseract", **environment)) as server:
        yield server


def test_typed_text_comes_back_with_its_box_until_it_is_accepted(desk: Desk) -> None:
    annotator = desk.front_end
    first = annotator.draw(FIRST)
    annotator.write(first, "My own words")
    sent = annotator.contexts[-1]
    assert [result for result in desk.answers[-1] if result["type"] == "textarea"] == [sent[1]]
    second = annotator.draw(SECOND)
    assert desk.answered() == [first, second]
    annotator.accept()
    assert desk.texts == ["My own words", "Total due 678.90"]

    third = annotator.draw(THIRD)
    assert desk.answered() == [third]
    annotator.accept()
    assert desk.texts == ["My own words", "Total due 678.90", "Berlin Germany"]


def test_text_typed_into_a_box_without_text_on_the_page(desk: Desk) -> None:
    annotator = desk.front_end
    first = annotator.draw(NOTHING)
    assert notes(desk.answers[-1]) == ["BoxOCR: No text found. Draw the box a little larger, or type the text."]
    annotator.write(first, "A stamp")
    annotator.draw(SECOND)
    annotator.accept()
    assert desk.texts == ["A stamp", "Total due 678.90"]


def test_text_typed_into_a_box_stays_with_it_under_another_label(desk: Desk) -> None:
    annotator = desk.front_end
    first = annotator.draw(FIRST)
    annotator.write(first, "My own words")
    annotator.relabel(first, "Number")
    second = annotator.draw(SECOND, "Number")
    assert desk.answered() == [first, second]
    annotator.accept()
    assert annotator.saved == {first: ("Number", "My own words"), second: ("Number", "Total due 678.90")}


def test_a_box_whose_acceptance_was_undone_gets_its_text_again(desk: Desk) -> None:
    annotator = desk.front_end
    first = annotator.draw(FIRST)
    annotator.accept()
    annotator.undo()
    second = annotator.draw(SECOND)
    assert desk.answered() == [first, second]
    annotator.accept()
    assert desk.texts == ["Invoice 12345", "Total due 678.90"]


def test_a_box_drawn_and_typed_by_hand_is_left_alone(desk: Desk) -> None:
    annotator = desk.front_end
    by_hand = annotator.draw(FIRST, smart=False)
    annotator.write(by_hand, "By hand")
    drawn = annotator.draw(SECOND)
    assert desk.answered() == [drawn]
    # Deleting a box does not ask; the next one does, with those that are left.
    annotator.delete(drawn)
    third = annotator.draw(THIRD)
    assert desk.answered() == [third]


def test_typed_text_outlives_a_restart_with_a_model_dir(page_server: str, tmp_path: Path) -> None:
    with another(tmp_path / "a", page_server, MODEL_DIR=str(tmp_path / "models")) as server:
        desk = Desk(server, page_server)
        first = desk.front_end.draw(FIRST)
        desk.front_end.write(first, "My own words")
    with another(tmp_path / "b", page_server, MODEL_DIR=str(tmp_path / "models")) as server:
        desk.backend = server
        second = desk.front_end.draw(SECOND)
        assert desk.answered() == [first, second]
        by_hand = desk.front_end.draw(THIRD, smart=False)
        desk.front_end.write(by_hand, "By hand")
        third = desk.front_end.draw(NOTHING)
        assert desk.answered() == [first, second, third]
    assert [path.name for path in (tmp_path / "models").iterdir() if "asked" in path.name] == ["asked_regions.sqlite3"]


def test_two_servers_with_one_model_dir_know_the_same(page_server: str, tmp_path: Path) -> None:
    models = str(tmp_path / "models")
    with (
        another(tmp_path / "a", page_server, MODEL_DIR=models) as one,
        another(tmp_path / "b", page_server, MODEL_DIR=models) as other,
    ):
        desk = Desk(one, page_server)
        first = desk.front_end.draw(FIRST)
        desk.front_end.write(first, "My own words")
        desk.backend = other
        second = desk.front_end.draw(SECOND)
        assert desk.answered() == [first, second]


def test_without_a_model_dir_a_restart_is_bridged_by_the_draft(page_server: str, tmp_path: Path) -> None:
    with another(tmp_path / "a", page_server) as server:
        desk = Desk(server, page_server)
        first = desk.front_end.draw(FIRST)
        desk.front_end.write(first, "My own words")
        began = datetime.now(UTC).isoformat()
        desk.drafts = [{"created_at": began, "updated_at": began, "result": desk.front_end.contexts[-1]}]
    with another(tmp_path / "b", page_server) as server:
        desk.backend = server
        second = desk.front_end.draw(SECOND)
        assert desk.answered() == [first, second]

        # What stands in a draft of days ago waits for nobody.
        desk = Desk(server, page_server)
        old = (datetime.now(UTC) - timedelta(days=3)).isoformat()
        by_hand = desk.front_end.draw(FIRST, smart=False)
        desk.front_end.write(by_hand, "By hand")
        result = desk.front_end.serialized(desk.front_end.areas[by_hand])
        desk.drafts = [{"created_at": old, "updated_at": old, "result": result}]
        second = desk.front_end.draw(SECOND)
        assert desk.answered() == [second]


def test_typing_right_after_a_restart_keeps_the_box(page_server: str, tmp_path: Path) -> None:
    with another(tmp_path / "a", page_server) as server:
        desk = Desk(server, page_server)
        first = desk.front_end.draw(FIRST)
    with another(tmp_path / "b", page_server) as server:
        desk.backend = server
        desk.front_end.write(first, "My own words")
        assert desk.answered() == [first]
        desk.front_end.accept()
        desk.front_end.draw(SECOND)
        desk.front_end.accept()
    assert desk.texts == ["My own words", "Total due 678.90"]


def test_an_emptied_text_stays_empty(desk: Desk) -> None:
    annotator = desk.front_end
    annotator.auto_accept = True
    first = annotator.draw(FIRST)
    assert desk.texts == ["Invoice 12345"]
    annotator.write(first, "")
    second = annotator.draw(SECOND)
    assert desk.answered() == [second]
    assert desk.texts == ["", "Total due 678.90"]

    # Also when the front end drops the empty result, as older versions do.
    annotator.areas[first].results = annotator.areas[first].results[:1]
    third = annotator.draw(THIRD)
    assert desk.answered() == [third]


def test_an_emptied_text_that_was_typed_before_accepting_stays_empty(desk: Desk) -> None:
    annotator = desk.front_end
    first = annotator.draw(FIRST)
    annotator.write(first, "My own words")
    annotator.accept()
    annotator.write(first, "")
    second = annotator.draw(SECOND)
    assert desk.answered() == [second]


def test_a_box_accepted_without_text_is_not_repeated_while_nothing_is_found(desk: Desk) -> None:
    annotator = desk.front_end
    nothing = annotator.draw(NOTHING)
    annotator.accept()
    second = annotator.draw(SECOND)
    assert desk.answered() == [second]
    # What the annotator types meanwhile is not overwritten.
    annotator.write(nothing, "A stamp")
    annotator.accept()
    assert desk.texts == ["A stamp", "Total due 678.90"]

    # Enlarged or moved, it is read with the next box.
    nothing = annotator.draw(NOTHING)
    annotator.accept()
    annotator.areas[nothing].box = FIRST
    annotator.draw(THIRD)
    annotator.accept()
    assert annotator.saved[nothing] == ("Text", "Invoice 12345")


def test_a_moved_box_with_the_text_as_read_is_read_again(desk: Desk) -> None:
    annotator = desk.front_end
    first = annotator.draw(FIRST)
    annotator.accept()
    (suggestion,) = [result["meta"]["suggestion"] for result in desk.answers[-1] if result["type"] == "textarea"]
    assert suggestion["place"] == dict(zip(("x", "y", "width", "height"), FIRST, strict=True)) | {"rotation": 0}
    annotator.move(first, 0, THIRD[1] - FIRST[1])
    second = annotator.draw(SECOND)
    assert desk.answered() == [first, second]
    texts = [result for result in desk.answers[-1] if result["type"] == "textarea"]
    assert [(one["id"] == first, one["meta"]["suggestion"]["attempt"]) for one in texts] == [(True, 2), (False, 1)]
    annotator.accept()
    assert desk.texts == ["Berlin Germany", "Total due 678.90"]

    third = annotator.draw(THIRD)
    assert desk.answered() == [third]


def test_a_moved_box_whose_text_was_changed_gets_a_note_once(desk: Desk) -> None:
    annotator = desk.front_end
    first = annotator.draw(FIRST)
    annotator.accept()
    annotator.write(first, "Corrected")
    annotator.move(first, 0, 5)
    second = annotator.draw(SECOND)
    assert desk.answered() == [first, second]
    assert notes(desk.answers[-1][:1]) == ["BoxOCR: This box was moved since it was read. Check its text."]
    annotator.accept()
    assert desk.texts == ["Corrected", "Total due 678.90"]
    third = annotator.draw(THIRD)
    assert desk.answered() == [third]


def test_a_moved_box_over_nothing_keeps_its_text_and_says_why(desk: Desk) -> None:
    annotator = desk.front_end
    first = annotator.draw(FIRST)
    annotator.accept()
    annotator.areas[first].box = NOTHING
    annotator.draw(SECOND)
    annotator.accept()
    assert desk.texts == ["Invoice 12345", "Total due 678.90"]
    assert annotator.areas[first].meta["text"] == [
        "BoxOCR: This box was moved since it was read. No text found. Draw the box a little larger, or type the text."
    ]
    third = annotator.draw(THIRD)
    assert desk.answered() == [third]


def test_a_box_that_was_moved_by_less_than_a_pixel_was_not_moved(desk: Desk) -> None:
    annotator = desk.front_end
    first = annotator.draw(FIRST)
    annotator.accept()
    annotator.move(first, 1e-7, -1e-7)
    second = annotator.draw(SECOND)
    assert desk.answered() == [second]
