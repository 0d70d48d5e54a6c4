"""Refuses requests that browsers send on behalf of other sites.

A page of any site can make its visitors' browsers send requests to this server. Three rules keep such a page from
reading or doing anything:

- A name of another site that resolves to this server (DNS rebinding) is not accepted as the request's host.
- A body must be declared as JSON. Browsers only send JSON to another site after a preflight, which this server denies.
- The status page's data is only sent to the status page.
"""

import ipaddress
import re
import socket
from urllib.parse import urlsplit

from flask import Flask, request

from boxocr.errors import CrossOrigin, HostNotAllowed, NotJSON
from boxocr.settings.allowed_hosts import EVERY_NAME, AllowedHost
from boxocr.settings.environment import Settings

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_.-]{1,253})(?::([0-9]{1,5}))?", re.IGNORECASE)

# Suffixes that nobody can register in the public DNS. Docker and Kubernetes use them for containers and services.
_NOT_PUBLIC = (".localhost", ".internal", ".svc", ".svc.cluster.local")

_OWN_PAGE = ("same-origin", "none")


def refuse_foreign_hosts(app: Flask, settings: Settings) -> None:
    """Refuse requests whose Host header is not a name of this server.

    With a password, the host is only checked if ALLOWED_HOSTS is set: browsers do not send the password to other names.
    """
    names = settings.allowed_hosts
    if EVERY_NAME in names or (not settings.is_open and not names):
        return

    @app.before_request
    def check_host() -> None:
        host = request.headers.get("Host", "")
        # A missing host is accepted: browsers always send one, but load balancers' health checks often do not.
        if host and request.path != "/health" and not is_own(host, names):
            shown = "".join(char if char.isprintable() else "?" for char in host)[:100]
            raise HostNotAllowed(
                f"This server does not have the name {shown}.",
                "Add the name to ALLOWED_HOSTS, or set BASIC_AUTH_USER and BASIC_AUTH_PASS.",
            )


def is_own(host: str, names: tuple[AllowedHost, ...]) -> bool:
    """Whether a Host header can only have been sent to this server on purpose.

    Args:
        host: value of the header.
        names: entries of ALLOWED_HOSTS.
    """
    found = _HOST.fullmatch(host)
    if found is None:
        return False
    name, port = found[1].lower(), int(found[2] or 80)
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        pass
    else:
        return True
    machine = socket.gethostname().lower()
    own = ("localhost", machine, f"{machine}.local")
    # A name without any dot is local. With a trailing dot, it is a name in the public DNS.
    is_local = "." not in name or name.removesuffix(".") in own or name.endswith(_NOT_PUBLIC)
    return is_local or any(entry.matches(name.strip("[]"), port) for entry in names)


def require_json(app: Flask) -> None:
    """Refuse bodies of other types than JSON."""

    @app.before_request
    def check_type() -> None:
        if request.method == "POST" and not request.is_json:
            raise NotJSON


def require_same_origin() -> None:
    """Refuse the request if a browser sends it on behalf of another site.

    Raises:
        CrossOrigin: the request comes from a page of another origin.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is None:
        # Browsers send Sec-Fetch-Site only to localhost and over TLS, and Origin only with some requests. A foreign
        # page can send requests without either, but cannot read the answers, since they have no CORS headers.
        origin = request.headers.get("Origin")
        is_own_page = origin is None or urlsplit(origin).netloc.lower() == request.headers.get("Host", "").lower()
    else:
        # The origin is not compared with the host here, since a proxy may have changed the host.
        is_own_page = site in _OWN_PAGE
    if not is_own_page:
        raise CrossOrigin
