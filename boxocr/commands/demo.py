"""``boxocr demo``: a project with sample pages, ready to draw on."""

from collections.abc import Callable
from pathlib import Path

from boxocr.commands.connect import connect
from boxocr.commands.connections import Wanted
from boxocr.commands.errors import CommandFailed
from boxocr.commands.label_studio_api import LabelStudioAPI, Project

TITLE = "BoxOCR demo"

_DESCRIPTION = "Draw a box on a page, and its text appears in the region's field."

_EXAMPLES = Path(__file__).parents[2] / "examples"

_MOST_TASKS = 100

Say = Callable[[str], None]


def run(api: LabelStudioAPI, aim: Wanted, say: Say, *, named: bool, examples: Path = _EXAMPLES) -> str:
    """Make the project, or complete the one that is there.

    Args:
        api: Label Studio.
        aim: the connection to this backend.
        say: told what is done, sentence by sentence.
        named: whether the operator gave the address of this backend.
        examples: the folder with ``demo.xml`` and ``pages``.

    Returns:
        The address to open.

    Raises:
        CommandFailed: what is in the way. What was done before stays, and the next run goes on from there.
    """
    pages = sorted((examples / "pages").glob("*.png"))
    config = examples / "demo.xml"
    if not pages or not config.is_file():
        raise CommandFailed("The sample pages are not installed.", "Run the command from a copy of the repository.")
    project = api.project_called(TITLE)
    if project is None:
        project = api.create_project(TITLE, config.read_text(encoding="utf-8"), _DESCRIPTION)
        say(f"Made project {project.id}, “{TITLE}”.")
    else:
        say(f"Project {project.id}, “{TITLE}”, is there.")
    _upload(api, project, pages, say)
    for sentence in connect(api, project.id, aim, named=named).sentences():
        say(sentence)
    return f"{api.url}/projects/{project.id}/data"


def _upload(api: LabelStudioAPI, project: Project, pages: list[Path], say: Say) -> None:
    # Label Studio puts eight characters and a hyphen before the name of an upload.
    there = {task.file_upload.partition("-")[2] for task in api.tasks(project.id, _MOST_TASKS)}
    missing = [page for page in pages if page.name not in there]
    for page in missing:
        api.upload(project.id, page)
    if missing:
        say(f"Uploaded {', '.join(page.name for page in missing)}.")
    else:
        say(f"Its {len(pages)} sample pages are there.")
