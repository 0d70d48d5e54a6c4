"""``boxocr doctor``: checks the settings and everything that the server depends on."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from boxocr.diagnosis import backend, disk, engine, label_studio_server, labeling_config, learned, pages, s3, token
from boxocr.diagnosis.report import Finding, failed, failure, passed
from boxocr.label_studio.backends import TITLE, desired_connection
from boxocr.label_studio.client import LabelStudioAPI, Project, Task
from boxocr.label_studio.errors import CommandFailed
from boxocr.settings.environment import Settings

PROJECT = "project"


@dataclass(frozen=True, slots=True)
class Subject:
    """A project to check.

    Attributes:
        project: the project.
        tasks: its first tasks.
        buckets: names of the buckets in its S3 storages.
    """

    project: Project
    tasks: tuple[Task, ...]
    buckets: tuple[str, ...]


def examine(settings: Settings, *, project: int | None, url: str | None) -> Iterator[Finding]:
    """Run all checks, in the order of their dependencies.

    Args:
        settings: of the server.
        project: number of a project whose labeling config, pages and connection are checked too.
        url: of this backend, as Label Studio reaches it.
    """
    yield passed("settings", "All variables have valid values.")
    yield from disk.findings(settings)
    yield from learned.findings(settings)

    answer = label_studio_server.ask(settings.label_studio_url) if settings.label_studio_url else None
    yield from label_studio_server.findings(settings, answer)
    reachable = isinstance(answer, label_studio_server.Answer)
    verdict = token.judge(settings, reachable=reachable)
    yield verdict.finding
    version = answer.version if isinstance(answer, label_studio_server.Answer) else ""
    with _api(settings, accepted=verdict.accepted) as api:
        subject = None
        if project is not None:
            found = _subject(api, project)
            if isinstance(found, Finding):
                yield found
            else:
                subject = found
                yield passed(PROJECT, f"{project} is “{found.project.title}”.")
        yield from _inner(settings, subject)
        desired = desired_connection(settings, url or f"http://localhost:{settings.port}", TITLE)
        known = subject.project.id if subject else None
        yield from backend.findings(desired, url_given=url is not None, api=api, project=known, version=version)


def _inner(settings: Settings, subject: Subject | None) -> Iterator[Finding]:
    """Check the stages of a reading: labeling config, engine, page."""
    if subject is None:
        yield from engine.findings(settings)
        yield from s3.findings(settings, {}, ())
        return
    fitness = labeling_config.judge(subject.project, subject.tasks, settings)
    yield from fitness.findings
    yield from engine.findings(settings, fitness.wanted)
    understood = bool(fitness.wanted)
    if understood:
        yield from pages.findings(subject.project, subject.tasks, settings)
    in_tasks = pages.buckets(subject.project, subject.tasks) if understood else {}
    yield from s3.findings(settings, in_tasks, subject.buckets)


def _api(settings: Settings, *, accepted: bool) -> AbstractContextManager[LabelStudioAPI | None]:
    url, secret = settings.label_studio_url, settings.label_studio_token
    return LabelStudioAPI(url, secret) if url and secret and accepted else nullcontext()


def _subject(api: LabelStudioAPI | None, number: int) -> Subject | Finding:
    if api is None:
        return failed(
            PROJECT,
            f"Project {number} cannot be checked without Label Studio and a valid token.",
            "Set LABEL_STUDIO_HOST and LABEL_STUDIO_ACCESS_TOKEN, or fix the problem reported above.",
        )
    try:
        # Enough to include each kind of source, few enough to fetch while an operator waits.
        return Subject(api.project(number), tuple(api.tasks(number, most=50)), tuple(api.buckets(number)))
    except CommandFailed as error:
        return failure(PROJECT, error)
