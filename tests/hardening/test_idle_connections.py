"""Connections without a complete request: they occupy no thread, and others are answered."""

import json
import resource
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
import requests

from tests.backend import GUNICORN, PYTHONPATH, ROOT, Backend, clean_environment, one_reader, running
from tests.payloads import payload, texts
from tests.servers.ports import free_port

HEAD = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
STARTS = [b"", b"P", HEAD, HEAD + b"Content-Length: 9000\r\n\r\n{", HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{"]
HEALTH = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
OK = b"HTTP/1.1 200 OK"

COUNTING = {"OCR_ENGINE": "tests.engines:Counting", "OCR_WORKERS": "1"}


@pytest.fixture(scope="module")
def server(page_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    """A server that waits as long for a request as it may."""
    environment = one_reader(page_server, "tests.engines:Counting", REQUEST_TIMEOUT="100")
    with running(tmp_path_factory.mktemp("idle"), environment) as backend:
        yield backend


def connect(server: Backend, source: str = "127.0.0.1", receive_buffer: int = 0) -> socket.socket:
    host, port = server.url.removeprefix("http://").split(":")
    connection = socket.socket()
    if receive_buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.settimeout(30)
    connection.bind((source, 0))
    connection.connect((host, int(port)))
    return connection


def is_open(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return connection.recv(1) != b""
    except BlockingIOError:
        return True
    except ConnectionError:
        return False


@contextmanager
def many_files() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 4096), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_two_thousand_connections_without_a_request_keep_nobody_waiting(server: Backend, page_server: str) -> None:
    with many_files(), ExitStack() as stack:
        connections = [stack.enter_context(connect(server)) for _ in range(2000)]
        for number, connection in enumerate(connections):
            connection.sendall(STARTS[number % len(STARTS)])

        assert requests.get(f"{server.url}/health", timeout=20).status_code == 200
        assert texts(server.predict(payload("one-box", page_server))[0]["result"])
        assert all(map(is_open, connections))


def test_the_caller_with_the_most_connections_loses_the_oldest(tmp_path: Path) -> None:
    """With few files the server has room for 176 connections."""
    command = ["prlimit", "--nofile=600", *GUNICORN, "_wsgi:app"]
    with running(tmp_path, COUNTING | {"THREADS": "12"}, command=command) as server, ExitStack() as stack:
        first = stack.enter_context(connect(server))
        greedy = [stack.enter_context(connect(server, "127.0.0.2")) for _ in range(400)]

        assert server.get("/health").status_code == 200
        assert is_open(first)
        assert [is_open(connection) for connection in (greedy[0], greedy[-1])] == [False, True]


@pytest.mark.parametrize("cut", [1, len(HEAD), -3], ids=["head", "between", "body"])
def test_a_request_in_two_pieces_is_answered(server: Backend, page_server: str, cut: int) -> None:
    body = json.dumps(payload("one-box", page_server)).encode()
    head = HEAD + f"Content-Length: {len(body)}\r\n\r\n".encode()
    request = head + body
    at = cut if cut != len(HEAD) else len(head)
    with connect(server) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(request[:at])
        assert server.get("/health").status_code == 200  # the first piece has been received
        connection.sendall(request[at:])
        assert connection.recv(100).startswith(OK)


def test_requests_that_arrive_together_are_answered_one_after_the_other(server: Backend) -> None:
    with connect(server) as connection:
        connection.sendall(HEALTH * 3)
        for _ in range(2):
            answers = b""
            while answers.count(b'"UP"') < 3:
                received = connection.recv(4096)
                assert received, answers
                answers += received
            connection.sendall(HEALTH * 3)


def test_a_caller_that_waits_for_an_invitation_gets_it(server: Backend) -> None:
    body = b'{"tasks": []}'
    with connect(server) as connection:
        connection.sendall(HEAD + f"Expect: 100-continue\r\nContent-Length: {len(body)}\r\n\r\n".encode())
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert connection.recv(100).startswith(OK)


def test_a_caller_whose_body_is_too_large_is_not_invited(server: Backend) -> None:
    with connect(server) as connection:
        connection.sendall(HEAD + b"Expect: 100-continue\r\nContent-Length: 64000001\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /" + b"a" * 5_000, 414),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 8_000, 431),
        (b"GET / HTTP/1.1\nHost: x\n\n", 400),
        (b"\r\n\r\nGET", 400),
        (HEAD + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    ],
)
def test_a_head_that_is_refused_is_answered_without_the_rest(server: Backend, head: bytes, status: int) -> None:
    with connect(server) as connection:
        connection.sendall(head.ljust(40_000, b"a") if status == 414 else head)
        assert connection.recv(100).startswith(f"HTTP/1.1 {status} ".encode())


def test_bodies_without_the_password_are_not_received(tmp_path: Path) -> None:
    password = {"BASIC_AUTH_USER": "me", "BASIC_AUTH_PASS": "secret-word"}
    with running(tmp_path, COUNTING | password) as server, ExitStack() as stack:
        for _ in range(8):
            connection = stack.enter_context(connect(server))
            connection.sendall(HEAD + b"Content-Length: 60000000\r\n\r\n{")
            assert connection.recv(100).startswith(b"HTTP/1.1 401 ")

        answer = server.post("/predict", {"tasks": [], "more": " " * 2_000_000}, auth=("me", "secret-word"))

    assert answer.json() == {"results": []}


def test_connections_that_stay_open_after_their_answer_keep_no_thread(server: Backend) -> None:
    """There are many more of them than threads."""
    with many_files(), ExitStack() as stack:
        connections = [stack.enter_context(connect(server)) for _ in range(1500)]
        for connection in connections:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

        assert all(connection.recv(100).startswith(OK) for connection in connections)


def test_callers_that_do_not_receive_their_answers_keep_nobody_waiting(server: Backend, page_server: str) -> None:
    """Fifty of them, and one that asks for /health again and again."""
    asked = 100
    with ExitStack() as stack:
        slow = [stack.enter_context(connect(server, receive_buffer=4096)) for _ in range(51)]
        for connection in slow[1:]:
            connection.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * asked)
        slow[0].settimeout(2)
        with suppress(TimeoutError):
            for _ in range(2000):
                slow[0].sendall(HEALTH)

        assert requests.get(f"{server.url}/health", timeout=20).status_code == 200
        assert texts(server.predict(payload("one-box", page_server))[0]["result"])
        slow[-1].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_000_000)
        answers = b""
        while answers.count(OK) < 20:
            received = slow[-1].recv(1_000_000)
            assert received
            answers += received


def test_with_tls_unfinished_handshakes_keep_nobody_waiting(tmp_path: Path) -> None:
    port, certificate = free_port(), str(ROOT / "tests" / "servers" / "localhost.pem")
    trust = ssl.create_default_context(cafile=certificate)
    environment = clean_environment(PYTHONPATH=PYTHONPATH, PORT=str(port), **COUNTING)
    command = [*GUNICORN, "--certfile", certificate, "_wsgi:app"]
    with ExitStack() as stack:
        process = stack.enter_context(
            subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own server
        )
        stack.callback(process.terminate)
        assert process.stdout is not None
        assert "BoxOCR is ready" in next(iter(process.stdout))
        for start in (b"", b"\x16", b"GET / HTTP/1.1\r\n\r\n") * 20:
            idle = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))
            idle.sendall(start)

        plain = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))
        connection = stack.enter_context(trust.wrap_socket(plain, server_hostname="localhost"))
        for body in (b'{"tasks": []}', b'{"tasks": [], "more": "' + b" " * 300_000 + b'"}'):
            connection.sendall(HEAD + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
            answer = b""
            while b'"results"' not in answer:
                answer += connection.recv(4096)
