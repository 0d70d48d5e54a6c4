"""ALLOWED_IMAGE_HOSTS, in the ways that people write it: it works as it is meant, or the server does not start."""

import re
from ipaddress import ip_network
from pathlib import Path

import pytest

from boxocr.settings.allowed_hosts import Allowed, AllowedHost, parse
from tests.backend import refused, running
from tests.conftest import DATA
from tests.payloads import notes, one_box, texts

# The port that the reported files name; the pages of the tests are on another one.
REPORTED = "127.0.0.1:9712"

NO_HOST = "is not a host; write host, host:port, *.example.com, or a network such as 10.0.0.0/8"
EVERY_HOST = (
    "would let anyone who imports tasks reach every machine; name the hosts, or their networks such as "
    "10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16"
)


@pytest.mark.parametrize(
    "file", ["env_hosts_url.env", "env_hosts_spaces.env", "env_hosts_json.env"], ids=["URL", "spaces", "JSON"]
)
def test_reported_files_open_the_host_that_they_name(tmp_path: Path, page_server: str, file: str) -> None:
    written = (DATA / "env" / file).read_text()
    assert REPORTED in written
    (tmp_path / ".env").write_text(written.replace(REPORTED, page_server.removeprefix("http://")))

    with running(tmp_path, {"OCR_ENGINE": "tests.engines:Counting", "OCR_WORKERS": "1"}) as server:
        (prediction,) = server.predict(one_box(page_server))

    assert texts(prediction["result"]) == {"DeBKjm31i2": "reading 1"}


def test_a_network_opens_the_pages_in_it_by_address_and_by_name(tmp_path: Path, page_server: str) -> None:
    environment = {"ALLOWED_IMAGE_HOSTS": "10.0.0.0/8;\n127.0.0.0/8 ::1/128", "OCR_ENGINE": "tests.engines:Counting"}
    with running(tmp_path, environment | {"OCR_WORKERS": "1"}) as server:
        by_address = server.predict(one_box(page_server))
        by_name = server.predict(one_box(page_server.replace("127.0.0.1", "localhost"), x=8))
        elsewhere = one_box(page_server)
        elsewhere["tasks"][0]["data"]["ocr"] = "http://169.254.169.254/page.png"
        (outside,) = server.predict(elsewhere)

    assert texts(by_address[0]["result"]) == {"DeBKjm31i2": "reading 1"}
    assert texts(by_name[0]["result"]) == {"DeBKjm31i2": "reading 2"}
    assert notes(outside["result"]) == [
        (
            "BoxOCR: The page is on 169.254.169.254, a private host that this server is not allowed to contact."
            " If this is intended, add 169.254.169.254 to ALLOWED_IMAGE_HOSTS."
        )
    ]


def test_the_reported_star_keeps_the_server_from_starting(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes((DATA / "env" / "env_hosts_star.env").read_bytes())

    assert refused(tmp_path, {}) == (1, f'BoxOCR cannot start: ALLOWED_IMAGE_HOSTS: "*" {EVERY_HOST}\n')


def test_a_password_in_an_entry_is_not_printed(tmp_path: Path) -> None:
    status, printed = refused(tmp_path, {"ALLOWED_IMAGE_HOSTS": "http://someone:hidden-word@10.0.0.7/"})

    assert (status, printed) == (
        1,
        "BoxOCR cannot start: ALLOWED_IMAGE_HOSTS: an entry has a user name or a password; write the host without it\n",
    )


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("nas.lan", [AllowedHost("nas.lan", None)]),
        ("NAS.lan.:8080", [AllowedHost("nas.lan", 8080)]),
        ("a.lan,b.lan; c.lan\nd.lan\te.lan", [AllowedHost(f"{letter}.lan", None) for letter in "abcde"]),
        ("\"a.lan\", 'b.lan'", [AllowedHost("a.lan", None), AllowedHost("b.lan", None)]),
        ('["a.lan", "b.lan:80"]', [AllowedHost("a.lan", None), AllowedHost("b.lan", 80)]),
        ("['a.lan', 'b.lan:80']", [AllowedHost("a.lan", None), AllowedHost("b.lan", 80)]),
        ("'[\"a.lan b.lan\"]'", [AllowedHost("a.lan", None), AllowedHost("b.lan", None)]),
        ("[]", []),
        ("http://nas.lan", [AllowedHost("nas.lan", 80)]),
        ("HTTPS://nas.lan/", [AllowedHost("nas.lan", 443)]),
        ("https://nas.lan:8443//", [AllowedHost("nas.lan", 8443)]),
        ("http://nas.lan:*/", [AllowedHost("nas.lan", None)]),
        ("nas.lan/", [AllowedHost("nas.lan", None)]),
        ("nas.lan:*", [AllowedHost("nas.lan", None)]),
        ("*.example.com:8080", [AllowedHost("example.com", 8080, below=True)]),
        ("https://*.example.com", [AllowedHost("example.com", 443, below=True)]),
        ("minio_1", [AllowedHost("minio_1", None)]),
        ("bücher.example", [AllowedHost("xn--bcher-kva.example", None)]),
        ("::1", [AllowedHost("::1", None)]),
        ("[::1]", [AllowedHost("::1", None)]),
        ("[FD00:0::5]:80", [AllowedHost("fd00::5", 80)]),
        ("http://[fd00::5]:9/", [AllowedHost("fd00::5", 9)]),
        ("10.0.0.0/8", [ip_network("10.0.0.0/8")]),
        ("10.0.0.7/255.255.255.0", [ip_network("10.0.0.0/24")]),
        ("fd00::7/8, [fc00::]/8/", [ip_network("fd00::/8"), ip_network("fc00::/8")]),
    ],
)
def test_the_obvious_meaning_is_taken(written: str, meant: list[Allowed]) -> None:
    assert parse(written) == tuple(meant)


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        *((entry, f'"{entry}" {EVERY_HOST}') for entry in ("*", "*:80", "*.*", "http://*", "0.0.0.0/0", "::/0")),
        ("a.lan, *", f'"*" {EVERY_HOST}'),
        *(
            (entry, f'"{entry}" {NO_HOST}')
            for entry in (
                *("/", "//a.lan", ".example.com", "a..b", "a.lan:0", "a.lan:99999", "a.lan:", "a.lan:80:80", "a|b"),
                *("10.*", "10.0.0.0/33", "10.0.0.0/8:80", "10.0.0.300", "ftp://a.lan", "s3://pages", "http:/a.lan"),
                *("a.lan?x", "a.lan#x", "[a.lan]", "[1]", "{}"),
            )
        ),
        ("a.lan # of mine", f'"#" {NO_HOST}'),
        ('["a.lan",]', f'"["a.lan" {NO_HOST}'),
        ("http://a.lan/b", '"http://a.lan/b" has a path, and hosts are allowed as a whole; write a.lan'),
        ("a.lan:80/b/", '"a.lan:80/b/" has a path, and hosts are allowed as a whole; write a.lan:80'),
        ("me:secret@a.lan", "an entry has a user name or a password; write the host without it"),
        ("\x1b[2J", f'"?[2J" {NO_HOST}'),
    ],
)
def test_what_would_never_match_is_refused(written: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(complaint)}$"):
        parse(written)
