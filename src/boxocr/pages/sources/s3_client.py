"""The client for S3, and its errors in words. Used by the source of pages and by the commands."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from boxocr.errors import PageError, PageNotFound, PageUnauthorized, PageUnreachable
from boxocr.pages.http.certificates import S3_VARIABLE, certificate_trouble
from boxocr.settings.environment import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_CONNECT_SECONDS = 5
_READ_SECONDS = 10

_KEYS_WRONG = frozenset({"InvalidAccessKeyId", "SignatureDoesNotMatch", "AuthorizationHeaderMalformed"})
_KEYS_EXPIRED = frozenset({"ExpiredToken", "InvalidToken", "TokenRefreshRequired", "RequestExpired"})
_CLOCK_WRONG = frozenset({"RequestTimeTooSkewed", "RequestInTheFuture"})
_TOO_OFTEN = frozenset({"SlowDown", "TooManyRequests", "Throttling", "ThrottlingException", "RequestLimitExceeded"})
_FORBIDDEN, _NOT_FOUND, _TOO_MANY, _FAILED = 403, 404, 429, 500


def make_client(settings: Settings, *, read_seconds: float, attempts: int) -> "S3Client":
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


@contextmanager
def s3_errors(settings: Settings, bucket: str, *, no_answer: str = "S3 could not be reached.") -> Iterator[None]:
    """Raise a PageError in place of boto3's errors, whose messages can hold a whole signed address.

    Args:
        settings: ``aws_endpoint``.
        bucket: name of the bucket that is used inside.
        no_answer: message for a connection that fails, unless its certificate is the reason.

    Raises:
        PageError: the subclass and the message give the reason.
    """
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        raise _refusal(code, status_of(error), bucket) from None
    except (BotoCoreError, HTTPClientError, ValueError) as error:
        # boto3 raises ValueError for an endpoint that it cannot parse.
        raise _unreachable(error, settings, no_answer) from None


def status_of(error: ClientError) -> int:
    """HTTP status of S3's answer; 0 if unknown."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _unreachable(error: Exception, settings: Settings, message: str) -> PageUnreachable:
    server = f"the S3 server {urlsplit(settings.aws_endpoint).hostname}" if settings.aws_endpoint else "AWS"
    trouble = certificate_trouble(error, server, S3_VARIABLE)
    return trouble or PageUnreachable(message, "Check AWS_ENDPOINT and that it runs.")


def _refusal(code: str, status: int, bucket: str) -> PageError:  # noqa: PLR0911 - one for each reason
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
