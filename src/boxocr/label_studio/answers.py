"""Turns Label Studio's error answers into errors with a message and a remedy."""

import html
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx
from label_studio_sdk.core.api_error import ApiError

from boxocr.errors import PageError
from boxocr.label_studio.errors import LabelStudioRefused, LabelStudioUnreachable
from boxocr.label_studio.hosts import shown
from boxocr.pages.http.certificates import certificate_error

_LONGEST_DETAIL = 600


@contextmanager
def plain_errors(url: str) -> Iterator[None]:
    """Raise a CommandFailed in place of the errors of the SDK and of httpx.

    Args:
        url: of Label Studio, for the messages.
    """
    try:
        yield
    except ApiError as error:
        raise _refusal(error) from None
    except PageError as error:
        raise LabelStudioRefused(error.message, error.remedy) from None
    except httpx.TimeoutException:
        raise LabelStudioUnreachable(f"Label Studio at {shown(url)} did not answer in time.") from None
    except httpx.HTTPError as error:
        if trouble := certificate_error(error, shown(url)):
            raise LabelStudioUnreachable(trouble.message, trouble.remedy) from None
        raise LabelStudioUnreachable(f"Label Studio at {shown(url)} could not be reached.") from None
    except ValueError:
        # The SDK could not parse the answer as JSON.
        raise LabelStudioUnreachable(
            f"The server at {shown(url)} is not Label Studio's API.",
            "Check LABEL_STUDIO_HOST, its path prefix included.",
        ) from None


def detail(body: object) -> str:
    """The message of an error answer, on one line and without markup."""
    if isinstance(body, Mapping):
        problems = body.get("validation_errors")
        said = "; ".join(_texts(problems)) if problems else str(body.get("detail") or "")
    else:
        # An HTML error page contains no reason.
        said = "" if "<html" in str(body)[:500].lower() else str(body or "")
    return " ".join(html.unescape(re.sub(r"<a\b[^>]*>|</a>", "", said)).split())[:_LONGEST_DETAIL]


def body_of(answer: httpx.Response) -> Any:
    """The body of an answer, parsed if it is JSON."""
    try:
        return answer.json()
    except ValueError:
        return answer.text


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, part in value.items():
            prefix = "" if name == "non_field_errors" else f"{name}: "
            yield from (prefix + text for text in _texts(part))
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
    else:
        yield str(value)


def _refusal(error: ApiError) -> LabelStudioRefused:
    status, said = error.status_code or 0, detail(error.body)
    explained = f": {said}" if said else ""
    if status == httpx.codes.UNAUTHORIZED:
        message = "Label Studio refused this server's token (HTTP 401)."
        remedy = "Run boxocr doctor, which says what is wrong with it."
    elif status == httpx.codes.NOT_FOUND:
        message = "Label Studio has no such project, or does not show it to the owner of this server's token."
        remedy = "Check the number: it is in the project's address, after /projects/."
    elif status == httpx.codes.FORBIDDEN:
        message = f"Label Studio does not allow this to the owner of the token (HTTP 403){explained}"
        remedy = "Use the token of someone who may change the project."
    else:
        message = f"Label Studio answered with HTTP {status}{explained}"
        remedy = "If that is not enough, check Label Studio's log."
    return LabelStudioRefused(message, remedy, http_status=status, detail=said)
