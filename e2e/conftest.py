"""Fixtures: servers and browser, shared by all tests; a tab and a project for each test."""

import os
import re
import shutil
from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from e2e import commands, pages
from e2e.annotator import Annotator, log_in
from e2e.backend import Backend
from e2e.label_studio import LabelStudioServer, Project
from e2e.storage import S3, WebServer

SHOTS = Path(__file__).with_name("shots")

INVOICE = ("Invoice 12345", "Total due 678.90", "Berlin Germany")
ORDER = ("Second page text", "Order 4711", "Thank you")

_CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # No name outside this machine resolves.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


# Browsers that are looked for, the fastest first.
_BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")

# Animations take a seventh of the browser's time. They still end, since the front end waits for that.
_WITHOUT_ANIMATIONS = """
addEventListener("DOMContentLoaded", () => {
    const style = document.createElement("style");
    style.textContent = `*, *::before, *::after {
        animation-duration: 1ms !important;
        animation-iteration-count: 1 !important;
        transition-duration: 1ms !important;
    }`;
    document.head.append(style);
});
"""

_FAILED = pytest.StashKey[bool]()


class StartBackend(Protocol):
    """Starts a backend with these environment variables, in addition to the common ones."""

    def __call__(self, *, application: str = "_wsgi:app", **environment: str) -> Backend: ...


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder for the servers' data and logs."""
    return tmp_path_factory.mktemp("servers")


@pytest.fixture(scope="session")
def stop_at_end() -> Iterator[ExitStack]:
    """A stack of callbacks that run after the last test."""
    with ExitStack() as stack:
        yield stack


# --- Pages


@pytest.fixture(scope="session")
def page_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the web server serves."""
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="session")
def invoice(page_folder: Path) -> pages.Page:
    """A page with three upright lines."""
    return pages.upright(page_folder / "invoice.png", *INVOICE)


@pytest.fixture(scope="session")
def order(page_folder: Path) -> pages.Page:
    """A page with three other upright lines."""
    return pages.upright(page_folder / "order.png", *ORDER)


@pytest.fixture(scope="session")
def delivery_notes(page_folder: Path) -> list[pages.Page]:
    """Ten pages of four megapixels, each with a unique line."""
    same = ("Two tables and eleven chairs", "Received with thanks")
    return [
        pages.scanned(page_folder / f"note-{number}.png", f"Delivery note number {number}", *same)
        for number in range(1000, 1010)
    ]


# --- Servers


@pytest.fixture(scope="session")
def web(page_folder: Path, stop_at_end: ExitStack) -> WebServer:
    """The web server for the pages."""
    server = WebServer(page_folder)
    server.start()
    stop_at_end.callback(server.stop)
    return server


@pytest.fixture(scope="session")
def s3(folder: Path, stop_at_end: ExitStack) -> S3:
    """An S3 server."""
    server = S3(folder)
    stop_at_end.callback(server.server.stop)
    server.start()
    return server


@pytest.fixture(scope="session")
def label_studio(folder: Path, stop_at_end: ExitStack) -> LabelStudioServer:
    """Label Studio in its default state: legacy tokens are refused."""
    server = LabelStudioServer(folder)
    stop_at_end.callback(server.stop)
    server.start()
    return server


@pytest.fixture(scope="session")
def start_backend(
    tmp_path_factory: pytest.TempPathFactory, stop_at_end: ExitStack, label_studio: LabelStudioServer, web: WebServer
) -> StartBackend:
    """Starts backends with the address and personal token of Label Studio, and further variables."""

    def start(*, application: str = "_wsgi:app", **environment: str) -> Backend:
        backend = Backend(
            tmp_path_factory.mktemp("backend"),
            application=application,
            **{
                "LABEL_STUDIO_URL": label_studio.url,
                "LABEL_STUDIO_ACCESS_TOKEN": label_studio.personal_token,
                "ALLOWED_IMAGE_HOSTS": web.host,
                "OCR_WORKERS": "1",
                **environment,
            },
        )
        stop_at_end.callback(backend.stop)
        backend.start()
        return backend

    return start


@pytest.fixture(scope="session")
def s3_keys(s3: S3) -> dict[str, str]:
    """The variables with which a backend reads from the S3 server directly."""
    return {"AWS_ACCESS_KEY_ID": s3.KEY, "AWS_SECRET_ACCESS_KEY": s3.SECRET, "AWS_ENDPOINT": s3.endpoint}


@pytest.fixture(scope="session")
def backend(start_backend: StartBackend) -> Backend:
    """The default backend. It has no S3 keys."""
    return start_backend()


# --- For each test


@pytest.fixture
def boxocr(label_studio: LabelStudioServer, web: WebServer, tmp_path: Path) -> commands.Run:
    """Runs ``boxocr`` in an empty folder; no command prints the token."""

    def run(
        *arguments: object,
        server: LabelStudioServer | None = None,
        variables: Mapping[str, str] = commands.NO_VARIABLES,
    ) -> commands.Outcome:
        asked = server or label_studio
        environment = commands.environment(asked, web) | dict(variables)
        done = commands.run(*arguments, variables=environment, folder=tmp_path)
        assert asked.personal_token not in done.stdout + done.stderr
        return commands.Outcome(done.returncode, " ".join((done.stdout + done.stderr).split()))

    return run


class NewProject(Protocol):
    """Creates a project with this labeling config and these tasks; a page is replaced by its address on the web server.

    By default it is connected to the default backend.
    """

    def __call__(self, config: str, *tasks: Mapping[str, Any], connect: bool = True) -> Project: ...


@pytest.fixture
def new_project(
    request: pytest.FixtureRequest, label_studio: LabelStudioServer, web: WebServer, backend: Backend
) -> NewProject:
    """Creates projects that are named after the test."""

    def addressed(value: Any) -> Any:
        match value:
            case pages.Page():
                return web.address_of(value.path)
            case list():
                return [addressed(item) for item in value]
            case Mapping():
                return {key: addressed(item) for key, item in value.items()}
        return value

    def make(config: str, *tasks: Mapping[str, Any], connect: bool = True) -> Project:
        project = label_studio.new_project(request.node.name, config, *(addressed(data) for data in tasks))
        if connect:
            project.connect(backend.url)
        return project

    return make


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium."""
    found = os.environ.get("CHROMIUM") or next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    assert found, "no Chromium: run e2e/setup.sh"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=_CHROMIUM_OPTIONS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def context(browser: Browser, label_studio: LabelStudioServer) -> Iterator[BrowserContext]:
    """A logged-in browser context. All tests share it for its cache, because the front end is large."""
    with logged_in(browser, label_studio.url) as context:
        yield context


