"""A server that shows its status page."""

from collections.abc import Iterator

import pytest

from tests.backend import Backend, one_reader, running


@pytest.fixture(scope="session")
def desk(page_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    """A server that reads with Tesseract, may fetch from the page server, and shows its status page."""
    environment = one_reader(page_server, "tesseract", STATUS_PAGE="true")
    with running(tmp_path_factory.mktemp("desk"), environment) as server:
        yield server
