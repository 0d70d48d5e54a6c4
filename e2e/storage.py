"""Storage for pages outside Label Studio: an S3 server and a plain web server."""

import functools
import json
import sys
import threading
from collections import Counter
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from e2e.process import HOST, Server, until
from tests.servers.ports import free_ports


class S3:
    """SeaweedFS with its S3 gateway, one bucket and one pair of keys."""

    KEY = "e2e-key"
    SECRET = "e2e-secret"  # noqa: S105 - of a server that lives as long as the tests
    BUCKET = "pages"

    def __init__(self, folder: Path) -> None:
        data = folder / "s3"
        data.mkdir()
        identities = folder / "s3-identities.json"
        identity = {
            "name": "e2e",
            "credentials": [{"accessKey": self.KEY, "secretKey": self.SECRET}],
            "actions": ["Admin", "Read", "Write", "List"],
        }
        identities.write_text(json.dumps({"identities": [identity]}))
        roles = ("master", "volume", "filer", "s3")
        ports = free_ports(2 * len(roles))
        options = [f"-{role}.port={port}" for role, port in zip(roles, ports[::2], strict=True)]
        options += [f"-{role}.port.grpc={port}" for role, port in zip(roles, ports[1::2], strict=True)]
        self.host = f"{HOST}:{ports[2 * roles.index('s3')]}"
        self.endpoint = f"http://{self.host}"
        self.server = Server(
            "s3",
            [
                Path(sys.executable).with_name("weed"),
                "server",
                f"-dir={data}",
                f"-ip={HOST}",
                f"-ip.bind={HOST}",
                *options,
                "-master.telemetry=false",
                "-master.volumeSizeLimitMB=64",
                "-volume.max=4",
                "-s3",
                f"-s3.config={identities}",
                "-s3.port.iceberg=0",
                "-s3.port.lance=0",
                f"-filer.localSocket={folder / 'filer.sock'}",
                f"-s3.localSocket={folder / 's3.sock'}",
            ],
            folder=folder,
            ready=f"{self.endpoint}/healthz",
        )

    def start(self) -> None:
        """Start it and create the bucket."""
        self.server.start()
        self._client = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=self.KEY,
            aws_secret_access_key=self.SECRET,
            region_name="us-east-1",
            config=Config(retries={"max_attempts": 1}, connect_timeout=2, read_timeout=20),
        )

        def made() -> bool:
            # The gateway answers before the volume server behind it is ready.
            try:
                self._client.create_bucket(Bucket=self.BUCKET)
                self._client.put_object(Bucket=self.BUCKET, Key="probe", Body=b"probe")
            except (BotoCoreError, ClientError):
                return False
            return True

        until(made, "the S3 server stores an object", seconds=60)

    def put(self, path: Path, prefix: str) -> None:
        """Store a file as ``prefix/name``."""
        media_type = "image/jpeg" if path.suffix == ".jpg" else "image/png"
        self._client.put_object(
            Bucket=self.BUCKET, Key=f"{prefix}/{path.name}", Body=path.read_bytes(), ContentType=media_type
        )


class _Pages(SimpleHTTPRequestHandler):
    """Serves the files of a folder to browsers of every origin.

    Under ``/members`` only browsers, recognized by their User-Agent, get the files; other clients are refused.
    Under ``/html`` browsers get the image, and other clients get a web page instead.
    """

    def __init__(self, *args: Any, asked: Counter[str], **options: Any) -> None:
        self._asked = asked
        super().__init__(*args, **options)

    def do_GET(self) -> None:
        self._asked[self.path] += 1
        corner, _, name = self.path.rpartition("/")
        browser = "Mozilla" in self.headers.get("User-Agent", "")
        self.path = f"/{name}"
        if corner == "/members" and not browser:
            self.send_error(HTTPStatus.FORBIDDEN)
        elif corner == "/html" and not browser:
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>Log in</title><p>Please log in.")
        else:
            super().do_GET()

    def end_headers(self) -> None:
        """Allow cross-origin access, because Label Studio's front end draws the image on a canvas."""
        self.send_header("Access-Control-Allow-Origin", "*")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Log nothing."""


class WebServer:
    """Serves the files of a folder at ``host``; see :class:`_Pages` for the paths that refuse programs.

    Attributes:
        asked: number of requests by path.
    """

    def __init__(self, folder: Path) -> None:
        self.asked: Counter[str] = Counter()
        handler = functools.partial(_Pages, asked=self.asked, directory=str(folder))
        self._server = ThreadingHTTPServer((HOST, 0), handler)
        self.host = f"{HOST}:{self._server.server_port}"

    def start(self) -> None:
        """Serve in a thread."""
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def address_of(self, file: Path, corner: str = "") -> str:
        """Return the address of one of the files, below the path ``corner``."""
        return f"http://{self.host}{corner}/{file.name}"

    def stop(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
