"""Checks that Label Studio answers, and that its clock agrees with this one."""

import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import urlsplit

import httpx

from boxocr.diagnosis.report import Finding, failed, failure, passed, skipped
from boxocr.label_studio.client import http_client
from boxocr.label_studio.errors import CommandFailed, LabelStudioUnreachable
from boxocr.label_studio.hosts import inside_container, is_loopback, other_names, shown
from boxocr.pages.http.certificates import causes_of, certificate_error
from boxocr.settings.environment import Settings

CHECK, CLOCK = "Label Studio", "clock"

# Clocks matter for the times in signed URLs and tokens. S3 tolerates 15 minutes of difference; access tokens expire
# after 5 minutes.
_MOST_SECONDS_APART = 60


@dataclass(frozen=True, slots=True)
class Answer:
    """Label Studio's answer.

    Attributes:
        version: such as 1.23.2; empty if unknown.
        seconds_ahead: of its clock before this one; None if unknown.
    """

    version: str
    seconds_ahead: float | None


def findings(settings: Settings, answer: Answer | CommandFailed | None) -> Iterator[Finding]:
    """Report whether Label Studio answers, and how far its clock differs from this one.

    Args:
        settings: of the server.
        answer: from :func:`ask`; None if no address is set.
    """
    if answer is None or settings.label_studio_url is None:
        yield skipped(
            CHECK,
            "LABEL_STUDIO_HOST is not set; not needed unless pages are uploads, local files or cloud storage that only "
            "Label Studio has keys for.",
        )
        return
    if isinstance(answer, CommandFailed):
        yield failure(CHECK, answer)
        return
    version = f"Version {answer.version} answers" if answer.version else "It answers"
    yield passed(CHECK, f"{version} at {shown(settings.label_studio_url)}.")
    if answer.seconds_ahead is None:
        yield skipped(CLOCK, "Label Studio's answer has no date.")
    elif abs(answer.seconds_ahead) > _MOST_SECONDS_APART:
        way = "behind" if answer.seconds_ahead > 0 else "ahead of"
        yield failed(
            CLOCK,
            f"This machine's clock is {abs(answer.seconds_ahead):.0f} seconds {way} Label Studio's, so tokens and "
            "signed addresses count as expired or not yet valid.",
            "Set both clocks by a time server (NTP); a container takes its machine's clock.",
        )
    else:
        yield passed(CLOCK, "It agrees with Label Studio's.")


def ask(url: str, *, in_container: bool | None = None) -> Answer | CommandFailed:
    """Ask Label Studio for its health and version; returns the error if it does not answer.

    Args:
        url: its address, path prefix included.
        in_container: whether this process runs in a container; detected by default.
    """
    try:
        with http_client(httpx.Timeout(10, connect=5)) as http:
            began = time.time()
            health = http.get(f"{url}/health")
            now = (began + time.time()) / 2
            if (elsewhere := _redirection(url, health)) is not None:
                return elsewhere
            if health.status_code != HTTPStatus.OK or not _is_up(health):
                return LabelStudioUnreachable(
                    f"The server at {shown(url)} is not Label Studio (HTTP {health.status_code} for /health).",
                    "Correct LABEL_STUDIO_HOST: host, port, and path prefix if there is one.",
                )
            return Answer(_version(http.get(f"{url}/api/version")), _seconds_ahead(health, now))
    except httpx.HTTPError as error:
        return _unreachable(url, error, inside_container() if in_container is None else in_container)
    except httpx.InvalidURL:
        return LabelStudioUnreachable("LABEL_STUDIO_HOST is not a valid web address.", "Correct it.")


def _is_up(health: httpx.Response) -> bool:
    try:
        return bool(health.json()["status"] == "UP")
    except (ValueError, KeyError, TypeError):
        return False


def _redirection(url: str, health: httpx.Response) -> CommandFailed | None:
    if not health.is_redirect:
        return None
    target = shown(str(health.next_request.url)) if health.next_request else ""
    return LabelStudioUnreachable(
        f"{shown(url)} only redirects to {target}, and tokens are not sent along.",
        f"Set LABEL_STUDIO_HOST to {target.removesuffix('/health')}.",
    )


def _version(answer: httpx.Response) -> str:
    try:
        return str(answer.json().get("release") or "")
    except (ValueError, AttributeError):
        return ""


def _seconds_ahead(answer: httpx.Response, now: float) -> float | None:
    try:
        return parsedate_to_datetime(answer.headers["Date"]).timestamp() - now
    except (KeyError, ValueError, TypeError):
        return None


def _unreachable(url: str, error: httpx.HTTPError, in_container: bool) -> CommandFailed:
    parts = urlsplit(url)
    causes = list(causes_of(error))
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return _without_tls(url, error)
    if in_container and is_loopback(url):
        return LabelStudioUnreachable(
            f"LABEL_STUDIO_HOST is {shown(url)}, and inside this container {parts.hostname} is the container itself, "
            "where Label Studio does not run.",
            f"Name Label Studio as this container reaches it: {other_names(url)}.",
        )
    if any(isinstance(cause, socket.gaierror | UnicodeError) for cause in causes):
        return LabelStudioUnreachable(
            f"The name {parts.hostname} in LABEL_STUDIO_HOST is not known here.",
            "Correct it; in Compose it is the name of Label Studio's service.",
        )
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return LabelStudioUnreachable(
            f"Nothing listens at {shown(url)}, which LABEL_STUDIO_HOST names.",
            "Start Label Studio, or correct host and port.",
        )
    if isinstance(error, httpx.TimeoutException):
        return LabelStudioUnreachable(
            f"{shown(url)} did not answer in time.",
            "Correct LABEL_STUDIO_HOST, or check that no firewall is in the way.",
        )
    return LabelStudioUnreachable(
        f"{shown(url)} gave no proper HTTP answer.", "Correct LABEL_STUDIO_HOST; check http against https."
    )


def _without_tls(url: str, error: httpx.HTTPError) -> CommandFailed:
    trouble = certificate_error(error, shown(url))
    if trouble is None:
        return LabelStudioUnreachable(
            f"The server at {shown(url)} does not speak TLS.",
            "Correct LABEL_STUDIO_HOST: http in place of https, or another port.",
        )
    return LabelStudioUnreachable(trouble.message, trouble.remedy)
