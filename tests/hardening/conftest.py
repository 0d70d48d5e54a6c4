"""The real application with real readers in this process, so that thousands of requests take seconds."""

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings

from boxocr.answering import services
from boxocr.settings.environment import Settings
from boxocr.web.app import create_app
from model import BoxOCR
from tests.backend import Backend

# No deadline, since readings can take long. Examples are the same in each run, so that a failure can be repeated.
settings.register_profile(
    "hardening",
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)
settings.load_profile("hardening")


@dataclass
class Trouble(logging.Handler):
    """Collects what must not be in a log, which are errors and tracebacks."""

    records: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.ERROR or record.exc_info:
            self.records.append(logging.Formatter().format(record))

    __hash__ = object.__hash__


@dataclass(frozen=True)
class Front:
    """The application in this process.

    Attributes:
        app: the application.
        client: sends requests to it.
        trouble: errors and tracebacks that it logged.
    """

    app: Flask
    client: FlaskClient
    trouble: Trouble

    def post(self, path: str, body: bytes) -> tuple[int, Any]:
        """Send a body. The answer must be JSON, and no error may be logged."""
        self.trouble.records.clear()
        answer = self.client.post(path, data=body, content_type="application/json")
        assert not self.trouble.records, self.trouble.records
        assert "\n" not in answer.status
        return answer.status_code, answer.get_json()


@dataclass(frozen=True)
class Gunicorn:
    """The application in a running server."""

    backend: Backend

    def post(self, path: str, body: bytes) -> tuple[int, Any]:
        """Send a body. The answer must be JSON."""
        headers = {"Content-Type": "application/json"}
        answer = requests.post(self.backend.url + path, data=body, headers=headers, timeout=100)
        return answer.status_code, answer.json()


@pytest.fixture
def gunicorn(backend: Backend) -> Iterator[Gunicorn]:
    """The running server, which must not log errors meanwhile."""
    before = len(backend.log.read_text())
    yield Gunicorn(backend)
    logged = backend.log.read_text()[before:]
    assert "Traceback" not in logged
    assert " ERROR " not in logged


@pytest.fixture(scope="session")
def front(page_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """The application as an operator runs it, with two readers."""
    with pytest.MonkeyPatch.context() as environment:
        for name in [name for name in os.environ if name.startswith(("AWS_", "LABEL_STUDIO_", "OCR_", "BASIC_AUTH"))]:
            environment.delenv(name)
        environment.setenv("ALLOWED_IMAGE_HOSTS", page_server.removeprefix("http://"))
        environment.setenv("OCR_ENGINE", "tesseract")
        environment.setenv("OCR_WORKERS", "2")
        environment.setenv("REQUESTS_PER_SECOND", "0")
        environment.chdir(tmp_path_factory.mktemp("front"))
        app = create_app(BoxOCR, Settings.load())
    trouble = Trouble()
    logging.getLogger().addHandler(trouble)
    try:
        yield Front(app, app.test_client(), trouble)
    finally:
        logging.getLogger().removeHandler(trouble)
        services.stop()
