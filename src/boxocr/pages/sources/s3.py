"""Pages in S3, or on a server with the same API, read with this server's own keys."""

import contextlib
import re
import threading
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError

from boxocr.errors import PageAddressError, PageForbidden, PageTimeout
from boxocr.pages.sources.page_url import PageURL
from boxocr.pages.sources.s3_client import make_client, s3_errors, status_of
from boxocr.pages.sources.source import Fetched, Limits, Validator
from boxocr.process.deadline import Deadline
from boxocr.settings.environment import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_ATTEMPTS = 2

# Broader than AWS's rule for new buckets. Narrower than boto3's, which includes ARNs: those change the host.
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}")


class S3:
    """The source for ``s3://bucket/key``.

    Args:
        settings: ``aws_*`` and ``allowed_buckets``.
        limits: for each fetch.
    """

    def __init__(self, settings: Settings, limits: Limits) -> None:
        self._settings = settings
        self._limits = limits
        self._lock = threading.Lock()
        self._made: S3Client | None = None

    def fetch(self, url: PageURL, validator: Validator | None, deadline: Deadline) -> Fetched:
        """The object at the URL. Its key is used literally: ``%``, ``?``, ``#`` and spaces are part of the key.

        Raises:
            PageError: the subclass gives the reason.
        """
        bucket, key = _bucket_and_key(url.text)
        allowed = self._settings.allowed_buckets
        if allowed and not any(f"{bucket}/{key}".startswith(f"{entry}/") for entry in allowed):
            raise PageForbidden(
                f"The page is in the bucket {bucket}, or a folder of it, that this server is not allowed to read.",
                "If this is intended, add it to ALLOWED_BUCKETS.",
            )
        condition: Any = {"IfNoneMatch": validator.etag} if validator and validator.etag else {}
        with s3_errors(self._settings, bucket, no_answer="S3 could not be reached, or the download was interrupted."):
            try:
                found = self._client().get_object(Bucket=bucket, Key=key, **condition)
                if found.get("ContentLength", 0) > self._limits.max_bytes:
                    found["Body"].close()
                    raise self._limits.too_large()
                etag = found.get("ETag")
                return Fetched(self._read(found["Body"], deadline), Validator(etag=etag) if etag else None)
            except ClientError as error:
                if status_of(error) == HTTPStatus.NOT_MODIFIED:
                    return Fetched(None, validator)
                raise
            except (ConnectTimeoutError, ReadTimeoutError):
                raise PageTimeout("S3 did not send the page in time.") from None

    def _read(self, body: Any, deadline: Deadline) -> bytes:
        data = bytearray()
        with contextlib.closing(body):
            # Pieces are small, since boto3 waits for a whole piece, and the deadline is only checked between pieces. A
            # malicious server could send byte by byte, but the operator chose this endpoint.
            while piece := body.read(16 * 1024):
                data += piece
                if len(data) > self._limits.max_bytes:
                    raise self._limits.too_large()
                deadline.left()
        return bytes(data)

    def _client(self) -> "S3Client":
        """The client. It is created on first use, since that takes 0.3 s and many servers never read from S3."""
        with self._lock:
            if self._made is None:
                # All attempts together stay within a page's time limit.
                seconds = self._limits.seconds / _ATTEMPTS
                self._made = make_client(self._settings, read_seconds=seconds, attempts=_ATTEMPTS)
            return self._made


def _bucket_and_key(url: str) -> tuple[str, str]:
    bucket, _, key = url.partition("://")[2].partition("/")
    if not _BUCKET.fullmatch(bucket) or not key:
        raise PageAddressError("The page's s3:// address does not contain a bucket and a key.")
    return bucket, key
