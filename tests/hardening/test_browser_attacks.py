"""A page of another site, opened in a browser that can reach the server: it reads nothing and has nothing read."""

import http.client
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from tests.backend import Backend, one_reader, refused, running
from tests.payloads import one_box, payload

COUNTING = {"OCR_ENGINE": "tests.engines:Counting", "OCR_WORKERS": "1"}


@pytest.fixture(scope="module")
def open_server(page_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    """A server without a password that shows its status page."""
    environment = one_reader(
        page_server,
        "tests.engines:Counting",
        STATUS_PAGE="true",
        ALLOWED_HOSTS="ocr.example.com, *.example.org, plain.example.net:9090",
    )
    with running(tmp_path_factory.mktemp("open"), environment) as server:
        server.predict(one_box(page_server))
        yield server


def status(server: Backend, path: str, **headers: str) -> int:
    return server.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()}).status_code


# --- The host


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:9090",
        "example.com",
        "example.org",
        "ocr.example.com.evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "boxocr.",
        "plain.example.net",
        "a b",
        "evil.example/localhost",
        "localhost@evil.example",
        "[::1",
    ],
)
def test_a_foreign_name_of_the_server_is_refused(open_server: Backend, host: str) -> None:
    for path in ("/status/readings", "/", "/versions", "/metrics"):
        answer = open_server.get(path, headers={"Host": host})
        assert answer.status_code == 403, path
        assert answer.json()["error"]["code"] == "host_not_allowed"
    assert answer.reason == (
        f"This server does not have the name {host}. "
        "Add the name to ALLOWED_HOSTS, or set BASIC_AUTH_USER and BASIC_AUTH_PASS."
    )


@pytest.mark.parametrize(
    "host",
    [
        "localhost:9090",
        "LOCALHOST",
        "boxocr.localhost",
        "127.0.0.1",
        "[::1]:9090",
        "192.168.1.5:9090",
        "boxocr:9090",
        "my_container",
        "host.docker.internal:9090",
        "boxocr.labeling.svc.cluster.local:9090",
        socket.gethostname(),
        f"{socket.gethostname()}.local:9090",
        "ocr.example.com",
        "Ocr.Example.com:443",
        "a.example.org",
        "plain.example.net:9090",
    ],
)
def test_a_name_of_its_own_is_accepted(open_server: Backend, host: str) -> None:
    assert status(open_server, "/status/readings", Host=host) == 200


def test_health_is_answered_whatever_a_load_balancer_calls_the_server(open_server: Backend) -> None:
    assert status(open_server, "/health", Host="pool.example") == 200
    parts = urlsplit(open_server.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=30) as connection:
        connection.sendall(b"GET /versions HTTP/1.0\r\n\r\n")
        assert b" 200 OK\r\n" in connection.recv(100)


def test_with_a_password_any_name_is_accepted_unless_names_are_set(tmp_path: Path) -> None:
    """A browser does not send the password to a foreign name."""
    password = {"BASIC_AUTH_USER": "me", "BASIC_AUTH_PASS": "secret-word"}
    auth = ("me", "secret-word")
    for names, expected in (("", 200), ("ocr.example.com", 403)):
        with running(tmp_path, COUNTING | password | {"ALLOWED_HOSTS": names}) as server:
            answer = server.get("/versions", headers={"Host": "other.example"}, auth=auth)
            assert answer.status_code == expected, names


# --- The type of the body


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_a_body_that_a_foreign_page_can_send_is_refused(
    open_server: Backend, page_server: str, content_type: str
) -> None:
    headers = {"Content-Type": content_type, "Sec-Fetch-Mode": "no-cors"}
    data = requests.Request("POST", "http://x", json=payload("one-box", page_server)).prepare().body
    for path in ("/predict", "/setup", "/webhook", "/status/page"):
        answer = requests.post(open_server.url + path, data=data, headers=headers, timeout=30)

        assert (answer.status_code, answer.json()["error"]["code"]) == (415, "not_json")
        assert answer.reason == (
            "The request's body is not declared as JSON. Send it with the header Content-Type: application/json."
        )


