import gzip
import itertools
import logging
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from boxocr.errors import (
    PageAddressError,
    PageCertificate,
    PageError,
    PageForbidden,
    PageNotFound,
    PageTimeout,
    PageTooLarge,
    PageUnauthorized,
    PageUndecodable,
    PageUnreachable,
)
from boxocr.pages.page import PageAddress
from boxocr.pages.store import PageStore
from tests.pages.conftest import StoreMaker, failure, lent, png
from tests.servers.label_studio import LEGACY_TOKEN
from tests.servers.ports import free_ports
from tests.servers.web import AUTHORITY, CERTIFICATE, EXPIRED, FUTURE, ISSUED, Reply, WebServer, redirect, web_server

OK = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture
def store(web: WebServer, make_store: StoreMaker) -> PageStore:
    return make_store(ALLOWED_IMAGE_HOSTS=web.origin, MAX_PAGE_MB=0.1, PAGE_TIMEOUT=2)


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/a b/ä.png", "/a%20b/%C3%A4.png"),
        ("/a%20b/%C3%A4.png", "/a%20b/%C3%A4.png"),
        ("/a+b.png?x=1+2&y=%2B#part", "/a+b.png?x=1+2&y=%2B"),
    ],
)
def test_an_address_is_asked_for_as_it_is_written(path: str, target: str, web: WebServer, store: PageStore) -> None:
    web.routes[""] = Reply(png(9))
    assert lent(store, PageAddress(web.url + path))[0, 0] == 9
    assert [request.target for request in web.requests] == [target]


def test_a_request_carries_no_cookies_no_referrer_and_no_token(web: WebServer, make_store: StoreMaker) -> None:
    store = make_store(
        ALLOWED_IMAGE_HOSTS=web.origin, LABEL_STUDIO_URL="http://127.0.0.1:1", LABEL_STUDIO_ACCESS_TOKEN=LEGACY_TOKEN
    )
    web.routes["/x"] = Reply(png(), headers={"Set-Cookie": "a=b; Path=/"})
    for query in ("?1", "?2"):
        lent(store, PageAddress(f"{web.url}/x{query}"))
    assert [set(request.headers) for request in web.requests] == [
        {"host", "accept", "accept-encoding", "user-agent"}
    ] * 2
    assert {request.headers["accept-encoding"] for request in web.requests} == {"identity"}


def test_a_user_and_password_in_the_address_go_to_its_host_only(
    web: WebServer, elsewhere: WebServer, make_store: StoreMaker
) -> None:
    store = make_store(ALLOWED_IMAGE_HOSTS="127.0.0.1")
    web.routes["/x"] = redirect(f"{elsewhere.url}/y")
    elsewhere.routes["/y"] = Reply(png())
    lent(store, PageAddress(f"http://user:word@{web.origin}/x"))
    assert [request.authorization for request in web.requests] == ["Basic dXNlcjp3b3Jk"]
    assert [request.authorization for request in elsewhere.requests] == [None]


@pytest.mark.parametrize(
    ("status", "error", "message"),
    [
        (400, PageUnreachable, "127.0.0.1 answered with HTTP 400 instead of the page."),
        (401, PageUnauthorized, "127.0.0.1 asks for a login (HTTP 401)."),
        (403, PageUnauthorized, "127.0.0.1 refuses access to the page (HTTP 403)."),
        (404, PageNotFound, "127.0.0.1 has no such page (HTTP 404)."),
        (410, PageNotFound, "127.0.0.1 has no such page (HTTP 410)."),
        (429, PageUnreachable, "127.0.0.1 received too many requests (HTTP 429)."),
        (500, PageUnreachable, "127.0.0.1 answered with HTTP 500 instead of the page."),
        (503, PageUnreachable, "127.0.0.1 answered with HTTP 503 instead of the page."),
        (504, PageTimeout, "127.0.0.1 did not send the page in time (HTTP 504)."),
        (206, PageUnreachable, "127.0.0.1 answered with HTTP 206 instead of the page."),
        (302, PageUnreachable, "127.0.0.1 answered with HTTP 302 instead of the page."),
    ],
)
def test_a_refusal_is_told_by_its_status(
    status: int, error: type[PageError], message: str, web: WebServer, store: PageStore
) -> None:
    web.routes["/x"] = Reply(png(), status)
    caught = failure(store, f"{web.url}/x?signature=secret")
    assert (type(caught), caught.message) == (error, message)


