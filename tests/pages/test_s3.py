import itertools
import time
from pathlib import Path

import pytest

from boxocr.errors import (
    PageAddressError,
    PageCertificate,
    PageForbidden,
    PageNotFound,
    PageTooLarge,
    PageUnauthorized,
    PageUnreachable,
)
from boxocr.pages.page import PageAddress
from boxocr.pages.sources.page_url import PageURL
from boxocr.pages.sources.s3 import S3
from boxocr.pages.sources.source import Fetched, Limits
from boxocr.pages.store import PageStore
from boxocr.process.deadline import Deadline
from boxocr.settings.environment import Settings
from tests.pages.conftest import StoreMaker, failure, lent, png
from tests.servers.ports import free_ports
from tests.servers.s3 import ACCESS_KEY, SECRET_KEY, S3Server
from tests.servers.web import AUTHORITY, ISSUED, Reply, WebServer, web_server

KEYS = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}


@pytest.fixture
def store(s3: S3Server, make_store: StoreMaker) -> PageStore:
    return make_store(AWS_ENDPOINT=s3.url, PAGE_FRESH_SECONDS=0, **KEYS)


@pytest.mark.parametrize(
    "key",
    [
        "x.png",
        "a/b/x.png",
        "a b.png",
        "a%20b.png",
        "100%.png",
        "a+b.png",
        "a?b#c.png",
        "ä日.png",
        "a&b=c.png",
        " x.png ",
    ],
)
def test_a_private_object_is_read_by_its_literal_key(key: str, s3: S3Server, store: PageStore) -> None:
    # Where a key is decoded or encoded once too often, the other one is found.
    for other in ("a b.png", "a%20b.png", "a+b.png"):
        s3.put(other, png(1))
    s3.put(key, png(2))
    assert lent(store, PageAddress(f"s3://pages/{key}"))[0, 0] == 2


def test_a_changed_object_is_noticed_and_an_unchanged_one_is_kept(s3: S3Server, store: PageStore) -> None:
    address = PageAddress(s3.put("changing.png", png(1)))
    first = lent(store, address)
    assert lent(store, address) is first
    s3.put("changing.png", png(2))
    assert lent(store, address)[0, 0] == 2


def test_an_unchanged_object_is_not_sent_again(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    url = PageURL.parse(s3.put("unchanged.png", png(1)))
    for name, value in {"AWS_ENDPOINT": s3.url, **KEYS}.items():
        monkeypatch.setenv(name, value)
    source = S3(Settings.load(), Limits(5, 1000))
    found = source.fetch(url, None, Deadline(5))
    assert found.data == png(1)
    assert source.fetch(url, found.validator, Deadline(5)) == Fetched(None, found.validator)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"AWS_ACCESS_KEY_ID": "nobody"}, "S3 refused this server's keys (InvalidAccessKeyId)."),
        ({"AWS_SECRET_ACCESS_KEY": "wrong"}, "S3 refused this server's keys (SignatureDoesNotMatch)."),
        (
            {"AWS_ACCESS_KEY_ID": "stranger", "AWS_SECRET_ACCESS_KEY": "stranger's secret"},
            "S3 does not let this server's keys read the page (AccessDenied).",
        ),
    ],
)
def test_keys_that_do_not_open_the_bucket_are_told(
    keys: dict[str, str], message: str, s3: S3Server, make_store: StoreMaker
) -> None:
    url = s3.put("x.png", png())
    caught = failure(make_store(AWS_ENDPOINT=s3.url, **(KEYS | keys)), url)
    assert (type(caught), caught.message) == (PageUnauthorized, message)


def test_a_missing_object_or_bucket_is_told(store: PageStore) -> None:
    caught = failure(store, "s3://pages/none.png")
    assert (type(caught), caught.message) == (PageNotFound, "The bucket pages has no such page.")
    caught = failure(store, "s3://nobodys/none.png")
    assert (type(caught), caught.message) == (PageNotFound, "S3 has no bucket nobodys.")