def test_a_browser_that_asks_for_another_site_is_not_encouraged(open_server: Backend) -> None:
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    answer = requests.options(f"{open_server.url}/predict", headers=headers, timeout=30)

    assert not [name for name in answer.headers if name.startswith("Access-Control")]


# --- The status page


def test_the_status_page_is_read_by_itself_only(open_server: Backend) -> None:
    (row, *_) = open_server.get("/status/readings").json()["readings"]
    own = open_server.url
    for path in ("/status/state", "/status/readings", f"/status/readings/{row['number']}/drawn.png"):
        for site in ("same-origin", "none"):
            for origin in (own, "https://behind.a.proxy.example"):
                assert status(open_server, path, Sec_Fetch_Site=site, Origin=origin) == 200, (path, site)
        assert status(open_server, path, Origin=own) == 200, path
        for site in ("cross-site", "same-site"):
            assert status(open_server, path, Sec_Fetch_Site=site) == 403, (path, site)
        for origin in ("https://evil.example", "null", own.replace("127.0.0.1", "localhost")):
            assert status(open_server, path, Origin=origin) == 403, (path, origin)
    # The page itself can be opened by a link.
    assert status(open_server, "/", Accept="text/html", Sec_Fetch_Site="cross-site") == 200


# --- The address


def answers(host: str, server: Backend) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((host, urlsplit(server.url).port)) == 0


def test_without_a_password_only_this_machine_is_served(tmp_path: Path) -> None:
    with running(tmp_path, COUNTING | {"HOST": ""}) as server:
        said = server.says("BoxOCR is ready on ")
        assert said.startswith(f"{server.url} and reads with ")
        assert " It is open to everyone on this machine, and to no other: " in said
        assert not answers("127.0.0.2", server)


@pytest.mark.parametrize("variables", [{"HOST": "0.0.0.0"}, {"BASIC_AUTH_USER": "me", "BASIC_AUTH_PASS": "word"}])  # noqa: S104 - a container's setting
def test_all_are_served_if_the_operator_says_so(tmp_path: Path, variables: dict[str, str]) -> None:
    with running(tmp_path, COUNTING | {"HOST": ""} | variables) as server:
        said = server.says("BoxOCR is ready on ")
        assert said.startswith(f"{server.url.replace('127.0.0.1', 'localhost')} and reads with ")
        assert (" It is open to everyone who can reach it, on 0.0.0.0: " in said) == ("HOST" in variables)
        assert answers("127.0.0.2", server)


# --- The rate


def test_a_greedy_caller_without_a_password_is_slowed_down_and_nobody_else(tmp_path: Path) -> None:
    with running(tmp_path, COUNTING | {"REQUESTS_PER_SECOND": "2"}) as server:
        found = [server.post("/predict", {"tasks": []}) for _ in range(60)]
        slowed = [answer for answer in found if answer.status_code == 429]

        assert [answer.status_code for answer in found[:20]] == [200] * 20
        assert slowed
        assert slowed[0].headers["Retry-After"] == "1"
        assert slowed[0].json()["error"]["code"] == "rate_limited"
        assert server.get("/versions").status_code == 200
        other = http.client.HTTPConnection(urlsplit(server.url).netloc, source_address=("127.0.0.2", 0))
        other.request("POST", "/predict", '{"tasks": []}', {"Content-Type": "application/json"})
        assert other.getresponse().status == 200
        other.close()


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("10.0.0.0/8", '"10.0.0.0/8" is not a name of a host; write a name such as ocr.example.com, or * for all'),
        ("*.*", '"*.*" is not a name of a host; write a name such as ocr.example.com, or * for all'),
    ],
)
def test_a_name_that_is_none_keeps_the_server_from_starting(tmp_path: Path, written: str, complaint: str) -> None:
    assert refused(tmp_path, {"ALLOWED_HOSTS": written}) == (1, f"BoxOCR cannot start: ALLOWED_HOSTS: {complaint}\n")
