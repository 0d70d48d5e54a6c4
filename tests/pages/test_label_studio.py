"""Uploads and local files, asked of Label Studio; and addresses that only look like them."""

import pytest

from boxocr.errors import PageAddressError, PageError, PageForbidden, PageNotFound, PageUnauthorized, PageUnreachable
from boxocr.pages.page import PageAddress
from boxocr.pages.store import PageStore
from tests.pages.conftest import StoreMaker, failure, lent, png, value
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


NOT_SHOWN = (
    "Label Studio shows no such local file to the owner of this server's token (HTTP 404). Check that the file is "
    "below Label Studio's LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT, that its folder belongs to a local files storage, "
    "and that the token's owner may open that storage's project."
)
NOT_OPENED = (
    "Label Studio cannot open the page's local file (HTTP 404). Check that it is a file, and that the user that Label "
    "Studio runs as may read it."
)
OUTSIDE = "The page's address points outside Label Studio's folder of local files. Correct it in the task."
NAMELESS = (
    "The page's address does not contain the path of a local file (HTTP 403). "
    "Write it as /data/local-files/?d= and the path."
)
NOT_SERVED = (
    "Label Studio does not serve local files: LOCAL_FILES_SERVING_ENABLED is off there (HTTP 403). Start Label Studio "
    "with LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true and with the folder in LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT."
)


@pytest.mark.parametrize(
    ("query", "error", "sentence"),
    [
        ("?d=none.png", PageNotFound, NOT_SHOWN),
        ("?d=scans/", PageNotFound, NOT_OPENED),
        ("?d=../secret.png", PageForbidden, OUTSIDE),
        ("", PageAddressError, NAMELESS),
    ],
)
def test_a_local_file_that_label_studio_does_not_give_is_told(
    query: str, error: type[PageError], sentence: str, studio_store: PageStore
) -> None:
    caught = failure(studio_store, f"/data/local-files/{query}")
    assert (type(caught), caught.sentence) == (error, sentence)


def test_where_local_files_are_not_served_the_setting_is_named(
    studio: LabelStudioStandIn, studio_store: PageStore
) -> None:
    studio.serves_local_files = False
    studio.local_files["x.png"] = png()
    caught = failure(studio_store, "/data/local-files/?d=x.png")
    assert (type(caught), caught.sentence) == (PageForbidden, NOT_SERVED)


def test_a_refused_token_is_told_before_all_that(studio: LabelStudioStandIn, make_store: StoreMaker) -> None:
    studio.serves_local_files = False
    caught = failure(make_store(LABEL_STUDIO_URL=studio.url), "/data/local-files/?d=x.png")
    assert (type(caught), caught.message) == (
        PageUnauthorized,
        "Label Studio requires a token, and this server has none.",
    )


def test_whoever_may_not_open_the_project_is_told(studio: LabelStudioStandIn, studio_store: PageStore) -> None:
    studio.forbidden = True
    caught = failure(studio_store, "/data/local-files/?d=x.png")
    assert (type(caught), caught.message) == (
        PageUnauthorized,
        "Label Studio does not show the page to the owner of this server's token (HTTP 403).",
    )


def test_an_answer_that_stops_in_the_middle_of_its_reasons_is_still_an_answer(
    studio: LabelStudioStandIn, studio_store: PageStore
) -> None:
    head = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 500\r\n\r\n"
    studio.web.routes[f"{studio.prefix}/data/local-files/"] = Reply(raw=[head, b"Serving"])
    assert isinstance(failure(studio_store, "/data/local-files/?d=x.png"), PageUnauthorized | PageAddressError)


def test_without_label_studio_its_addresses_are_told(make_store: StoreMaker) -> None:
    for url, task in (("/data/upload/1/x.png", 1), ("upload/1/x.png", 1), ("gs://b/k", 1), ("s3://b/k", 1)):
        caught = failure(make_store(), url, task)
        assert isinstance(caught, PageAddressError)
        assert caught.sentence == (
            "The page is in Label Studio, and this server does not know its address. "
            "Set LABEL_STUDIO_HOST and LABEL_STUDIO_ACCESS_TOKEN."
        )


@pytest.mark.parametrize("url", ["", "  ", "x.png", "images/x.png", "$undefined$", "?d=x"])
def test_what_is_no_address_is_told(url: str, studio_store: PageStore) -> None:
    caught = failure(studio_store, url)
    assert (type(caught), caught.message) == (PageAddressError, "The task contains no image address.")


@pytest.mark.parametrize(
    "scheme", ["http://h.example/", "s3://b/", "gs://b/", "/data/upload/", "data:,", "/data/local-files/?d="]
)
def test_half_characters_are_told(scheme: str, studio_store: PageStore) -> None:
    caught = failure(studio_store, f"{scheme}\ud800.png", 1)
    assert (type(caught), caught.message) == (
        PageAddressError,
        "The page's address contains invalid characters.",
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
        assert lent(studio_store, PageAddress(f"http://{name}{prefix}{path}")).shape[1] == 8


@pytest.mark.parametrize("url", ["http://localhost:1/imgs/x.png", "http://127.0.0.1:1/data/upload/../../admin"])
def test_nothing_else_on_localhost_is_asked_of_label_studio(
    studio: LabelStudioStandIn, studio_store: PageStore, url: str
) -> None:
    assert isinstance(failure(studio_store, url), PageForbidden)
    assert studio.web.requests == []
