"""Notes that ask the annotator to check a reading."""

from dataclasses import replace
from pathlib import Path

import pytest

from boxocr.labeling.review_notes import review_note
from boxocr.reading.types import Reading
from tests.backend import Backend, one_reader, running
from tests.payloads import notes
from tests.test_typed_text import FIRST, SECOND, THIRD, Desk
from tests.test_whole_tasks import RECTANGLES, ask, page, shapes, written

READING = Reading("Room 1O4", 0.4, "e", "eng", doubtful=("1O4",))
PART = "A part of the box could not be read."


@pytest.mark.parametrize(
    ("reading", "note"),
    [
        (READING, "Check “1O4”."),
        (replace(READING, doubtful=("1O4", "l5", "1O4")), "Check “1O4” and “l5”."),
        (replace(READING, doubtful=("a", "b", "c")), "Check “a”, “b” and “c”."),
        (replace(READING, doubtful=("a", "b", "c", "d")), "Check the text."),
        (replace(READING, doubtful=("a" * 31,)), "Check the text."),
        (replace(READING, doubtful=("two\nlines",)), "Check “two lines”."),
        (replace(READING, note=PART), f"{PART} Check “1O4”."),
        (replace(READING, note=PART, doubtful=()), PART),
        (replace(READING, doubtful=()), "Check the text."),
        (replace(READING, doubtful=(), confidence=0.6), None),
        (replace(READING, confidence=0.89), "Check “1O4”."),
        (replace(READING, confidence=0.9), None),
        (replace(READING, text="", confidence=0.0), None),
    ],
)
def test_a_note_is_short_and_only_where_there_is_doubt(reading: Reading, note: str | None) -> None:
    assert review_note(reading) == note


def test_a_note_is_shown_with_the_text_until_the_box_is_read_again(page_server: str, tmp_path: Path) -> None:
    with running(tmp_path, one_reader(page_server, "tests.engines:DoubtfulFirst")) as backend:
        desk = Desk(backend, page_server)
        annotator = desk.front_end
        first = annotator.draw(FIRST)
        assert notes(desk.answers[-1]) == [f"BoxOCR: {PART} Check “1O4,” and “l5”."]
        assert [result.get("score") for result in desk.answers[-1]] == [0.3, None]
        annotator.accept()
        assert desk.texts == ["Room 1O4,\nl5 beds"]

        # A box with a note is accepted as any other: the next answer leaves it out.
        annotator.areas[first].meta["text"][0] = "Mine.\n" + annotator.areas[first].meta["text"][0]
        second = annotator.draw(SECOND)
        assert desk.answered() == [second]
        assert notes(desk.answers[-1]) == []
        annotator.accept()

        annotator.move(first, 0, THIRD[1] - FIRST[1])
        annotator.draw(THIRD)
        assert notes([result for result in desk.answers[-1] if result["id"] == first]) == ["Mine."]
        annotator.accept()
        assert annotator.areas[first].meta["text"] == ["Mine."]
        assert desk.texts == ["Room 104"] * 3


@pytest.mark.parametrize("level", ["lines", "words", "blocks"])
def test_the_regions_of_a_page_have_notes_too(backend: Backend, level: str) -> None:
    config = RECTANGLES.format(asked=f'model_preannotate="{level}"')
    (prediction,) = ask(backend, config, page("Harbour office O0Il1l", "Total amount due"))

    pieces = written(prediction)
    assert len(pieces) == {"lines": 2, "words": 6, "blocks": len(pieces)}[level]
    (doubtful,) = (word for word in " ".join(pieces).split() if word.startswith("O"))
    assert doubtful != "O0Il1l"
    noted = {text: notes([shape]) for text, shape in zip(pieces, shapes(prediction), strict=True)}
    assert {text: found for text, found in noted.items() if found} == {
        text: [f"BoxOCR: Check “{doubtful}”."] for text in pieces if doubtful in text
    }
