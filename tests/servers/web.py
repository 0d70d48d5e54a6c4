"""A real HTTP server on a free port, whose answers are good, slow, cut off, endless or wrong as a test wants them."""

import contextlib
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

# Self-signed, with its key, valid until 2126.
CERTIFICATE = Path(__file__).with_name("localhost.pem")

# An authority, and what it issued for "localhost", with keys: valid until 2125, until 2020, and from 2120 on.
AUTHORITY = Path(__file__).with_name("authority.pem")
ISSUED, EXPIRED, FUTURE = (Path(__file__).with_name(f"{name}.pem") for name in ("issued", "expired", "future"))


@dataclass(frozen=True)
class Request:
    """What the server was asked.

    Attributes:
        method: GET, POST, PATCH.
        target: path and query as they came over the wire.
        headers: names in lower case.
        body: of a POST.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        """Decoded, without the query."""
        return unquote(self.target.partition("?")[0])

    @property
    def query(self) -> dict[str, str]:
        """Decoded as a form, the last of several values."""
        return {name: values[-1] for name, values in parse_qs(self.target.partition("?")[2]).items()}

    @property
    def authorization(self) -> str | None:
        return self.headers.get("authorization")


@dataclass(frozen=True)
class Reply:
    """What the server answers.

    Attributes:
        body: sent with its length.
        status: HTTP's.
        headers: beside Content-Length, and Date unless it is among them.
        raw: written to the connection instead of all else, piece by piece, so that it can be anything.
    """

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: Iterable[bytes] | None = None


Route = Reply | Callable[[Request], Reply]


def redirect(location: str, status: int = 302) -> Reply:
    return Reply(status=status, headers={"Location": location})


class WebServer:
    """A server under way.

    Attributes:
        url: without a slash at the end.
        requests: all that came, in order.
        routes: decoded path → what is answered; the path "" answers for all others, which else get 404.
        stopped: whether it is: then connections that were kept open are of no use either.
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
    """A server on a port of 127.0.0.1, stopped at the end.

    Args:
        port: to listen on; 0 for a free one.
        tls: whether it speaks TLS, for the name "localhost".
        certificate: that it shows then.
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
            # Whoever asked may be gone: that is what many of these tests are about.
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
            # The handshake belongs to each connection's own thread, where its failure is caught.
            listening.socket = context.wrap_socket(listening.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=listening.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield server
        finally:
            listening.shutdown()
            server.stopped = True
