"""Uploads and local files, asked of Label Studio; and addresses that only look like them."""

import pytest

from boxocr.errors import PageAddressError, PageForbidden, PageNotFound, PageUnreachable
from boxocr.pages import PageAddress, PageStore
from tests.pages.conftest import StoreMaker, failure, png, value
from tests.servers.label_studio import LabelStudioStandIn
from tests.servers.web import Reply


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("1/ab-x.png", "/data/upload/1/ab-x.png"),
        ("1/ab-x.png", "{prefix}/data/upload/1/ab-x.png"),
        ("1/ab-x.png", "{url}/data/upload/1/ab-x.png"),
        ("1/ab-x.png", "upload/1/ab-x.png"),
        ("1/ab-x.png", "//{origin}{prefix}/data/upload/1/ab-x.png"),
        ("1/a b ä日.png", "/data/upload/1/a b ä日.png"),
        ("1/a b ä日.png", "/data/upload/1/a%20b%20%C3%A4%E6%97%A5.png"),
        ("1/a b ä日.png", "upload/1/a b ä%E6%97%A5.png"),
        ("1/a+b.png", "/data/upload/1/a+b.png"),
        ("1/50%.png", "/data/upload/1/50%.png"),
        ("1/50%.png", "/data/upload/1/50%25.png"),
    ],
)
def test_an_upload_is_read_with_the_token(
    name: str, url: str, studio: LabelStudioStandIn, studio_store: PageStore
) -> None:
    studio.uploads[name] = png(7)
    assert value(studio_store, url.format(prefix=studio.prefix, url=studio.url, origin=studio.web.origin)) == 7


@pytest.mark.parametrize("name", ["imgs/x.png", "imgs/a b ä.png", "imgs/a+b&c.png"])
def test_a_local_file_is_read_through_label_studio(
    name: str, studio: LabelStudioStandIn, studio_store: PageStore
) -> None:
    studio.local_files[name] = png(7)
    written = name.replace("+", "%2B").replace("&", "%26")
    assert value(studio_store, f"/data/local-files/?d={written}") == 7
    assert value(studio_store, f"{studio.url}/data/local-files/?d={written}") == 7


def test_an_upload_in_cloud_storage_is_found_under_its_other_address(
    studio: LabelStudioStandIn, studio_store: PageStore
) -> None:
    studio.stored_uploads = {"1/a b ä+.png": png(7)}
    assert value(studio_store, "/data/upload/1/a b ä+.png") == 7
    assert value(studio_store, "upload/1/a b ä+.png") == 7


@pytest.mark.parametrize("stored", [None, {}])
def test_an_upload_that_does_not_exist_is_told(
    stored: dict[str, bytes] | None, studio: LabelStudioStandIn, studio_store: PageStore
) -> None:
    studio.stored_uploads = stored
    caught = failure(studio_store, "/data/upload/1/none.png")
    if stored is None:
        # A plain Label Studio 1.23 answers 500 and then 400, as it may for other reasons too.
        assert isinstance(caught, PageNotFound)
        assert caught.message == "Label Studio has no such upload, or failed to open it (HTTP 500)."
    else:
        assert (type(caught), caught.message) == (PageNotFound, "Label Studio has no such upload.")


def test_a_local_file_that_does_not_exist_is_told(studio_store: PageStore) -> None:
    assert isinstance(failure(studio_store, "/data/local-files/?d=none.png"), PageNotFound)


def test_without_label_studio_its_addresses_are_told(make_store: StoreMaker) -> None:
    for url, task in (("/data/upload/1/x.png", 1), ("upload/1/x.png", 1), ("gs://b/k", 1), ("s3://b/k", 1)):
        caught = failure(make_store(), url, task)
        assert isinstance(caught, PageAddressError)
        assert caught.sentence == (
            "The page lies in Label Studio, and this server does not know where that is. "
            "Set LABEL_STUDIO_URL and LABEL_STUDIO_ACCESS_TOKEN."
        )


@pytest.mark.parametrize("url", ["", "  ", "x.png", "images/x.png", "$undefined$", "?d=x"])
def test_what_is_no_address_is_told(url: str, studio_store: PageStore) -> None:
    caught = failure(studio_store, url)
    assert (type(caught), caught.message) == (PageAddressError, "The task holds no address of an image.")


@pytest.mark.parametrize(
    "scheme", ["http://h.example/", "s3://b/", "gs://b/", "/data/upload/", "data:,", "/data/local-files/?d="]
)
def test_half_characters_are_told(scheme: str, studio_store: PageStore) -> None:
    caught = failure(studio_store, f"{scheme}\ud800.png", 1)
    assert (type(caught), caught.message) == (
        PageAddressError,
        "The page's address holds characters that do not exist.",
    )


def test_a_label_studio_that_is_down_is_not_called_a_missing_upload(
    studio: LabelStudioStandIn, studio_store: PageStore
) -> None:
    studio.web.routes[f"{studio.prefix}/data/upload/1/x.png"] = Reply(status=502)
    caught = failure(studio_store, "/data/upload/1/x.png")
    assert (type(caught), caught.message) == (
        PageUnreachable,
        "127.0.0.1 answered with HTTP 502 instead of the page.",
    )


@pytest.mark.parametrize("name", ["localhost:8080", "127.0.0.1:1", "[::1]:8080", "127.1.2.3"])
@pytest.mark.parametrize("path", ["/data/upload/1/x.png", "/data/local-files/?d=x.png"])
def test_a_file_that_label_studio_calls_localhost_is_asked_of_label_studio(
    studio: LabelStudioStandIn, studio_store: PageStore, name: str, path: str
) -> None:
    studio.uploads["1/x.png"] = studio.local_files["x.png"] = png()
    for prefix in {"", studio.prefix}:
        assert studio_store.get(PageAddress(f"http://{name}{prefix}{path}")).width == 8


@pytest.mark.parametrize("url", ["http://localhost:1/imgs/x.png", "http://127.0.0.1:1/data/upload/../../admin"])
def test_nothing_else_on_localhost_is_asked_of_label_studio(
    studio: LabelStudioStandIn, studio_store: PageStore, url: str
) -> None:
    assert isinstance(failure(studio_store, url), PageForbidden)
    assert studio.web.requests == []
