"""Checks that the pages of a project's first tasks can be fetched and decoded."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from boxocr.diagnosis.report import Finding, failed, passed, skipped
from boxocr.errors import PageError
from boxocr.label_studio.client import Project, Task
from boxocr.labeling.config import LabelingConfig
from boxocr.pages.page import PageAddress
from boxocr.pages.store import PageStore
from boxocr.settings.environment import Settings

CHECK = "pages"

# Pages that are tried per kind of source: a single page could be an exception, and more would take longer.
_PAGES_OF_A_KIND = 3


@dataclass
class _Kind:
    """Results for a kind of source."""

    name: str
    read: int = 0
    largest: tuple[int, int] = (0, 0)
    problems: list[tuple[int, PageError]] = field(default_factory=list)

    @property
    def looked_at(self) -> int:
        return self.read + len(self.problems)


def findings(project: Project, tasks: Sequence[Task], settings: Settings) -> Iterator[Finding]:
    """Report each kind of source of the tasks' pages.

    Args:
        project: with a valid labeling config.
        tasks: its first tasks.
        settings: of the server.
    """
    if not tasks:
        yield skipped(CHECK, f"Project {project.id} has no tasks yet.")
        return
    store = PageStore(settings)
    kinds: dict[str, _Kind] = {}
    try:
        for task in tasks:
            for url in _urls(project, task):
                name = _kind_of(url) if isinstance(url, str) else "tasks without a page"
                kind = kinds.setdefault(name, _Kind(name))
                if kind.looked_at < _PAGES_OF_A_KIND:
                    _look(store, kind, task, url)
    finally:
        store.close()
    yield from map(_finding, kinds.values())


def buckets(project: Project, tasks: Sequence[Task]) -> dict[str, str]:
    """The ``s3://`` address of a page in each bucket of the tasks, by the bucket's name."""
    found: dict[str, str] = {}
    for task in tasks:
        for url in _urls(project, task):
            if isinstance(url, str) and url.lower().startswith("s3://"):
                found.setdefault(urlsplit(url).netloc, url)
    return found


def _urls(project: Project, task: Task) -> Iterator[str | PageError]:
    """The addresses of a task's pages, or an error for an Image without one."""
    config = LabelingConfig.parse(project.label_config, task.data)
    for image in config.images():
        try:
            yield from config.page_urls(image, task.data)
        except PageError as error:
            yield error


def _look(store: PageStore, kind: _Kind, task: Task, url: str | PageError) -> None:
    try:
        if isinstance(url, PageError):
            raise url
        with store.borrow(PageAddress(url, task.id)) as page:
            size = page.width, page.height
    except PageError as error:
        kind.problems.append((task.id, error))
    else:
        kind.read += 1
        kind.largest = max(kind.largest, size, key=lambda size: size[0] * size[1])


def _kind_of(url: str) -> str:
    """A name for the kind of source, without secrets."""
    url = url.strip()
    parts = urlsplit(url)
    match parts.scheme.lower():
        case "data":
            return "pages inside the tasks"
        case "s3" | "gs" | "azure-blob":
            return f"{parts.scheme.lower()}://{parts.netloc}"
    # Each host name for Label Studio is a kind of its own, since this server may not know all of them.
    place = f" at {parts.netloc.rpartition('@')[2]}" if parts.netloc else ""
    if "/data/local-files/" in parts.path:
        return f"local files{place}"
    if "/data/upload/" in parts.path or url.startswith("upload/"):
        return f"uploads{place}"
    return f"web pages of {parts.hostname}" if parts.hostname else "pages on Label Studio's address"


def _finding(kind: _Kind) -> Finding:
    if not kind.problems:
        width, height = kind.largest
        size = f"{width} × {height} pixels"  # noqa: RUF001 - a multiplication sign, and meant to be one
        largest = f"; the largest has {size}" if kind.read > 1 else f", {size}"
        return passed(CHECK, f"{kind.name}: {kind.read} of {kind.read} read{largest}.")
    task, error = kind.problems[0]
    count = f"{len(kind.problems)} of {kind.looked_at} cannot be read" if kind.looked_at > 1 else "cannot be read"
    return failed(CHECK, f"{kind.name}: {count}. Task {task}: {error.message}", error.remedy)
