"""What all tests share: the pages that Label Studio's recorded requests speak of, and one running server."""

import functools
import os
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.backend import Backend, running

DATA = Path(__file__).parent / "data"

# The workers of pytest-xdist keep all cores busy. OpenBLAS reads this when numpy is imported; its threads wait for each
# other by spinning, which makes training four times as expensive then.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


@pytest.fixture(scope="session")
def page_server() -> Iterator[str]:
    """Address of a web server with the recorded requests' pages below /pages/."""
    handler = functools.partial(_QuietHandler, directory=str(DATA))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture(scope="session")
def backend(page_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    """A server that reads with Tesseract, may fetch from the page server, and knows neither Label Studio nor S3."""
    environment = {"ALLOWED_IMAGE_HOSTS": page_server.removeprefix("http://"), "OCR_ENGINE": "tesseract"}
    with running(tmp_path_factory.mktemp("backend"), environment) as server:
        yield server
