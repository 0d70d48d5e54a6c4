"""The process that renders documents, when it dies."""

import multiprocessing
from pathlib import Path

from boxocr.documents.kinds import Kind
from boxocr.documents.page_image import PageImage
from boxocr.documents.renderer import Renderer, RenderingOptions
from tests.pdfs import pdf, text_page

OPTIONS = RenderingOptions(dpi=72, passwords=(), max_megapixels=100)


def end_process() -> None:
    (process,) = (one for one in multiprocessing.active_children() if one.name == "renderer")
    process.kill()
    process.join()


def test_its_death_costs_at_most_the_page_that_it_is_rendering(tmp_path: Path) -> None:
    document = tmp_path / "a.pdf"
    # The second page takes a while.
    large = text_page("Page 2", paper=(14000.0, 14000.0))
    document.write_bytes(pdf(text_page("Page 1"), large, text_page("Page 3"), text_page("Page 4")))
    with Renderer(OPTIONS) as renderer:
        assert renderer.open(document, Kind.PDF) == 4
        end_process()
        assert renderer.open(document, Kind.PDF) == 4
        found = []
        for index, page in renderer.pages(document, Kind.PDF, range(4)):
            found.append(page.text_layer[0].text if isinstance(page, PageImage) else page.message)
            if index == 0:
                end_process()
    # It may have been ready before.
    assert found[1] in ("Page 2", "Page 2 crashed the library that reads it.")
    assert [*found[:1], *found[2:]] == ["Page 1", "Page 3", "Page 4"]
