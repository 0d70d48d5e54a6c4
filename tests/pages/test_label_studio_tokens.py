"""This server's token for Label Studio: exchanged, renewed, refused."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from boxocr.errors import PageError, PageTimeout, PageUnauthorized, PageUnreachable
from boxocr.pages.page import PageAddress
from boxocr.pages.store import PageStore
from tests.pages.conftest import StoreMaker, failure, lent, png, value
from tests.servers.label_studio import LEGACY_TOKEN, LabelStudioStandIn, personal_access_token
from tests.servers.ports import free_ports
from tests.servers.web import Reply

NEW_TOKEN = "Create a personal access token in Label Studio and set LABEL_STUDIO_ACCESS_TOKEN to it."  # noqa: S105


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
    assert caught.message == "Label Studio refuses the access token that it has just issued (HTTP 401)."
    assert len(studio.web.asked(f"{studio.prefix}/data/upload/1/x.png")) == 2


def test_many_pages_at_once_exchange_the_token_once(studio: LabelStudioStandIn, studio_store: PageStore) -> None:
    studio.uploads = {f"1/{number}.png": png(number) for number in range(12)}
    threads = [
        threading.Thread(target=lent, args=[studio_store, PageAddress(f"upload/1/{number}.png")])
        for number in range(12)
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
        (Reply(b"<html>"), PageUnreachable, "The server at Label Studio's address did not return an access token."),
        (Reply(b"{}"), PageUnreachable, "The server at Label Studio's address did not return an access token."),
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
    assert (
        failure(without, "/data/upload/1/x.png").message
        == "127.0.0.1 could not be reached, or the download was interrupted."
    )
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
    assert caught.sentence == f"Label Studio requires a token, and this server has none. {NEW_TOKEN}"


def test_a_token_without_the_right_is_told(studio: LabelStudioStandIn, studio_store: PageStore) -> None:
    studio.forbidden = True
    assert failure(studio_store, "/data/upload/1/x.png").sentence == (
        "Label Studio does not show the page to the owner of this server's token (HTTP 403). "
        "Use the token of a user who may open the project."
    )


def test_an_exchange_that_takes_too_long_is_given_up_with_the_page(
    studio: LabelStudioStandIn, make_store: StoreMaker
) -> None:
    # Who still waits then gets another error.
    def slowly(_: object) -> Reply:
        time.sleep(2)
        return Reply()

    store = make_store(LABEL_STUDIO_URL=studio.url, LABEL_STUDIO_ACCESS_TOKEN=studio.token, PAGE_TIMEOUT=0.4)
    studio.web.routes[f"{studio.prefix}/api/token/refresh/"] = slowly
    caught = failure(store, "/data/upload/1/x.png")
    assert (type(caught), caught.message) == (
        PageTimeout,
        "Label Studio did not issue an access token in time.",
    )
