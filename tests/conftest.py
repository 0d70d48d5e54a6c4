"""Fixtures for all tests: the pages that recorded requests of Label Studio refer to, and one running server."""

import functools
import os
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.backend import Backend, running

DATA = Path(__file__).parent / "data"

# The workers of pytest-xdist keep all cores busy. OpenBLAS's threads spin while they wait for each other, which then
# makes training four times as expensive. OpenBLAS reads this variable when numpy is imported.
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
    """A server that reads with Tesseract and may fetch from the page server. Label Studio and S3 are not configured."""
    environment = {"ALLOWED_IMAGE_HOSTS": page_server.removeprefix("http://"), "OCR_ENGINE": "tesseract"}
    with running(tmp_path_factory.mktemp("backend"), environment) as server:
        yield server
