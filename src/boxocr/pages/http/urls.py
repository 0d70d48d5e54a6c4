"""Web URLs, parsed into the form that HTTP requests need.

A task's URL may contain spaces and letters of any script, percent-encoded or not. It is parsed once, here, so the guard
judges the same host that the connection is made to, and nothing is encoded twice.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url

from boxocr.errors import PageAddressError, PageForbidden

DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port (RFC 6454); the host in lower case, IDNA-encoded, IPv6 without brackets."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class WebUrl:
    """An http or https URL.

    Attributes:
        origin: the server to connect to.
        target: path and query, percent-encoded, without the fragment.
        credentials: ``user:password``, or None if the URL contains none.
    """

    origin: Origin
    target: str
    credentials: str | None = None

    def __str__(self) -> str:
        return f"{self.origin.scheme}://{self.origin}{self.target}"

    @property
    def path(self) -> str:
        """The path, percent-encoded and without the query."""
        return self.target.partition("?")[0]


def scheme_of(url: str) -> str:
    """The scheme in lower case, or an empty string for a relative URL."""
    found = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):", url)
    return found[1].lower() if found else ""


def percent_encoded(url: str) -> str:
    """The URL in ASCII. Existing escapes are kept; a percent sign that is not part of one is encoded itself."""
    escaped = re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", url)
    # RFC 3986's reserved and unreserved characters, and the percent signs of existing escapes.
    return quote(escaped, safe="%/:?#[]@!$&'()*+,;=~-._")


def parse_web_url(url: str) -> WebUrl:
    """Parse an absolute http or https URL.

    Raises:
        PageAddressError: the host is missing or invalid.
        PageForbidden: the scheme is neither http nor https.
    """
    url = url.strip()
    scheme = scheme_of(url)
    if scheme not in DEFAULT_PORTS:
        raise PageForbidden(
            f"Pages are not fetched over {f'{scheme[:20]}:' if scheme else 'addresses without a scheme'}.",
            "Use an http or https address, cloud storage, or an upload.",
        )
    return _web_url(_parsed(url))


def _parsed(url: str) -> Url:
    # urllib3 gets the host unencoded, since it applies IDNA itself. Everything after the host is encoded here, since
    # urllib3 would encode "%20" a second time in a path that also contains a stray percent sign.
    scheme, _, rest = url.partition("://")
    host, *tails = re.split(r"(?=[/\\?#])", rest, maxsplit=1)
    tail = percent_encoded("".join(tails))
    if tail.startswith("%5C"):
        # Browsers end the host at a backslash. Here it must not become part of the user name.
        tail = f"/{tail}"
    try:
        return parse_url(f"{scheme}://{host}{tail}")
    except (LocationParseError, UnicodeError, ValueError):
        raise PageAddressError("The page's address is not a valid web address.") from None


def _web_url(parsed: Url) -> WebUrl:
    if not parsed.scheme or not parsed.host:
        raise PageAddressError("The page's address has no host.")
    origin = Origin(
        scheme=parsed.scheme,
        host=parsed.host.strip("[]").lower(),
        port=parsed.port or DEFAULT_PORTS[parsed.scheme],
    )
    return WebUrl(origin, parsed.request_uri, unquote(parsed.auth) if parsed.auth else None)
