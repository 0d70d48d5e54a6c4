"""Pages anywhere on the web, and what every exchange over HTTP is bounded by."""

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

from boxocr.errors import PageError, PageForbidden, PageNotFound, PageTimeout, PageUnauthorized, PageUnreachable
from boxocr.pages.http.certificates import certificate_trouble
from boxocr.pages.http.connections import Connector
from boxocr.pages.http.deadline import Deadline
from boxocr.pages.http.urls import DEFAULT_PORTS, WebUrl, parse_web_url, scheme_of
from boxocr.pages.page import PageAddress
from boxocr.pages.sources.source import Fetched, Limits, Validator

MAX_REDIRECTS = 5

_REDIRECTS = frozenset(
    {
        HTTPStatus.MOVED_PERMANENTLY,
        HTTPStatus.FOUND,
        HTTPStatus.SEE_OTHER,
        HTTPStatus.TEMPORARY_REDIRECT,
        HTTPStatus.PERMANENT_REDIRECT,
    }
)

_CHUNK_BYTES = 256 * 1024

# Enough for a sentence.
_SAID_BYTES = 1000

# RFC 9110, 8.8.2.2: a Last-Modified less than a second before the Date can hide a second change.
_STRONG_AFTER = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Answer:
    """A server's last word after all redirects.

    Attributes:
        status: 200, or 304 where a validator was sent, or whatever it is.
        body: of a 200, content-decoded; else empty.
        url: that answered.
        validator: None when there is none.
        said: the beginning of an error's body where it was asked for; it can hold anything, and is not for people.
    """

    status: int
    body: bytes
    url: WebUrl
    validator: Validator | None
    said: str = ""


def no_authorization(_url: WebUrl) -> str | None:
    """For :meth:`Web.get`: nobody gets a token."""
    return None


class Web:
    """The source for http and https addresses, and the way that other sources take over HTTP.

    Args:
        connector: makes the connections.
        limits: for each fetch.
    """

    def __init__(self, connector: Connector, limits: Limits) -> None:
        self._connector = connector
        self._limits = limits

    def fetch(self, address: PageAddress, validator: Validator | None, deadline: Deadline) -> Fetched:
        """The file at an http or https address.

        Raises:
            PageError: the subclass says what is wrong.
        """
        return fetched(self.get(parse_web_url(address.url), validator, deadline))

    def get(
        self,
        url: WebUrl,
        validator: Validator | None,
        deadline: Deadline,
        authorization: Callable[[WebUrl], str | None] = no_authorization,
        *,
        explain: bool = False,
    ) -> Answer:
        """Ask for a url and follow its redirects.

        Args:
            url: where to start.
            validator: goes along, so that the answer can be 304.
            deadline: for everything, the last byte included.
            authorization: asked anew for each url on the way, so that a redirect never carries a token along.
            explain: whether the beginning of an error's body is wanted.

        Raises:
            PageForbidden: the url, or a redirect, leads where this server may not go.
            PageTimeout: the deadline is over.
            PageTooLarge: more bytes than the limit, announced or sent.
            PageUnreachable: no connection, no HTTP, cut in the middle, or too many redirects.
        """
        asked = _conditions(validator)
        for _ in range(MAX_REDIRECTS + 1):
            # http.client adds that no compression is wanted: images are compressed already.
            headers = {"Accept": "image/*, */*;q=0.5", "User-Agent": "BoxOCR"} | asked
            if token := authorization(url):
                headers["Authorization"] = token
            elif url.credentials:
                headers |= make_headers(basic_auth=url.credentials)
            outcome = self._exchange(url, headers, deadline, explain=explain)
            if isinstance(outcome, Answer):
                return outcome
            url = outcome
        raise PageUnreachable(
            f"The page's address leads through more than {MAX_REDIRECTS} redirects.",
            "Put the address that it ends at into the task.",
        )

    def _exchange(
        self, url: WebUrl, headers: Mapping[str, str], deadline: Deadline, *, explain: bool
    ) -> Answer | WebUrl:
        """One request: its answer, or where it redirects to."""
        try:
            with contextlib.closing(self._connector.connection(url.origin, deadline)) as connection:
                connection.request("GET", url.target, headers=headers, preload_content=False)
                # Closed by itself too: one that ends with its connection has taken the socket over.
                with contextlib.closing(connection.getresponse()) as response:
                    if response.status in _REDIRECTS and (location := response.headers.get("Location")):
                        return _redirect(url, location)
                    body = self._body(response) if response.status == HTTPStatus.OK else b""
                    said = _said(response) if explain and response.status >= HTTPStatus.BAD_REQUEST else ""
        except (TimeoutError, UrllibTimeoutError):
            raise PageTimeout(f"{_name(url)} did not send the page in time.") from None
        except (HTTPError, HTTPException, OSError, ValueError) as error:
            if trouble := certificate_trouble(error, _name(url)):
                raise trouble from None
            # ValueError: what http.client makes of a malformed status line or chunk.
            raise PageUnreachable(f"{_name(url)} could not be reached, or cut the page off.") from None
        return Answer(response.status, body, url, _validator(response), said)

    def _body(self, response: BaseHTTPResponse) -> bytes:
        announced = response.headers.get("Content-Length", "")
        if announced.isdecimal() and int(announced) > self._limits.max_bytes:
            raise self._limits.too_large()
        # Counted after content decoding, which urllib3 does piece by piece: a small file that inflates to gigabytes
        # ends here too.
        body = bytearray()
        while piece := response.read1(_CHUNK_BYTES, decode_content=True):
            body += piece
            if len(body) > self._limits.max_bytes:
                raise self._limits.too_large()
        return bytes(body)


