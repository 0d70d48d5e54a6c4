"""Label Studio's token goes to Label Studio's own addresses and nowhere else."""

import pytest

from boxocr.errors import PageForbidden, PageTimeout, PageUnauthorized, PageUnreachable
from boxocr.pages.store import PageStore
from tests.pages.conftest import StoreMaker, failure, png, value
from tests.servers.label_studio import LabelStudioStandIn, label_studio
from tests.servers.web import Reply, WebServer, redirect


def test_a_token_does_not_go_along_with_a_redirect_to_another_origin(
    studio: LabelStudioStandIn, elsewhere: WebServer, make_store: StoreMaker
) -> None:
    store = make_store(
        LABEL_STUDIO_URL=studio.url, LABEL_STUDIO_ACCESS_TOKEN=studio.token, ALLOWED_IMAGE_HOSTS=elsewhere.origin
    )
    studio.web.routes[f"{studio.prefix}/data/upload/1/x.png"] = redirect(f"{elsewhere.url}/x.png")
    elsewhere.routes["/x.png"] = Reply(png(4))
    assert value(store, "/data/upload/1/x.png") == 4
    assert [request.authorization for request in elsewhere.requests] == [None]


def test_a_token_goes_along_with_a_redirect_inside_label_studio(
    studio: LabelStudioStandIn, studio_store: PageStore
) -> None:
    studio.web.routes[f"{studio.prefix}/data/upload/1/old.png"] = redirect(f"{studio.prefix}/data/upload/1/x.png")
    studio.uploads["1/x.png"] = png(4)
    assert value(studio_store, "/data/upload/1/old.png") == 4


@pytest.mark.parametrize(
    "path",
    [
        "/api/projects/1/export",
        "/user/logout",
        "/user/logout/?next=/data/upload/1/x.png",
        "/data/avatars/1.png",
        "/data/uploads/1.png",
        "/api/data/upload/1/x.png",
        "/tasks/1/annotations/",
        "/tasks/x/presign/",
        "/",
    ],
)
def test_a_path_that_serves_no_files_is_not_requested(
    path: str, studio: LabelStudioStandIn, studio_store: PageStore
) -> None:
    for url in (path, f"{studio.url}{path}"):
        caught = failure(studio_store, url)
        assert isinstance(caught, PageForbidden)
        assert caught.sentence == (
            "The page's address is a path of Label Studio that does not serve files. "
            "Use an upload, a local file or a file in cloud storage."
        )
    assert studio.web.requests == []


def test_a_redirect_to_a_path_that_serves_no_files_gets_no_token(
    studio: LabelStudioStandIn, studio_store: PageStore
) -> None:
    studio.web.routes[f"{studio.prefix}/data/upload/1/x.png"] = redirect(f"{studio.prefix}/user/logout")
    failure(studio_store, "/data/upload/1/x.png")
    assert [request.authorization for request in studio.web.asked(f"{studio.prefix}/user/logout")] == [None]


def test_label_studios_own_pictures_are_read_without_a_token(
    studio: LabelStudioStandIn, studio_store: PageStore
) -> None:
    studio.web.routes[f"{studio.prefix}/static/samples/sample.png"] = Reply(png(4))
    assert value(studio_store, "/static/samples/sample.png") == 4
    assert {request.authorization for request in studio.web.requests} == {None}


@pytest.mark.parametrize("path", ["/tasks/7/presign/", "/tasks/7/resolve/", "/projects/7/resolve/", "/tasks/7/presign"])
def test_cloud_storage_as_label_studio_writes_it_into_tasks_gets_the_token(
    path: str, studio: LabelStudioStandIn, studio_store: PageStore
) -> None:
    studio.web.routes[f"{studio.prefix}{path}"] = Reply(png(4))
    assert value(studio_store, f"{path}?fileuri=czM6Ly9iL2s=") == 4
    assert str(studio.web.asked(f"{studio.prefix}{path}")[0].authorization).startswith("Bearer ")


def test_a_redirect_from_elsewhere_into_label_studio_gets_no_token(
    studio: LabelStudioStandIn, elsewhere: WebServer, make_store: StoreMaker
) -> None:
    store = make_store(
        LABEL_STUDIO_URL=studio.url, LABEL_STUDIO_ACCESS_TOKEN=studio.token, ALLOWED_IMAGE_HOSTS=elsewhere.origin
    )
    inside = f"{studio.url}/data/upload/1/x.png"
    studio.uploads["1/x.png"] = png(4)
    elsewhere.routes["/x.png"] = redirect(inside)
    studio.web.routes[f"{studio.prefix}/data/upload/1/away"] = redirect(f"{elsewhere.url}/x.png")
    assert isinstance(failure(store, f"{elsewhere.url}/x.png"), PageUnauthorized)
    assert isinstance(failure(store, "/data/upload/1/away"), PageUnauthorized)
    assert [request.authorization for request in studio.web.asked(f"{studio.prefix}/data/upload/1/x.png")] == [
        None
    ] * len(studio.web.asked(f"{studio.prefix}/data/upload/1/x.png"))


def test_behind_a_path_prefix_the_neighbours_get_no_token(make_store: StoreMaker) -> None:
    with label_studio("/label-studio") as studio:
        store = make_store(LABEL_STUDIO_URL=studio.url, LABEL_STUDIO_ACCESS_TOKEN=studio.token)
        neighbours = ["/other/x.png", "/label-studio-2/x.png", "/label-studio/../other/x.png", "/x.png"]
        encoded = ["/label-studio/%2e%2e/other/x.png", "/label-studio/..%2fother/x.png", "/label-studio/..%5cx.png"]
        for path in (*neighbours, *encoded):
            failure(store, studio.web.url + path)
        assert {request.authorization for request in studio.web.requests} == {None}
        for path in ("/../other/x.png", "/data/../../x.png", "/%2e%2e/other/x.png", "/..%2fother/x.png"):
            assert isinstance(failure(store, path), PageForbidden)


@pytest.mark.parametrize("url", ["http://{origin}@evil.invalid/x", "/\\evil.invalid/x", "/@evil.invalid/x"])
def test_an_address_that_looks_like_label_studios_is_not_taken_for_it(
    url: str, studio: LabelStudioStandIn, studio_store: PageStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def resolve(host: str, *_: object, **__: object) -> list[object]:
        asked.append(host)
        return [(2, 1, 6, "", ("127.0.0.1", 1))]

    monkeypatch.setattr("socket.getaddrinfo", resolve)
    caught = failure(studio_store, url.format(origin=studio.web.origin))
    assert isinstance(caught, PageForbidden | PageUnreachable | PageTimeout)
    sent = [request for request in studio.web.requests if request.method == "GET"]
    assert sent == []
    assert "evil.invalid" not in asked or not url.startswith("/")
