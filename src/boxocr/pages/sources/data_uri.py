"""Pages embedded in the task, as ``data:image/png;base64,…`` (RFC 2397)."""

import base64
import binascii
import re
from urllib.parse import unquote_to_bytes

from boxocr.errors import PageAddressError
from boxocr.pages.sources.page_url import PageURL
from boxocr.pages.sources.source import Fetched, Limits, Validator
from boxocr.process.deadline import Deadline


class DataUri:
    """The source for ``data:`` URLs.

    Args:
        limits: only the number of bytes applies.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    def fetch(self, url: PageURL, _validator: Validator | None, _deadline: Deadline) -> Fetched:
        """The decoded bytes. The media type is ignored: the decoder recognizes the format from the bytes.

        Raises:
            PageAddressError: the URL is cut off or wrongly encoded.
            PageTooLarge: it contains more bytes than the limit.
        """
        head, comma, body = url.text.strip().partition(",")
        if not comma:
            raise PageAddressError("The page's data: address has no comma, so it contains no image.")
        is_base64 = head.lower().rstrip().endswith(";base64")
        # Also checked before decoding, so that a far too large URL costs nothing. Base64 takes four characters for
        # three bytes, percent-encoding at most three characters for one byte. A tenth more allows for line breaks.
        if len(body) > self._limits.max_bytes * (4 / 3 if is_base64 else 3) * 1.1:
            raise self._limits.too_large()
        data = _from_base64(body) if is_base64 else unquote_to_bytes(body)
        if len(data) > self._limits.max_bytes:
            raise self._limits.too_large()
        return Fetched(data)


def _from_base64(body: str) -> bytes:
    if "%" in body:
        body = unquote_to_bytes(body).decode("latin-1")
    # Line breaks are allowed, the URL-safe alphabet is common, and padding is often missing.
    body = re.sub(r"\s+", "", body).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(body + "=" * (-len(body) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise PageAddressError("The page's data: address is not valid base64.") from None
