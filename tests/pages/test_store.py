import logging
import threading
import time
import weakref
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from functools import partial

import numpy as np
import pytest

from boxocr.errors import PageError, PageNotFound, PageUndecodable
from boxocr.pages.decode import Decoder
from boxocr.pages.page import Page, PageAddress
from boxocr.pages.store import PageStore
from boxocr.process.deadline import Deadline
from boxocr.process.fair_places import Requester
from tests.pages.conftest import StoreMaker, lent, png
from tests.servers.web import Reply, Request, WebServer


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """All files that were decoded: the real decoder, watched."""
    files: list[bytes] = []
    decode = Decoder.decode_image

    def watched(self: Decoder, data: bytes, requester: Requester, deadline: Deadline) -> object:
        files.append(data)
        return decode(self, data, requester, deadline)

    monkeypatch.setattr(Decoder, "decode_image", watched)
    return files


def store_for(web: WebServer, make_store: StoreMaker, **variables: object) -> PageStore:
    return make_store(ALLOWED_IMAGE_HOSTS=web.origin, **variables)


def validating(data: bytes, headers: dict[str, str], condition: str, value: str) -> object:
    def reply(request: Request) -> Reply:
        return Reply(status=304) if request.headers.get(condition) == value else Reply(data, headers=headers)

    return reply


