"""Pages on the web, and the HTTP requests of all sources but S3."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.client import HTTPException
from urllib.parse import urljoin

from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError
from urllib3.exceptions import TimeoutError as UrllibTimeoutError
from urllib3.util import make_headers

from boxocr.errors import (
    PageAddressError,
    PageError,
    PageForbidden,
    PageNotFound,
    PageTimeout,
    PageUnauthorized,
    PageUnreachable,
)
from boxocr.pages.http.certificates import certificate_error
from boxocr.pages.http.connections import Connector
from boxocr.pages.http.urls import DEFAULT_PORTS, WebUrl, parse_web_url, scheme_of
from boxocr.pages.sources.page_url import PageURL
from boxocr.pages.sources.source import Fetched, Limits, Validator
from boxocr.process.deadline import Deadline

_MAX_REDIRECTS = 5
_REDIRECTS = (
    HTTPStatus.MOVED_PERMANENTLY,
    HTTPStatus.FOUND,
    HTTPStatus.SEE_OTHER,
    HTTPStatus.TEMPORARY_REDIRECT,
    HTTPStatus.PERMANENT_REDIRECT,
)


@dataclass(frozen=True, slots=True)
class Response:
    """The final response, after all redirects.

    Attributes:
        status: 200, 304 if a validator was sent, or an error.
        body: content-decoded; empty unless the status is 200.
        url: the URL that sent it.
        validator: None if the response has none.
        error_text: the beginning of an error's body, if requested. It may contain anything, so never show it to people.
    """

    status: int
    body: bytes
    url: WebUrl
    validator: Validator | None
    error_text: str = ""

    @property
    def is_server_error(self) -> bool:
        """Whether the status is 5xx."""
        return HTTPStatus.INTERNAL_SERVER_ERROR <= self.status < 600  # noqa: PLR2004 - the end of 5xx


def no_authorization(_url: WebUrl) -> str | None:
    """For :meth:`Web.get`: send no token to any server."""
    return None


class Web:
    """The source for http and https URLs; other sources send their HTTP requests through it.

    Args:
        connector: opens the connections.
        limits: for each fetch.
    """

    def __init__(self, connector: Connector, limits: Limits) -> None:
        self._connector = connector
        self._limits = limits

    def fetch(self, url: PageURL, validator: Validator | None, deadline: Deadline) -> Fetched:
        """The file at an http or https URL.

        Raises:
            PageError: the subclass gives the reason.
        """
        if url.web is None:
            raise PageAddressError
        return fetched(self.get(url.web, validator, deadline))

    def get(
        self,
        url: WebUrl,
        validator: Validator | None,
        deadline: Deadline,
        authorization: Callable[[WebUrl], str | None] = no_authorization,
        *,
        explain: bool = False,
    ) -> Response:
        """Request a URL and follow redirects.

        Args:
            url: the first URL.
            validator: for a conditional request, which may be answered with 304.
            deadline: for everything, up to the last byte.
            authorization: returns the Authorization header. Called for each URL, so a redirect never carries a token
                to another server.
            explain: whether to read the beginning of an error's body.

        Raises:
            PageForbidden: the guard forbids the URL or a redirect's target.
            PageTimeout: the deadline has passed.
            PageTooLarge: the body is larger than the limit, as announced or as sent.
            PageUnreachable: no connection, no valid HTTP, an incomplete body, or too many redirects.
        """
        conditions = _conditions(validator)
        for _ in range(_MAX_REDIRECTS + 1):
            # http.client adds "Accept-Encoding: identity": images are compressed already.
            headers = {"Accept": "image/*, */*;q=0.5", "User-Agent": "BoxOCR"} | conditions
            if token := authorization(url):
                headers["Authorization"] = token
            elif url.credentials:
                headers |= make_headers(basic_auth=url.credentials)
            outcome = self._exchange(url, headers, deadline, explain=explain)
            if isinstance(outcome, Response):
                return outcome
            url = outcome
        raise PageUnreachable(
            f"The page's address leads through more than {_MAX_REDIRECTS} redirects.",
            "Use the address of the last redirect in the task.",
        )

    def _exchange(
        self, url: WebUrl, headers: Mapping[str, str], deadline: Deadline, *, explain: bool
    ) -> Response | WebUrl:
        """Send one request; returns its response, or the target of its redirect."""
        try:
            with contextlib.closing(self._connector.connection(url.origin, deadline)) as connection:
                connection.request("GET", url.target, headers=headers, preload_content=False)
                # The response is closed too, since one with "Connection: close" has taken over the socket.
                with contextlib.closing(connection.getresponse()) as received:
                    if received.status in _REDIRECTS and (location := received.headers.get("Location")):
                        return _redirect(url, location)
                    body = self._body(received) if received.status == HTTPStatus.OK else b""
                    text = _error_text(received) if explain and received.status >= HTTPStatus.BAD_REQUEST else ""
        except (TimeoutError, UrllibTimeoutError):
            raise PageTimeout(f"{_host(url)} did not send the page in time.") from None
        except (HTTPError, HTTPException, OSError, ValueError) as error:
            # http.client raises ValueError for a malformed status line or chunk.
            if untrusted := certificate_error(error, _host(url)):
                raise untrusted from None
            raise PageUnreachable(f"{_host(url)} could not be reached, or the download was interrupted.") from None
        return Response(received.status, body, url, _validator(received), text)

    def _body(self, received: BaseHTTPResponse) -> bytes:
        announced = received.headers.get("Content-Length", "")
        if announced.isdecimal() and int(announced) > self._limits.max_bytes:
            raise self._limits.too_large()
        # Counted after content decoding, which urllib3 does piece by piece. So a small file that inflates to gigabytes
        # is refused too.
        body = bytearray()
        while piece := received.read1(256 * 1024, decode_content=True):
            body += piece
            if len(body) > self._limits.max_bytes:
                raise self._limits.too_large()
        return bytes(body)


def _error_text(received: BaseHTTPResponse) -> str:
    # The status is known at this point, so a body that fails to arrive does not matter.
    with contextlib.suppress(HTTPError, HTTPException, OSError, ValueError):
        return received.read(1000, decode_content=True).decode(errors="replace")
    return ""


def fetched(response: Response) -> Fetched:
    """The file in a response.

    Raises:
        PageError: the status is neither 200 nor 304.
    """
    if response.status == HTTPStatus.OK:
        return Fetched(response.body, response.validator)
    if response.status == HTTPStatus.NOT_MODIFIED:
        return Fetched(None, response.validator)
    raise refusal(response.status, _host(response.url))


def refusal(status: int, server: str) -> PageError:
    """The error for an HTTP status other than 200 and 304.

    Args:
        status: of the response.
        server: the name that sentences begin with.
    """
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.PROXY_AUTHENTICATION_REQUIRED):
        return PageUnauthorized(
            f"{server} asks for a login (HTTP {status}).", "Use an address that opens without a login."
        )
    if status == HTTPStatus.FORBIDDEN:
        return PageUnauthorized(
            f"{server} refuses access to the page (HTTP 403).",
            "Check who may read the image; a signed address may have expired.",
        )
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
        return PageNotFound(f"{server} has no such page (HTTP {status}).")
    if status in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.GATEWAY_TIMEOUT):
        return PageTimeout(f"{server} did not send the page in time (HTTP {status}).", "Try again.")
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return PageUnreachable(f"{server} received too many requests (HTTP 429).", "Try again in a minute.")
    return PageUnreachable(f"{server} answered with HTTP {status} instead of the page.")


def _conditions(validator: Validator | None) -> dict[str, str]:
    if validator is None:
        return {}
    # Both may be sent: by RFC 9110, 13.1.3, the entity tag takes precedence.
    conditions = {"If-None-Match": validator.etag, "If-Modified-Since": validator.modified}
    return {name: value for name, value in conditions.items() if value}


def _validator(received: BaseHTTPResponse) -> Validator | None:
    etag, modified, date = (received.headers.get(name, "") for name in ("ETag", "Last-Modified", "Date"))
    found = Validator(etag, modified if _is_strong(modified, date) else "")
    return found if found.etag or found.modified else None


def _is_strong(modified: str, date: str) -> bool:
    # RFC 9110, 8.8.2.2: a Last-Modified less than a second before the Date can hide a second change.
    try:
        return parsedate_to_datetime(date) - parsedate_to_datetime(modified) >= timedelta(seconds=1)
    except (TypeError, ValueError):
        return False


def _redirect(url: WebUrl, location: str) -> WebUrl:
    # http.client decodes headers as Latin-1, but servers that do not encode their redirects send UTF-8.
    with contextlib.suppress(UnicodeError):
        location = location.encode("latin-1").decode()
    target = urljoin(str(url), location)
    if scheme_of(target) not in DEFAULT_PORTS:
        raise PageForbidden(
            f"{_host(url)} redirects to an address that is neither http nor https.", "Correct it in the task."
        )
    return parse_web_url(target)


def _host(url: WebUrl) -> str:
    # A DNS name has at most 253 characters; the message must not grow with a longer one.
    return url.origin.host[:253]
