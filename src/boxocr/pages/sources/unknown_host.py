"""Pages whose URL looks like Label Studio's, on a host that is not known to be Label Studio."""

from boxocr.errors import PageAddressError, PageError, PageTooLarge, PageUnauthorized
from boxocr.pages.http.base_urls import base_url_of
from boxocr.pages.sources.page_url import PageURL
from boxocr.pages.sources.source import Fetched, Validator
from boxocr.pages.sources.web import Web
from boxocr.process.deadline import Deadline


class UnknownHost:
    """The source for such pages. They are fetched like any other page on the web, without a token.

    Args:
        web: sends the requests.
    """

    def __init__(self, web: Web) -> None:
        self._web = web

    def fetch(self, url: PageURL, validator: Validator | None, deadline: Deadline) -> Fetched:
        """The file at the URL.

        Raises:
            PageError: as raised by :class:`Web`. Except for a file that is too large, the remedy suggests adding the
                host to ``LABEL_STUDIO_HOST``.
        """
        if url.web is None:
            raise PageAddressError
        try:
            return self._web.fetch(url, validator, deadline)
        except PageTooLarge:
            raise
        except PageError as error:
            remedy = (
                f"If {base_url_of(url.web)} is another name of Label Studio, add it to LABEL_STUDIO_HOST after a comma."
            )
            if not isinstance(error, PageUnauthorized):
                remedy += f" {error.remedy}"
            raise type(error)(error.message, remedy) from None
