"""``boxocr demo``: a project with sample pages, ready to draw on."""

from pathlib import Path

from boxocr.commands import samples
from boxocr.commands.connect import connect
from boxocr.commands.samples import Say
from boxocr.files import EXAMPLES
from boxocr.label_studio.backends import DesiredConnection
from boxocr.label_studio.client import LabelStudioAPI, Project
from boxocr.label_studio.storage import Storage

TITLE = "BoxOCR demo"

_DESCRIPTION = (
    "Open a task, switch Auto-Annotation and Auto-Accept Suggestions on below the page, take the rectangle behind "
    "Auto-Detect, and draw a box: its text appears in the region's field. Without Auto-Accept, accept each box before "
    "you change the label or submit."
)


def run(  # noqa: PLR0913 - each is one of the command's own inputs
    api: LabelStudioAPI,
    desired: DesiredConnection,
    say: Say,
    *,
    url_given: bool,
    storage: Storage | None = None,
    examples: Path = EXAMPLES,
) -> str:
    """Create the project, or complete an existing one.

    Args:
        api: Label Studio.
        desired: the connection to this backend.
        say: prints a sentence about each step.
        url_given: whether the operator gave the address of this backend.
        storage: a bucket with the sample pages, to be shown as well.
        examples: the folder with ``demo.xml`` and ``pages``.

    Returns:
        The address to open.

    Raises:
        CommandFailed: a step failed. Earlier steps are kept, and the next run continues from there.
    """
    pages = samples.pages(examples)
    config = examples / "demo.xml"
    project = api.project_called(TITLE)
    if project is None:
        project = api.create_project(TITLE, config.read_text(encoding="utf-8"), _DESCRIPTION)
        say(f"Made project {project.id}, “{TITLE}”.")
    else:
        say(f"Project {project.id}, “{TITLE}”, is there.")
    _upload(api, project, pages, say)
    if storage is not None:
        api.show_bucket(project.id, storage)
        say(f"The project shows the pages in s3://{storage.bucket}/{storage.prefix}/.")
    for sentence in connect(api, project.id, desired, url_given=url_given).sentences():
        say(sentence)
    return f"{api.url}/projects/{project.id}/data"


def _upload(api: LabelStudioAPI, project: Project, pages: list[Path], say: Say) -> None:
    # Label Studio prefixes the names of uploads with eight characters and a hyphen.
    there = {task.file_upload.partition("-")[2] for task in api.tasks(project.id, most=100)}
    missing = [page for page in pages if page.name not in there]
    for page in missing:
        api.upload(project.id, page)
    if missing:
        say(f"Uploaded {', '.join(page.name for page in missing)}.")
    else:
        say(f"Its {len(pages)} sample pages are there.")
