"""All page sources with each kind of token, and pages that cannot be read."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from e2e.annotator import Annotator
from e2e.backend import Backend
from e2e.configs import BOXES
from e2e.conftest import NewProject, StartBackend
from e2e.label_studio import LabelStudioServer, Project
from e2e.pages import Box, Page
from e2e.storage import S3, WebServer


@pytest.fixture(scope="module", params=["personal", "legacy"])
def token(request: pytest.FixtureRequest, label_studio: LabelStudioServer) -> Iterator[str]:
    """A personal access token in a default organisation, or a legacy token in one that allows them."""
    if request.param == "personal":
        yield label_studio.personal_token
    else:
        with label_studio.legacy_tokens() as legacy:
            yield legacy


@pytest.fixture(scope="module")
def backend_with_keys(start_backend: StartBackend, s3_keys: dict[str, str], token: str) -> Iterator[Backend]:
    """A backend with that token and its own S3 keys."""
    backend = start_backend(**s3_keys, LABEL_STUDIO_ACCESS_TOKEN=token)
    yield backend
    backend.stop()


@pytest.fixture(scope="module")
def backend_without_keys(start_backend: StartBackend, s3: S3, web: WebServer) -> Iterator[Backend]:
    """A backend without S3 keys that may follow Label Studio's redirects to the S3 server."""
    backend = start_backend(ALLOWED_IMAGE_HOSTS=f"{web.host},{s3.host}")
    yield backend
    backend.stop()


@dataclass(frozen=True)
class Store:
    """Stores a page in ``source``, and imports it into a project as its only task."""

    label_studio: LabelStudioServer
    s3: S3
    web: WebServer
    page: Path

    def project(self, source: str) -> Project:
        project = self.label_studio.new_project(f"A page from {source}", BOXES)
        match source:
            case "upload":
                project.upload(self.page)
            case "local files":
                folder = self.label_studio.document_root / "scans"
                folder.mkdir(exist_ok=True)
                shutil.copy(self.page, folder)
                project.add_local_files(folder)
            case "s3" | "s3 presigned":
                self.s3.put(self.page, "scans")
                project.add_s3(self.s3, "scans", presign=source == "s3 presigned")
            case "http":
                project.add_tasks({"image": self.web.address_of(self.page)})
        assert project.address().startswith(ADDRESSES[source])
        return project


# The prefix of the address in the task, by source.
ADDRESSES = {
    "upload": "/data/upload/",
    "local files": "/data/local-files/?d=",
    "s3": "s3://",
    "s3 presigned": "s3://",
    "http": "http://",
}


@pytest.fixture
def store(label_studio: LabelStudioServer, s3: S3, web: WebServer, invoice: Page) -> Store:
    return Store(label_studio, s3, web, invoice.path)


@pytest.mark.parametrize("source", ADDRESSES)
def test_with_each_kind_of_token_a_page_is_read_from(
    annotator: Annotator, store: Store, backend_with_keys: Backend, invoice: Page, source: str
) -> None:
    project = store.project(source)
    project.connect(backend_with_keys.url)
    annotator.open(project, project.task())
    annotator.read(invoice.box("Invoice 12345"), "Text")
    annotator.submit()

    assert project.saved(project.task()).only.text == "Invoice 12345"


@pytest.mark.parametrize("source", ["s3", "s3 presigned"])
def test_without_s3_keys_a_page_is_read_through_label_studio_from(
    annotator: Annotator, store: Store, backend_without_keys: Backend, invoice: Page, source: str
) -> None:
    project = store.project(source)
    project.connect(backend_without_keys.url)
    annotator.open(project, project.task())
    annotator.read(invoice.box("Berlin Germany"), "Text")
    annotator.submit()

    assert project.saved(project.task()).only.text == "Berlin Germany"


def test_local_files_are_read_from_disk_where_the_backend_sees_them(
    annotator: Annotator, store: Store, start_backend: StartBackend, invoice: Page
) -> None:
    # Without a token Label Studio serves nothing, so the page must come from the disk.
    root = str(store.label_studio.document_root)
    backend = start_backend(LABEL_STUDIO_ACCESS_TOKEN="", LOCAL_FILES_DOCUMENT_ROOT=root, LOCAL_FILES_FOLDERS=".")
    project = store.project("local files")
    project.connect(backend.url)
    annotator.open(project, project.task())
    annotator.read(invoice.box("Berlin Germany"), "Text")
    annotator.submit()

    assert project.saved(project.task()).only.text == "Berlin Germany"


@pytest.fixture
def stranger(page_folder: Path) -> Iterator[WebServer]:
    """A web server that is not among the allowed hosts."""
    server = WebServer(page_folder)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def addresses(web: WebServer, stranger: WebServer, invoice: Page) -> dict[str, str]:
    """Addresses that work in a browser but not in a backend, by problem."""
    return {
        "members only": web.address_of(invoice.path, "/members"),
        "no picture": web.address_of(invoice.path, "/html"),
        "host not allowed": stranger.address_of(invoice.path),
    }


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [("members only", "403"), ("no picture", "not an image"), ("host not allowed", "ALLOWED_IMAGE_HOSTS")],
)
def test_on_a_page_that_cannot_be_read_the_box_survives_and_its_info_panel_says_why(
    annotator: Annotator, new_project: NewProject, addresses: dict[str, str], wrong: str, sentence: str
) -> None:
    project = new_project(BOXES, {"image": addresses[wrong]})
    annotator.open(project, project.task())
    annotator.read(Box(10, 10, 30, 10), "Text")
    annotator.submit()
    annotator.select_region(0)

    region = project.saved(project.task()).only
    assert region.label == "Text"
    assert region.types == {"rectanglelabels"}
    assert sentence in region.message
    annotator.expect_info(region.message)


def test_where_nothing_is_written_the_box_survives_and_its_info_panel_says_so(
    annotator: Annotator, new_project: NewProject, invoice: Page
) -> None:
    project = new_project(BOXES, {"image": invoice})
    annotator.open(project, project.task())
    annotator.read(Box(10, 70, 30, 10), "Text")
    annotator.submit()
    annotator.select_region(0)

    region = project.saved(project.task()).only
    assert region.types == {"rectanglelabels"}
    assert "No text found" in region.message
    annotator.expect_info(region.message)