def until(condition: object, seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_page_is_fetched_and_decoded_once(web: WebServer, make_store: StoreMaker, decoded: list[bytes]) -> None:
    store = store_for(web, make_store)
    web.routes["/x"] = Reply(png(1))
    pages = [lent(store, PageAddress(f"{web.url}/x")) for _ in range(3)]
    assert pages[0] is pages[1] is pages[2]
    assert (len(web.requests), len(decoded)) == (1, 1)


def test_many_who_ask_at_once_share_one_fetch_and_one_decoding(
    web: WebServer, make_store: StoreMaker, decoded: list[bytes]
) -> None:
    store = store_for(web, make_store)

    def slowly(_: Request) -> Reply:
        time.sleep(0.3)
        return Reply(png(1))

    web.routes["/x"] = slowly
    with ThreadPoolExecutor(20) as threads:
        pages = list(threads.map(partial(lent, store), [PageAddress(f"{web.url}/x")] * 20))
    assert len({id(page) for page in pages}) == 1
    assert (len(web.requests), len(decoded)) == (1, 1)


def test_different_pages_are_fetched_at_the_same_time(web: WebServer, make_store: StoreMaker) -> None:
    store = store_for(web, make_store)
    together = threading.Barrier(8, timeout=5)

    def all_at_once(request: Request) -> Reply:
        together.wait()
        return Reply(png(int(request.path[1:])))

    web.routes[""] = all_at_once
    with ThreadPoolExecutor(8) as threads:
        pages = list(threads.map(partial(lent, store), [PageAddress(f"{web.url}/{number}") for number in range(8)]))
    assert [page[0, 0] for page in pages] == list(range(8))


def test_a_failure_is_shared_by_those_who_wait_and_not_kept(web: WebServer, make_store: StoreMaker) -> None:
    store = store_for(web, make_store)

    def slowly(_: Request) -> Reply:
        time.sleep(0.3)
        return Reply(status=404)

    def failure(address: PageAddress) -> PageError:
        with pytest.raises(PageNotFound) as caught:
            lent(store, address)
        return caught.value

    web.routes["/x"] = slowly
    address = PageAddress(f"{web.url}/x")
    with ThreadPoolExecutor(10) as threads:
        errors = list(threads.map(failure, [address] * 10))
    assert {error.message for error in errors} == {"127.0.0.1 has no such page (HTTP 404)."}
    assert len({id(error) for error in errors}) == 10
    assert len(web.requests) == 1
    web.routes["/x"] = Reply(png(6))
    assert lent(store, address)[0, 0] == 6


@pytest.mark.parametrize(
    ("headers", "condition", "value"),
    [
        ({"ETag": '"v1"'}, "if-none-match", '"v1"'),
        ({"ETag": 'W/"v1"'}, "if-none-match", 'W/"v1"'),
        ({"Last-Modified": "Mon, 05 Jan 2026 10:00:00 GMT"}, "if-modified-since", "Mon, 05 Jan 2026 10:00:00 GMT"),
    ],
)
def test_after_its_life_a_page_is_asked_for_with_its_validator(  # noqa: PLR0913, PLR0917
    headers: dict[str, str], condition: str, value: str, web: WebServer, make_store: StoreMaker, decoded: list[bytes]
) -> None:
    store = store_for(web, make_store, PAGE_FRESH_SECONDS=0.2)
    web.routes["/x"] = validating(png(1), headers, condition, value)  # type: ignore[assignment]
    address = PageAddress(f"{web.url}/x")
    first = lent(store, address)
    assert lent(store, address) is first
    assert len(web.requests) == 1
    for _ in range(2):
        time.sleep(0.25)
        assert lent(store, address) is first
    assert [request.headers.get(condition) for request in web.requests] == [None, value, value]
    assert len(decoded) == 1


def test_a_changed_page_is_noticed_after_its_life(web: WebServer, make_store: StoreMaker) -> None:
    store = store_for(web, make_store, PAGE_FRESH_SECONDS=0.1)
    address = PageAddress(f"{web.url}/x")
    for number in (1, 2):
        reply = validating(png(number), {"ETag": f'"{number}"'}, "if-none-match", f'"{number}"')
        web.routes["/x"] = reply  # type: ignore[assignment]
        assert lent(store, address)[0, 0] == number
        time.sleep(0.15)


def test_without_a_validator_a_page_is_fetched_again_but_not_decoded_again(
    web: WebServer, make_store: StoreMaker, decoded: list[bytes]
) -> None:
    store = store_for(web, make_store, PAGE_FRESH_SECONDS=0)
    web.routes["/x"] = Reply(png(1))
    first, second = (lent(store, PageAddress(f"{web.url}/x")) for _ in range(2))
    assert first is second
    assert (len(web.requests), len(decoded)) == (2, 1)


def test_a_last_modified_of_just_now_is_no_validator(web: WebServer, make_store: StoreMaker) -> None:
    # The file may change once more within the same second.
    store = store_for(web, make_store, PAGE_FRESH_SECONDS=0)
    for number in (1, 2):
        web.routes["/x"] = Reply(png(number), headers={"Last-Modified": formatdate(usegmt=True)})
        assert lent(store, PageAddress(f"{web.url}/x"))[0, 0] == number
    assert all("if-modified-since" not in request.headers for request in web.requests)


def test_a_page_behind_several_addresses_is_decoded_and_kept_once(
    web: WebServer, make_store: StoreMaker, decoded: list[bytes]
) -> None:
    store = store_for(web, make_store)
    web.routes["/x"] = Reply(png(1))
    pages = {id(lent(store, PageAddress(f"{web.url}/x?signature={number}"))) for number in range(3)}
    inline = lent(store, PageAddress("data:image/png;base64," + b64encode(png(1)).decode()))
    assert pages == {id(inline)}
    assert len(decoded) == 1


def test_the_cache_is_bounded_in_bytes_and_drops_the_least_recently_used(
    web: WebServer, make_store: StoreMaker, decoded: list[bytes]
) -> None:
    # Room for three pages of 48 bytes.
    store = store_for(web, make_store, PAGE_CACHE_MB=150 / 1_000_000)
    web.routes[""] = lambda request: Reply(png(int(request.path[1:])))
    for number in (1, 2, 3, 1, 4, 1, 2):
        lent(store, PageAddress(f"{web.url}/{number}"))
    assert [request.path for request in web.requests] == ["/1", "/2", "/3", "/4", "/2"]
    assert len(decoded) == 5


@pytest.mark.parametrize("megabytes", [0, 40 / 1_000_000])
def test_a_page_larger_than_the_cache_is_answered_all_the_same(
    megabytes: float, web: WebServer, make_store: StoreMaker
) -> None:
    store = store_for(web, make_store, PAGE_CACHE_MB=megabytes)
    web.routes["/x"] = validating(png(1), {"ETag": '"v"'}, "if-none-match", '"v"')  # type: ignore[assignment]
    for _ in range(2):
        assert lent(store, PageAddress(f"{web.url}/x"))[0, 0] == 1
    assert len(web.requests) == 2


def test_a_page_that_was_dropped_is_fetched_whole(web: WebServer, make_store: StoreMaker) -> None:
    store = store_for(web, make_store, PAGE_CACHE_MB=50 / 1_000_000)
    web.routes["/1"] = validating(png(1), {"ETag": '"v"'}, "if-none-match", '"v"')  # type: ignore[assignment]
    web.routes["/2"] = Reply(png(2))
    for number in (1, 2, 1):
        assert lent(store, PageAddress(f"{web.url}/{number}"))[0, 0] == number


def test_a_page_says_its_size_and_cannot_be_written_on(web: WebServer, make_store: StoreMaker) -> None:
    store = store_for(web, make_store)
    with store.borrow(PageAddress("data:image/png;base64," + b64encode(png(1)).decode())) as page:
        assert (page.width, page.height, page.pixels.shape) == (8, 6, (6, 8))
        with pytest.raises(ValueError, match="read-only"):
            page.pixels[0, 0] = 1


# Ownership


def one_page_at_a_time(web: WebServer, make_store: StoreMaker, **variables: object) -> PageStore:
    """A store with memory for a single page in use: 48 bytes, and three times that while it is decoded."""
    web.routes[""] = lambda request: Reply(png(int(request.path[1:])))
    tiny = {"PAGES_IN_USE_MB": 150 / 1_000_000, "MAX_PAGE_MEGAPIXELS": 48 / 1_000_000}
    return store_for(web, make_store, **tiny, **variables)


def in_time(store: PageStore, address: PageAddress) -> bool:
    """Whether the page can be borrowed, rather than waiting for memory."""
    borrowed = threading.Event()

    def borrow() -> None:
        with store.borrow(address):
            borrowed.set()

    threading.Thread(target=borrow, daemon=True).start()
    return borrowed.wait(1)


def test_a_returned_page_has_no_pixels(web: WebServer, make_store: StoreMaker) -> None:
    store = one_page_at_a_time(web, make_store)
    with store.borrow(PageAddress(f"{web.url}/1")) as page:
        pass
    assert (page.width, page.height) == (8, 6)
    with pytest.raises(ValueError, match="were returned"):
        _ = page.pixels


def test_the_memory_of_a_page_is_free_once_the_last_borrower_returned_it(
    web: WebServer, make_store: StoreMaker
) -> None:
    store = one_page_at_a_time(web, make_store, PAGE_CACHE_MB=0)
    first, second = PageAddress(f"{web.url}/1"), PageAddress(f"{web.url}/2")
    with store.borrow(first) as page:
        kept = page.pixels
        assert not in_time(store, second)
    assert in_time(store, second)
    assert kept[0, 0] == 1


def test_borrowers_that_share_a_fetch_share_the_memory(web: WebServer, make_store: StoreMaker) -> None:
    store = one_page_at_a_time(web, make_store, PAGE_CACHE_MB=0)
    together = threading.Barrier(4, timeout=5)

    def slowly(_: Request) -> Reply:
        time.sleep(0.3)
        return Reply(png(7))

    def borrow(_: int) -> int:
        with store.borrow(PageAddress(f"{web.url}/shared")) as page:
            together.wait()
            return int(page.pixels[0, 0])

    web.routes["/shared"] = slowly
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(borrow, range(4))) == [7] * 4
    assert len(web.requests) == 1
    assert in_time(store, PageAddress(f"{web.url}/2"))


