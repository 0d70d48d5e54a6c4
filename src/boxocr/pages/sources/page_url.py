"""A page's URL, parsed once for all sources."""

from dataclasses import dataclass

from boxocr.errors import PageAddressError
from boxocr.pages.http.base_urls import LOCAL_FILES_PATH
from boxocr.pages.http.urls import WebUrl, parse_web_url, scheme_of

CLOUD_SCHEMES = ("s3", "gs", "azure-blob")


@dataclass(frozen=True, slots=True)
class PageURL:
    """A page's URL.

    Attributes:
        text: as written in the task, without leading whitespace, and with a scheme if it began with ``//``.
        scheme: in lower case; empty for a relative URL.
        web: an http or https URL in parsed form. None for other schemes, and for a relative URL until routing has
            resolved it against Label Studio.
        local_file: the ``d`` of ``/data/local-files/?d=…``, still percent-encoded; empty for other URLs.
        task_id: the task that contains the URL; None if unknown.
    """

    text: str
    scheme: str
    web: WebUrl | None = None
    local_file: str = ""
    task_id: int | None = None

    @property
    def host(self) -> str:
        """Where the page comes from, for fairness between hosts: the origin of a web URL, otherwise the scheme."""
        return str(self.web.origin) if self.web else self.scheme

    @classmethod
    def parse(cls, text: str, task_id: int | None = None, *, default_scheme: str = "https") -> "PageURL":
        """Parse a URL.

        Args:
            text: as written in the task.
            task_id: the task that contains it.
            default_scheme: for a URL that begins with ``//``.

        Raises:
            PageAddressError: it contains unpaired surrogates, which JSON allows, or its host is missing or invalid.
            PageForbidden: pages are not fetched over its scheme.
        """
        # Leading whitespace is never intended. Trailing whitespace can be part of an object's key or a file's name.
        text = text.lstrip()
        try:
            text.encode()
        except UnicodeEncodeError:
            raise PageAddressError("The page's address contains invalid characters.") from None
        if text.startswith("//"):
            text = f"{default_scheme}:{text}"
        scheme = scheme_of(text)
        if scheme == "data" or scheme in CLOUD_SCHEMES:
            return cls(text, scheme, task_id=task_id)
        return cls(text, scheme, parse_web_url(text) if scheme else None, _local_file(text), task_id)


def _local_file(url: str) -> str:
    # In the value of ``d``, a hash sign or question mark is taken literally, but an ampersand ends it.
    path, _, query = url.partition("?")
    if not path.endswith(LOCAL_FILES_PATH):
        return ""
    return next((pair[2:] for pair in query.split("&") if pair.startswith("d=")), "")
