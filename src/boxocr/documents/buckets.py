"""Files in S3, or on a server with the same API."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from boxocr.errors import DocumentError, PageUnreachable
from boxocr.pages.sources.s3_client import make_client, s3_errors
from boxocr.settings.environment import Settings

SCHEME = "s3://"

_BLOCK = 1 << 20
_ATTEMPTS = 5
_READ_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Entry:
    """An object.

    Attributes:
        key: its name in the bucket.
        size: bytes.
    """

    key: str
    size: int


class Bucket:
    """The objects under a prefix of a bucket.

    Args:
        url: ``s3://bucket/prefix``.
        settings: endpoint and keys.

    Attributes:
        name: of the bucket.
        prefix: of the keys.

    Raises:
        DocumentError: the address names no bucket, or there are no keys.
    """

    def __init__(self, url: str, settings: Settings) -> None:
        self.name, _, self.prefix = url.partition("://")[2].partition("/")
        if not self.name:
            raise DocumentError("The address does not name a bucket.", "Write it like s3://bucket/prefix.")
        if settings.aws_access_key_id is None:
            raise DocumentError(
                "There are no keys for S3.",
                "Set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, for MinIO, AWS_ENDPOINT.",
            )
        self._settings = settings
        with s3_errors(settings, self.name):
            self._client = make_client(settings, read_seconds=_READ_SECONDS, attempts=_ATTEMPTS)

    def entries(self) -> Iterator[Entry]:
        """Yield the objects in the order of their keys, without the empty ones that are folders.

        Raises:
            PageError: S3 does not answer, or refuses.
        """
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=self.prefix)
        with s3_errors(self._settings, self.name):
            for page in pages:
                for entry in page.get("Contents", []):
                    if not entry["Key"].endswith("/"):
                        yield Entry(entry["Key"], entry["Size"])

    def download(self, key: str, to: IO[bytes]) -> None:
        """Copy an object into a file.

        Raises:
            PageError: S3 does not answer, or refuses.
        """
        with s3_errors(self._settings, self.name, no_answer="The download from S3 was interrupted."):
            found = self._client.get_object(Bucket=self.name, Key=key)
            copied = 0
            while block := found["Body"].read(_BLOCK):
                copied += to.write(block)
            if copied != found["ContentLength"]:
                raise PageUnreachable("The download from S3 was interrupted.", "Run the command again.")

    def put(self, key: str, data: bytes, media_type: str) -> None:
        """Store an object.

        Raises:
            PageError: S3 does not answer, or refuses.
        """
        with s3_errors(self._settings, self.name):
            self._client.put_object(Bucket=self.name, Key=key, Body=data, ContentType=media_type)
