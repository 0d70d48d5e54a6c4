"""Which source an address is for."""

from dataclasses import dataclass, replace
from hashlib import sha256
from math import inf

from boxocr.errors import PageAddressError, PageNotFound
from boxocr.pages.http.addresses import Guard
from boxocr.pages.http.connections import Connector
from boxocr.pages.http.tokens import Tokens
from boxocr.pages.http.urls import parse_web_url, scheme_of
from boxocr.pages.page import PageAddress
from boxocr.pages.sources.data_uri import DataUri
from boxocr.pages.sources.label_studio import CLOUD_SCHEMES, LabelStudio
from boxocr.pages.sources.local_files import LocalFiles, is_local_files_url
from boxocr.pages.sources.s3 import S3
from boxocr.pages.sources.source import BYTES_PER_MB, Limits, Source
from boxocr.pages.sources.unknown_name import UnknownName, may_be_label_studio
from boxocr.pages.sources.web import Web
from boxocr.settings.environment import Settings


@dataclass(frozen=True, slots=True)
class Route:
    """How to get at a page.

    Attributes:
        source: to ask.
        address: for it.
        key: the same for all addresses that mean the same file to it, and for no others.
        fresh_seconds: how long its last answer counts without asking again.
    """

    source: Source
    address: PageAddress
    key: str
    fresh_seconds: float


class Sources:
    """All the sources that the settings allow.

    Args:
        settings: where pages may come from, and what a fetch may cost.
    """

    def __init__(self, settings: Settings) -> None:
        limits = Limits(settings.page_timeout, int(settings.max_page_mb * BYTES_PER_MB))
        base, endpoint, root = settings.label_studio_url, settings.aws_endpoint, settings.local_files_document_root
        named = [parse_web_url(url).origin for url in (base, endpoint) if url]
        self._base = base or ""
        self._fresh_seconds = settings.page_fresh_seconds
        self._data = DataUri(limits)
        self._web = Web(Connector(Guard(named, settings.allowed_image_hosts)), limits)
        self._label_studio = (
            LabelStudio(base, settings.label_studio_names, Tokens(base, settings.label_studio_token), self._web)
            if base
            else None
        )
        self._unknown_name = UnknownName(self._web)
        self._s3 = S3(settings, limits) if settings.aws_access_key_id else None
        self._local_files = LocalFiles(root, limits) if root else None

    def route(self, address: PageAddress) -> Route:
        """How to get at the address.

        Raises:
            PageAddressError: it is empty or of no known kind, or needs Label Studio, which is not configured.
            PageForbidden: its scheme or path is not allowed.
        """
        # Space before an address is never meant; after it, it can belong to an object's key or a file's name.
        address = replace(address, url=address.url.lstrip())
        url = address.url
        scheme = scheme_of(url)
        try:
            encoded = url.encode()
        except UnicodeEncodeError:
            # JSON can hold halves of characters.
            raise PageAddressError("The page's address holds characters that do not exist.") from None
        if scheme == "s3" and self._s3:
            return Route(self._s3, address, url, self._fresh_seconds)
        if scheme in CLOUD_SCHEMES:
            # What Label Studio opens for one task need not be open to another.
            key = f"{address.task_id} {url}"
            return Route(self._known_label_studio(), address, key, self._fresh_seconds)
        if scheme == "data":
            # The address is the page, and long.
            return Route(self._data, address, "data:" + sha256(encoded).hexdigest(), inf)
        return self._by_path(address, scheme)

    def _by_path(self, address: PageAddress, scheme: str) -> Route:
        """For addresses on the web and on Label Studio, which only their hosts and paths tell apart."""
        url = address.url
        if url.startswith("//"):
            # As a browser reads it that shows Label Studio.
            scheme = scheme_of(self._base) if self._base else "https"
            address = replace(address, url=f"{scheme}:{url}")
            url = address.url
        place = self._label_studio.place(url) if self._label_studio else None
        if self._local_files and (place or not scheme) and is_local_files_url(url) and self._local_files.find(url):
            # Looked at every time, since that costs nothing.
            return Route(self._local_files, address, url, 0)
        if place and self._label_studio:
            return Route(self._label_studio, address, url, self._fresh_seconds)
        if scheme:
            source = self._unknown_name if self._label_studio and may_be_label_studio(url) else self._web
            return Route(source, address, url, self._fresh_seconds)
        if not url.startswith(("/", "upload/")):
            raise PageAddressError
        if self._local_files and is_local_files_url(url):
            raise PageNotFound("The folder of local files holds no such page.")
        return Route(self._known_label_studio(), address, url, self._fresh_seconds)

    def _known_label_studio(self) -> LabelStudio:
        if self._label_studio is None:
            raise PageAddressError(
                "The page lies in Label Studio, and this server does not know where that is.",
                "Set LABEL_STUDIO_URL and LABEL_STUDIO_ACCESS_TOKEN.",
            )
        return self._label_studio
