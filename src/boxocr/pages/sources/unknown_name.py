"""Pages with an address as Label Studio writes it, on a host that this server does not know as Label Studio."""

from boxocr.errors import PageError, PageTooLarge, PageUnauthorized
from boxocr.pages.http.deadline import Deadline
from boxocr.pages.http.names import is_file_of_label_studio, name_in
from boxocr.pages.http.urls import DEFAULT_PORTS, parse_web_url, scheme_of
from boxocr.pages.page import PageAddress
from boxocr.pages.sources.source import Fetched, Validator
from boxocr.pages.sources.web import Web


def may_be_label_studio(url: str) -> bool:
    """Whether an absolute address looks like that of a file on some Label Studio.

    Raises:
        PageAddressError: it is no valid web address.
    """
    return scheme_of(url) in DEFAULT_PORTS and is_file_of_label_studio(parse_web_url(url))


class UnknownName:
    """The source for such pages. They are fetched as any other on the web, without a token.

    Args:
        web: the way to them.
    """

    def __init__(self, web: Web) -> None:
        self._web = web

    def fetch(self, address: PageAddress, validator: Validator | None, deadline: Deadline) -> Fetched:
        """The file at the address.

        Raises:
            PageError: as from the web; unless the file is there, the remedy is to name the host as Label Studio.
        """
        try:
            return self._web.fetch(address, validator, deadline)
        except PageTooLarge:
            raise
        except PageError as error:
            name = name_in(parse_web_url(address.url))
            remedy = f"If {name} is another name of Label Studio, add it to LABEL_STUDIO_URL after a comma."
            if not isinstance(error, PageUnauthorized):
                remedy += f" {error.remedy}"
            raise type(error)(error.message, remedy) from None