@pytest.mark.parametrize(
    "url",
    [
        "s3://",
        "s3:///x",
        "s3://pages",
        "s3://pages/",
        "s3:pages/x",
        "s3://arn:aws:s3:x:1:accesspoint/p/x",
        "s3://a b/x",
    ],
)
def test_what_names_no_bucket_and_key_is_told(url: str, store: PageStore) -> None:
    caught = failure(store, url)
    assert (type(caught), caught.message) == (
        PageAddressError,
        "The page's s3:// address does not contain a bucket and a key.",
    )


def test_a_large_object_is_refused(s3: S3Server, make_store: StoreMaker) -> None:
    url = s3.put("large.png", bytes(20_000))
    assert isinstance(failure(make_store(AWS_ENDPOINT=s3.url, MAX_PAGE_MB=0.01, **KEYS), url), PageTooLarge)


def test_an_object_that_is_announced_as_large_is_not_read(web: WebServer, make_store: StoreMaker) -> None:
    web.routes[""] = Reply(raw=[b'HTTP/1.1 200 OK\r\nETag: "x"\r\nContent-Length: 10001\r\n\r\n'])
    store = make_store(AWS_ENDPOINT=web.url, MAX_PAGE_MB=0.01, **KEYS)
    assert isinstance(failure(store, "s3://pages/x.png"), PageTooLarge)


def test_an_object_without_a_length_or_an_etag_is_counted_while_it_comes(
    web: WebServer, make_store: StoreMaker
) -> None:
    store = make_store(AWS_ENDPOINT=web.url, MAX_PAGE_MB=0.01, PAGE_TIMEOUT=5, **KEYS)
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    web.routes[""] = Reply(raw=itertools.chain([head], itertools.repeat(b"400\r\n" + bytes(1024) + b"\r\n")))
    assert isinstance(failure(store, "s3://pages/x.png"), PageTooLarge)
    page = png(4)
    web.routes[""] = Reply(raw=[head, b"%x\r\n%b\r\n0\r\n\r\n" % (len(page), page)])
    assert lent(store, PageAddress("  s3://pages/x.png"))[0, 0] == 4


def test_an_endpoint_where_nobody_listens_is_told(make_store: StoreMaker) -> None:
    store = make_store(AWS_ENDPOINT=f"http://127.0.0.1:{free_ports(1)[0]}", **KEYS)
    caught = failure(store, "s3://pages/x.png")
    assert (type(caught), caught.message) == (
        PageUnreachable,
        "S3 could not be reached, or the download was interrupted.",
    )


def test_an_endpoint_that_fails_or_cuts_off_is_told(web: WebServer, make_store: StoreMaker) -> None:
    store = make_store(AWS_ENDPOINT=web.url, **KEYS)
    web.routes[""] = Reply(status=503)
    assert failure(store, "s3://pages/x.png").message == "S3 answered with 503 instead of the page."
    web.routes[""] = Reply(raw=[b'HTTP/1.1 200 OK\r\nETag: "x"\r\nContent-Length: 9000\r\n\r\n' + png()])
    assert failure(store, "s3://pages/x.png").message == "S3 could not be reached, or the download was interrupted."


def test_an_endpoint_that_drips_is_given_up_in_time(web: WebServer, make_store: StoreMaker) -> None:
    def drip(_: object) -> Reply:
        def pieces() -> "object":
            yield b'HTTP/1.1 200 OK\r\nETag: "x"\r\nContent-Length: 9000000\r\n\r\n'
            for _ in range(50):
                time.sleep(0.1)
                yield bytes(10_000)

        return Reply(raw=pieces())  # type: ignore[arg-type]

    web.routes[""] = drip
    store = make_store(AWS_ENDPOINT=web.url, PAGE_TIMEOUT=0.5, **KEYS)
    # The page is cut off after five seconds, which is another error.
    assert failure(store, "s3://pages/x.png").code == "page_timeout"


