"""Page stores with any settings, and real servers with pages for them."""

import os
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from boxocr.errors import PageError
from boxocr.pages.image.processes import DecoderProcesses
from boxocr.pages.page import PageAddress
from boxocr.pages.store import PageStore
from boxocr.settings.environment import Settings
from tests.servers.label_studio import LabelStudioStandIn, label_studio
from tests.servers.s3 import S3Server, s3_server
from tests.servers.web import WebServer, web_server

# For the HEIC files of tests.
pillow_heif.register_heif_opener()

StoreMaker = Callable[..., PageStore]


def png(value: int = 0) -> bytes:
    """A small page, different for each value."""
    return encoded(Image.fromarray(np.full((6, 8), value, np.uint8)))


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def lent(store: PageStore, address: PageAddress) -> np.ndarray:
    """The pixels of the page at an address."""
    with store.borrow(address) as page:
        return page.pixels


def value(store: PageStore, url: str, task_id: int | None = None) -> int:
    """The value with which :func:`png` made the page at an address."""
    return int(lent(store, PageAddress(url, task_id))[0, 0])


def failure(store: PageStore, url: str, task_id: int | None = None) -> PageError:
    """The error that borrowing the page at an address raises."""
    with pytest.raises(PageError) as caught:
        lent(store, PageAddress(url, task_id))
    return caught.value


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in os.environ:
        if name.startswith(("AWS_", "LABEL_STUDIO_", "PAGE_", "MAX_PAGE_", "ALLOWED_", "LOCAL_FILES_", "SSL_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def processes() -> Iterator[DecoderProcesses]:
    """Processes that decode the pages of all stores. They are shared, since starting one takes half a second."""
    shared = DecoderProcesses(4)
    yield shared
    shared.close()


@pytest.fixture
def make_store(monkeypatch: pytest.MonkeyPatch, processes: DecoderProcesses) -> Iterator[StoreMaker]:
    """Makes stores from environment variables."""
    made: list[PageStore] = []

    def make(**variables: object) -> PageStore:
        for name, value in variables.items():
            monkeypatch.setenv(name, str(value))
        made.append(PageStore(Settings.load(), processes))
        return made[-1]

    yield make
    for store in made:
        store.close()


@pytest.fixture
def web() -> Iterator[WebServer]:
    with web_server() as server:
        yield server


@pytest.fixture
def elsewhere() -> Iterator[WebServer]:
    """A server that the guard and the tokens treat as another host."""
    with web_server() as server:
        yield server


@pytest.fixture(params=["", "/label-studio"], ids=["at the root", "behind a path prefix"])
def studio(request: pytest.FixtureRequest) -> Iterator[LabelStudioStandIn]:
    with label_studio(request.param) as server:
        yield server


@pytest.fixture
def studio_store(studio: LabelStudioStandIn, make_store: StoreMaker) -> PageStore:
    """A store with Label Studio's address and a token."""
    return make_store(LABEL_STUDIO_URL=studio.url, LABEL_STUDIO_ACCESS_TOKEN=studio.token)


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server
