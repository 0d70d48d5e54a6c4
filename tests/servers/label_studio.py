"""A stand-in for Label Studio: its tokens, and the addresses under which it serves pages.

Its answers, including unusual statuses, are those of Label Studio 1.23.
"""

import base64
import contextlib
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

import jwt

from tests.servers.web import ISSUED, Reply, Request, WebServer, redirect, web_server

_KEY = "a key of at least 32 bytes, as HS256 wants it"
LEGACY_TOKEN = "0123456789abcdef0123456789abcdef01234567"  # noqa: S105 - of a server that lives for a test

# The parts of the page that show LABEL_STUDIO_HOST.
_LOGIN_PAGE = """<!doctype html>
<html lang="en"><head>
  <link href="{0}/static/css/main.9be72da65a79.css" rel="stylesheet"/>
  <link href="{0}/static/images/favicon.8992b8aa4126.ico" rel="shortcut icon"/>
</head></html>"""

_UNAUTHORIZED = Reply(b'{"detail": "Authentication credentials were not provided."}', 401)
_SERVING_OFF = Reply(
    b"Serving local files can be dangerous, so it's disabled by default. You can enable it with "
    b"LOCAL_FILES_SERVING_ENABLED environment variable, please check docs: "
    b"https://labelstud.io/guide/storage.html#Local-storage",
    403,
    {"Content-Type": "text/html; charset=utf-8"},
)
_SERVER_ERROR = Reply(b"<h1>Server Error (500)</h1>", 500)


def personal_access_token(*, life_seconds: float = 3600) -> str:
    """A refresh token as Label Studio makes it; it has expired if its life is negative."""
    now = int(time.time())
    claims = {"token_type": "refresh", "exp": int(now + life_seconds), "iat": now, "jti": "refresh", "user_id": "1"}
    return jwt.encode(claims, _KEY, algorithm="HS256")


@dataclass
class LabelStudioStandIn:
    """A running Label Studio.

    Attributes:
        web: the server, which records all requests.
        prefix: of all its paths, without a slash at the end.
        token: the personal access token that is accepted.
        legacy_tokens: whether legacy tokens are accepted, which is off in new organisations.
        life_seconds: of the access tokens that are issued.
        uploads: name after ``/data/upload/`` → bytes.
        stored_uploads: uploads in cloud storage, likewise; None if there is no persistent storage.
        local_files: value of ``d`` → bytes.
        cloud: task and URI → bytes, or the address to redirect to.
        without_token: whether everything is served without a token.
        own_name: Label Studio's LABEL_STUDIO_HOST.
        serves_local_files: whether Label Studio's LOCAL_FILES_SERVING_ENABLED is on.
    """

    web: WebServer
    prefix: str = ""
    token: str = field(default_factory=personal_access_token)
    legacy_tokens: bool = False
    life_seconds: float = 300
    uploads: dict[str, bytes] = field(default_factory=dict)
    stored_uploads: dict[str, bytes] | None = None
    local_files: dict[str, bytes] = field(default_factory=dict)
    cloud: dict[tuple[int, str], bytes | str] = field(default_factory=dict)
    without_token: bool = False
    forbidden: bool = False
    own_name: str = ""
    serves_local_files: bool = True

    _issued: set[str] = field(default_factory=set)
    _numbers: Iterator[int] = field(default_factory=count)

    @property
    def url(self) -> str:
        return self.web.url + self.prefix

    @property
    def exchanges(self) -> int:
        """How often an access token was requested."""
        return len(self.web.asked(f"{self.prefix}/api/token/refresh/"))

    def forget_access_tokens(self) -> None:
        """Refuse all access tokens that were issued so far, as after a restart with another key."""
        self._issued.clear()

    def answer(self, request: Request) -> Reply:
        if not request.path.startswith(f"{self.prefix}/"):
            return Reply(b"another application", 404)
        path = request.path.removeprefix(self.prefix)
        if path == "/api/token/refresh/":
            return self._exchange(request)
        if path == "/user/login/":
            return Reply(_LOGIN_PAGE.format(self.own_name).encode(), headers={"Content-Type": "text/html"})
        return self._private(request, path) if self._known(request) else _UNAUTHORIZED

    def _private(self, request: Request, path: str) -> Reply:  # noqa: PLR0911 - one for each address
        """The answer to a request that may see private pages."""
        if self.forbidden:
            return Reply(b'{"detail": "You do not have permission"}', 403)
        if path.startswith("/data/upload/"):
            return _file(self.uploads.get(path.removeprefix("/data/upload/")), _SERVER_ERROR)
        if path == "/storage-data/uploaded/":
            if self.stored_uploads is None:
                return Reply(b'{"detail": "NGINX mode for uploads is not supported"}', 400)
            name = request.query.get("filepath", "").removeprefix("upload/")
            return _file(self.stored_uploads.get(name), Reply(status=403))
        if path == "/data/local-files/":
            return self._local_file(request.query.get("d", ""), request.headers.get("if-none-match"))
        if task := re.fullmatch(r"/tasks/(\d+)/presign/", path):
            uri = base64.urlsafe_b64decode(request.query["fileuri"]).decode()
            found = self.cloud.get((int(task[1]), uri))
            return redirect(found, 303) if isinstance(found, str) else _file(found, Reply(status=404))
        return Reply(status=404)

    def _local_file(self, name: str, condition: str | None) -> Reply:
        if not self.serves_local_files:
            return _SERVING_OFF
        if not name:
            return Reply(status=403)
        if ".." in name.split("/"):
            said = f"The joined path (/srv/{name}) is located outside of the base path component (/srv/documents)"
            return Reply(json.dumps({"status_code": 500, "version": "1.23.2", "detail": said}).encode(), 500)
        if name.endswith("/"):
            return Reply(f"Error opening file /srv/documents/{name}".encode(), 404)
        if condition == "*" and name in self.local_files:
            return Reply(status=304)
        return _file(self.local_files.get(name), Reply(status=404))

    def _exchange(self, request: Request) -> Reply:
        if request.method != "POST" or json.loads(request.body).get("refresh") != self.token:
            return Reply(b'{"detail": "Token is invalid", "code": "token_not_valid"}', 401)
        now = time.time()
        claims = {"token_type": "access", "iat": now, "exp": now + self.life_seconds, "jti": str(next(self._numbers))}
        access = jwt.encode(claims, _KEY, algorithm="HS256")
        self._issued.add(access)
        return Reply(json.dumps({"access": access}).encode(), headers={"Content-Type": "application/json"})

    def _known(self, request: Request) -> bool:
        kind, _, token = (request.authorization or "").partition(" ")
        if kind == "Bearer" and token in self._issued:
            claims = jwt.decode(token, options={"verify_signature": False})
            return bool(claims["exp"] > time.time())
        return self.without_token or (kind == "Token" and token == LEGACY_TOKEN and self.legacy_tokens)


def _file(data: bytes | None, missing: Reply) -> Reply:
    return missing if data is None else Reply(data, headers={"Content-Type": "application/octet-stream"})


@contextlib.contextmanager
def label_studio(prefix: str = "", *, tls: bool = False) -> Iterator[LabelStudioStandIn]:
    """A Label Studio on a free port of 127.0.0.1, with a path prefix such as ``/label-studio``; its TLS uses ISSUED."""
    with web_server(tls=tls, certificate=ISSUED) as web:
        stand_in = LabelStudioStandIn(web, prefix)
        web.routes[""] = stand_in.answer
        yield stand_in
