"""Pages whose addresses have another name for Label Studio than the one that it is reached by."""

import base64
from urllib.parse import urlsplit

import pytest

from boxocr.errors import PageForbidden, PageUnauthorized
from boxocr.pages.store import PageStore
from tests.pages.conftest import StoreMaker, failure, png, value
from tests.servers.label_studio import LabelStudioStandIn, label_studio
from tests.servers.web import Reply, WebServer, redirect

OTHERS = ("http://label-studio:8080", "https://pages.example.com/a/b", "http://[fd00::7]:8080/ls")


@pytest.fixture
def named(studio: LabelStudioStandIn, make_store: StoreMaker) -> PageStore:
    """A store that knows other names of Label Studio."""
    studio.uploads["1/a b.png"] = studio.local_files["x/y.png"] = png(7)
    addresses = " , ".join([f"{studio.url}/", *(f"{name}/" for name in OTHERS), studio.url, ""])
    return make_store(LABEL_STUDIO_HOST=addresses, LABEL_STUDIO_ACCESS_TOKEN=studio.token)


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("path", ["/data/upload/1/a b.png", "/data/upload/1/a%20b.png", "/data/local-files/?d=x/y.png"])
def test_a_page_under_a_name_of_the_settings_is_fetched_from_the_first_address(
    name: str, path: str, studio: LabelStudioStandIn, named: PageStore
) -> None:
    assert value(named, f"{name}{path}") == 7
    fetched = studio.web.requests[-1]
    assert fetched.target == f"{studio.prefix}{path.replace(' ', '%20')}"
    assert str(fetched.authorization).startswith("Bearer ")


def test_any_path_below_such_a_name_is_label_studios(studio: LabelStudioStandIn, named: PageStore) -> None:
    studio.web.routes[f"{studio.prefix}/static/anything"] = Reply(png(4))
    assert value(named, f"{OTHERS[1]}/static/anything?x=1#y") == 4
    assert studio.web.requests[-1].target == f"{studio.prefix}/static/anything?x=1"
    assert isinstance(failure(named, f"{OTHERS[1]}/api/anything"), PageForbidden)


@pytest.mark.parametrize(
    "url",
    [
        "https://pages.example.com/a/data/upload/1/a b.png",
        "https://pages.example.com/data/upload/1/a b.png",
        "https://pages.example.com/a/bc/data/upload/1/a b.png",
        "http://pages.example.com/a/b/data/upload/1/a b.png",
        "https://pages.example.com:8443/a/b/data/upload/1/a b.png",
        "https://pages.example.com/a/b/../data/upload/1/a b.png",
        "https://pages.example.com/a/b/%2e%2e/data/upload/1/a b.png",
        "https://pages.example.com.evil.example/a/b/data/upload/1/a b.png",
        "https://pages.example.com@127.0.0.2/a/b/data/upload/1/a b.png",
    ],
)
def test_what_only_begins_like_such_a_name_is_someone_elses(
    url: str, studio: LabelStudioStandIn, named: PageStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nowhere(*_: object, **__: object) -> list[object]:
        return [(2, 1, 6, "", ("10.0.0.1", 1))]

    monkeypatch.setattr("boxocr.pages.http.connections.socket.getaddrinfo", nowhere)
    assert isinstance(failure(named, url), PageForbidden)
    assert [request for request in studio.web.requests if request.authorization] == []


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "127.0.0.9", "0.0.0.0", "[::1]", "LOCALHOST."])  # noqa: S104
def test_on_one_machine_all_its_names_are_the_same(
    name: str, studio: LabelStudioStandIn, studio_store: PageStore
) -> None:
    uri = base64.urlsafe_b64encode(b"s3://bucket/x.png").decode()
    path = f"{studio.prefix}/tasks/5/resolve/"
    studio.web.routes[path] = Reply(png(4))
    assert value(studio_store, f"http://{name}:{urlsplit(studio.url).port}{path}?fileuri={uri}") == 4
    assert str(studio.web.requests[-1].authorization).startswith("Bearer ")


@pytest.mark.parametrize("url", ["http://localhost:{port}/other/x.png", "https://localhost:{port}{prefix}/x.png"])
def test_on_one_machine_another_path_or_scheme_is_someone_elses(url: str, make_store: StoreMaker) -> None:
    with label_studio("/label-studio") as studio:
        store = make_store(LABEL_STUDIO_URL=studio.url, LABEL_STUDIO_ACCESS_TOKEN=studio.token)
        address = url.format(port=urlsplit(studio.url).port, prefix=studio.prefix)
        assert isinstance(failure(store, address), PageForbidden)
        assert studio.web.requests == []


