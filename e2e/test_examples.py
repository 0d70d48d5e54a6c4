"""The example labeling configs, imported into Label Studio and used to draw."""

import shutil
from pathlib import Path

import pytest

from e2e.annotator import Annotator
from e2e.conftest import NewProject
from e2e.label_studio import Saved
from e2e.pages import Box, Page
from e2e.process import until
from tests.examples import EXAMPLES, PAGES, Example


def _page(name: str, folder: Path) -> Page:
    return Page(Path(shutil.copy(PAGES / name, folder / f"example-{name}")), 0, 0, {})


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.config.removesuffix(".xml"))
def test_example(annotator: Annotator, new_project: NewProject, page_folder: Path, example: Example) -> None:
    def value(written: str | list[str]) -> object:
        if isinstance(written, list):
            return [_page(name, page_folder) for name in written]
        return _page(written, page_folder) if written.endswith(".png") else written

    project = new_project(example.xml(), {column: value(written) for column, written in example.data.items()})
    drawn = example.drawn[0]
    columns = list(example.data.values())
    annotator.open(project, project.task())
    if example.found:
        (prediction,) = until(lambda: project.predictions(project.task()), "the prediction is stored")
        assert Saved(prediction["result"]).texts[: len(example.found)] == list(example.found)
        return
    box = Box(*drawn.percent())
    if drawn.click:
        # The labels for points are below those for boxes.
        annotator.click_on(box, drawn.label, group=1)
        annotator.accept()
    else:
        annotator.read(box, drawn.label, image=columns.index(drawn.page) if drawn.page in columns else 0)
    annotator.submit()

    saved = project.saved(project.task())
    assert saved.texts == drawn.texts()
    assert {region.label for region in saved.regions} == {drawn.label}
    assert {region.of_type("textarea")["from_name"] for region in saved.regions} == {drawn.field}