def test_a_failure_that_is_kept_keeps_neither_the_page_nor_its_memory(web: WebServer, make_store: StoreMaker) -> None:
    store = one_page_at_a_time(web, make_store, PAGE_CACHE_MB=0)
    pixels: list[weakref.ref[np.ndarray]] = []

    def fail(page: Page) -> None:
        view = page.pixels[:3]
        pixels.extend([weakref.ref(page.pixels), weakref.ref(view)])
        raise PageNotFound

    with pytest.raises(PageNotFound) as kept, store.borrow(PageAddress(f"{web.url}/1")) as page:
        fail(page)

    assert kept.value.__traceback__ is not None
    assert [reference() for reference in pixels] == [None, None]
    assert in_time(store, PageAddress(f"{web.url}/2"))


def test_a_page_that_leaves_the_cache_returns_its_memory(web: WebServer, make_store: StoreMaker) -> None:
    store = one_page_at_a_time(web, make_store, PAGE_CACHE_MB=50 / 1_000_000)
    for number in range(1, 6):
        assert in_time(store, PageAddress(f"{web.url}/{number}"))
    # One in the cache, one in use.
    with store.borrow(PageAddress(f"{web.url}/6")), store.borrow(PageAddress(f"{web.url}/7")):
        assert not in_time(store, PageAddress(f"{web.url}/8"))
    store.close()
    with store.borrow(PageAddress(f"{web.url}/9")), store.borrow(PageAddress(f"{web.url}/10")):
        pass


def test_many_threads_and_pages_never_get_anothers_page(web: WebServer, make_store: StoreMaker) -> None:
    store = store_for(web, make_store, PAGE_CACHE_MB=300 / 1_000_000, PAGE_FRESH_SECONDS=0.01)
    web.routes[""] = lambda request: Reply(png(int(request.path[1:])), headers={"ETag": f'"{request.path}"'})

    def right(number: int) -> bool:
        return bool(lent(store, PageAddress(f"{web.url}/{number % 12}"))[0, 0] == number % 12)

    with ThreadPoolExecutor(16) as threads:
        assert all(threads.map(right, range(200)))