def test_an_unasked_304_is_told(web: WebServer, store: PageStore) -> None:
    web.routes["/x"] = Reply(status=304)
    assert isinstance(failure(store, f"{web.url}/x"), PageUnreachable)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed(status: int, web: WebServer, store: PageStore) -> None:
    web.routes |= {"/a/x": redirect("../b/ä y?z=1+2#f", status), "/b/ä y": Reply(png(5))}
    assert lent(store, PageAddress(f"{web.url}/a/x"))[0, 0] == 5
    assert web.requests[-1].target == "/b/%C3%A4%20y?z=1+2"


def test_a_redirect_in_plain_utf_8_is_followed(web: WebServer, store: PageStore) -> None:
    location = "Location: /日本.png\r\nContent-Length: 0\r\n\r\n".encode()
    web.routes |= {"/x": Reply(raw=[b"HTTP/1.1 302 Found\r\n" + location]), "/日本.png": Reply(png(5))}
    assert lent(store, PageAddress(f"{web.url}/x"))[0, 0] == 5


def test_five_redirects_are_enough(web: WebServer, store: PageStore) -> None:
    web.routes |= {f"/{number}": redirect(f"/{number - 1}") for number in range(1, 7)} | {"/0": Reply(png(5))}
    assert lent(store, PageAddress(f"{web.url}/5"))[0, 0] == 5
    assert failure(store, f"{web.url}/6").message == "The page's address leads through more than 5 redirects."
    assert len(web.asked("/0")) == 1


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1:70/x", "data:,x"])
def test_a_redirect_out_of_the_web_is_refused(location: str, web: WebServer, store: PageStore) -> None:
    web.routes["/x"] = redirect(location)
    caught = failure(store, f"{web.url}/x")
    assert isinstance(caught, PageForbidden)
    assert caught.message == "127.0.0.1 redirects to an address that is neither http nor https."


def test_a_redirect_to_a_host_that_is_not_allowed_is_refused(
    web: WebServer, elsewhere: WebServer, store: PageStore
) -> None:
    for place in (elsewhere.url, f"http://localhost:{web.url.rpartition(':')[2]}", "//127.0.0.1:1"):
        web.routes["/x"] = redirect(f"{place}/secret")
        assert isinstance(failure(store, f"{web.url}/x"), PageForbidden)
    assert elsewhere.requests == []


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0", "0.0.0.0", "localhost", "localhost."),  # noqa: S104
        *("LOCALHOST", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "127.0.0.1."),
        *("①②⑦.⓪.⓪.①", "user@127.0.0.1", "8.8.8.8@127.0.0.1"),
    ],
)
def test_this_machine_is_not_asked_however_it_is_written(host: str, web: WebServer, make_store: StoreMaker) -> None:
    caught = failure(make_store(PAGE_TIMEOUT=2), f"http://{host}:{web.url.rpartition(':')[2]}/x")
    assert isinstance(caught, PageForbidden | PageUnreachable | PageAddressError)
    assert web.requests == []


def test_what_is_refused_names_the_host_and_the_setting(make_store: StoreMaker) -> None:
    assert failure(make_store(), "http://localhost:1/x").sentence == (
        "The page is on localhost, a private host that this server is not allowed to contact. "
        "If this is intended, add localhost to ALLOWED_IMAGE_HOSTS."
    )


