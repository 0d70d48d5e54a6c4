"""Checks that the S3 endpoint answers, and that this server's keys can read the buckets."""

import secrets
from collections.abc import Iterable, Iterator, Mapping

from boxocr.diagnosis.report import Finding, failure, passed, skipped
from boxocr.errors import PageError, PageNotFound, PageUnauthorized
from boxocr.label_studio.hosts import shown
from boxocr.pages.sources.page_url import PageURL
from boxocr.pages.sources.s3 import S3
from boxocr.pages.sources.source import BYTES_PER_MB, Limits
from boxocr.process.deadline import Deadline
from boxocr.settings.environment import Settings

CHECK = "S3"

_SECONDS = 20

# S3's error code for valid keys that lack a permission.
_NOT_ALLOWED = "AccessDenied"


def findings(settings: Settings, in_tasks: Mapping[str, str], in_storages: Iterable[str]) -> Iterator[Finding]:
    """Check each bucket, or only the keys if no bucket is known.

    Args:
        settings: of the server.
        in_tasks: address of a page in each bucket of the tasks, by the bucket's name.
        in_storages: names of the buckets in the project's storages.
    """
    if settings.aws_access_key_id is None:
        why = "pages in S3 are read through Label Studio" if in_tasks else "not needed unless pages are in S3"
        yield skipped(CHECK, f"No keys are set (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY); {why}.")
        return
    source = S3(settings, Limits(_SECONDS, int(settings.max_page_mb * BYTES_PER_MB)))
    endpoint = shown(settings.aws_endpoint) if settings.aws_endpoint else "AWS"
    buckets = {bucket: f"s3://{bucket}/boxocr-doctor-{secrets.token_hex(8)}" for bucket in in_storages} | dict(in_tasks)
    if not buckets:
        yield _keys(source, endpoint)
    for bucket, url in sorted(buckets.items()):
        yield _bucket(source, endpoint, bucket, url, page=bucket in in_tasks)


def _keys(source: S3, endpoint: str) -> Finding:
    """Check the keys with a request for a bucket that does not exist."""
    try:
        source.fetch(PageURL.parse(f"s3://boxocr-doctor-{secrets.token_hex(12)}/none"), None, Deadline(_SECONDS))
    except PageNotFound:
        pass
    except PageUnauthorized as error:
        if _NOT_ALLOWED not in error.message:
            return failure(CHECK, error)
    except PageError as error:
        return failure(CHECK, error)
    return passed(
        CHECK, f"{endpoint} accepts the keys. boxocr doctor --project N says whether they read a project's bucket."
    )


def _bucket(source: S3, endpoint: str, bucket: str, url: str, *, page: bool) -> Finding:
    """Check the access to a bucket by requesting a page, or an object that does not exist."""
    try:
        source.fetch(PageURL.parse(url), None, Deadline(_SECONDS))
    except PageNotFound as error:
        if page or "no bucket" in error.message:
            return failure(CHECK, error)
    except PageError as error:
        return failure(CHECK, error)
    except TimeoutError:
        return failure(
            CHECK, PageError(f"{endpoint} did not send a page of the bucket {bucket} in time.", "Try again.")
        )
    return passed(CHECK, f"{endpoint} accepts the keys, and the bucket {bucket} can be read.")
