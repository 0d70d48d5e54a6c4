"""Readers that many tests share, since starting readers takes a second."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from boxocr.reading.engines import make
from boxocr.reading.pool.pool import ReaderPool
from boxocr.reading.recognition.engine_settings import EngineSettings
from boxocr.reading.types import Engine
from tests.reading import program


@pytest.fixture(scope="session")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReaderPool]:
    """Two readers with Tesseract and a timeout of three seconds. If no tesseract program exists, one is installed."""
    with pytest.MonkeyPatch.context() as patch:
        # The program stays until the pool stops, because the pool replaces readers that crash or take too long.
        if not shutil.which("tesseract"):
            program.install(tmp_path_factory.mktemp("program"), patch)
        running = ReaderPool(workers=2, timeout=3, engine="tesseract")
        running.start()
        with running:
            yield running


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> EngineSettings:
    return EngineSettings("eng", None, str(tmp_path_factory.mktemp("links")), 20)


@pytest.fixture(scope="session")
def tesseract(settings: EngineSettings) -> Engine:
    """Tesseract's ladder in this process."""
    return make("tesseract", settings)


@pytest.fixture(scope="session")
def auto(settings: EngineSettings) -> Engine:
    """Both engines in this process."""
    return make("auto", settings)


@pytest.fixture(params=["tesseract", "auto"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Tesseract alone, and both engines."""
    found: Engine = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def no_system_languages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the language data that Debian's packages may have installed."""
    found = Path.glob
    monkeypatch.setattr(
        Path, "glob", lambda self, pattern: () if str(self).startswith("/usr/") else found(self, pattern)
    )
    is_dir = Path.is_dir
    monkeypatch.setattr(Path, "is_dir", lambda self: not str(self).startswith("/usr/") and is_dir(self))
