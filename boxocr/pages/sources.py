"""Which source an address is for."""

from dataclasses import dataclass
from hashlib import sha256
from math import inf

from boxocr.errors import PageAddressError
from boxocr.pages.addresses import Guard
from boxocr.pages.connections import Connector
from boxocr.pages.data_uri import DataUri
from boxocr.pages.page import PageAddress
from boxocr.pages.source import BYTES_PER_MB, Limits, Source
from boxocr.pages.urls import parse_web_url, scheme_of
from boxocr.pages.web import Web
from boxocr.settings import Settings


@dataclass(frozen=True, slots=True)
class Route:
    """How to get at a page.

    Attributes:
        source: to ask.
        key: the same for all addresses that mean the same file to it, and for no others.
        fresh_seconds: how long its last answer counts without asking again.
    """

    source: Source
    key: str
    fresh_seconds: float


class Sources:
    """All the sources that the settings allow.

    Args:
        settings: where pages may come from, and what a fetch may cost.
    """

    def __init__(self, settings: Settings) -> None:
        limits = Limits(settings.page_timeout, int(settings.max_page_mb * BYTES_PER_MB))
        named = [parse_web_url(url).origin for url in (settings.label_studio_url, settings.aws_endpoint) if url]
        self._web = Web(Connector(Guard(named, settings.allowed_image_hosts)), limits)
        self._data = DataUri(limits)
        self._fresh_seconds = settings.page_fresh_seconds

    def route(self, address: PageAddress) -> Route:
        """How to get at the address.

        Raises:
            PageAddressError: it is empty or of no known kind.
        """
        url = address.url.strip()
        scheme = scheme_of(url)
        if not url:
            raise PageAddressError
        if scheme == "data":
            return Route(self._data, "data:" + sha256(url.encode()).hexdigest(), inf)
        return Route(self._web, url, self._fresh_seconds)
