"""Parsing of ALLOWED_IMAGE_HOSTS, hosts that pages may come from, and ALLOWED_HOSTS, names of this server.

Entries are parsed once, when the settings are read. An entry that cannot match anything is an error, since a server
that started with it would refuse every page for no visible reason.
"""

import ipaddress
import json
import re
from dataclasses import dataclass
from typing import TypeAlias

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

IPNetwork: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_DEFAULT_PORTS = {"http": 80, "https": 443}

_SEPARATORS = re.compile(r"[\s,;]+")
_QUOTES = "\"'`“”„‘’"  # noqa: RUF001 - including typographic ones

# Names that resolvers accept. Underscores are not standard, but common in names of containers.
_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_][a-z0-9_-]{0,62}(\.[a-z0-9_][a-z0-9_-]{0,62})*")
_NUMBERS = re.compile(r"[0-9.]+")
_EVERY_HOST = re.compile(r"[*.]+(:.*)?")
_LIKE_A_NETWORK = re.compile(r"\[?[0-9A-Fa-f.:]+\]?/[0-9.]+/?")

_LONGEST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class AllowedHost:
    """A host in the setting.

    Attributes:
        host: in lower case, IDNA-encoded; an IPv6 address in its shortest form, without brackets.
        port: ``None`` for all.
        below: True for ``*.example.com``: matches the hosts below the domain, but not the domain itself.
    """

    host: str
    port: int | None
    below: bool = False

    def matches(self, host: str, port: int) -> bool:
        """Whether a host and port match."""
        host = _canonical(host)
        same_host = host.endswith(f".{self.host}") if self.below else host == self.host
        return same_host and self.port in (None, port)


Allowed: TypeAlias = AllowedHost | IPNetwork
"""An entry: a host, or a network of addresses."""


def parse(written: str) -> tuple[Allowed, ...]:
    """Return the entries of a list that is separated by commas, semicolons or space, or written as JSON.

    Each entry is a host (``nas.lan``, ``nas.lan:8080``, ``10.0.0.7``, ``[fd00::5]:80``, ``*.example.com``), the address
    of a site (``http://nas.lan:8080/``; without a port it means the scheme's own), or a network (``10.0.0.0/8``).

    Raises:
        ValueError: an entry is not a host, or matches every host. The message has a remedy.
    """
    return tuple(map(_parsed, _entries(written)))


EVERY_NAME = AllowedHost("*", None)


def parse_own_names(written: str) -> tuple[AllowedHost, ...]:
    """Return the entries of ALLOWED_HOSTS, the names by which this server may be called. ``*`` allows all of them.

    Raises:
        ValueError: an entry is not a host. The message has a remedy.
    """
    return tuple(EVERY_NAME if entry == "*" else _own_name(entry) for entry in _entries(written))


def _own_name(entry: str) -> AllowedHost:
    found = None if _EVERY_HOST.fullmatch(entry) else _parsed(entry)
    if isinstance(found, AllowedHost):
        return found
    raise ValueError(f'"{_shown(entry)}" is not a name of a host; write a name such as ocr.example.com, or * for all')


def _entries(written: str) -> list[str]:
    text = written.strip().strip(_QUOTES).strip()
    parts = _json_list(text) or [text]
    return [entry for part in parts for word in _SEPARATORS.split(part) if (entry := word.strip(_QUOTES))]


def _json_list(text: str) -> list[str] | None:
    """The strings of a JSON list, also with single quotes; None if it is not a list."""
    if not (text.startswith("[") and text.endswith("]")):
        return None
    for candidate in (text, text.replace("'", '"')):
        try:
            found = json.loads(candidate)
        except ValueError:
            continue
        if isinstance(found, list) and all(isinstance(item, str) for item in found):
            return [str(item) for item in found] or [""]
    return None


def _parsed(entry: str) -> Allowed:
    scheme, is_url, rest = entry.rpartition("://")
    if is_url and scheme.lower() not in _DEFAULT_PORTS:
        raise _no_host(entry)
    if not is_url and (network := _network(entry)):
        return network
    authority, slash, path = rest.partition("/")
    if "@" in rest:
        raise ValueError("an entry has a user name or a password; write the host without it")
    if _EVERY_HOST.fullmatch(authority):
        raise _every_host(entry)
    host = _host(entry, authority, _DEFAULT_PORTS[scheme.lower()] if is_url else None)
    if slash and path.strip("/"):
        if _is_address(host.host) and not is_url:
            raise _no_host(entry)
        raise ValueError(f'"{_shown(entry)}" has a path, and hosts are allowed as a whole; write {authority}')
    return host


def _network(entry: str) -> IPNetwork | None:
    """The network of an entry with a slash; host bits are ignored."""
    if not _LIKE_A_NETWORK.fullmatch(entry):
        return None
    try:
        network = ipaddress.ip_network(re.sub(r"[\[\]]|/$", "", entry), strict=False)
    except ValueError:
        raise _no_host(entry) from None
    if network.prefixlen == 0:
        raise _every_host(entry)
    return network


def _host(entry: str, authority: str, default_port: int | None) -> AllowedHost:
    below = authority.startswith("*.")
    text = authority.removeprefix("*.")
    any_port = text.endswith(":*")
    text = text.removesuffix(":*")
    # An IPv6 address without a port may omit the brackets.
    if text.count(":") > 1 and not text.startswith("["):
        text = f"[{text}]"
    try:
        found = parse_url(f"http://{text}")
    except (LocationParseError, UnicodeError, ValueError):
        raise _no_host(entry) from None
    host = _canonical((found.host or "").strip("[]").lower())
    is_name = _NAME.fullmatch(host) and not _NUMBERS.fullmatch(host)
    more = found.request_uri != "/" or found.fragment is not None or text.endswith(":")
    if not (is_name or _is_address(host)) or found.port == 0 or more:
        raise _no_host(entry)
    return AllowedHost(host, None if any_port else found.port or default_port, below)


def _canonical(host: str) -> str:
    """Normalize a host for comparison: no trailing dot, and the shortest form of IPv6 addresses."""
    if ":" not in host:
        return host.rstrip(".")
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return host


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _no_host(entry: str) -> ValueError:
    return ValueError(
        f'"{_shown(entry)}" is not a host; write host, host:port, *.example.com, or a network such as 10.0.0.0/8'
    )


def _every_host(entry: str) -> ValueError:
    return ValueError(
        f'"{_shown(entry)}" would let anyone who imports tasks reach every machine; name the hosts, or their '
        "networks such as 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16"
    )


def _shown(entry: str) -> str:
    """An entry for messages, without the part before an ``@``, which can be a password."""
    shown = "".join(char if char.isprintable() else "?" for char in entry.rpartition("@")[2])
    return shown[:_LONGEST_SHOWN]