def test_what_is_no_image_is_told_each_time(web: WebServer, make_store: StoreMaker) -> None:
    store = store_for(web, make_store)
    web.routes["/x"] = Reply(b"%PDF-1.7")
    for _ in range(2):
        with pytest.raises(PageUndecodable, match="PDF"):
            lent(store, PageAddress(f"{web.url}/x"))
    assert len(web.requests) == 2


# Fetching ahead


def test_a_page_that_was_fetched_ahead_is_there_at_once(
    web: WebServer, make_store: StoreMaker, decoded: list[bytes]
) -> None:
    store = store_for(web, make_store)
    web.routes["/x"] = Reply(png(1))
    store.prefetch(PageAddress(f"{web.url}/x"))
    until(lambda: len(decoded) == 1)
    assert lent(store, PageAddress(f"{web.url}/x"))[0, 0] == 1
    assert len(web.requests) == 1


def test_who_asks_for_a_page_that_is_being_fetched_ahead_waits_for_it(web: WebServer, make_store: StoreMaker) -> None:
    store = store_for(web, make_store)
    go = threading.Event()

    def when_told(_: Request) -> Reply:
        go.wait(5)
        return Reply(png(1))

    web.routes["/x"] = when_told
    store.prefetch(PageAddress(f"{web.url}/x"))
    until(lambda: len(web.requests) == 1)
    threading.Timer(0.2, go.set).start()
    assert lent(store, PageAddress(f"{web.url}/x"))[0, 0] == 1
    assert len(web.requests) == 1


def test_fetching_ahead_never_blocks_and_lives_through_failures(
    web: WebServer, make_store: StoreMaker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "boxocr")
    store = store_for(web, make_store)
    go, answered = threading.Event(), threading.Event()

    def when_told(_: Request) -> Reply:
        go.wait(5)
        answered.set()
        return Reply(status=404)

    web.routes["/slow"] = when_told
    web.routes["/last"] = Reply(png(1))
    for _ in range(500):
        store.prefetch(PageAddress(f"{web.url}/slow"))
    assert not answered.is_set()
    go.set()
    until(lambda: web.asked("/slow") and not store._prefetcher._waiting)
    for url in ("", "ftp://x/y", "data:,x", f"{web.url}/last"):
        store.prefetch(PageAddress(url))
    until(lambda: web.asked("/last"))
    assert len(web.asked("/slow")) < 100
    assert {record.levelname for record in caplog.records} == {"DEBUG"}
    assert "A page could not be fetched ahead: page_forbidden" in caplog.messages
    assert web.origin not in caplog.text


def test_a_closed_store_fetches_nothing_ahead_and_its_thread_ends(web: WebServer, make_store: StoreMaker) -> None:
    # An application that other tests share can have a store of its own.
    others = set(threading.enumerate())
    store = store_for(web, make_store)
    web.routes[""] = Reply(png(1))
    store.prefetch(PageAddress(f"{web.url}/x"))
    until(lambda: web.requests)
    store.close()
    store.close()
    store.prefetch(PageAddress(f"{web.url}/y"))
    until(lambda: not any(thread.name.startswith("page-prefetch") for thread in {*threading.enumerate()} - others))
    assert web.asked("/y") == []


def test_no_more_pages_are_fetched_at_a_time_than_there_is_memory_for(
    web: WebServer, make_store: StoreMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("boxocr.pages.store._CONCURRENT_FETCHES", 3)
    store = store_for(web, make_store)
    under_way, most, lock = 0, 0, threading.Lock()

    def slowly(request: Request) -> Reply:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.2)
        with lock:
            under_way -= 1
        return Reply(png(int(request.path[1:])))

    web.routes[""] = slowly
    with ThreadPoolExecutor(9) as threads:
        list(threads.map(partial(lent, store), [PageAddress(f"{web.url}/{number}") for number in range(9)]))
    assert most == 3


def test_a_page_of_any_allowed_size_fits_beside_a_full_cache(web: WebServer, make_store: StoreMaker) -> None:
    tiny = {"PAGES_IN_USE_MB": 1 / 1_000_000, "MAX_PAGE_MEGAPIXELS": 48 / 1_000_000, "PAGE_CACHE_MB": 150 / 1_000_000}
    store = store_for(web, make_store, **tiny)
    web.routes[""] = lambda request: Reply(png(int(request.path[1:])))
    for number in range(1, 6):
        assert in_time(store, PageAddress(f"{web.url}/{number}"))
