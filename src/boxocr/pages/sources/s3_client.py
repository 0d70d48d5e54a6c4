"""The S3 client, and errors for S3's refusals. Used by the source of pages and by the commands."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from boxocr.errors import PageError, PageNotFound, PageUnauthorized, PageUnreachable
from boxocr.pages.http.certificates import S3_VARIABLE, certificate_error
from boxocr.settings.environment import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def make_client(settings: Settings, *, read_seconds: float, attempts: int) -> "S3Client":
    """A client with this server's endpoint and keys.

    Args:
        settings: ``aws_*``.
        read_seconds: how long to wait for data, at most 10; for a connection, at most 5.
        attempts: maximum number of attempts per request.
    """
    secret, session = settings.aws_secret_access_key, settings.aws_session_token
    # A session of its own, since boto3's default session is not thread-safe. boto3 verifies TLS with its own
    # certificate authorities, or with those in AWS_CA_BUNDLE.
    return boto3.session.Session().client(
        "s3",
        endpoint_url=settings.aws_endpoint,
        region_name=settings.aws_region,
        aws_access_key_id=settings.aws_access_key_id,
        aws_secret_access_key=secret.get_secret_value() if secret else None,
        aws_session_token=session.get_secret_value() if session else None,
        config=Config(
            connect_timeout=min(5, read_seconds),
            read_timeout=min(10, read_seconds),
            retries={"total_max_attempts": attempts, "mode": "standard"},
            # Buckets in the path, since buckets as host names need DNS entries, which private servers do not have.
            s3={"addressing_style": "path"} if settings.aws_endpoint else {},
            signature_version="s3v4",
            # Many other servers do not support AWS's newer checksums.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            # Otherwise boto3 would use an empty AWS_ENDPOINT_URL as the endpoint.
            ignore_configured_endpoint_urls=True,  # type: ignore[call-arg] # not in boto3-stubs yet
            max_pool_connections=20,
        ),
    )


@contextmanager
def s3_errors(settings: Settings, bucket: str, *, no_answer: str = "S3 could not be reached.") -> Iterator[None]:
    """Raise a PageError in place of boto3's errors, whose messages can contain signed URLs.

    Args:
        settings: ``aws_endpoint``.
        bucket: name of the bucket in use.
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
    untrusted = certificate_error(error, server, S3_VARIABLE)
    return untrusted or PageUnreachable(message, "Check AWS_ENDPOINT and that the server is running.")


def _refusal(code: str, status: int, bucket: str) -> PageError:  # noqa: PLR0911 - one for each reason
    code = re.sub(r"[^A-Za-z0-9]", "", code)[:40] or str(status)
    match code:
        case "NoSuchBucket":
            return PageNotFound(f"S3 has no bucket {bucket}.", "Check the address, AWS_ENDPOINT and AWS_REGION.")
        case _ if status == HTTPStatus.NOT_FOUND:
            return PageNotFound(f"The bucket {bucket} has no such page.")
        case "InvalidAccessKeyId" | "SignatureDoesNotMatch" | "AuthorizationHeaderMalformed":
            return PageUnauthorized(
                f"S3 refused this server's keys ({code}).", "Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
            )
        case "ExpiredToken" | "InvalidToken" | "TokenRefreshRequired" | "RequestExpired":
            return PageUnauthorized(
                f"This server's S3 keys have expired ({code}).", "Renew AWS_SESSION_TOKEN and its keys."
            )
        case "RequestTimeTooSkewed" | "RequestInTheFuture":
            return PageUnauthorized(
                f"S3 refuses this server's signature because their clocks differ ({code}).",
                "Synchronize both clocks with a time server.",
            )
        case _ if status == HTTPStatus.FORBIDDEN:
            return PageUnauthorized(
                f"S3 does not let this server's keys read the page ({code}).",
                f"Allow s3:GetObject on the bucket {bucket}; without s3:ListBucket S3 says the same of a missing page.",
            )
        case "SlowDown" | "TooManyRequests" | "Throttling" | "ThrottlingException" | "RequestLimitExceeded":
            return _too_many_requests(code)
        case _ if status == HTTPStatus.TOO_MANY_REQUESTS:
            return _too_many_requests(code)
        case _:
            failed = status >= HTTPStatus.INTERNAL_SERVER_ERROR
            return PageUnreachable(
                f"S3 answered with {code} instead of the page.",
                "Try again. If it keeps happening, check S3's log." if failed else "Check AWS_ENDPOINT and AWS_REGION.",
            )


def _too_many_requests(code: str) -> PageUnreachable:
    return PageUnreachable(f"S3 received too many requests ({code}).", "Try again in a minute.")
