"""The names under which tasks speak of Label Studio.

It can be reached by one address from here, by another one from browsers, and can have been given a third one when it
was started (``LABEL_STUDIO_HOST`` there), which it writes into tasks. Whatever the name, its pages are fetched from the
address that the operator named first, so that no name, wherever it came from, decides where the token goes.
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

# Where Label Studio gives files: uploads, local files, uploads in cloud storage, cloud storage, and pages behind a
# password that it knows.
_FILES = re.compile(
    rf"{UPLOADS_PATH}|{LOCAL_FILES_PATH}|/storage-data/uploaded/|/tasks/\d+/(?:presign|resolve)/|/projects/\d+/file-proxy/"
)

# The style sheets of its pages have its own name before them, if it was given one.
_STYLE_SHEET = re.compile(rb'href="(https?://[^"\s<>]{1,500})/static/')

# What it says counts for so long; where it said nothing sensible, it is asked again after the shorter time.
_ASKED_SECONDS, _FAILED_SECONDS = 600.0, 60.0


@dataclass(frozen=True, slots=True)
class Name:
    """An address of Label Studio.

    Attributes:
        origin: scheme, host and port.
        prefix: of its paths, without a slash at the end.
    """

    origin: Origin
    prefix: str

    @classmethod
    def of(cls, url: str) -> "Name":
        """The name that an address is.

        Raises:
            PageError: it is no web address.
        """
        parsed = parse_web_url(url)
        return cls(parsed.origin, parsed.path.rstrip("/"))

    def rest(self, url: WebUrl) -> str | None:
        """Path and query of an address below this name; None when it does not begin with it."""
        inside = url.origin == self.origin and url.path.startswith(f"{self.prefix}/")
        return url.target.removeprefix(self.prefix) if inside else None


class Names:
    """All names of a Label Studio.

    Args:
        first: where it is reached.
        others: that the operator named.
        login_page: gives Label Studio's log-in page as HTML, None when it cannot be had. Asked for when a task has an
            address that may be Label Studio's, at most once a minute.
    """

    def __init__(self, first: Name, others: Sequence[Name], login_page: Callable[[], bytes | None]) -> None:
        self._first = first
        self._others = tuple(others)
        self._login_page = login_page
        self._lock = threading.Lock()
        self._own: Name | None = None
        self._ask_at = 0.0

    def rest(self, url: WebUrl) -> str | None:
        """Path and query below Label Studio of an address under any of its names; None when it is under none."""
        for name in (self._first, *self._others):
            if (found := name.rest(url)) is not None:
                return found
        if is_loopback(url.origin.host) and (found := self._on_this_machine(url)) is not None:
            return found
        if is_file_of_label_studio(url) and (own := self._own_name()) is not None:
            return own.rest(url)
        return None

    def _on_this_machine(self, url: WebUrl) -> str | None:
        """For addresses on ``localhost``, ``127.0.0.1`` and the like."""
        first = self._first
        same_port = (url.origin.scheme, url.origin.port) == (first.origin.scheme, first.origin.port)
        if is_loopback(first.origin.host) and same_port:
            return Name(url.origin, first.prefix).rest(url)
        # Where both run in containers, and people open Label Studio on the machine's own port, it writes that port into
        # tasks. Nothing else on a loopback address has these paths, and this server could not reach it there.
        rest = url.target.removeprefix(first.prefix)
        return rest if rest.startswith((UPLOADS_PATH, LOCAL_FILES_PATH)) else None

    def _own_name(self) -> Name | None:
        """The name that Label Studio was given when it was started; None when it has none or does not say."""
        with self._lock:
            if time.monotonic() >= self._ask_at:
                page = self._login_page()
                self._own = _named_in(page or b"")
                self._ask_at = time.monotonic() + (_FAILED_SECONDS if page is None else _ASKED_SECONDS)
            return self._own


def is_file_of_label_studio(url: WebUrl) -> bool:
    """Whether the address has a path under which Label Studio gives files."""
    return _FILES.search(url.path) is not None


def name_in(url: WebUrl) -> str:
    """What stands before the path of a file of Label Studio: the name that the address has for it."""
    prefix = _FILES.split(url.path, maxsplit=1)[0]
    return f"{url.origin.scheme}://{url.origin}{prefix}"


def _named_in(page: bytes) -> Name | None:
    found = _STYLE_SHEET.search(page)
    if found is None:
        return None
    try:
        return Name.of(html.unescape(found[1].decode()))
    except (PageError, UnicodeDecodeError):
        return None
