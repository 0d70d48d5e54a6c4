"""The base URLs that tasks may use for Label Studio.

Label Studio can have one URL for this server, another for browsers, and a third that it writes into tasks if it was
started with ``LABEL_STUDIO_HOST``. Whichever a task uses, its pages are fetched from the URL that the operator
configured first, so a task cannot decide where the token is sent.
"""

import html
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from boxocr.errors import PageError
from boxocr.pages.http.addresses import is_loopback
from boxocr.pages.http.urls import Origin, WebUrl, parse_web_url

UPLOADS_PATH = "/data/upload/"
LOCAL_FILES_PATH = "/data/local-files/"

# The paths under which Label Studio serves files: uploads, local files, uploads in cloud storage, cloud storage (1.10
# knows only ``presign``, 1.23 both names), and pages behind a password that Label Studio knows.
_FILES = re.compile(
    rf"{UPLOADS_PATH}|{LOCAL_FILES_PATH}|/storage-data/uploaded/"
    r"|/(?:tasks|projects)/\d+/(?:presign|resolve)/|/projects/\d+/file-proxy/"
)

# Label Studio puts its LABEL_STUDIO_HOST, if set, in front of its style sheets.
_STYLE_SHEET = re.compile(rb'href="(https?://[^"\s<>]{1,500})/static/')


@dataclass(frozen=True, slots=True)
class BaseURL:
    """A URL of Label Studio's start page.

    Attributes:
        origin: scheme, host and port.
        prefix: of its paths, without a slash at the end.
    """

    origin: Origin
    prefix: str

    @classmethod
    def parse(cls, url: str) -> "BaseURL":
        """Parse an absolute http or https URL.

        Raises:
            PageError: it is not one.
        """
        parsed = parse_web_url(url)
        return cls(parsed.origin, parsed.path.rstrip("/"))

    def relative(self, url: WebUrl) -> str | None:
        """Path and query of a URL below this base, without the prefix; None for any other URL."""
        inside = url.origin == self.origin and url.path.startswith(f"{self.prefix}/")
        return url.target.removeprefix(self.prefix) if inside else None


class BaseURLs:
    """All base URLs of one Label Studio.

    Args:
        first: the base URL that requests are sent to.
        others: the operator's further base URLs.
        login_page: returns Label Studio's login page as HTML, or None if it is not available. Called at most once a
            minute, for tasks whose URL may be Label Studio's.
    """

    def __init__(self, first: BaseURL, others: Sequence[BaseURL], login_page: Callable[[], bytes | None]) -> None:
        self._first = first
        self._others = tuple(others)
        self._login_page = login_page
        self._lock = threading.Lock()
        self._own: BaseURL | None = None
        self._expires = 0.0

    def relative(self, url: WebUrl) -> str | None:
        """Path and query of a URL below any of the base URLs, without its prefix; None for any other URL."""
        for base in (self._first, *self._others):
            if (found := base.relative(url)) is not None:
                return found
        if is_loopback(url.origin.host) and (found := self._on_loopback(url)) is not None:
            return found
        if is_label_studio_file(url) and (own := self._own_base_url()) is not None:
            return own.relative(url)
        return None

    def _on_loopback(self, url: WebUrl) -> str | None:
        """Path and query like :meth:`relative`, for ``localhost``, ``127.0.0.1`` and similar hosts."""
        first = self._first
        same_port = (url.origin.scheme, url.origin.port) == (first.origin.scheme, first.origin.port)
        if is_loopback(first.origin.host) and same_port:
            return BaseURL(url.origin, first.prefix).relative(url)
        # If both run in containers and people open Label Studio on a port of the host machine, tasks contain that port.
        # No other service has these paths, and a loopback address would not lead to it from this container anyway.
        path = url.target.removeprefix(first.prefix)
        return path if path.startswith((UPLOADS_PATH, LOCAL_FILES_PATH)) else None

    def _own_base_url(self) -> BaseURL | None:
        """The ``LABEL_STUDIO_HOST`` that Label Studio was started with; None if it is not set or not known."""
        with self._lock:
            if time.monotonic() >= self._expires:
                page = self._login_page()
                self._own = _label_studio_host(page or b"")
                # LABEL_STUDIO_HOST changes only when Label Studio restarts. A failed request is repeated sooner.
                self._expires = time.monotonic() + (60 if page is None else 600)
            return self._own


def serves_files(path: str) -> bool:
    """Whether Label Studio serves files under a path, which begins after its path prefix."""
    # Label Studio redirects a path without its final slash to the path with it.
    return _FILES.match(f"{path}/") is not None


def is_label_studio_file(url: WebUrl) -> bool:
    """Whether the URL has a path under which Label Studio serves files."""
    return _FILES.search(url.path) is not None


def base_url_of(url: WebUrl) -> str:
    """The part of a Label Studio file's URL in front of the path that Label Studio gave it."""
    prefix = _FILES.split(url.path, maxsplit=1)[0]
    return f"{url.origin.scheme}://{url.origin}{prefix}"


def _label_studio_host(page: bytes) -> BaseURL | None:
    found = _STYLE_SHEET.search(page)
    if found is None:
        return None
    try:
        return BaseURL.parse(html.unescape(found[1].decode()))
    except (PageError, UnicodeDecodeError):
        return None
