"""Pages in S3, or a server that speaks its language, read with keys of this server's own."""

import contextlib
import re
import threading
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError

from boxocr.errors import PageAddressError, PageTimeout
from boxocr.pages.http.deadline import Deadline
from boxocr.pages.sources.page_url import PageURL
from boxocr.pages.sources.s3_client import make_client, s3_errors, status_of
from boxocr.pages.sources.source import Fetched, Limits, Validator
from boxocr.settings.environment import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_ATTEMPTS = 2

# boto3 waits until a piece is full, so the deadline is looked at often. Unlike the web's servers, the endpoint is the
# operator's own, and not expected to send byte by byte.
_PIECE_BYTES = 16 * 1024

# Wider than AWS's rule for new buckets, narrower than boto3's, which also takes ARNs: those change the host.
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}")

_NOT_MODIFIED = 304


class S3:
    """The source for ``s3://bucket/key``.

    Args:
        settings: ``aws_*``.
        limits: for each fetch.
    """

    def __init__(self, settings: Settings, limits: Limits) -> None:
        self._settings = settings
        self._limits = limits
        self._lock = threading.Lock()
        self._made: S3Client | None = None

    def fetch(self, url: PageURL, validator: Validator | None, deadline: Deadline) -> Fetched:
        """The object at the URL, whose key is taken literally: ``%``, ``?``, ``#`` and spaces are part of it.

        Raises:
            PageError: the subclass says what is wrong.
        """
        bucket, key = _bucket_and_key(url.text)
        condition: Any = {"IfNoneMatch": validator.etag} if validator and validator.etag else {}
        with s3_errors(self._settings, bucket, no_answer="S3 could not be reached, or cut the page off."):
            try:
                found = self._client().get_object(Bucket=bucket, Key=key, **condition)
                if found.get("ContentLength", 0) > self._limits.max_bytes:
                    found["Body"].close()
                    raise self._limits.too_large()
                etag = found.get("ETag")
                return Fetched(self._read(found["Body"], deadline), Validator(etag=etag) if etag else None)
            except ClientError as error:
                if status_of(error) == _NOT_MODIFIED:
                    return Fetched(None, validator)
                raise
            except (ConnectTimeoutError, ReadTimeoutError):
                raise PageTimeout("S3 did not send the page in time.") from None

    def _read(self, body: Any, deadline: Deadline) -> bytes:
        data = bytearray()
        with contextlib.closing(body):
            while piece := body.read(_PIECE_BYTES):
                data += piece
                if len(data) > self._limits.max_bytes:
                    raise self._limits.too_large()
                deadline.left()
        return bytes(data)

    def _client(self) -> "S3Client":
        """Made when first needed: it takes a third of a second, and many servers never read from S3."""
        with self._lock:
            if self._made is None:
                # All attempts together take no longer than a page may.
                seconds = self._limits.seconds / _ATTEMPTS
                self._made = make_client(self._settings, read_seconds=seconds, attempts=_ATTEMPTS)
            return self._made


def _bucket_and_key(url: str) -> tuple[str, str]:
    bucket, _, key = url.partition("://")[2].partition("/")
    if not _BUCKET.fullmatch(bucket) or not key:
        raise PageAddressError("The page's s3:// address does not name a bucket and a key.")
    return bucket, key
