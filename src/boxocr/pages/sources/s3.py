"""Pages in S3, or a server that speaks its language, read with keys of this server's own."""

import contextlib
import re
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, HTTPClientError, ReadTimeoutError

from boxocr.errors import PageAddressError, PageError, PageNotFound, PageTimeout, PageUnauthorized, PageUnreachable
from boxocr.pages.http.certificates import S3_VARIABLE, certificate_trouble
from boxocr.pages.http.deadline import Deadline
from boxocr.pages.sources.page_url import PageURL
from boxocr.pages.sources.source import Fetched, Limits, Validator
from boxocr.settings.environment import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_CONNECT_SECONDS = 5
_READ_SECONDS = 10
_ATTEMPTS = 2

# boto3 waits until a piece is full, so the deadline is looked at often. Unlike the web's servers, the endpoint is the
# operator's own, and not expected to send byte by byte.
_PIECE_BYTES = 16 * 1024

# Wider than AWS's rule for new buckets, narrower than boto3's, which also takes ARNs: those change the host.
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}")

_KEYS_WRONG = frozenset({"InvalidAccessKeyId", "SignatureDoesNotMatch", "AuthorizationHeaderMalformed"})
_KEYS_EXPIRED = frozenset({"ExpiredToken", "InvalidToken", "TokenRefreshRequired", "RequestExpired"})
_CLOCK_WRONG = frozenset({"RequestTimeTooSkewed", "RequestInTheFuture"})
_TOO_OFTEN = frozenset({"SlowDown", "TooManyRequests", "Throttling", "ThrottlingException", "RequestLimitExceeded"})
_NOT_MODIFIED, _FORBIDDEN, _NOT_FOUND, _TOO_MANY, _FAILED = 304, 403, 404, 429, 500


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
        try:
            found = self._client().get_object(Bucket=bucket, Key=key, **condition)
            if found.get("ContentLength", 0) > self._limits.max_bytes:
                found["Body"].close()
                raise self._limits.too_large()
            etag = found.get("ETag")
            return Fetched(self._read(found["Body"], deadline), Validator(etag=etag) if etag else None)
        except ClientError as error:
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            if status == _NOT_MODIFIED:
                return Fetched(None, validator)
            raise refusal(str(error.response.get("Error", {}).get("Code", "")), status, bucket) from None
        except (ConnectTimeoutError, ReadTimeoutError):
            raise PageTimeout("S3 did not send the page in time.") from None
        except (BotoCoreError, HTTPClientError, ValueError) as error:
            # ValueError: an endpoint that boto3 finds no sense in. Its messages can hold the whole signed address.
            raise unreachable(error, self._settings, "S3 could not be reached, or cut the page off.") from None

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
                self._made = client(self._settings, read_seconds=seconds, attempts=_ATTEMPTS)
            return self._made


def client(settings: Settings, *, read_seconds: float, attempts: int) -> "S3Client":
    """A client with this server's endpoint and keys.

    Args:
        settings: ``aws_*``.
        read_seconds: that the endpoint may be silent, at most 10, and at most 5 until it is connected.
        attempts: at a request before it fails.
    """
    secret, session = settings.aws_secret_access_key, settings.aws_session_token
    # A session of its own: boto3's default one is shared by the whole process, and not made for threads. TLS is
    # verified with boto3's authorities, or AWS_CA_BUNDLE.
    return boto3.session.Session().client(
        "s3",
        endpoint_url=settings.aws_endpoint,
        region_name=settings.aws_region,
        aws_access_key_id=settings.aws_access_key_id,
        aws_secret_access_key=secret.get_secret_value() if secret else None,
        aws_session_token=session.get_secret_value() if session else None,
        config=Config(
            connect_timeout=min(_CONNECT_SECONDS, read_seconds),
            read_timeout=min(_READ_SECONDS, read_seconds),
            retries={"total_max_attempts": attempts, "mode": "standard"},
            # Buckets as host names need a DNS entry each, which private servers do not have.
            s3={"addressing_style": "path"} if settings.aws_endpoint else {},
            signature_version="s3v4",
            # Servers other than AWS's often do not know the newer checksums.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            # boto3 would take an empty AWS_ENDPOINT_URL for an address.
            ignore_configured_endpoint_urls=True,  # type: ignore[call-arg] # not in boto3-stubs yet
            max_pool_connections=20,
        ),
    )


def _bucket_and_key(url: str) -> tuple[str, str]:
    bucket, _, key = url.partition("://")[2].partition("/")
    if not _BUCKET.fullmatch(bucket) or not key:
        raise PageAddressError("The page's s3:// address does not name a bucket and a key.")
    return bucket, key


def unreachable(error: Exception, settings: Settings, message: str = "S3 could not be reached.") -> PageUnreachable:
    """What is wrong where S3 gave no answer.

    Args:
        error: boto3's.
        settings: ``aws_endpoint``.
        message: what is said unless a certificate is the reason.
    """
    server = f"the S3 server {urlsplit(settings.aws_endpoint).hostname}" if settings.aws_endpoint else "AWS"
    trouble = certificate_trouble(error, server, S3_VARIABLE)
    return trouble or PageUnreachable(message, "Check AWS_ENDPOINT and that it runs.")


def refusal(code: str, status: int, bucket: str) -> PageError:  # noqa: PLR0911 - one for each reason
    """What is wrong, in words.

    Args:
        code: of the error, as S3 names it.
        status: of the HTTP answer.
        bucket: its name.
    """
    code = re.sub(r"[^A-Za-z0-9]", "", code)[:40] or str(status)
    if code == "NoSuchBucket":
        return PageNotFound(f"S3 has no bucket {bucket}.", "Check the address, AWS_ENDPOINT and AWS_REGION.")
    if status == _NOT_FOUND:
        return PageNotFound(f"The bucket {bucket} has no such page.")
    if code in _KEYS_WRONG:
        return PageUnauthorized(
            f"S3 refused this server's keys ({code}).", "Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        )
    if code in _KEYS_EXPIRED:
        return PageUnauthorized(
            f"This server's S3 keys have expired ({code}).", "Renew AWS_SESSION_TOKEN and its keys."
        )
    if code in _CLOCK_WRONG:
        return PageUnauthorized(
            f"S3 refuses what this server signed, since their clocks differ ({code}).", "Set both by a time server."
        )
    if status == _FORBIDDEN:
        return PageUnauthorized(
            f"S3 does not let this server's keys read the page ({code}).",
            f"Allow s3:GetObject on the bucket {bucket}; without s3:ListBucket a missing page looks like this too.",
        )
    if code in _TOO_OFTEN or status == _TOO_MANY:
        return PageUnreachable(f"S3 is being asked too often ({code}).", "Try again in a minute.")
    if status >= _FAILED:
        return PageUnreachable(f"S3 answered with {code} instead of the page.", "Try again; if it stays, see S3's log.")
    return PageUnreachable(f"S3 answered with {code} instead of the page.", "Check AWS_ENDPOINT and AWS_REGION.")
