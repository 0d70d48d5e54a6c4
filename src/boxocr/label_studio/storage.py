"""A folder of a bucket, for Label Studio's S3 storage."""

from dataclasses import dataclass

from pydantic import SecretStr


@dataclass(frozen=True, slots=True)
class Storage:
    """A folder of a bucket whose objects become tasks.

    Attributes:
        bucket: its name.
        prefix: of the objects' keys, without a trailing slash.
        endpoint: of the S3 server, as Label Studio reaches it; None for AWS.
        region: of the bucket.
        key_id: id of the access key.
        secret: secret of the access key.
        session: session token of a temporary access key.
    """

    bucket: str
    prefix: str
    endpoint: str | None
    region: str
    key_id: str
    secret: SecretStr
    session: SecretStr | None = None
