"""Pages that are read as a whole, on the status page and in the metrics."""

from tests.backend import Backend
from tests.test_whole_tasks import LINES, RECTANGLES, ask, page


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
