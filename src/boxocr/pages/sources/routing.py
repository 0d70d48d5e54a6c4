"""Selects the source of a page."""

from dataclasses import dataclass, replace
from hashlib import sha256
from math import inf

from boxocr.errors import PageAddressError, PageNotFound
from boxocr.pages.http.addresses import Guard
from boxocr.pages.http.base_urls import is_label_studio_file
from boxocr.pages.http.connections import Connector
from boxocr.pages.http.tokens import Tokens
from boxocr.pages.http.urls import parse_web_url, scheme_of
from boxocr.pages.page import PageAddress
from boxocr.pages.sources.data_uri import DataUri
from boxocr.pages.sources.label_studio import LabelStudio
from boxocr.pages.sources.label_studio_storage import LabelStudioStorage
from boxocr.pages.sources.local_file_access import LocalFileAccess
from boxocr.pages.sources.local_files import LocalFiles
from boxocr.pages.sources.page_url import CLOUD_SCHEMES, PageURL
from boxocr.pages.sources.source import BYTES_PER_MB, Limits, Source
from boxocr.pages.sources.unknown_host import UnknownHost
from boxocr.pages.sources.web import Web
from boxocr.settings.environment import Settings


@dataclass(frozen=True, slots=True)
class Route:
    """How to fetch a page.

    Attributes:
        source: fetches it.
        address: the argument for the source.
        key: equal for URLs that mean the same file to the source, and different for all others.
        fresh_seconds: how long the source need not be asked again.
    """

    source: Source
    address: PageURL
    key: str
    fresh_seconds: float


class Sources:
    """All sources that the settings allow.

    Args:
        settings: allowed locations of pages, and the limits of a fetch.
    """

    def __init__(self, settings: Settings) -> None:
        limits = Limits(settings.page_timeout, int(settings.max_page_mb * BYTES_PER_MB))
        base, endpoint, root = settings.label_studio_url, settings.aws_endpoint, settings.local_files_document_root
        configured = [parse_web_url(url).origin for url in (base, endpoint) if url]
        # A browser completes "//host/path" with the scheme of the page that shows it, which is Label Studio's.
        self._default_scheme = scheme_of(base) if base else "https"
        self._fresh_seconds = settings.page_fresh_seconds
        self._data = DataUri(limits)
        self._web = Web(Connector(Guard(configured, settings.allowed_image_hosts)), limits)
        self._label_studio: LabelStudio | None = None
        self._storage: LabelStudioStorage | None = None
        if base:
            tokens = Tokens(base, settings.label_studio_token)
            self._label_studio = LabelStudio(base, settings.label_studio_names, tokens, self._web)
            self._storage = LabelStudioStorage(self._label_studio)
        self._unknown_host = UnknownHost(self._web)
        self._s3: Source | None = None
        if settings.aws_access_key_id:
            # Imported only if needed, since boto3 takes 7 MB and 0.2 s of CPU time.
            from boxocr.pages.sources.s3 import S3  # noqa: PLC0415 - see above

            self._s3 = S3(settings, limits)
        self._local_files: LocalFiles | None = None
        if root:
            asked = self._label_studio if settings.label_studio_token else None
            self._local_files = LocalFiles(root, limits, LocalFileAccess(root, settings.local_files_folders, asked))

    def parse(self, address: PageAddress) -> PageURL:
        """The parsed URL of a page.

        Raises:
            PageAddressError: it is invalid.
            PageForbidden: its scheme is not allowed.
        """
        return PageURL.parse(address.url, address.task_id, default_scheme=self._default_scheme)

    def route(self, address: PageAddress) -> Route:
        """The source for a page, with its parsed URL.

        Raises:
            PageAddressError: the URL is empty, invalid or of an unknown kind, or needs Label Studio, which is not
                configured.
            PageForbidden: its scheme or path is not allowed.
        """
        url = self.parse(address)
        if url.scheme == "s3" and self._s3:
            return Route(self._s3, url, url.text, self._fresh_seconds)
        if url.scheme in CLOUD_SCHEMES:
            if self._storage is None:
                raise _no_label_studio()
            # A file that Label Studio opens for one task need not be accessible to another.
            key = f"{url.task_id} {url.text}"
            return Route(self._storage, url, key, self._fresh_seconds)
        if url.scheme == "data":
            # Hashed, since the URL is as long as the page.
            return Route(self._data, url, "data:" + sha256(url.text.encode()).hexdigest(), inf)
        return self._by_location(url)

    def _by_location(self, url: PageURL) -> Route:
        """The route for an http, https or relative URL. Its host and path tell whether it belongs to Label Studio."""
        location = self._label_studio.locate(url) if self._label_studio else None
        if self._local_files and (location or not url.scheme) and url.local_file and self._local_files.has(url):
            # Never fresh, since checking a file on disk costs next to nothing.
            return Route(self._local_files, url, url.text, 0)
        if location and self._label_studio:
            return Route(self._label_studio, replace(url, web=location), url.text, self._fresh_seconds)
        if url.web:
            source = self._unknown_host if self._label_studio and is_label_studio_file(url.web) else self._web
            return Route(source, url, url.text, self._fresh_seconds)
        if not url.text.startswith(("/", "upload/")):
            raise PageAddressError
        if self._local_files and url.local_file:
            raise PageNotFound("The folder of local files has no such page.")
        raise _no_label_studio()


def _no_label_studio() -> PageAddressError:
    return PageAddressError(
        "The page is in Label Studio, and this server does not know its address.",
        "Set LABEL_STUDIO_HOST and LABEL_STUDIO_ACCESS_TOKEN.",
    )