def _said(response: BaseHTTPResponse) -> str:
    # The status is known; a body that does not arrive changes nothing about it.
    with contextlib.suppress(HTTPError, HTTPException, OSError, ValueError):
        return response.read(_SAID_BYTES, decode_content=True).decode(errors="replace")
    return ""


def fetched(answer: Answer) -> Fetched:
    """The answer's file.

    Raises:
        PageError: the answer is neither 200 nor a 304 that was asked for.
    """
    if answer.status == HTTPStatus.OK:
        return Fetched(answer.body, answer.validator)
    if answer.status == HTTPStatus.NOT_MODIFIED:
        return Fetched(None, answer.validator)
    raise refusal(answer.status, _name(answer.url))


def refusal(status: int, who: str) -> PageError:
    """The error for an HTTP status other than 200 and 304.

    Args:
        status: that came.
        who: answered, as a sentence begins with it.
    """
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.PROXY_AUTHENTICATION_REQUIRED):
        return PageUnauthorized(f"{who} asks for a login (HTTP {status}).", "Use an address that opens without one.")
    if status == HTTPStatus.FORBIDDEN:
        return PageUnauthorized(
            f"{who} refuses to give the page (HTTP 403).",
            "Check who may read the image; a signed address may have expired.",
        )
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
        return PageNotFound(f"{who} has no such page (HTTP {status}).")
    if status in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.GATEWAY_TIMEOUT):
        return PageTimeout(f"{who} did not send the page in time (HTTP {status}).", "Try again.")
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return PageUnreachable(f"{who} is being asked too often (HTTP 429).", "Try again in a minute.")
    return PageUnreachable(f"{who} answered with HTTP {status} instead of the page.")


def _conditions(validator: Validator | None) -> dict[str, str]:
    if validator is None:
        return {}
    # RFC 9110, 13.1.3: a server that knows the entity tag ignores the date.
    conditions = {"If-None-Match": validator.etag, "If-Modified-Since": validator.modified}
    return {name: value for name, value in conditions.items() if value}


def _validator(response: BaseHTTPResponse) -> Validator | None:
    etag, modified, date = (response.headers.get(name, "") for name in ("ETag", "Last-Modified", "Date"))
    found = Validator(etag, modified if _strong(modified, date) else "")
    return found if found.etag or found.modified else None


def _strong(modified: str, date: str) -> bool:
    try:
        return parsedate_to_datetime(date) - parsedate_to_datetime(modified) >= _STRONG_AFTER
    except (TypeError, ValueError):
        return False


def _redirect(url: WebUrl, location: str) -> WebUrl:
    # http.client reads headers as Latin-1; servers that do not encode their redirects write UTF-8.
    with contextlib.suppress(UnicodeError):
        location = location.encode("latin-1").decode()
    target = urljoin(str(url), location)
    if scheme_of(target) not in DEFAULT_PORTS:
        raise PageForbidden(
            f"{_name(url)} redirects to an address that is neither http nor https.", "Correct it in the task."
        )
    return parse_web_url(target)


def _name(url: WebUrl) -> str:
    return url.origin.host[:253]