@pytest.mark.parametrize("own", ["https://studio.example.com", "http://studio:8080/some/path"])
def test_label_studio_is_asked_for_its_own_name_once(
    own: str, studio: LabelStudioStandIn, studio_store: PageStore
) -> None:
    studio.own_name = own
    studio.uploads |= {"1/x.png": png(1), "1/y.png": png(2)}
    assert value(studio_store, f"{own}/data/upload/1/x.png") == 1
    assert value(studio_store, f"{own}/data/upload/1/y.png") == 2
    (asked,) = studio.web.asked(f"{studio.prefix}/user/login/")
    assert asked.authorization is None
    assert str(studio.web.requests[-1].authorization).startswith("Bearer ")


def test_whatever_label_studio_calls_itself_its_token_goes_to_the_first_address(
    studio: LabelStudioStandIn, elsewhere: WebServer, make_store: StoreMaker
) -> None:
    store = make_store(
        LABEL_STUDIO_URL=studio.url, LABEL_STUDIO_ACCESS_TOKEN=studio.token, ALLOWED_IMAGE_HOSTS=elsewhere.origin
    )
    elsewhere.routes[""] = Reply(png(1))
    studio.own_name = elsewhere.url
    studio.uploads["1/x.png"] = png(2)
    assert value(store, f"{elsewhere.url}/data/upload/1/x.png") == 2
    # Its other paths are not Label Studio's.
    assert value(store, f"{elsewhere.url}/images/x.png") == 1
    assert [request.authorization for request in elsewhere.requests] == [None]


def test_other_pages_do_not_make_label_studio_be_asked(
    studio: LabelStudioStandIn, elsewhere: WebServer, make_store: StoreMaker
) -> None:
    store = make_store(LABEL_STUDIO_URL=studio.url, ALLOWED_IMAGE_HOSTS=elsewhere.origin)
    elsewhere.routes[""] = Reply(png(1))
    assert value(store, f"{elsewhere.url}/images/x.png") == 1
    assert studio.web.requests == []


@pytest.mark.parametrize(
    "page",
    [
        Reply(b"<html>", 500),
        Reply(b'<link href="/static/css/main.css"/>'),
        Reply(b'<link href="https://:99999/static/css/main.css"/>'),
        Reply(b'<link href="ftp://x/static/css/main.css"/>'),
        Reply(b'<link href="http://\xff\xfe/static/css/main.css"/>'),
        Reply(raw=[b""]),
        redirect("https://login.invalid/"),
    ],
)
def test_a_label_studio_that_does_not_say_its_name_is_asked_no_more_for_a_while(
    page: Reply, studio: LabelStudioStandIn, studio_store: PageStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "boxocr.pages.http.connections.socket.getaddrinfo",
        lambda host, port, **_: [(2, 1, 6, "", (host if host == "127.0.0.1" else "10.0.0.1", port))],
    )
    studio.web.routes[f"{studio.prefix}/user/login/"] = page
    for number in range(3):
        assert isinstance(failure(studio_store, f"http://studio:8080/data/upload/1/{number}.png"), PageForbidden)
    assert len(studio.web.asked(f"{studio.prefix}/user/login/")) == 1


def test_an_unknown_name_is_told_with_what_to_do(
    studio: LabelStudioStandIn, elsewhere: WebServer, make_store: StoreMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make_store(
        LABEL_STUDIO_URL=studio.url, LABEL_STUDIO_ACCESS_TOKEN=studio.token, ALLOWED_IMAGE_HOSTS=elsewhere.origin
    )
    elsewhere.routes[""] = Reply(b"{}", 401)
    caught = failure(store, f"{elsewhere.url}/ls/data/upload/1/x.png")
    assert isinstance(caught, PageUnauthorized)
    assert caught.sentence == (
        f"127.0.0.1 asks for a login (HTTP 401). If {elsewhere.url}/ls is another name of Label Studio, add it to "
        "LABEL_STUDIO_HOST after a comma."
    )
    assert [request.authorization for request in elsewhere.requests] == [None]

    monkeypatch.setattr(
        "boxocr.pages.http.connections.socket.getaddrinfo",
        lambda host, port, **_: [(2, 1, 6, "", (host if host == "127.0.0.1" else "10.0.0.1", port))],
    )
    caught = failure(store, "http://studio:8080/data/local-files/?d=x.png")
    assert caught.sentence == (
        "The page is on studio, a private host that this server is not allowed to contact. If http://studio:8080 is "
        "another name of Label Studio, add it to LABEL_STUDIO_HOST after a comma. If this is intended, add studio to "
        "ALLOWED_IMAGE_HOSTS."
    )
