"""The memory of pages and crops is returned by those who borrowed them, not by the garbage collector."""

from pathlib import Path

from tests.backend import running
from tests.payloads import texts
from tests.test_click_fit_split import CONFIG, FIRST, LEFT, LINES, SIZE, STEP, address, ask, box, letter


def test_lines_that_cannot_be_read_again_leave_memory_for_the_next_page(tmp_path: Path) -> None:
    """The lines of a split box have texts already when reading each of them as a box of its own fails."""
    environment = {
        "OCR_ENGINE": "tests.engines:FailingInColour",
        "OCR_WORKERS": "1",
        # One page and one crop at a time, and no page that is kept.
        "MAX_PAGE_MEGAPIXELS": str(SIZE[0] * SIZE[1] / 1_000_000),
        "PAGES_IN_USE_MB": "0.001",
        "CROPS_MB": "0.001",
        "PAGE_CACHE_MB": "0",
    }
    config = CONFIG.format(click="", box='model_split="lines"')
    drawn = box(LEFT - 20, FIRST - 20, 800, len(LINES) * STEP + 20)
    with running(tmp_path, environment, application="tests.without_garbage_collection:app") as server:
        for shade in (0, 100, 200):
            page = letter()
            page[:9] = (255, shade, 0)
            results = ask(server, address(page), config, drawn)
            assert len(texts(results)) == len(LINES), results
        assert server.log.read_text().count("engine counting failed") >= 3 * len(LINES)
