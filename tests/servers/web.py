"""A real HTTP server on a free port, whose answers a test can make good, slow, cut off, endless or wrong."""

import contextlib
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

# A self-signed certificate with its key, valid until 2126.
CERTIFICATE = Path(__file__).with_name("localhost.pem")

# A certificate authority, and certificates with keys that it issued for "localhost": one valid until 2125, one until
# 2020, and one from 2120 on.
AUTHORITY = Path(__file__).with_name("authority.pem")
ISSUED, EXPIRED, FUTURE = (Path(__file__).with_name(f"{name}.pem") for name in ("issued", "expired", "future"))


@dataclass(frozen=True)
class Request:
    """A request that the server received.

    Attributes:
        method: such as GET.
        target: path and query, as received.
        headers: by name in lower case.
        body: the body; empty if there is none.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        """The path, decoded and without the query."""
        return unquote(self.target.partition("?")[0])

    @property
    def query(self) -> dict[str, str]:
        """The query, decoded as a form; of several values for a name, the last."""
        return {name: values[-1] for name, values in parse_qs(self.target.partition("?")[2]).items()}

    @property
    def authorization(self) -> str | None:
        return self.headers.get("authorization")


@dataclass(frozen=True)
class Reply:
    """An answer of the server.

    Attributes:
        body: sent with its length.
        status: of HTTP.
        headers: in addition to Content-Length, and to Date unless it is among them.
        raw: written to the connection piece by piece instead of everything else, so it need not be valid HTTP.
    """

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: Iterable[bytes] | None = None


Route = Reply | Callable[[Request], Reply]


def redirect(location: str, status: int = 302) -> Reply:
    return Reply(status=status, headers={"Location": location})


class WebServer:
    """A running server.

    Attributes:
        url: without a slash at the end.
        requests: all requests, in order.
        routes: decoded path → answer. The path "" stands for all other paths, which otherwise get 404.
        stopped: whether the server is stopped. Then connections that were kept open are closed without an answer.
    """

    def __init__(self, port: int, *, tls: bool = False) -> None:
        self.url = f"https://localhost:{port}" if tls else f"http://127.0.0.1:{port}"
        self.origin = f"127.0.0.1:{port}"
        self.requests: list[Request] = []
        self.routes: dict[str, Route] = {}
        self.stopped = False

    def asked(self, path: str) -> list[Request]:
        """The requests for a decoded path."""
        return [request for request in self.requests if request.path == path]

    def answer(self, request: Request) -> Reply:
        self.requests.append(request)
        route = self.routes.get(request.path, self.routes.get("", Reply(b"no such path", 404)))
        return route if isinstance(route, Reply) else route(request)


@contextlib.contextmanager
def web_server(  # noqa: C901 - most of it is the handler
    *, port: int = 0, tls: bool = False, certificate: Path = CERTIFICATE
) -> Iterator[WebServer]:
    """A server on a port of 127.0.0.1, while the context lasts.

    Args:
        port: to listen on; 0 for a free one.
        tls: whether the server uses TLS, for the name "localhost".
        certificate: the certificate for TLS.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def do_PATCH(self) -> None:
            self._answer()

        def do_DELETE(self) -> None:
            self._answer()

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if server.stopped:
                self.close_connection = True
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = server.answer(Request(self.command, self.path, headers, body))
            # The client may have closed the connection, which many tests do on purpose.
            with contextlib.suppress(OSError):
                if reply.raw is not None:
                    self.close_connection = True
                    for piece in reply.raw:
                        self.wfile.write(piece)
                        self.wfile.flush()
                    return
                self.send_response_only(reply.status)
                for name, value in {"Date": self.date_time_string(), **reply.headers}.items():
                    self.send_header(name, value)
                if reply.status != 304:
                    self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                self.wfile.write(reply.body)

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, *_: Any) -> None:
            pass

    with Server(("127.0.0.1", port), Handler) as listening:
        server = WebServer(listening.server_address[1], tls=tls)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            # Each connection's own thread does the handshake, where failures are caught.
            listening.socket = context.wrap_socket(listening.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=listening.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield server
        finally:
            listening.shutdown()
            server.stopped = True
