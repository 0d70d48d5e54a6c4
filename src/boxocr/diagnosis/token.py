"""Checks that Label Studio accepts the token, and for how long.

Label Studio gives few reasons for a refusal. It answers "Invalid token." both for a personal access token that is sent
as a legacy token and for a wrong legacy token. So the token's text is checked first.
"""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import httpx

from boxocr.diagnosis.report import Finding, failed, passed, skipped
from boxocr.label_studio.answers import detail
from boxocr.label_studio.client import http_client
from boxocr.pages.http.tokens import claims_of
from boxocr.settings.environment import Settings

CHECK = "token"

_CREATE = (
    "In Label Studio, open Account & Settings → Personal Access Token, create one, and set LABEL_STUDIO_ACCESS_TOKEN "
    "to it."
)

_SECONDS_PER_DAY = 86_400
_WARNING_DAYS = 7

# Tokens that live longer count as never expiring. By default Label Studio's tokens expire after two centuries.
_YEARS_WITHOUT_END = 50

# Base64 of '{"', the start of every JWT.
_JWT_START = "eyJ"
_JWT_DOTS = 2

_LEGACY = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of checking the token.

    Attributes:
        finding: about the token.
        accepted: whether Label Studio accepts it now.
    """

    finding: Finding
    accepted: bool = False


def judge(settings: Settings, *, reachable: bool) -> Verdict:
    """Check the token's text, and have Label Studio check the token.

    Args:
        settings: of the server.
        reachable: whether Label Studio answers.
    """
    url, token = settings.label_studio_url, settings.label_studio_token
    if url is None:
        return Verdict(skipped(CHECK, "Not needed without LABEL_STUDIO_HOST."))
    if token is None:
        message = "LABEL_STUDIO_ACCESS_TOKEN is not set, so Label Studio shows this server no page."
        return Verdict(failed(CHECK, message, _CREATE))
    written = token.get_secret_value().strip()
    if (problem := _problem_in_text(written)) is not None:
        return Verdict(problem)
    if not reachable:
        return Verdict(skipped(CHECK, f"It looks like a {_kind(written)}; Label Studio cannot be asked about it."))
    return _asked(url, written)


def _kind(token: str) -> str:
    return "personal access token" if claims_of(token) is not None else "legacy token"


def _problem_in_text(token: str) -> Finding | None:
    """Find problems that the token's text shows, without asking Label Studio."""
    if (word := re.match(r"(Token|Bearer)\b", token, re.IGNORECASE)) is not None:
        return failed(
            CHECK,
            f'LABEL_STUDIO_ACCESS_TOKEN begins with the word "{word[1]}", which belongs to the HTTP header.',
            "Set it to the token alone.",
        )
    if token[:1] in "\"'" or re.search(r"\s", token):
        return failed(
            CHECK,
            "LABEL_STUDIO_ACCESS_TOKEN holds quotation marks or spaces that are not part of a token.",
            "Set it to the token alone; docker run --env-file takes quotation marks literally.",
        )
    claims = claims_of(token)
    if claims is not None:
        return _problem_in_claims(claims)
    if token.startswith(_JWT_START) or token.count(".") == _JWT_DOTS:
        return failed(
            CHECK,
            "LABEL_STUDIO_ACCESS_TOKEN looks like a personal access token that was cut off or changed, so it would be "
            "mistaken for a legacy token and refused.",
            f"Copy the whole token once more. {_CREATE}",
        )
    return None


def _problem_in_claims(claims: Mapping[str, Any]) -> Finding | None:
    if claims.get("token_type") == "access":
        return failed(
            CHECK,
            "LABEL_STUDIO_ACCESS_TOKEN holds an access token, which ends after five minutes, in place of the personal "
            "access token that it was made from.",
            _CREATE,
        )
    expires = claims.get("exp")
    if isinstance(expires, int | float) and expires < time.time():
        return failed(CHECK, f"The personal access token expired on {_day(expires)}.", _CREATE)
    return None