def test_a_name_that_changes_its_address_after_the_check_wins_nothing(
    web: WebServer, make_store: StoreMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A name server that answers a public address first and this machine's next. The public one is of a block for
    # documentation, counted as public for once, since no test goes beyond this machine.
    port = int(web.url.rpartition(":")[2])
    public, private = ("192.0.2.1", port), ("127.0.0.1", port)
    answers = itertools.chain([public], itertools.repeat(private))
    connected: list[object] = []

    def resolve(*_: object, **__: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", next(answers))]

    def connect(_: socket.socket, place: object) -> None:
        connected.append(place)
        raise ConnectionRefusedError

    monkeypatch.setattr("boxocr.pages.http.addresses._NOT_PUBLIC_V4", ())
    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr("boxocr.pages.http.connections._TimedSocket.connect", connect, raising=False)
    store = make_store(PAGE_TIMEOUT=2)
    assert isinstance(failure(store, f"http://rebinding.example:{port}/x"), PageUnreachable)
    assert connected == [public]
    assert web.requests == []


def test_the_environments_proxy_is_not_used(
    web: WebServer, elsewhere: WebServer, store: PageStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, elsewhere.url)
    web.routes["/x"] = Reply(png())
    lent(store, PageAddress(f"{web.url}/x"))
    assert elsewhere.requests == []


def drip(head: bytes, piece: bytes, pause: float = 0.05) -> Iterator[bytes]:
    yield head
    while True:
        time.sleep(pause)
        yield piece


SLOW: dict[str, Callable[[], Iterator[bytes]]] = {
    "a silent server": lambda: drip(b"", b"", 5),
    "a status line that does not end": lambda: drip(b"HTTP/1.1 200 O", b"K"),
    "headers that do not end": lambda: drip(OK, b"X-A: b\r\n", 0.2),
    "a header that does not end": lambda: drip(OK + b"X-A: ", b"b"),
    "a body that drips": lambda: drip(OK + b"Content-Length: 90000\r\n\r\n\x89PNG", b"x"),
    "chunks that drip": lambda: drip(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "a chunk's length that does not end": lambda: drip(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
    "a compressed body that inflates to nothing": lambda: drip(
        OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"")[:10], b"\x00\x00\x00\xff\xff"
    ),
}


@pytest.mark.parametrize("how", SLOW)
def test_a_page_that_takes_too_long_is_given_up_in_time(how: str, web: WebServer, make_store: StoreMaker) -> None:
    store = make_store(ALLOWED_IMAGE_HOSTS=web.origin, PAGE_TIMEOUT=0.5)
    web.routes["/x"] = lambda _: Reply(raw=SLOW[how]())
    start = time.monotonic()
    caught = failure(store, f"{web.url}/x")
    assert (type(caught), caught.message) == (PageTimeout, "127.0.0.1 did not send the page in time.")
    assert time.monotonic() - start < 1


def test_redirects_share_the_time_limit(web: WebServer, make_store: StoreMaker) -> None:
    store = make_store(ALLOWED_IMAGE_HOSTS=web.origin, PAGE_TIMEOUT=0.6)

    def slowly(_: object) -> Reply:
        time.sleep(0.25)
        return redirect("/x")

    web.routes["/x"] = slowly
    start = time.monotonic()
    assert isinstance(failure(store, f"{web.url}/x"), PageTimeout)
    assert time.monotonic() - start < 1


# TLS


@pytest.fixture
def secure() -> Iterator[WebServer]:
    with web_server(tls=True) as server:
        yield server


@pytest.mark.parametrize("certificate", [CERTIFICATE, ISSUED], ids=["signed by itself", "of a private authority"])
def test_a_certificate_that_nobody_vouches_for_is_told(certificate: Path, make_store: StoreMaker) -> None:
    with web_server(tls=True, certificate=certificate) as secure:
        caught = failure(make_store(ALLOWED_IMAGE_HOSTS="localhost"), f"{secure.url}/x")
        assert isinstance(caught, PageCertificate)
        assert caught.sentence == (
            "The certificate of localhost was issued by an authority that this server does not trust. "
            "Set SSL_CERT_FILE to the PEM file of that certificate authority."
        )
        assert secure.requests == []


@pytest.mark.parametrize(("certificate", "authority"), [(CERTIFICATE, CERTIFICATE), (ISSUED, AUTHORITY)])
def test_authorities_of_ones_own_are_believed(certificate: Path, authority: Path, make_store: StoreMaker) -> None:
    with web_server(tls=True, certificate=certificate) as secure:
        secure.routes["/x"] = Reply(png(3))
        store = make_store(ALLOWED_IMAGE_HOSTS="localhost", SSL_CERT_FILE=authority)
        assert lent(store, PageAddress(f"{secure.url}/x"))[0, 0] == 3


def test_a_certificate_must_be_for_the_host_of_the_address(secure: WebServer, make_store: StoreMaker) -> None:
    store = make_store(ALLOWED_IMAGE_HOSTS="127.0.0.1", SSL_CERT_FILE=CERTIFICATE)
    caught = failure(store, secure.url.replace("localhost", "127.0.0.1") + "/x")
    assert isinstance(caught, PageCertificate)
    assert caught.sentence == (
        "The certificate of 127.0.0.1 was issued for another name. Use a name that is in the certificate, or have one "
        "issued for this name; SSL_CERT_FILE, which takes the PEM file of the certificate authority, does not help "
        "here."
    )


TOO_OLD = (
    "The certificate of localhost has expired. Renew it on that server. If the authority's own certificate has "
    "expired, set SSL_CERT_FILE to the PEM file of the new certificate authority."
)
TOO_NEW = (
    "The certificate of localhost is not valid yet. Synchronize both clocks with a time server; SSL_CERT_FILE, which "
    "takes the PEM file of the certificate authority, does not help here."
)


@pytest.mark.parametrize(("certificate", "sentence"), [(EXPIRED, TOO_OLD), (FUTURE, TOO_NEW)])
def test_a_certificate_out_of_its_time_is_told(certificate: Path, sentence: str, make_store: StoreMaker) -> None:
    with web_server(tls=True, certificate=certificate) as secure:
        store = make_store(ALLOWED_IMAGE_HOSTS="localhost", SSL_CERT_FILE=AUTHORITY)
        caught = failure(store, f"{secure.url}/x")
    assert (type(caught), caught.sentence) == (PageCertificate, sentence)


def test_a_server_without_tls_has_no_certificate_to_blame(web: WebServer, make_store: StoreMaker) -> None:
    caught = failure(make_store(ALLOWED_IMAGE_HOSTS=web.origin), f"https://{web.origin}/x")
    assert (type(caught), caught.message) == (
        PageUnreachable,
        "127.0.0.1 could not be reached, or the download was interrupted.",
    )


def test_a_page_that_drips_over_tls_is_given_up_in_time(secure: WebServer, make_store: StoreMaker) -> None:
    store = make_store(ALLOWED_IMAGE_HOSTS="localhost", SSL_CERT_FILE=CERTIFICATE, PAGE_TIMEOUT=0.5)
    secure.routes["/x"] = lambda _: Reply(raw=SLOW["a body that drips"]())
    start = time.monotonic()
    assert isinstance(failure(store, f"{secure.url}/x"), PageTimeout)
    assert time.monotonic() - start < 1


def test_a_server_that_does_not_shake_hands_is_given_up_in_time(make_store: StoreMaker) -> None:
    store = make_store(ALLOWED_IMAGE_HOSTS="127.0.0.1", PAGE_TIMEOUT=0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        # Who still waits then gets another error.
        closing = threading.Timer(4, silent.close)
        closing.start()
        assert isinstance(failure(store, f"https://127.0.0.1:{silent.getsockname()[1]}/x"), PageTimeout)
        closing.cancel()


def endless(head: bytes, piece: bytes) -> Reply:
    return Reply(raw=itertools.chain([OK + head + b"\r\n"], itertools.repeat(piece)))


BOMB = zlib.compress(bytes(50_000_000))

LARGE = {
    "announced": Reply(raw=[OK + b"Content-Length: 100001\r\n\r\n"]),
    "announced as gigabytes": Reply(raw=[OK + b"Content-Length: 99999999999999999999\r\n\r\n"]),
    "endless chunks": endless(b"Transfer-Encoding: chunked\r\n", b"400\r\n" + bytes(1024) + b"\r\n"),
    "endless without a length": endless(b"", bytes(65536)),
    "inflating": Reply(BOMB, headers={"Content-Encoding": "deflate"}),
    "inflating twice": Reply(zlib.compress(BOMB), headers={"Content-Encoding": "deflate, deflate"}),
}


@pytest.mark.parametrize("how", LARGE)
def test_a_page_that_is_too_large_is_given_up(how: str, web: WebServer, store: PageStore) -> None:
    web.routes["/x"] = LARGE[how]
    caught = failure(store, f"{web.url}/x")
    assert isinstance(caught, PageTooLarge)
    assert caught.sentence == "The page's file is larger than 0.1 MB. Reduce its size, or raise MAX_PAGE_MB."


def test_a_page_that_a_server_compresses_unasked_is_read(web: WebServer, store: PageStore) -> None:
    web.routes["/x"] = Reply(gzip.compress(png(3)), headers={"Content-Encoding": "gzip"})
    assert lent(store, PageAddress(f"{web.url}/x"))[0, 0] == 3


CUT = {
    "before the status line": [b""],
    "in the status line": [b"HTTP/1."],
    "in the headers": [OK + b"Content-Le"],
    "in the body": [OK + b"Content-Length: 9000\r\n\r\n" + png()],
    "between chunks": [OK + b"Transfer-Encoding: chunked\r\n\r\n4\r\n\x89PNG\r\n"],
    "in a chunk": [OK + b"Transfer-Encoding: chunked\r\n\r\nff\r\n\x89PNG"],
}


@pytest.mark.parametrize("where", CUT)
def test_a_page_that_is_cut_off_is_told(where: str, web: WebServer, store: PageStore) -> None:
    web.routes["/x"] = Reply(raw=CUT[where])
    caught = failure(store, f"{web.url}/x")
    assert isinstance(caught, PageUnreachable | PageUndecodable)
    if where != "in the headers":  # http.client takes what came for an answer with an empty body
        assert caught.message == "127.0.0.1 could not be reached, or the download was interrupted."


@pytest.mark.parametrize(
    "nonsense",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        OK + b"X: " + b"y" * 100_000,
        OK + b"X: y\r\n" * 200 + b"\r\n",
        OK + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
    ],
)
def test_what_is_no_http_is_told(nonsense: bytes, web: WebServer, store: PageStore) -> None:
    web.routes["/x"] = Reply(raw=[nonsense])
    assert failure(store, f"{web.url}/x").message == "127.0.0.1 could not be reached, or the download was interrupted."


def test_a_port_where_nobody_listens_is_told(make_store: StoreMaker) -> None:
    store = make_store(ALLOWED_IMAGE_HOSTS="127.0.0.1")
    caught = failure(store, f"http://127.0.0.1:{free_ports(1)[0]}/x")
    assert isinstance(caught, PageUnreachable)


def test_a_login_page_is_told(web: WebServer, store: PageStore) -> None:
    web.routes["/x"] = Reply(b"\n<!DOCTYPE html><html><body><form>", headers={"Content-Type": "image/png"})
    assert failure(store, f"{web.url}/x").message == "The page is an HTML page (a login page?), not an image."


def test_secrets_in_addresses_reach_neither_log_nor_error(
    web: WebServer, store: PageStore, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    replies = [Reply(status=500), Reply(b"no image"), redirect("/y?signature=hush"), Reply(raw=[b"HTTP/"])]
    for number, reply in enumerate(replies):
        web.routes["/x"] = reply
        url = f"http://user:hush@{web.origin}/x?n={number}&signature=hush"
        assert "hush" not in repr(failure(store, url).args)
        store.prefetch(PageAddress(url))
    deadline = time.monotonic() + 5
    while len(web.asked("/x")) < 2 * len(replies) and time.monotonic() < deadline:
        time.sleep(0.01)
    store.close()
    assert "hush" not in caplog.text