def test_an_empty_endpoint_variable_counts_as_unset(s3: S3Server, make_store: StoreMaker) -> None:
    url = s3.put("x.png", png(5))
    store = make_store(AWS_ENDPOINT=s3.url, AWS_ENDPOINT_URL="", AWS_ENDPOINT_URL_S3="", AWS_SESSION_TOKEN="", **KEYS)
    assert lent(store, PageAddress(url))[0, 0] == 5


def test_a_signed_address_is_read_like_any_web_page(s3: S3Server, make_store: StoreMaker) -> None:
    s3.put("ä b.png", png(5))
    store = make_store(AWS_ENDPOINT=s3.url)
    assert lent(store, PageAddress(s3.presigned("ä b.png")))[0, 0] == 5
    caught = failure(store, s3.presigned("ä b.png").replace("Signature=", "Signature=0"))
    assert (type(caught), caught.message) == (PageUnauthorized, "127.0.0.1 refuses access to the page (HTTP 403).")


UNTRUSTED = (
    "The certificate of the S3 server localhost was issued by an authority that this server does not trust. "
    "Set AWS_CA_BUNDLE to the PEM file of that certificate authority."
)
OTHER_NAME = (
    "The certificate of the S3 server 127.0.0.1 was issued for another name. Use a name that is in the certificate, or "
    "have one issued for this name; AWS_CA_BUNDLE, which takes the PEM file of the certificate authority, does not "
    "help here."
)


@pytest.mark.parametrize(
    ("host", "bundle", "sentence"), [("localhost", "", UNTRUSTED), ("127.0.0.1", AUTHORITY, OTHER_NAME)]
)
def test_the_certificate_of_an_endpoint_is_told(
    host: str, bundle: Path | str, sentence: str, make_store: StoreMaker
) -> None:
    with web_server(tls=True, certificate=ISSUED) as endpoint:
        # Its certificates are boto3's own: the web's count for nothing. A variable that is empty counts as unset.
        url = endpoint.url.replace("localhost", host)
        store = make_store(AWS_ENDPOINT=url, SSL_CERT_FILE=AUTHORITY, AWS_CA_BUNDLE=bundle, **KEYS)
        caught = failure(store, "s3://pages/x.png")
        assert (type(caught), caught.sentence) == (PageCertificate, sentence)
        assert endpoint.requests == []


def test_an_endpoint_of_a_private_authority_is_read_with_its_certificate(make_store: StoreMaker) -> None:
    with web_server(tls=True, certificate=ISSUED) as endpoint:
        endpoint.routes["/pages/x.png"] = Reply(png(3))
        store = make_store(AWS_ENDPOINT=endpoint.url, AWS_CA_BUNDLE=AUTHORITY, **KEYS)
        assert lent(store, PageAddress("s3://pages/x.png"))[0, 0] == 3


@pytest.mark.parametrize("allowed", ["pages", "s3://pages/", "others, pages/scans", "pages/scans/"])
def test_a_bucket_that_is_allowed_is_read(allowed: str, s3: S3Server, make_store: StoreMaker) -> None:
    store = make_store(AWS_ENDPOINT=s3.url, ALLOWED_BUCKETS=allowed, **KEYS)
    assert lent(store, PageAddress(s3.put("scans/x.png", png(1))))[0, 0] == 1


@pytest.mark.parametrize("allowed", ["page", "pages2", "pages/scan", "pages/scans/x", "others/pages"])
def test_other_buckets_and_folders_are_refused(allowed: str, s3: S3Server, make_store: StoreMaker) -> None:
    store = make_store(AWS_ENDPOINT=s3.url, ALLOWED_BUCKETS=allowed, **KEYS)
    caught = failure(store, s3.put("scans/x.png", png(1)))
    assert isinstance(caught, PageForbidden)
    assert caught.sentence == (
        "The page is in the bucket pages, or a folder of it, that this server is not allowed to read. "
        "If this is intended, add it to ALLOWED_BUCKETS."
    )
