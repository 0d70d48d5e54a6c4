"""``boxocr demo``: a project with sample pages, ready to draw on, and one to learn from."""

from pathlib import Path

from boxocr.commands import samples
from boxocr.commands.connect import connect
from boxocr.commands.samples import Say
from boxocr.files import EXAMPLES
from boxocr.label_studio.backends import DesiredConnection
from boxocr.label_studio.client import LabelStudioAPI, Project
from boxocr.label_studio.storage import Storage

TITLE = "BoxOCR demo"
LEARNING_TITLE = "BoxOCR demo: learning"

_DESCRIPTION = (
    "Open a task, switch Auto-Annotation and Auto-Accept Suggestions on below the page, take the rectangle behind "
    "Auto-Detect, and draw a box: its text appears in the region's field. Without Auto-Accept, accept each box before "
    "you change the label or submit."
)

_LEARNING_DESCRIPTION = (
    "Two pages of a book of 1809 in Fraktur. Open the first one: its lines are read. Correct them, submit, "
    "and choose Settings, Model, Start Training. A minute later, open the second page. docs/learning.md shows it."
)


def run(  # noqa: PLR0913 - each is one of the command's own inputs
    api: LabelStudioAPI,
    desired: DesiredConnection,
    say: Say,
    *,
    url_given: bool,
    storage: Storage | None = None,
    learns: bool = False,
    examples: Path = EXAMPLES,
) -> str:
    """Create the projects, or complete existing ones.

    Args:
        api: Label Studio.
        desired: the connection to this backend.
        say: prints a sentence about each step.
        url_given: whether the operator gave the address of this backend.
        storage: a bucket with the sample pages, to be shown as well.
        learns: whether this server can learn. If so, a second project gets pages to learn from.
        examples: the folder with labeling configs and pages.

    Returns:
        The address of the first project.

    Raises:
        CommandFailed: a step failed. Earlier steps are kept, and the next run continues from there.
    """
    project = _project(api, TITLE, examples / "demo.xml", _DESCRIPTION, say)
    _upload(api, project, samples.pages(examples), say)
    if storage is not None:
        api.sync_bucket(project.id, storage)
        say(f"The project shows the pages in s3://{storage.bucket}/{storage.prefix}/.")
    for sentence in connect(api, project.id, desired, url_given=url_given).sentences():
        say(sentence)
    if learns:
        other = _project(api, LEARNING_TITLE, examples / "learning.xml", _LEARNING_DESCRIPTION, say)
        _upload(api, other, sorted((examples / "fraktur").glob("*.png")), say)
        for sentence in connect(api, other.id, desired, url_given=url_given).sentences():
            say(sentence)
    return f"{api.url}/projects/{project.id}/data"


def _project(api: LabelStudioAPI, title: str, config: Path, description: str, say: Say) -> Project:
    project = api.project_called(title)
    if project is None:
        project = api.create_project(title, config.read_text(encoding="utf-8"), description)
        say(f"Made project {project.id}, “{title}”.")
    else:
        say(f"Project {project.id}, “{title}”, is there.")
    return project


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
