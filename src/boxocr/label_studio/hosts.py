"""Addresses of servers, whose meaning depends on the machine or container that resolves them."""

import ipaddress
import socket
from pathlib import Path
from urllib.parse import urlsplit

from boxocr.label_studio.errors import CommandFailed
from boxocr.pages.http import addresses

# Files created by Docker, by Podman, and by Kubernetes for a pod's service account.
_CONTAINER_MARKS = (".dockerenv", "run/.containerenv", "var/run/secrets/kubernetes.io")
_CONTAINER_GROUPS = ("docker", "kubepods", "containerd", "libpod", "lxc")


def inside_container(root: Path = Path("/")) -> bool:
    """Whether this process runs in a container.

    Args:
        root: of the file system to inspect.
    """
    if any((root / mark).exists() for mark in _CONTAINER_MARKS):
        return True
    try:
        groups = (root / "proc/1/cgroup").read_text()
    except OSError:
        return False
    return any(group in groups for group in _CONTAINER_GROUPS)


def is_loopback(url: str) -> bool:
    """Whether the address means the machine or container that resolves it."""
    return addresses.is_loopback(urlsplit(url).hostname or "")


def is_private(url: str) -> bool:
    """Whether Label Studio's address guard refuses the address as it resolves here."""
    parts = urlsplit(url)
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 80, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        # Names without a dot belong to container networks, which are private.
        return "." not in (parts.hostname or "")
    return not all(addresses.is_public(ipaddress.ip_address(place[0])) for *_, place in found)


def shown(url: str) -> str:
    """The address without parts that can be secret: user, password, query."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}{parts.path}".rstrip("/")


def backend_url(given: str) -> str:
    """Validate a backend's address from the command line; returns it without a trailing slash.

    Raises:
        CommandFailed: it is not a web address.
    """
    url = given.strip().rstrip("/")
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise CommandFailed(f'--url "{given[:80]}" is not a web address.', "Write it like http://boxocr:9090.")
    return url


def other_names(url: str) -> str:
    """Addresses by which a container may reach a server outside of it, for remedies.

    Args:
        url: of the server, as tried; scheme, port and path are kept.
    """
    parts = urlsplit(url)
    tail = f"{f':{parts.port}' if parts.port else ''}{parts.path.rstrip('/')}"
    return (
        f"{parts.scheme}://host.docker.internal{tail} for a server on the machine that runs the containers, or by the "
        f"service's name in Compose, such as {parts.scheme}://SERVICE{tail}"
    )
