"""Web addresses as people write them, made into what goes over the wire.

A task's url can hold spaces and letters of any script, percent-encoded or not. It is read once, here: the guard judges
the same host that the connection is made to, and nothing is encoded twice.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url

from boxocr.errors import PageAddressError, PageForbidden

DEFAULT_PORTS = {"http": 80, "https": 443}

# RFC 3986's reserved and unreserved characters, and the percent sign of what is encoded already.
_KEPT = "%/:?#[]@!$&'()*+,;=~-._"
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port, as RFC 6454 has it; the host in lower case, IDNA-encoded, IPv6 without brackets."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class WebUrl:
    """An address that can be asked for over HTTP.

    Attributes:
        origin: where to connect to.
        target: path and query, percent-encoded, without the fragment.
        credentials: ``user:password`` where the address holds some.
    """

    origin: Origin
    target: str
    credentials: str | None = None

    def __str__(self) -> str:
        return f"{self.origin.scheme}://{self.origin}{self.target}"

    @property
    def path(self) -> str:
        """Percent-encoded, without the query."""
        return self.target.partition("?")[0]


def scheme_of(url: str) -> str:
    """The scheme in lower case, or an empty string for a relative address."""
    found = _SCHEME.match(url)
    return found[1].lower() if found else ""


def percent_encoded(url: str) -> str:
    """The url in ASCII: what is encoded stays as it is, and a percent sign that encodes nothing is encoded itself."""
    return quote(_STRAY_PERCENT.sub("%25", url), safe=_KEPT)


def parse_web_url(url: str) -> WebUrl:
    """Read an absolute http or https address.

    Raises:
        PageAddressError: it names no host, or one that cannot exist.
        PageForbidden: it has another scheme.
    """
    url = url.strip()
    if scheme_of(url) not in DEFAULT_PORTS:
        raise PageForbidden(
            f"Pages are not fetched over {_shown(scheme_of(url)) or 'addresses without a scheme'}.",
            "Use an http or https address, cloud storage, or an upload.",
        )
    return _web_url(_parsed(url))


def _parsed(url: str) -> Url:
    # The host goes to urllib3 unencoded, which makes IDNA of it; everything after it is encoded here, since urllib3
    # encodes "%20" again where the same path holds a stray percent sign.
    scheme, _, rest = url.partition("://")
    host, *tails = re.split(r"(?=[/\\?#])", rest, maxsplit=1)
    tail = percent_encoded("".join(tails))
    if tail.startswith("%5C"):
        # A backslash ends the host for browsers, and was not meant to be part of a user's name by anyone honest.
        tail = f"/{tail}"
    try:
        return parse_url(f"{scheme}://{host}{tail}")
    except (LocationParseError, UnicodeError, ValueError):
        raise PageAddressError("The page's address is not a valid web address.") from None


def _web_url(parsed: Url) -> WebUrl:
    if not parsed.scheme or not parsed.host:
        raise PageAddressError("The page's address names no host.")
    origin = Origin(
        scheme=parsed.scheme,
        host=parsed.host.strip("[]").lower(),
        port=parsed.port or DEFAULT_PORTS[parsed.scheme],
    )
    return WebUrl(origin, parsed.request_uri, unquote(parsed.auth) if parsed.auth else None)


def _shown(scheme: str) -> str:
    return f"{scheme[:20]}:" if scheme else ""
