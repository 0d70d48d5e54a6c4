import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from boxocr.errors import (
    PageAddressError,
    PageError,
    PageForbidden,
    PageNotFound,
    PageTimeout,
    PageUnauthorized,
    PageUnreachable,
)
from boxocr.pages import PageAddress, PageStore
from tests.pages.conftest import StoreMaker, png
from tests.servers.label_studio import LEGACY_TOKEN, LabelStudioStandIn, label_studio, personal_access_token
from tests.servers.ports import free_ports
from tests.servers.s3 import S3Server
from tests.servers.web import Reply, WebServer, redirect

NEW_TOKEN = "Create a personal access token in Label Studio and set LABEL_STUDIO_ACCESS_TOKEN to it."  # noqa: S105


def value(store: PageStore, url: str, task_id: int | None = None) -> int:
    return int(store.get(PageAddress(url, task_id)).pixels[0, 0])


def failure(store: PageStore, url: str, task_id: int | None = None) -> PageError:
    with pytest.raises(PageError) as caught:
        store.get(PageAddress(url, task_id))
    return caught.value


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


def test_the_personal_access_token_is_exchanged_and_never_sent_itself(
    studio: LabelStudioStandIn, studio_store: PageStore
) -> None:
    studio.uploads = {"1/x.png": png(1), "1/y.png": png(2)}
    assert value(studio_store, "/data/upload/1/x.png") == 1
    assert value(studio_store, "/data/upload/1/y.png") == 2
    assert studio.exchanges == 1
    sent = [request.authorization for request in studio.web.requests if request.method == "GET"]
    assert len(set(sent)) == 1
    assert str(sent[0]).startswith("Bearer ")
    assert studio.token not in str(sent)


def test_an_access_token_is_renewed_before_it_expires(studio: LabelStudioStandIn, studio_store: PageStore) -> None:
    studio.life_seconds = 1
    studio.uploads = {"1/x.png": png(1), "1/y.png": png(2)}
    assert value(studio_store, "/data/upload/1/x.png") == 1
    time.sleep(0.6)
    assert value(studio_store, "/data/upload/1/y.png") == 2
    # In the second half of its life. Had it been used until it was refused, the page would have been asked for twice.
    assert studio.exchanges == 2
    assert len(studio.web.requests) == 2 + 2


def test_after_a_401_the_token_is_renewed_once(studio: LabelStudioStandIn, studio_store: PageStore) -> None:
    studio.uploads = {"1/x.png": png(1), "1/y.png": png(2)}
    assert value(studio_store, "/data/upload/1/x.png") == 1
    studio.forget_access_tokens()
    assert value(studio_store, "/data/upload/1/y.png") == 2
    assert studio.exchanges == 2
    assert len(studio.web.asked(f"{studio.prefix}/data/upload/1/y.png")) == 2


def test_a_label_studio_that_refuses_its_own_tokens_is_asked_twice_and_told(
    studio: LabelStudioStandIn, studio_store: PageStore
) -> None:
    studio.life_seconds = -1
    caught = failure(studio_store, "/data/upload/1/x.png")
    assert isinstance(caught, PageUnauthorized)
    assert caught.message == "Label Studio refuses the access token that it has just given (HTTP 401)."
    assert len(studio.web.asked(f"{studio.prefix}/data/upload/1/x.png")) == 2


