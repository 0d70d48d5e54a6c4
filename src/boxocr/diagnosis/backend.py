"""Checks that this backend runs, and that Label Studio reaches it and permits its address."""

from collections.abc import Iterator
from http import HTTPStatus

import httpx

from boxocr.diagnosis import webhook
from boxocr.diagnosis.report import Finding, failed, failure, passed, skipped
from boxocr.label_studio.backends import (
    ACCEPTING,
    TITLE,
    Connection,
    DesiredConnection,
    answered_with_error,
    explained,
    find,
    unreachable,
)
from boxocr.label_studio.client import LabelStudioAPI, http_client
from boxocr.label_studio.errors import GUARD_VARIABLES, CommandFailed, LabelStudioRefused
from boxocr.label_studio.hosts import is_private, shown
from boxocr.pages.http.certificates import certificate_error

RUNS, GUARD, CONNECTION, ANNOTATORS = "backend", "address guard", "connection", "annotators"

# The first version of Label Studio with an address guard.
_GUARD_SINCE = (1, 23, 1)


def findings(
    desired: DesiredConnection, *, url_given: bool, api: LabelStudioAPI | None, project: int | None, version: str
) -> Iterator[Finding]:
    """Check the connection from Label Studio to this server, and the webhook for its events.

    Args:
        desired: the connection that should exist; its address is a guess unless ``url_given``.
        url_given: whether the operator gave the address.
        api: Label Studio, if it accepts the token.
        project: number of the project to check.
        version: of Label Studio; empty if unknown.
    """
    url = desired.url
    if api is None:
        yield _runs(url)
        yield _guessed(url, version)
        return
    try:
        rows = api.connections(project) if project is not None else []
        row = find(rows, url=url) if url_given else find(rows, url="", title=TITLE)
        yield from _guard(api, row.url if row else url)
        if project is None:
            yield _runs(url)
            yield skipped(CONNECTION, "Name a project with --project to see whether Label Studio reaches this backend.")
        elif row is None:
            yield _runs(url)
            yield failed(
                CONNECTION,
                f"Project {project} is not connected to BoxOCR{f' at {shown(url)}' if url_given else ''}.",
                f"Run boxocr connect --project {project}{f' --url {shown(url)}' if url_given else ''}.",
            )
        else:
            yield from _connection(api, row, project)
            if row.works:
                connect = f"boxocr connect --project {project}{f' --url {shown(url)}' if url_given else ''}"
                yield webhook.finding(api, project, row.url, desired.webhook_token, connect)
    except CommandFailed as error:
        yield failure(CONNECTION, error)


def _runs(url: str) -> Finding:
    """Check that BoxOCR answers this process."""
    try:
        with http_client(httpx.Timeout(5)) as http:
            answer = http.get(f"{url}/health")
            model = answer.json().get("model_class") if answer.status_code == HTTPStatus.OK else None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        if trouble := certificate_error(error, shown(url)):
            return failure(RUNS, trouble)
        return failed(
            RUNS,
            f"No server answers at {shown(url)}, seen from here.",
            "Start it with make run, or name its address with --url.",
        )
    except (ValueError, AttributeError):
        model = None
    if not model:
        return failed(RUNS, f"The server at {shown(url)} is not an ML backend.", "Name BoxOCR's address with --url.")
    return passed(RUNS, f"It answers at {shown(url)}, seen from here.")


def _guard(api: LabelStudioAPI, url: str) -> Iterator[Finding]:
    """Ask Label Studio's address guard about the address."""
    try:
        api.check_address(url)
    except LabelStudioRefused as refused:
        if refused.http_status == HTTPStatus.FORBIDDEN and "network address" not in refused.detail:
            yield skipped(GUARD, "The token's owner may not connect models, so Label Studio does not say.")
        else:
            yield failure(GUARD, explained(refused, url))
    else:
        yield passed(GUARD, f"Label Studio's address guard lets {shown(url)} pass.")


def _guessed(url: str, version: str) -> Finding:
    """Predict the address guard's decision, for when it cannot be asked."""
    if not version:
        return skipped(GUARD, "Label Studio cannot be asked.")
    if _numbers(version) < _GUARD_SINCE:
        return passed(GUARD, f"Label Studio {version} has no guard against private addresses.")
    if is_private(url):
        return skipped(
            GUARD,
            f"Label Studio {version} refuses private addresses such as {shown(url)} unless configured otherwise, and "
            f"cannot be asked without a token. {GUARD_VARIABLES}",
        )
    return passed(GUARD, f"{shown(url)} is a public address.")


def _numbers(version: str) -> tuple[int, ...]:
    digits = ("".join(filter(str.isdecimal, part)) for part in version.split(".")[:3])
    return tuple(int(part or 0) for part in digits)


def _connection(api: LabelStudioAPI, row: Connection, project: int) -> Iterator[Finding]:
    """Report the state of the connection in Label Studio."""
    if not row.works:
        yield failure(CONNECTION, _trouble(api, row, project))
        return
    yield passed(CONNECTION, f"Project {project} reaches {row.model_version or 'BoxOCR'} at {shown(row.url)}.")
    if not row.interactive:
        yield failed(
            CONNECTION,
            "Interactive preannotations are off, so nothing happens when an annotator draws a box.",
            f"Run boxocr connect --project {project}, or switch them on under Settings → Model.",
        )
    else:
        yield skipped(ANNOTATORS, ACCEPTING)


def _trouble(api: LabelStudioAPI, row: Connection, project: int) -> CommandFailed:
    if row.error and row.state == "ER":
        return answered_with_error(row.error, row.url)
    try:
        # A test is needed, since the list of connections gives no reason.
        api.test(row, project)
    except LabelStudioRefused as refused:
        return explained(refused, row.url)
    return unreachable(row.url)
