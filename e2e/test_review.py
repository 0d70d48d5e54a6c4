"""``boxocr review --fill`` in a real Label Studio: texts for regions that were submitted without one."""

from pathlib import Path
from typing import Any

from boxocr.commands.review import FILLED_VERSION
from e2e import commands
from e2e.configs import BOXES
from e2e.conftest import INVOICE, NewProject
from e2e.label_studio import LabelStudioServer, Project
from e2e.pages import Page
from e2e.storage import WebServer


def _region(identity: str, page: Page, line: str, text: str | None) -> list[dict[str, Any]]:
    """The results of a region as Label Studio saves them; without a text if that is None."""
    box = page.box(line)
    value = {"x": box.x, "y": box.y, "width": box.width, "height": box.height, "rotation": 0}
    same = {"id": identity, "to_name": "image", "original_width": page.width, "original_height": page.height}
    results = [same | {"from_name": "bbox", "type": "rectanglelabels", "value": value | {"rectanglelabels": ["Text"]}}]
    if text is not None:
        results.append(same | {"from_name": "transcription", "type": "textarea", "value": value | {"text": [text]}})
    return results


def test_regions_without_text_get_one_as_a_prediction_or_in_the_annotation(
    label_studio: LabelStudioServer, web: WebServer, new_project: NewProject, invoice: Page, tmp_path: Path
) -> None:
    project: Project = new_project(BOXES, {"image": invoice}, connect=False)
    task = project.task()
    submitted = [*_region("read", invoice, INVOICE[0], INVOICE[0]), *_region("forgotten", invoice, INVOICE[1], None)]
    label_studio.api.annotations.create(id=task, result=submitted)

    def review(where: str) -> str:
        variables = commands.environment(label_studio, web) | {"OCR_ENGINE": "tesseract", "OCR_WORKERS": "1"}
        done = commands.run("review", "--project", project.id, "--fill", where, variables=variables, folder=tmp_path)
        assert done.returncode == 0, done
        return " ".join(done.stdout.split())

    assert "2 regions of 1 tasks; 1 are suspicious: 1 without text." in review("predictions")
    (prediction,) = project.predictions(task)
    assert prediction["model_version"] == FILLED_VERSION
    assert [one["value"]["text"] for one in prediction["result"] if one["type"] == "textarea"] == [[INVOICE[1]]]

    assert "1 regions without text have one now." in review("annotations")
    saved = project.saved(task)
    assert saved.texts == list(INVOICE[:2])
    assert saved.regions[1].of_type("textarea")["meta"]["suggestion"]["text"] == INVOICE[1]
