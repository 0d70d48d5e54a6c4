"""Pages that stand in the task itself, as ``data:image/png;base64,…`` (RFC 2397)."""

import base64
import binascii
import re
from urllib.parse import unquote_to_bytes

from boxocr.errors import PageAddressError
from boxocr.pages.http.deadline import Deadline
from boxocr.pages.page import PageAddress
from boxocr.pages.sources.source import Fetched, Limits, Validator

# Four characters of base64 hold three bytes; percent-encoding takes at most three characters for one.
_BASE64_RATIO = 4 / 3
_PERCENT_RATIO = 3

_SPACE = re.compile(r"\s+")


class DataUri:
    """The source for ``data:`` addresses.

    Args:
        limits: only the number of bytes matters.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    def fetch(self, address: PageAddress, _validator: Validator | None, _deadline: Deadline) -> Fetched:
        """The bytes that the address holds. The media type is not looked at: the bytes say what they are.

        Raises:
            PageAddressError: it is cut off or wrongly encoded.
            PageTooLarge: it holds more bytes than the limit.
        """
        head, comma, body = address.url.strip().partition(",")
        if not comma:
            raise PageAddressError("The page's data: address has no comma, so it holds no image.")
        is_base64 = head.lower().rstrip().endswith(";base64")
        # Before decoding, so that what is far too large costs nothing.
        if len(body) > self._limits.max_bytes * (_BASE64_RATIO if is_base64 else _PERCENT_RATIO) * 1.1:
            raise self._limits.too_large()
        data = _from_base64(body) if is_base64 else unquote_to_bytes(body)
        if len(data) > self._limits.max_bytes:
            raise self._limits.too_large()
        return Fetched(data)


def _from_base64(body: str) -> bytes:
    if "%" in body:
        body = unquote_to_bytes(body).decode("latin-1")
    # Line breaks are allowed, the URL-safe alphabet is often found, and padding is often left out.
    body = _SPACE.sub("", body).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(body + "=" * (-len(body) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise PageAddressError("The page's data: address is not valid base64.") from None