def _asked(url: str, token: str) -> Verdict:
    """Have Label Studio check the token."""
    claims = claims_of(token)
    try:
        with http_client(httpx.Timeout(30, connect=5)) as http:
            if claims is None:
                return _legacy(http.get(f"{url}/api/current-user/whoami", headers=_header("Token", token)), token)
            exchange = http.post(f"{url}/api/token/refresh/", json={"refresh": token})
            if exchange.status_code != HTTPStatus.OK:
                return Verdict(_exchange_refused(exchange))
            access = str(_json(exchange).get("access") or "")
            answer = http.get(f"{url}/api/current-user/whoami", headers=_header("Bearer", access))
    except (httpx.HTTPError, httpx.InvalidURL):
        return Verdict(failed(CHECK, "Label Studio broke off when asked about the token.", "Try again."))
    if answer.status_code == HTTPStatus.UNAUTHORIZED:
        # Label Studio issues an access token even if it refuses that token afterwards.
        return Verdict(
            failed(
                CHECK,
                "Label Studio refuses personal access tokens: they are off in this organisation.",
                "In Label Studio, open Organization → API Tokens Settings and switch Personal Access Tokens on, or set "
                "LABEL_STUDIO_ACCESS_TOKEN to a legacy token.",
            )
        )
    return _answered(answer, "Personal access token", _life(claims.get("exp")))


def _legacy(answer: httpx.Response, token: str) -> Verdict:
    if answer.status_code != HTTPStatus.UNAUTHORIZED:
        return _answered(answer, "Legacy token", None)
    if "disabled" in detail(_json(answer)):
        message = "Label Studio refuses the legacy token: legacy tokens are off in this organisation, as by default."
        return Verdict(failed(CHECK, message, _CREATE))
    odd = "" if _LEGACY.fullmatch(token) else " It does not look like one either: those are 40 hexadecimal digits."
    return Verdict(failed(CHECK, f"Label Studio does not know this legacy token.{odd}", _CREATE))


def _exchange_refused(answer: httpx.Response) -> Finding:
    if answer.status_code in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return failed(
            CHECK,
            f"Label Studio refuses the personal access token ({detail(_json(answer)) or f'HTTP {answer.status_code}'}):"
            " it was revoked, or belongs to another Label Studio.",
            _CREATE,
        )
    return failed(
        CHECK,
        f"Label Studio answered with HTTP {answer.status_code} when asked for an access token.",
        "Check LABEL_STUDIO_HOST and Label Studio's log.",
    )


def _answered(answer: httpx.Response, kind: str, seconds_left: float | None) -> Verdict:
    if answer.status_code == HTTPStatus.OK:
        owner = _json(answer).get("email") or "someone without an e-mail address"
        return Verdict(_lasting(f"{kind} of {owner}, accepted", seconds_left), accepted=True)
    message = f"Label Studio answered with HTTP {answer.status_code} when asked whose token this is."
    return Verdict(failed(CHECK, message, "Check Label Studio's log."))


def _lasting(accepted: str, seconds_left: float | None) -> Finding:
    if seconds_left is None or seconds_left > _YEARS_WITHOUT_END * 365 * _SECONDS_PER_DAY:
        return passed(CHECK, f"{accepted}.")
    until = _day(time.time() + seconds_left)
    if seconds_left > _WARNING_DAYS * _SECONDS_PER_DAY:
        return passed(CHECK, f"{accepted}, valid until {until}.")
    days = int(seconds_left // _SECONDS_PER_DAY)
    soon = f"in {days} day{'s' * (days != 1)}" if days else "within a day"
    return failed(CHECK, f"{accepted}, but it expires {soon}, on {until}.", _CREATE)


def _life(expires: object) -> float | None:
    return float(expires) - time.time() if isinstance(expires, int | float) else None


def _day(timestamp: float) -> str:
    try:
        return datetime.fromtimestamp(timestamp, UTC).date().isoformat()
    except (OverflowError, ValueError, OSError):
        return "a day beyond the calendar"


def _header(kind: str, token: str) -> dict[str, str]:
    # Headers are limited to Latin-1. A token with other characters is wrong anyway.
    return {"Authorization": f"{kind} {token.encode('ascii', 'replace').decode()}"}


def _json(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, Mapping) else {}