def test_many_pages_at_once_exchange_the_token_once(studio: LabelStudioStandIn, studio_store: PageStore) -> None:
    studio.uploads = {f"1/{number}.png": png(number) for number in range(12)}
    threads = [
        threading.Thread(target=studio_store.get, args=[PageAddress(f"upload/1/{number}.png")]) for number in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert studio.exchanges == 1
    assert len(studio.web.requests) == 13


def test_an_expired_personal_access_token_is_told(studio: LabelStudioStandIn, make_store: StoreMaker) -> None:
    store = make_store(LABEL_STUDIO_URL=studio.url, LABEL_STUDIO_ACCESS_TOKEN=personal_access_token(life_seconds=-10))
    caught = failure(store, "/data/upload/1/x.png")
    assert isinstance(caught, PageUnauthorized)
    assert caught.sentence == f"This server's personal access token for Label Studio has expired. {NEW_TOKEN}"


def test_a_refused_personal_access_token_is_told(studio: LabelStudioStandIn, make_store: StoreMaker) -> None:
    store = make_store(LABEL_STUDIO_URL=studio.url, LABEL_STUDIO_ACCESS_TOKEN=personal_access_token(life_seconds=99))
    caught = failure(store, "/data/upload/1/x.png")
    assert isinstance(caught, PageUnauthorized)
    assert caught.sentence == f"Label Studio refused this server's personal access token (HTTP 401). {NEW_TOKEN}"


def test_a_failed_exchange_is_not_tried_again_by_everyone(studio: LabelStudioStandIn, make_store: StoreMaker) -> None:
    def slowly(_: object) -> Reply:
        time.sleep(0.5)
        return Reply(b"{}", 401)

    store = make_store(LABEL_STUDIO_URL=studio.url, LABEL_STUDIO_ACCESS_TOKEN=studio.token)
    studio.web.routes[f"{studio.prefix}/api/token/refresh/"] = slowly
    with ThreadPoolExecutor(5) as threads:
        found = list(threads.map(lambda number: failure(store, f"/data/upload/1/{number}.png"), range(5)))
    assert {type(error) for error in found} == {PageUnauthorized}
    assert studio.exchanges == 1


def test_after_a_failed_exchange_the_next_page_asks_again(studio: LabelStudioStandIn, studio_store: PageStore) -> None:
    studio.uploads["1/x.png"] = png(1)
    refresh = f"{studio.prefix}/api/token/refresh/"
    studio.web.routes[refresh] = Reply(b"{}", 502)
    failure(studio_store, "/data/upload/1/x.png")
    del studio.web.routes[refresh]
    assert value(studio_store, "/data/upload/1/x.png") == 1


@pytest.mark.parametrize(
    ("reply", "error", "message"),
    [
        (Reply(b"<html>"), PageUnreachable, "Label Studio's address answered something other than an access token."),
        (Reply(b"{}"), PageUnreachable, "Label Studio's address answered something other than an access token."),
        (Reply(b"{}", 404), PageUnreachable, "Label Studio answered with HTTP 404 when asked for an access token."),
        (Reply(b"{}", 502), PageUnreachable, "Label Studio answered with HTTP 502 when asked for an access token."),
        (Reply(raw=[b""]), PageUnreachable, "Label Studio could not be reached for an access token."),
    ],
)
def test_an_exchange_that_makes_no_sense_is_told(
    reply: Reply, error: type[PageError], message: str, studio: LabelStudioStandIn, studio_store: PageStore
) -> None:
    studio.web.routes[f"{studio.prefix}/api/token/refresh/"] = reply
    caught = failure(studio_store, "/data/upload/1/x.png")
    assert (type(caught), caught.message) == (error, message)


def test_a_label_studio_that_does_not_run_is_told(make_store: StoreMaker) -> None:
    url = f"http://127.0.0.1:{free_ports(1)[0]}"
    without = make_store(LABEL_STUDIO_URL=url)
    assert failure(without, "/data/upload/1/x.png").message == "127.0.0.1 could not be reached, or cut the page off."
    store = make_store(LABEL_STUDIO_ACCESS_TOKEN=personal_access_token())
    assert failure(store, "/data/upload/1/x.png").message == "Label Studio could not be reached for an access token."


def test_a_legacy_token_is_sent_as_it_is(studio: LabelStudioStandIn, make_store: StoreMaker) -> None:
    studio.legacy_tokens = True
    studio.uploads["1/x.png"] = png(3)
    store = make_store(LABEL_STUDIO_URL=studio.url, LABEL_STUDIO_API_KEY=LEGACY_TOKEN)
    assert value(store, "/data/upload/1/x.png") == 3
    assert [request.authorization for request in studio.web.requests] == [f"Token {LEGACY_TOKEN}"]


def test_a_refused_legacy_token_is_told_with_what_to_do(studio: LabelStudioStandIn, make_store: StoreMaker) -> None:
    store = make_store(LABEL_STUDIO_URL=studio.url, LABEL_STUDIO_ACCESS_TOKEN=LEGACY_TOKEN)
    caught = failure(store, "/data/upload/1/x.png")
    assert isinstance(caught, PageUnauthorized)
    assert caught.sentence == (
        "Label Studio refused this server's legacy token (HTTP 401). Legacy tokens are off by default in new "
        "organisations: set LABEL_STUDIO_ACCESS_TOKEN to a personal access token."
    )


def test_a_missing_token_is_told(studio: LabelStudioStandIn, make_store: StoreMaker) -> None:
    caught = failure(make_store(LABEL_STUDIO_URL=studio.url), "/data/upload/1/x.png")
    assert isinstance(caught, PageUnauthorized)
    assert caught.sentence == f"Label Studio asks for a token, and this server has none. {NEW_TOKEN}"


def test_a_token_without_the_right_is_told(studio: LabelStudioStandIn, studio_store: PageStore) -> None:
    studio.forbidden = True
    assert failure(studio_store, "/data/upload/1/x.png").sentence == (
        "Label Studio does not show the page to the owner of this server's token (HTTP 403). "
        "Use the token of someone who may open the project."
    )


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


# Where the token goes


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
    studio.web.routes[f"{studio.prefix}/old.png"] = redirect(f"{studio.prefix}/data/upload/1/x.png")
    studio.uploads["1/x.png"] = png(4)
    assert value(studio_store, "/old.png") == 4


def test_a_redirect_from_elsewhere_into_label_studio_gets_no_token(
    studio: LabelStudioStandIn, elsewhere: WebServer, make_store: StoreMaker
) -> None:
    store = make_store(
        LABEL_STUDIO_URL=studio.url, LABEL_STUDIO_ACCESS_TOKEN=studio.token, ALLOWED_IMAGE_HOSTS=elsewhere.origin
    )
    inside = f"{studio.url}/data/upload/1/x.png"
    studio.uploads["1/x.png"] = png(4)
    elsewhere.routes["/x.png"] = redirect(inside)
    studio.web.routes[f"{studio.prefix}/away"] = redirect(f"{elsewhere.url}/x.png")
    assert isinstance(failure(store, f"{elsewhere.url}/x.png"), PageUnauthorized)
    assert isinstance(failure(store, "/away"), PageUnauthorized)
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


# Cloud storage that Label Studio opens


@pytest.mark.parametrize("uri", ["s3://bucket/a b%20ä?x#y.png", "gs://bucket/x.png", "azure-blob://container/x.png"])
def test_cloud_storage_is_read_through_label_studio(
    uri: str, studio: LabelStudioStandIn, studio_store: PageStore
) -> None:
    studio.cloud[12, uri] = png(8)
    assert value(studio_store, uri, 12) == 8


def test_a_signed_address_is_followed_without_the_token(
    studio: LabelStudioStandIn, s3: S3Server, make_store: StoreMaker
) -> None:
    s3.put("signed ä.png", png(8))
    with_hosts = make_store(LABEL_STUDIO_URL=studio.url, LABEL_STUDIO_ACCESS_TOKEN=studio.token, AWS_ENDPOINT=s3.url)
    # S3 refuses a signed address that also carries an Authorization header.
    studio.cloud[12, "s3://pages/signed ä.png"] = s3.presigned("signed ä.png")
    assert value(with_hosts, "s3://pages/signed ä.png", 12) == 8


def test_a_signed_address_on_a_private_host_must_be_allowed(
    studio: LabelStudioStandIn, elsewhere: WebServer, studio_store: PageStore
) -> None:
    studio.cloud[12, "s3://pages/x.png"] = f"{elsewhere.url}/x.png?signature=1"
    assert isinstance(failure(studio_store, "s3://pages/x.png", 12), PageForbidden)
    assert elsewhere.requests == []


def test_cloud_storage_that_label_studio_cannot_open_is_told(studio_store: PageStore) -> None:
    assert failure(studio_store, "gs://bucket/x.png", 12).sentence == (
        "Label Studio cannot open the page in its cloud storage (HTTP 404). "
        "Check that the project's source storage holds this bucket and file."
    )


def test_cloud_storage_without_a_task_is_told(studio_store: PageStore) -> None:
    assert failure(studio_store, "gs://bucket/x.png").message == (
        "The page lies in cloud storage that only Label Studio can open, and the request names no task."
    )


def test_what_label_studio_opens_for_one_task_is_not_given_to_another(
    studio: LabelStudioStandIn, studio_store: PageStore
) -> None:
    studio.cloud[12, "gs://bucket/x.png"] = png(8)
    assert value(studio_store, "gs://bucket/x.png", 12) == 8
    assert isinstance(failure(studio_store, "gs://bucket/x.png", 13), PageNotFound)


def test_a_label_studio_that_is_down_is_not_called_a_missing_upload(
    studio: LabelStudioStandIn, studio_store: PageStore
) -> None:
    studio.web.routes[f"{studio.prefix}/data/upload/1/x.png"] = Reply(status=502)
    caught = failure(studio_store, "/data/upload/1/x.png")
    assert (type(caught), caught.message) == (
        PageUnreachable,
        "127.0.0.1 answered with HTTP 502 instead of the page.",
    )


def test_an_exchange_that_takes_too_long_is_given_up_with_the_page(
    studio: LabelStudioStandIn, make_store: StoreMaker
) -> None:
    def slowly(_: object) -> Reply:
        time.sleep(2)
        return Reply()

    store = make_store(LABEL_STUDIO_URL=studio.url, LABEL_STUDIO_ACCESS_TOKEN=studio.token, PAGE_TIMEOUT=0.4)
    studio.web.routes[f"{studio.prefix}/api/token/refresh/"] = slowly
    start = time.monotonic()
    caught = failure(store, "/data/upload/1/x.png")
    assert (type(caught), caught.message) == (
        PageTimeout,
        "Label Studio did not answer in time when asked for an access token.",
    )
    assert time.monotonic() - start < 1


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
