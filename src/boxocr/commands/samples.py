"""``boxocr samples``: uploads the sample pages to a bucket."""

import mimetypes
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boxocr.files import EXAMPLES
from boxocr.label_studio.errors import CommandFailed, command_errors
from boxocr.label_studio.storage import Storage
from boxocr.pages.sources.s3_client import make_client, s3_errors
from boxocr.settings.environment import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Prefix of the sample pages in a bucket.
PREFIX = "samples"

# AWS's default region for buckets, which it does not accept as a LocationConstraint.
_FIRST_REGION = "us-east-1"

Say = Callable[[str], None]


def pages(examples: Path = EXAMPLES) -> list[Path]:
    """The files of the sample pages, sorted by name.

    Args:
        examples: the folder with ``pages``.

    Raises:
        CommandFailed: there are none.
    """
    found = sorted((examples / "pages").glob("*.png"))
    if not found:
        raise CommandFailed("The sample pages are not installed.", "Run the command from a copy of the repository.")
    return found


def fill(settings: Settings, bucket: str, say: Say) -> Storage:
    """Upload the missing sample pages to a bucket, which is created if necessary.

    Args:
        settings: of the server: endpoint and keys.
        bucket: its name.
        say: prints a sentence about each step.

    Returns:
        The folder with the pages.

    Raises:
        CommandFailed: there are no keys, or S3 refuses.
    """
    key_id, secret = settings.aws_access_key_id, settings.aws_secret_access_key
    if key_id is None or secret is None:
        raise CommandFailed(
            "This server has no keys for S3.",
            "Set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, for MinIO, AWS_ENDPOINT.",
        )
    with command_errors(), s3_errors(settings, bucket):
        # Eight attempts: a new S3 server answers before it can store objects. boto3 backs off for up to a minute.
        client = make_client(settings, read_seconds=10, attempts=8)
        try:
            there = client.list_objects_v2(Bucket=bucket, Prefix=f"{PREFIX}/").get("Contents", [])
        except client.exceptions.NoSuchBucket:
            _make(client, bucket, settings)
            say(f"Made the bucket {bucket}.")
            there = []
        names = {entry["Key"].rpartition("/")[2] for entry in there}
        missing = [page for page in pages() if page.name not in names]
        for page in missing:
            kind = mimetypes.guess_type(page.name)[0] or "application/octet-stream"
            client.put_object(Bucket=bucket, Key=f"{PREFIX}/{page.name}", Body=page.read_bytes(), ContentType=kind)
    if missing:
        say(f"Put {', '.join(page.name for page in missing)} into s3://{bucket}/{PREFIX}/.")
    else:
        say(f"The sample pages are in s3://{bucket}/{PREFIX}/.")
    return Storage(
        bucket, PREFIX, settings.aws_endpoint, settings.aws_region, key_id, secret, settings.aws_session_token
    )


def _make(client: "S3Client", bucket: str, settings: Settings) -> None:
    if settings.aws_endpoint or settings.aws_region == _FIRST_REGION:
        client.create_bucket(Bucket=bucket)
    else:
        place: Any = {"LocationConstraint": settings.aws_region}
        client.create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