@contextmanager
def logged_in(browser: Browser, url: str) -> Iterator[BrowserContext]:
    """Return a browser context that is logged in to this Label Studio."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    context.add_init_script(_WITHOUT_ANIMATIONS)
    tab = context.new_page()
    log_in(tab, url)
    tab.close()
    yield context
    context.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest first, so that the workers finish at about the same time."""
    longest = (
        "test_deployment",
        "test_connect",
        "test_doctor",
        "test_whole_pages",
        "test_learning",
        "test_labeling_configs",
    )
    places = {f"e2e/{name}.py": place for place, name in enumerate(longest)}
    items.sort(key=lambda item: places.get(item.nodeid.partition("::")[0], len(longest)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Store on the test item whether it failed, for the fixtures."""
    report = yield
    if report.when == "call":
        item.stash[_FAILED] = report.failed
    return report


@pytest.fixture
def annotator(
    request: pytest.FixtureRequest, context: BrowserContext, label_studio: LabelStudioServer
) -> Iterator[Annotator]:
    """An annotator with a new browser tab; a screenshot is saved in ``shots/`` under the test's name."""
    with at_new_tab(request, Annotator, context, label_studio.url) as annotator:
        yield annotator


@contextmanager
def at_new_tab(
    request: pytest.FixtureRequest, kind: type[Annotator], context: BrowserContext, url: str
) -> Iterator[Annotator]:
    """Yield an annotator with a new tab of this browser; a screenshot is saved in ``shots/`` under the test's name."""
    SHOTS.mkdir(exist_ok=True)
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.removeprefix("test_").lower()).strip("-")
    shot = SHOTS / f"{name}.png"
    shot.unlink(missing_ok=True)
    tab = context.new_page()
    tab.goto(f"{url}/health")
    # The front end stores its toggles there.
    tab.evaluate("localStorage.clear()")
    annotator = kind(tab, url, shot)
    yield annotator
    if request.node.stash.get(_FAILED, False) or not shot.exists():
        annotator.take_picture()
    tab.close()
